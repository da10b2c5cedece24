"""The first figures of the business, each with its last fortnight and its change against the week before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Any

from sqlalchemy import Integer, and_, case, cast, or_, select

from webapp.base.db import db
from webapp.domain.catalog.models import UserInterest
from webapp.domain.insights.periods import Days, capped, last_days, per_day
from webapp.domain.users.models import User, UserRole, UserRoleChangeLog

WEEK = 7
SAMPLE = 2_000


@dataclass(frozen=True)
class Figure:
    """One number: `value` (None: nothing to tell yet), `points` a day each, `change` against the week before.

    `unit` says what `change` is: "percent", "points" (of a share) or "count".
    """

    key: str
    value: int | None
    points: Sequence[int]
    change: int | None
    unit: str = "percent"
    note: Any = None


@dataclass(frozen=True)
class Overview:
    """What the start page counts."""

    figures: Sequence[Figure]
    days: Days
    interests: Sequence[int]
    attended: Sequence[int]
    answer_time: timedelta | None
    today: dict[str, int]


def overview(zone: str) -> Overview:
    """The start page's figures. Six queries, whatever there is to count."""
    month, fortnight = last_days(30, zone), last_days(2 * WEEK, zone)
    daily = per_day(month, UserInterest.created_at, cast(UserInterest.is_attended, Integer))
    pressed, attended = [row[0] for row in daily], [row[1] for row in daily]
    born = [row[0] for row in per_day(fortnight, User.created_at)]
    figures = [
        Figure("members", capped(of=User.user_id), born, None, note=sum(born[-WEEK:])),
        _vip(fortnight),
        Figure(
            "interests",
            sum(pressed[-WEEK:]),
            pressed[-2 * WEEK :],
            _percent(sum(pressed[-WEEK:]), sum(pressed[-2 * WEEK : -WEEK])),
        ),
        _attended(pressed[-2 * WEEK :], attended[-2 * WEEK :]),
    ]
    today = {"interests": pressed[-1], "members": born[-1], "attended": _attended_since(month)}
    return Overview(figures, month, pressed, attended, _answer_time(fortnight), today)


def _vip(days: Days) -> Figure:
    """VIP members now, and their number at the end of each day, going back through the role log."""
    log = UserRoleChangeLog
    step = case((log.new_role == UserRole.VIP, 1), (log.previous_role == UserRole.VIP, -1), else_=0)
    steps = [row[1] for row in per_day(days, log.changed_at, step, where=[_touches_vip()])]
    value = capped(User.role == UserRole.VIP, of=User.user_id)
    points, level = [], value
    for change in reversed(steps):
        points.append(max(0, level))
        level -= change
    return Figure("vip", value, points[::-1], sum(steps[-WEEK:]), unit="count")


def _touches_vip() -> Any:
    log = UserRoleChangeLog
    left = and_(log.previous_role == UserRole.VIP, log.new_role != UserRole.VIP)
    came = and_(log.new_role == UserRole.VIP, or_(log.previous_role.is_(None), log.previous_role != UserRole.VIP))
    return or_(left, came)


def _attended(pressed: Sequence[int], attended: Sequence[int]) -> Figure:
    """The share of a week's interests that somebody has attended, in percent."""
    share, before = _share(attended[-WEEK:], pressed[-WEEK:]), _share(attended[:WEEK], pressed[:WEEK])
    change = share - before if share is not None and before is not None else None
    return Figure("attended", share, attended, change, unit="points")


def _answer_time(days: Days) -> timedelta | None:
    """The median time from press to attended this week, over at most 2,000 of them; None without any."""
    query = (
        select(UserInterest.created_at, UserInterest.attended_at)
        .where(UserInterest.is_attended, UserInterest.created_at >= days.starts[-WEEK])
        .order_by(UserInterest.created_at.desc())
        .limit(SAMPLE)
    )
    waits = [(row.attended_at - row.created_at).total_seconds() for row in db.session.execute(query) if row.attended_at]
    return timedelta(seconds=median(waits)) if waits else None


def _attended_since(month: Days) -> int:
    """How many were attended today, of those pressed this month."""
    recent = [UserInterest.is_attended, UserInterest.created_at >= month.starts[0]]
    return capped(*recent, UserInterest.attended_at >= month.starts[-1], of=UserInterest.id)


def _share(part: Sequence[int], whole: Sequence[int]) -> int | None:
    return round(100 * sum(part) / sum(whole)) if sum(whole) else None


def _percent(value: int, before: int) -> int | None:
    return round(100 * (value - before) / before) if before else None
