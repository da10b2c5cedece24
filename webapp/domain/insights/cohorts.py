"""Cohorts: of those who came in a month, how many are still there at the end of it and of each month after."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, case, func, select

from webapp.base.db import db
from webapp.domain.channels.models import SubscriptionPeriod, VIPSubscriber
from webapp.domain.insights.flows import flagged, spans_of
from webapp.domain.insights.ranges import Span, months

COUNT = 12


@dataclass(frozen=True)
class Cohort:
    """The people whose first subscription ever began in `month`; `open` at the end of it and of each month after."""

    month: date
    span: Span
    size: int
    open: Sequence[int]

    @property
    def shares(self) -> list[float]:
        """The same, as shares of its size."""
        return [count / self.size for count in self.open] if self.size else []


def cohorts(zone: str, count: int = COUNT) -> list[Cohort]:
    """The cohorts of the last `count` months in time zone `zone`, oldest first. Two queries."""
    cuts = months(count, zone)
    spans = [one for _day, one in cuts]
    told = spans_of(spans)
    row = VIPSubscriber
    inside = and_(row.created_at >= told.c.starts, row.created_at < told.c.ends)
    sizes = select(told.c.place, func.count()).select_from(told).join(row, inside).group_by(told.c.place)
    size: dict[int, int] = {place: number for place, number in db.session.execute(sizes).all()}  # noqa: C416
    steps = _steps(spans)
    found = []
    for place, (day, span) in enumerate(cuts):
        open_, levels = 0, []
        for later in range(place, count):
            open_ += steps.get((place, later), 0)
            levels.append(open_)
        found.append(Cohort(day, span, size.get(place, 0), levels))
    return found


def _steps(spans: Sequence[Span]) -> dict[tuple[int, int], int]:
    """(month they came, month of the event) → by how many its open ones grew."""
    told = spans_of(spans)
    born, then = told.alias("born"), told.alias("then")
    row, event = VIPSubscriber, SubscriptionPeriod
    step = case(
        (event.what.in_(("start", "resume")), 1),
        (event.what.in_(("pause", "expire")), -1),
        (event.what == "revoke", flagged(event) - 1),
        else_=flagged(event),
    )
    query = (
        select(born.c.place, then.c.place, func.sum(step))
        .select_from(born)
        .join(row, and_(row.created_at >= born.c.starts, row.created_at < born.c.ends))
        .join(event, event.subscriber_id == row.id)
        .join(then, and_(event.created_at >= then.c.starts, event.created_at < then.c.ends))
        .where(event.what != "extend")
        .group_by(born.c.place, then.c.place)
    )
    return {(cohort, month): int(total or 0) for cohort, month, total in db.session.execute(query)}
