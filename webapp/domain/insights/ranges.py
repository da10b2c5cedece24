"""Ranges of time as the creator lives them, each with the one before it; half-open, `starts` in and `ends` out.

Boundaries are midnights of their time zone, so a day may have 23 or 25 hours. A range that is still running is compared
with as much of the one before: until the same time on the clock.
"""

import itertools
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from webapp.base.clock import now

KEYS = ("today", "7", "30", "90", "month", "year", "own")
USUAL = "30"
LONGEST = 3660  # days
BY_DAY, BY_WEEK = 31, 182  # up to so many days a chart has a bar a day, a week; beyond, a month


@dataclass(frozen=True)
class Span:
    """From `starts` (in) to `ends` (out), aware UTC."""

    starts: datetime
    ends: datetime

    @property
    def days(self) -> float:
        """How many days of 24 hours, of what has passed."""
        return max((min(self.ends, now()) - self.starts).total_seconds(), 0) / 86_400


@dataclass(frozen=True)
class Range:
    """The days from `first` to `last`, both in, with their `span` and the one `before` that they are compared with."""

    key: str
    first: date
    last: date
    zone: str
    span: Span
    before: Span

    @property
    def at(self) -> datetime:
        """Where the range stands now: its end, or this moment while it runs."""
        return min(self.span.ends, now())


def choose(key: str, zone: str, first: date | None = None, last: date | None = None) -> Range:
    """The range called `key` (see KEYS) in time zone `zone`; "own" goes from `first` to `last`, in either order.

    What makes no range, such as days to come, becomes the usual one.
    """
    today = now().astimezone(ZoneInfo(zone)).date()
    if key == "own" and first is not None and last is not None:
        first, last = min(first, last), min(max(first, last), today)
        if first > last or (last - first).days >= LONGEST or first.year < 2000:
            return choose(USUAL, zone)
        return _range(key, first, last, zone, _days_back(first, (last - first).days + 1))
    if key == "month":
        return _range(key, today.replace(day=1), today, zone, _month_back(today.replace(day=1), 1))
    if key == "year":
        return _range(key, date(today.year, 1, 1), today, zone, date(today.year - 1, 1, 1))
    days = {"today": 1, "7": 7, "90": 90}.get(key, 30)
    first = _days_back(today, days - 1)
    return _range(key if days != 30 else USUAL, first, today, zone, _days_back(first, days))


def bars(wanted: Range) -> list[tuple[date, Span]]:
    """The range cut into days, weeks or months: each with its first day."""
    days = (wanted.last - wanted.first).days + 1
    cuts, day = [], wanted.first
    while day <= wanted.last:
        cuts.append(day)
        if days <= BY_WEEK:
            day += timedelta(days=1 if days <= BY_DAY else 7)
        else:
            day = _month_back(day.replace(day=1), -1)
    ends = [*cuts[1:], wanted.last + timedelta(days=1)]
    return [(cut, span(cut, end, wanted.zone)) for cut, end in zip(cuts, ends, strict=True)]


def months(count: int, zone: str) -> list[tuple[date, Span]]:
    """The last `count` calendar months with this one, oldest first: each with its first day."""
    this = now().astimezone(ZoneInfo(zone)).date().replace(day=1)
    firsts = [_month_back(this, back) for back in range(count - 1, -2, -1)]
    return [(one, span(one, following, zone)) for one, following in itertools.pairwise(firsts)]


def span(first: date, after: date, zone: str) -> Span:
    """From the midnight that begins `first` to the one that begins `after`."""
    return Span(midnight(first, zone), midnight(after, zone))


def midnight(day: date, zone: str) -> datetime:
    """The moment at which `day` begins there."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def between(spans: Sequence[Span], until: datetime) -> list[Span]:
    """What lies between these spans (oldest first), and after them until `until`."""
    edges = [*spans, Span(until, until)]
    gaps = [Span(one.ends, following.starts) for one, following in itertools.pairwise(edges)]
    return [gap for gap in gaps if gap.starts < gap.ends]


def _range(key: str, first: date, last: date, zone: str, earlier: date) -> Range:
    whole = span(first, last + timedelta(days=1), zone)
    cut = whole.starts
    if whole.ends > now():
        local = now().astimezone(ZoneInfo(zone))
        back = _same_day(local.date(), first, earlier, key)
        cut = min(datetime.combine(back, local.time(), ZoneInfo(zone)).astimezone(UTC), whole.starts)
    return Range(key, first, last, zone, whole, Span(midnight(earlier, zone), cut))


def _same_day(today: date, first: date, earlier: date, key: str) -> date:
    """The day of the range before that is to it as today is to this one; of shorter months, the last."""
    if key == "year":
        return earlier.replace(month=today.month, day=min(today.day, monthrange(earlier.year, today.month)[1]))
    if key == "month":
        return earlier.replace(day=min(today.day, monthrange(earlier.year, earlier.month)[1]))
    return earlier + (today - first)


def _days_back(day: date, days: int) -> date:
    return day - timedelta(days=days)


def _month_back(first: date, months_: int) -> date:
    index = first.year * 12 + first.month - 1 - months_
    return date(index // 12, index % 12 + 1, 1)
