"""What happened on each day that is over, told once by the worker, so that a year is 365 rows and not a million.

A told day is exactly what its rows say: triggers take it away in the transaction that changes one of them, and what is
not told is counted from the rows. So the answer is the same whether all days are told, some, or none.
"""

import itertools
from bisect import bisect_left
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, delete, func, select, text

from webapp.base.bulk import insert_many
from webapp.base.clock import now
from webapp.base.db import db
from webapp.domain.channels.models import SubscriptionPeriod, VIPSubscriber
from webapp.domain.insights.flows import Flow, Part, counted, parts, spans_of
from webapp.domain.insights.models import DailyFigure
from webapp.domain.insights.ranges import Span, span
from webapp.domain.settings import config

DAY = "day"
STEP = 10  # days in a transaction: who writes meanwhile waits for so many
SETTLED = timedelta(hours=1)  # after midnight: what began before it is written by then
Row = DailyFigure


def flows(spans: Sequence[Span]) -> list[Flow]:
    """What happened in each of these spans: days that are told, and what is left counted. Six queries, whatever their
    number."""
    zone = config.current().time_zone
    days = _told(spans, zone) if spans else []
    found, inside = [Flow() for _span in spans], [_inside(one, days) for one in spans]
    sums = _sums(spans, zone) if any(inside) else {}
    gaps: list[tuple[int, Span]] = []
    for place, (one, told) in enumerate(zip(spans, inside, strict=True)):
        mine = sums.get(place, [])
        whole = sum(part.rows for part in mine if part.what == DAY) == len(told)  # else one was taken away just now
        for part in mine if whole else ():
            found[place].take(part)
        gaps += [(place, gap) for gap in _between(one, told if whole else [])]
    for (place, _gap), flow in zip(gaps, counted([gap for _place, gap in gaps]), strict=True):
        found[place] += flow
    return found


def make_due(limit: int = STEP) -> int:
    """Tells the next days that are over and not told, the latest first; returns how many. Days of another time zone are
    let go."""
    zone = config.current().time_zone
    days = _missing(zone, limit)
    if not days:
        return 0
    _hold_still()
    db.session.execute(delete(Row).where(Row.zone != zone), execution_options={"synchronize_session": False})
    told: dict[int, list[Part]] = {place: [Part(DAY, "", 1)] for place in range(len(days))}
    for place, part in parts(days):
        if part.rows:
            told[place].append(part)
    rows = [
        {"starts": days[place].starts, "ends": days[place].ends, **part._asdict()}
        for place, found in told.items()
        for part in found
    ]
    insert_many(Row, rows, once="zone, starts, what, currency", zone=zone)
    return len(days)


def _told(spans: Sequence[Span], zone: str) -> list[tuple[datetime, datetime]]:
    """The days that are told between the first and the last moment of these spans, in order."""
    first, last = min(one.starts for one in spans), max(one.ends for one in spans)
    query = select(Row.starts, Row.ends).where(Row.zone == zone, Row.what == DAY, Row.starts >= first, Row.ends <= last)
    return [(row.starts, row.ends) for row in db.session.execute(query.order_by(Row.starts))]


def _inside(one: Span, days: Sequence[tuple[datetime, datetime]]) -> list[Span]:
    """Those of the told days that lie wholly in a span."""
    first = bisect_left(days, (one.starts, one.starts))
    found = []
    for starts, ends in days[first:]:
        if ends > one.ends:
            break
        found.append(Span(starts, ends))
    return found


def _between(one: Span, days: Sequence[Span]) -> list[Span]:
    """What of a span lies outside of these days."""
    edges = [one.starts, *(edge for day in days for edge in (day.starts, day.ends)), one.ends]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return [Span(starts, ends) for starts, ends in pairs if starts < ends]


def _sums(spans: Sequence[Span], zone: str) -> dict[int, list[Part]]:
    """What the told days of each span add up to, by kind and currency."""
    told = spans_of(spans)
    mine = and_(Row.zone == zone, Row.starts >= told.c.starts, Row.ends <= told.c.ends, Row.starts < told.c.ends)
    sums = [func.sum(column) for column in (Row.rows, Row.marked, Row.free, Row.cents)]
    query = select(told.c.place, Row.what, Row.currency, *sums).select_from(told).join(Row, mine)
    found: dict[int, list[Part]] = {}
    for place, what, currency, *numbers in db.session.execute(query.group_by(told.c.place, Row.what, Row.currency)):
        found.setdefault(place, []).append(Part(what, currency, *map(int, numbers)))
    return found


def _missing(zone: str, limit: int) -> list[Span]:
    """The latest days that are over and not told, since anything happened."""
    first = db.session.scalar(select(func.min(SubscriptionPeriod.created_at)))
    if first is None:
        return []
    place = ZoneInfo(zone)
    begin, end = first.astimezone(place).date(), (now() - SETTLED).astimezone(place).date()
    told = db.session.scalar(select(func.count()).where(Row.zone == zone, Row.what == DAY)) or 0
    if told == (end - begin).days:
        return []
    known = set(db.session.scalars(select(Row.starts).where(Row.zone == zone, Row.what == DAY)))
    days = (end - timedelta(days=back) for back in range(1, (end - begin).days + 1))
    return list(itertools.islice((one for day in days if (one := _day(day, zone)).starts not in known), limit))


def _day(day: date, zone: str) -> Span:
    return span(day, day + timedelta(days=1), zone)


def _hold_still() -> None:
    """Nobody else writes what is counted, until this transaction is over: a day that is told must not be one whose
    change was already under way. SQLite's writers are alone anyway."""
    if db.engine.dialect.name == "postgresql":
        db.session.execute(text("SET LOCAL lock_timeout = '2s'"))
        tables = f"{SubscriptionPeriod.__tablename__}, {VIPSubscriber.__tablename__}"
        db.session.execute(text(f"LOCK TABLE {tables} IN SHARE MODE"))
