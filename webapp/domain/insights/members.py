"""VIP members: how many there are, how many soon end, and what came and went in a range."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import case, func, select

from webapp.base.clock import now
from webapp.base.db import db
from webapp.domain.channels.models import OPEN, Status, VIPSubscriber
from webapp.domain.insights.daily import flows
from webapp.domain.insights.flows import Flow, is_one_of
from webapp.domain.insights.ranges import Range, Span, bars, between, midnight

AHEAD = (1, 7, 30)


@dataclass(frozen=True)
class Standing:
    """The subscriptions as they are now, by state; of the open ones, how many end in 1, 7, 30 days, today counted."""

    by_status: dict[Status, int]
    ending: dict[int, int]

    @property
    def open(self) -> int:
        """Those whose holders may be in the channel."""
        return sum(self.by_status.get(status, 0) for status in OPEN)


@dataclass(frozen=True)
class Bar:
    """One bar of a chart: its first day, what happened in it, and how many were open at its end."""

    first: date
    flow: Flow
    open: int


@dataclass(frozen=True)
class Members:
    """A range's figures: `flow` in it and in the one `before`; `open_*` at the start and end, and at the end before."""

    standing: Standing
    flow: Flow
    before: Flow
    open_first: int
    open_last: int
    open_before: int
    bars: Sequence[Bar]

    @property
    def churn(self) -> float | None:
        """The share of those open at the start that ended in the range; None when nobody was."""
        return self.flow.ended / self.open_first if self.open_first else None


def standing(zone: str) -> Standing:
    """How subscriptions stand now. Two queries."""
    row = VIPSubscriber
    told = db.session.execute(select(row.status, func.count()).group_by(row.status))
    counts: dict[Status, int] = {status: number for status, number in told.all()}  # noqa: C416
    soon = [func.sum(case((row.expiry_date < horizon(days, zone), 1), else_=0)) for days in AHEAD]
    found = db.session.execute(select(*soon).where(*ending(AHEAD[-1], zone))).one()
    return Standing(counts, {days: int(count or 0) for days, count in zip(AHEAD, found, strict=True)})


def ending(days: int, zone: str) -> tuple[Any, ...]:
    """The condition of the open ones that end before the midnight after `days` days, today being the first."""
    row = VIPSubscriber
    return is_one_of(row.status, OPEN), row.expiry_date >= now(), row.expiry_date < horizon(days, zone)


def horizon(days: int, zone: str) -> Any:
    """The midnight after `days` days, today being the first."""
    return midnight(now().astimezone(ZoneInfo(zone)).date() + timedelta(days=days), zone)


def members(wanted: Range) -> Members:
    """The members' figures of a range. At most nine queries."""
    stand, cuts = standing(wanted.zone), bars(wanted)
    spans = [wanted.before, *(one for _day, one in cuts)]
    rest = between(spans, max(now() + timedelta(days=1), wanted.span.ends))
    found = flows([*spans, *rest])
    told, gaps = found[1 : len(spans)], found[len(spans) :]
    late = sum((flow.net for flow, gap in zip(gaps, rest, strict=True) if gap.starts >= wanted.span.ends))
    early = sum((flow.net for flow, gap in zip(gaps, rest, strict=True) if gap.ends <= wanted.span.starts))
    last = stand.open - late
    levels = _levels(last, [flow.net for flow in told])
    shown = [Bar(day, flow, level) for (day, _span), flow, level in zip(cuts, told, levels[1:], strict=True)]
    return Members(stand, sum(told, Flow()), found[0], levels[0], last, levels[0] - early, shown)


def open_at_starts(spans: Sequence[Span]) -> list[tuple[Flow, int]]:
    """For each of these spans, the last of which reaches to now: what happened, and how many were open at its begin."""
    told = flows(spans)
    levels = _levels(_open_now(), [flow.net for flow in told])
    return list(zip(told, levels[:-1], strict=True))


def _open_now() -> int:
    query = select(func.count()).select_from(VIPSubscriber).where(VIPSubscriber.status.in_(OPEN))
    return db.session.scalar(query) or 0


def _levels(last: int, nets: Sequence[int]) -> list[int]:
    """How many were open at each edge of consecutive spans, going back from the `last`."""
    levels = [last]
    for net in reversed(nets):
        levels.append(levels[-1] - net)
    return levels[::-1]
