"""What happened to subscriptions in each of several spans, from the rows of subscription_periods; see also daily.py.

A subscription is *open* while it is active, in days of grace, or waiting for its holder to enter. These rows open one:
start, resume, a gift or a correction that finds it ended. These close one: pause, expire, and revoke unless it was
paused. Since each row tells what it changed, how many were open at an earlier moment is how many are open now, less
what opened since, plus what closed since.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Integer,
    String,
    and_,
    bindparam,
    case,
    cast,
    column,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
    values,
)
from sqlalchemy.orm import aliased

from webapp.base.db import AwareUTC, db
from webapp.domain.channels.models import SubscriptionPeriod, VIPSubscriber
from webapp.domain.insights.ranges import Span

HARD = ("start", "pause", "resume", "revoke", "expire")
OVER = ("revoke", "expire")
SOLD = ("start", "extend")
PLAIN = ("pause", "resume", "expire")
MARKED = ("gift", "revoke", "correct")
NAMES = {
    "new": "new",
    "gift": "gifts",
    "revoke": "revoked",
    "pause": "paused",
    "resume": "resumed",
    "expire": "expired",
}
Row = SubscriptionPeriod


class Part(NamedTuple):
    """Rows of one kind and currency: how many, how many of them mean more (see `flagged`), how many were free, and what
    they cost in hundredths."""

    what: str
    currency: str
    rows: int
    marked: int = 0
    free: int = 0
    cents: int = 0


@dataclass
class Sales:
    """What was sold in one currency: `amount` of money, `starts` and `extensions` that were paid for."""

    amount: Decimal = Decimal(0)
    starts: int = 0
    extensions: int = 0


@dataclass
class Flow:
    """What happened in one span. `opened`: subscriptions that began to be open, `new` those of people never seen."""

    new: int = 0
    started: int = 0
    resumed: int = 0
    paused: int = 0
    expired: int = 0
    revoked: int = 0
    revoked_paused: int = 0
    extended: int = 0
    gifts: int = 0
    sales: dict[str, Sales] = field(default_factory=dict)

    @property
    def returned(self) -> int:
        """Begun again by people who had one before."""
        return self.started - self.new

    @property
    def ended(self) -> int:
        """Those that ended: expired or revoked."""
        return self.expired + self.revoked

    @property
    def net(self) -> int:
        """By how many those that are open grew."""
        return self.started + self.resumed - self.paused - self.ended + self.revoked_paused

    @property
    def renewed(self) -> int:
        """Extensions that were paid for."""
        return sum(sales.extensions for sales in self.sales.values())

    def take(self, part: Part) -> None:
        """Adds what happened of one kind."""
        if part.what in SOLD:
            self._sell(part)
        if part.what in ("gift", "correct"):
            self.started += part.marked
        if part.what == "revoke":
            self.revoked_paused += part.marked
        name = NAMES.get(part.what)
        if name:
            setattr(self, name, getattr(self, name) + part.rows)

    def _sell(self, part: Part) -> None:
        name = "started" if part.what == "start" else "extended"
        setattr(self, name, getattr(self, name) + part.rows)
        if part.cents:
            sales = self.sales.setdefault(part.currency, Sales())
            sales.amount += Decimal(part.cents) / 100
            sales.starts += part.rows - part.free if part.what == "start" else 0
            sales.extensions += part.rows - part.free if part.what == "extend" else 0

    def __add__(self, other: "Flow") -> "Flow":
        """Both spans together."""
        counts = {name: getattr(self, name) + getattr(other, name) for name in _COUNTS}
        sales = {name: Sales(one.amount, one.starts, one.extensions) for name, one in self.sales.items()}
        for currency, one in other.sales.items():
            known = sales.setdefault(currency, Sales())
            known.amount, known.starts = known.amount + one.amount, known.starts + one.starts
            known.extensions += one.extensions
        return Flow(**counts, sales=sales)


_COUNTS = ("new", "started", "resumed", "paused", "expired", "revoked", "revoked_paused", "extended", "gifts")


def counted(spans: Sequence[Span]) -> list[Flow]:
    """What happened in each of these spans, counted from the rows. Four queries, whatever their number."""
    found = [Flow() for _span in spans]
    if not spans:
        return found
    for place, one in parts(spans):
        found[place].take(one)
    return found


def parts(spans: Sequence[Span]) -> list[tuple[int, Part]]:
    """The same in its parts: (which span, what of one kind and currency happened in it)."""
    told = [
        (row.place, Part(row.what, row.currency, row.rows, 0, row.free, int(row.cents or 0)))
        for row in db.session.execute(_sold(spans))
    ]
    for query in (_plain(spans), _marked(spans), _born(spans)):
        told += [(row.place, Part(row.what, "", row.rows, int(row.marked or 0))) for row in db.session.execute(query)]
    return told


def spans_of(spans: Sequence[Span]) -> Any:
    """The spans as rows (place, starts, ends) that a query can join."""
    columns = (column("place", Integer), column("starts", AwareUTC), column("ends", AwareUTC))
    rows = [(place, one.starts, one.ends) for place, one in enumerate(spans)]
    return values(*columns, name="told").data(rows).cte("spans")


def is_one_of(what: Any, words: Sequence[Any]) -> Any:
    """`what IN (…)` with the words in the statement itself, as the conditions of partial indexes have them."""
    return what.in_(bindparam(None, list(words), expanding=True, literal_execute=True, type_=what.type))


def flagged(row: Any = Row) -> Any:
    """1 for a gift or correction that opened an ended subscription, and for a revocation of a paused one; else 0."""
    opened = case((func.coalesce(_before(row), "expire").in_(OVER), 1), else_=0)
    lengthens = and_(row.what == "correct", row.ends_at > row.created_at)
    return case((row.what == "gift", opened), (lengthens, opened), (row.what == "revoke", _was_paused(row)), else_=0)


def _sold(spans: Sequence[Span]) -> Any:
    """Starts and extensions by currency: counted from an index alone, kind by kind, since sorting a year's rows costs
    three times as much."""
    told, kinds = spans_of(spans), _kinds()
    mine = (Row.what == kinds.c.what, Row.currency == kinds.c.currency)
    inside = (*mine, Row.created_at >= told.c.starts, Row.created_at < told.c.ends)
    rows = select(func.count()).select_from(Row).where(*inside).correlate(told, kinds).scalar_subquery()
    free = (Row.price == literal_column("0"), is_one_of(Row.what, SOLD))  # few, and they have an index of their own
    gratis = select(func.count()).select_from(Row).where(*inside, *free)
    cents = select(cast(func.round(func.sum(Row.price) * 100), BigInteger)).where(*inside)
    columns = [rows.label("rows"), gratis.correlate(told, kinds).scalar_subquery().label("free")]
    columns.append(cents.correlate(told, kinds).scalar_subquery().label("cents"))
    query = select(told.c.place, kinds.c.what, kinds.c.currency, *columns).select_from(told.join(kinds, true()))
    return query.where(kinds.c.currency.is_not(None))


def _kinds() -> Any:
    """Every currency in which something began or was extended, found by stepping through the index."""
    whats = values(column("what", String), name="whats").data([(what,) for what in SOLD]).cte("whats")
    first = select(whats.c.what, _next(whats)).cte("kinds", recursive=True)
    return first.union_all(select(first.c.what, _next(first, first.c.currency)).where(first.c.currency.is_not(None)))


def _next(kinds: Any, after: Any = None) -> Any:
    """The first currency of what was sold so, or the first after one."""
    query = select(func.min(Row.currency)).where(Row.what == kinds.c.what)
    if after is not None:
        query = query.where(Row.currency > after)
    return query.correlate(kinds).scalar_subquery().label("currency")


def _plain(spans: Sequence[Span]) -> Any:
    """Rows that always mean the same."""
    told, kinds = spans_of(spans), _each(PLAIN)
    mine = (Row.what == kinds.c.what, Row.currency.is_(None))
    rows = _inside(told, kinds, func.count(), *mine).label("rows")
    return select(told.c.place, kinds.c.what, rows, literal(0).label("marked")).select_from(told.join(kinds, true()))


def _marked(spans: Sequence[Span]) -> Any:
    """Rows whose meaning depends on what was before them: looked up span by span, since a long span that is empty would
    else be looked for among all of them."""
    told, kinds = spans_of(spans), _each(MARKED)
    mine = (Row.what == kinds.c.what, is_one_of(Row.what, MARKED))
    rows = _inside(told, kinds, func.count(), *mine).label("rows")
    marked = _inside(told, kinds, func.sum(flagged()), *mine).label("marked")
    return select(told.c.place, kinds.c.what, rows, marked).select_from(told.join(kinds, true()))


def _each(words: Sequence[str]) -> Any:
    return values(column("what", String), name="kinds").data([(word,) for word in words]).cte("kinds")


def _inside(told: Any, kinds: Any, what: Any, *mine: Any) -> Any:
    """What there is of the rows of one kind in one span."""
    inside = (*mine, Row.created_at >= told.c.starts, Row.created_at < told.c.ends)
    return select(what).select_from(Row).where(*inside).correlate(told, kinds).scalar_subquery()


def _born(spans: Sequence[Span]) -> Any:
    """People with their first subscription ever, by span."""
    told, row = spans_of(spans), VIPSubscriber
    inside = and_(row.created_at >= told.c.starts, row.created_at < told.c.ends)
    columns = (told.c.place, literal("new").label("what"), func.count().label("rows"), literal(0).label("marked"))
    return select(*columns).select_from(told).join(row, inside).group_by(told.c.place)


def _before(row: Any) -> Any:
    """What last opened or closed the row's subscription before it."""
    other = aliased(Row)
    tells = or_(other.what.in_((*HARD, "gift")), and_(other.what == "correct", other.ends_at > other.created_at))
    query = select(other.what).where(other.subscriber_id == row.subscriber_id, other.id < row.id, tells)
    return query.order_by(other.id.desc()).limit(1).correlate(row).scalar_subquery()


def _was_paused(row: Any) -> Any:
    other = aliased(Row)
    mine = (other.subscriber_id == row.subscriber_id, other.id < row.id, other.what.in_(HARD))
    last = select(other.what).where(*mine).order_by(other.id.desc()).limit(1).correlate(row).scalar_subquery()
    return case((last == "pause", 1), else_=0)
