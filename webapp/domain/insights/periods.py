"""Days and weeks as the creator lives them: boundaries in their time zone, counted in one query whatever the span."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, case, func, select

from webapp.base.clock import now
from webapp.base.db import db

CAP = 10_001
SCAN = 50_000


@dataclass(frozen=True)
class Days:
    """The last `dates`, oldest first, and the moment each begins."""

    dates: Sequence[date]
    starts: Sequence[datetime]


def last_days(count: int, zone: str) -> Days:
    """Today and the `count` - 1 days before it, in time zone `zone`."""
    place = ZoneInfo(zone)
    today = now().astimezone(place).date()
    dates = [today - timedelta(days=back) for back in range(count - 1, -1, -1)]
    return Days(dates, [datetime.combine(day, time(), place).astimezone(UTC) for day in dates])


def per_day(days: Days, at: Any, *sums: ColumnElement[int], where: Sequence[Any] = ()) -> list[tuple[int, ...]]:
    """For each day: how many rows have their moment `at` in it, and these `sums` over them.

    Reads at most the newest 50,000 rows; longer histories belong into daily roll-ups.
    """
    named = [part.label(f"part{place}") for place, part in enumerate(sums)]
    recent = (
        select(at.label("at"), *named).where(at >= days.starts[0], *where).order_by(at.desc()).limit(SCAN).subquery()
    )
    moment = recent.c.at
    place = case(*((moment >= start, index) for index, start in reversed(list(enumerate(days.starts)))), else_=0)
    inner = select(place.label("place"), *(recent.c[label.key] for label in named)).subquery()
    query = select(inner.c.place, func.count(), *(func.sum(inner.c[label.key]) for label in named)).group_by(
        inner.c.place
    )
    found = {row[0]: tuple(int(value or 0) for value in row[1:]) for row in db.session.execute(query)}
    nothing = (0,) * (1 + len(sums))
    return [found.get(index, nothing) for index in range(len(days.dates))]


def capped(*conditions: Any, of: Any) -> int:
    """How many rows of column `of` meet the conditions, counted up to 10,001."""
    some = select(of).where(*conditions).limit(CAP).subquery()
    return db.session.scalar(select(func.count()).select_from(some)) or 0
