"""Bidirectional pages, short enough for a chat.

A place in a list is two whole numbers (the keys of the row to go on from), so that it fits into a button's 64 bytes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, literal, tuple_

from webapp.base.db import AwareUTC, db

SIZE = 6
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Place = tuple[int, int]


@dataclass(frozen=True)
class Stretch:
    """Some rows, and the places to go on from: before the first of them, and after the last (None: nothing there)."""

    rows: Sequence[Any]
    back: Place | None
    forth: Place | None


def stretch(
    query: Select[Any],
    keys: tuple[Any, Any],
    place: Place | None,
    place_of: Callable[[Any], Place],
    *,
    back: bool = False,
    descending: bool = True,
) -> Stretch:
    """Rows of one entity after `place` in the order of `keys`, or before it when going back; one more row than shown
    tells whether something follows."""
    if place is not None:
        here = tuple_(*keys)
        there = tuple_(*(literal(_typed(key, value), key.type) for key, value in zip(keys, place, strict=True)))
        query = query.where(here > there if back is descending else here < there)
    order = [key.asc() if back is descending else key.desc() for key in keys]
    found = list(db.session.scalars(query.order_by(*order).limit(SIZE + 1)))
    more, rows = len(found) > SIZE, found[:SIZE]
    if back:
        rows.reverse()
    if not rows:
        return Stretch([], None, None)
    before = more if back else place is not None
    after = place is not None if back else more
    return Stretch(rows, place_of(rows[0]) if before else None, place_of(rows[-1]) if after else None)


def number_of(at: datetime) -> int:
    """Microseconds since 1970: a moment in a button."""
    return (at - EPOCH) // timedelta(microseconds=1)


def _typed(key: Any, value: int) -> Any:
    if isinstance(key.type, AwareUTC):
        try:
            return EPOCH + timedelta(microseconds=value)
        except OverflowError:
            return EPOCH
    return value
