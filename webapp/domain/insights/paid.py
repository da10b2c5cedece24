"""Which paid time is running at a moment: the ground of MRR.

Each paid period runs from its `starts_at` to its `ends_at`. A pause stops its clock, and what was left runs on after
the resumption; a revocation ends it; a correction to an earlier date cuts it there, one to a later date adds nothing,
since nobody paid for those days. Gifts are not paid. Of one person at most one period runs.

Subscriptions to which nothing of that happened are counted by the database; the others, few, are followed row by row.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from sqlalchemy import func, literal_column, or_, select
from sqlalchemy.orm import aliased

from webapp.base.db import db
from webapp.domain.channels.models import SubscriptionPeriod
from webapp.domain.insights.flows import is_one_of

MONTH = 30
DISTURBING = ("pause", "resume", "revoke", "correct")
Row = SubscriptionPeriod


@dataclass(frozen=True)
class Terms:
    """What somebody pays: `price` in `currency` for `days`."""

    currency: str
    price: Decimal
    days: int

    @property
    def monthly(self) -> Decimal:
        """The price of 30 of these days."""
        return self.price * MONTH / self.days


def running(moments: Sequence[datetime]) -> list[Counter[Terms]]:
    """For each moment, how many people's paid time of which terms is running. Two queries a moment."""
    return [_plain(at) + Counter(filter(None, (one(story, at) for story in _disturbed(at)))) for at in moments]


def monthly(terms: Counter[Terms]) -> dict[str, tuple[Decimal, int]]:
    """Currency → (what its people pay for 30 days, how many they are)."""
    found: dict[str, tuple[Decimal, int]] = {}
    for one_, count in terms.items():
        amount, people = found.get(one_.currency, (Decimal(0), 0))
        found[one_.currency] = (amount + one_.monthly * count, people + count)
    return found


def one(story: Sequence[Any], at: datetime) -> Terms | None:
    """The paid terms that run at a moment, of one subscription's rows in order; None when none does."""
    told = [row for row in story if row.created_at <= at]
    for place in range(len(told) - 1, -1, -1):
        row = told[place]
        if row.price > 0 and row.days and _runs(row, told[place + 1 :], at):
            return Terms(row.currency, Decimal(row.price), row.days)
    return None


def _runs(period: Any, later: Iterable[Any], at: datetime) -> bool:
    """Whether a period's time is running at a moment, after what happened `later`."""
    clock, stopped, bound = at, None, None
    for row in later:
        if row.what in ("revoke", "start"):
            return False
        if row.what == "correct":
            bound = row.ends_at
        elif row.what == "pause":
            stopped = row.starts_at
        elif row.what == "resume" and stopped is not None:
            shift = row.starts_at - stopped
            clock, stopped = clock - shift, None
            bound = bound + shift if bound is not None else None
    if stopped is not None or (bound is not None and at >= bound):
        return False
    return bool(period.starts_at <= clock < period.ends_at)


def _plain(at: datetime) -> Counter[Terms]:
    query = select(Row.currency, Row.price, Row.days, func.count()).where(*_covers(at), Row.days > 0, ~_touched())
    told = db.session.execute(query.group_by(Row.currency, Row.price, Row.days))
    return Counter({Terms(code or "", price, days): count for code, price, days, count in told})


def _disturbed(at: datetime) -> list[list[Any]]:
    """The rows that matter of each subscription that was paused, revoked or corrected and may have paid time running,
    in order: if it has, either its paid row or what moved its end reaches beyond the moment."""
    moved = select(Row.subscriber_id).where(is_one_of(Row.what, DISTURBING), Row.ends_at > at, Row.created_at <= at)
    told = moved.union(select(Row.subscriber_id).where(*_covers(at), _touched()))
    matters = or_(Row.what.in_((*DISTURBING, "start")), Row.price > 0)
    columns = (Row.subscriber_id, Row.what, Row.price, Row.currency, Row.days)
    query = select(*columns, Row.starts_at, Row.ends_at, Row.created_at).where(Row.subscriber_id.in_(told), matters)
    rows = db.session.execute(query.order_by(Row.subscriber_id, Row.id))
    return [list(story) for _key, story in groupby(rows, key=lambda row: row.subscriber_id)]


def _covers(at: datetime) -> tuple[Any, ...]:
    """Paid rows whose written time covers the moment. The zero stands in the statement, as in the index."""
    return Row.price > literal_column("0"), Row.ends_at > at, Row.starts_at <= at


def _touched() -> Any:
    """Whether the row's subscription was paused, resumed, revoked or corrected after it."""
    later = aliased(Row)
    mine = (later.subscriber_id == Row.subscriber_id, later.id > Row.id, is_one_of(later.what, DISTURBING))
    return select(later.id).where(*mine).correlate(Row).exists()
