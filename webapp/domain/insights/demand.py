"""What people ask for: requests to the Free channel, codes, and interests by package and category."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Integer, and_, case, cast, extract, func, literal, null, select, union_all

from webapp.base.clock import now
from webapp.base.db import db
from webapp.domain.catalog.models import ContentCategory, ContentPackage, UserInterest
from webapp.domain.channels.models import FreeChannelRequest, InvitationToken, RequestStatus, TokenRedemption
from webapp.domain.insights.flows import spans_of
from webapp.domain.insights.periods import SCAN, capped
from webapp.domain.insights.ranges import Range, Span

MOST = 20
WAITING = (RequestStatus.PENDING, RequestStatus.APPROVING)


@dataclass
class Requests:
    """Requests to the Free channel that were settled in one span, by how; and how long the approved ones waited."""

    by_status: dict[RequestStatus, int] = field(default_factory=dict)
    average: timedelta | None = None
    median: timedelta | None = None

    @property
    def approved(self) -> int:
        """How many were let in."""
        return self.by_status.get(RequestStatus.APPROVED, 0)


@dataclass
class Codes:
    """Codes in one span: made, uses of whatever code, left to expire unspent, revoked; `converted` of those made."""

    made: int = 0
    used: int = 0
    expired: int = 0
    revoked: int = 0
    converted: int = 0

    @property
    def conversion(self) -> float | None:
        """The share of those made in the span that somebody has used since."""
        return self.converted / self.made if self.made else None


@dataclass(frozen=True)
class Wanted:
    """How often something was wanted, and how many of those interests were attended. `name` None: the VIP itself."""

    name: str | None
    category: ContentCategory | None
    count: int
    attended: int


@dataclass(frozen=True)
class Demand:
    """A range's demand. `capped`: only the newest 50,000 interests were looked at."""

    waiting: int
    requests: Requests
    requests_before: Requests
    codes: Codes
    codes_before: Codes
    packages: Sequence[Wanted]
    categories: dict[ContentCategory | None, tuple[int, int]]
    capped: bool


def demand(wanted: Range) -> Demand:
    """The demand of a range. Eleven queries."""
    spans = [wanted.before, wanted.span]
    row = FreeChannelRequest
    waiting = db.session.scalar(select(func.count()).select_from(row).where(row.status.in_(WAITING))) or 0
    requests, codes = _requests(spans), _codes(spans)
    packages, categories = _interests(wanted.span)
    capped = sum(count for count, _attended in categories.values()) >= SCAN
    return Demand(waiting, requests[1], requests[0], codes[1], codes[0], packages, categories, capped)


def interests_in(span: Span) -> int:
    """How many interests there are from a span, at most 10,001; what was withdrawn does not count."""
    row = UserInterest
    return capped(row.created_at >= span.starts, row.created_at < span.ends, row.withdrawn_at.is_(None), of=row.id)


def _requests(spans: Sequence[Span]) -> list[Requests]:
    found = [Requests() for _span in spans]
    told, row = spans_of(spans), FreeChannelRequest
    settled = [status for status in RequestStatus if status not in WAITING]
    inside = and_(row.status.in_(settled), row.processed_at >= told.c.starts, row.processed_at < told.c.ends)
    query = select(told.c.place, row.status, func.count()).select_from(told).join(row, inside)
    for place, status, count in db.session.execute(query.group_by(told.c.place, row.status)):
        found[place].by_status[status] = count
    for one, span in zip(found, spans, strict=True):
        one.average, one.median = _waits(span, one.approved)
    return found


def _waits(span: Span, count: int) -> tuple[timedelta | None, timedelta | None]:
    """Average and median from request to approval, over the newest 50,000; the median of an even number lies between
    the two in the middle."""
    row, count = FreeChannelRequest, min(count, SCAN)
    wait = (extract("epoch", row.processed_at) - extract("epoch", row.request_date)).label("wait")
    inside = (row.status == RequestStatus.APPROVED, row.processed_at >= span.starts, row.processed_at < span.ends)
    newest = select(wait).where(*inside).order_by(row.processed_at.desc()).limit(SCAN).subquery()
    average = db.session.scalar(select(func.avg(newest.c.wait)))
    middle = select(newest.c.wait).order_by(newest.c.wait).offset(max(count - 1, 0) // 2).limit(2 - count % 2)
    told = [float(value) for value in db.session.scalars(middle)]
    if average is None or not told:
        return None, None
    return timedelta(seconds=round(float(average))), timedelta(seconds=round(sum(told) / len(told)))


def _codes(spans: Sequence[Span]) -> list[Codes]:
    found = [Codes() for _span in spans]
    row, used = InvitationToken, TokenRedemption
    unspent = (row.uses < row.max_uses, row.revoked_at.is_(None), row.expires_at <= now())
    converted = func.sum(case((row.uses > 0, 1), else_=0))
    for name, at, where in (
        ("used", used.redeemed_at, ()),
        ("expired", row.expires_at, unspent),
        ("revoked", row.revoked_at, ()),
    ):
        for place, count in _counts(spans, at, func.count(), *where):
            setattr(found[place], name, count)
    for place, made, good in _counts(spans, row.created_at, func.count(), *(), more=converted):
        found[place].made, found[place].converted = made, int(good or 0)
    return found


def _counts(spans: Sequence[Span], at: Any, count: Any, *where: Any, more: Any = None) -> Any:
    """Rows of the table of column `at`, by the span in which it lies."""
    told = spans_of(spans)
    columns = [told.c.place, count, *([more] if more is not None else [])]
    query = select(*columns).select_from(told).join(at.class_, and_(at >= told.c.starts, at < told.c.ends))
    return db.session.execute(query.where(*where).group_by(told.c.place))


def _interests(span: Span) -> tuple[list[Wanted], dict[ContentCategory | None, tuple[int, int]]]:
    """The packages that were wanted most in the span, most first; and how often those of each category were, with how
    many were attended. What was withdrawn does not count."""
    row = UserInterest
    inside = (row.created_at >= span.starts, row.created_at < span.ends, row.withdrawn_at.is_(None))
    newest = (
        select(row.package_id, row.is_attended).where(*inside).order_by(row.created_at.desc()).limit(SCAN).subquery()
    )
    count, attended = func.count(), func.sum(cast(newest.c.is_attended, Integer))
    columns = (newest.c.package_id, count.label("n"), attended.label("good"))
    counts = select(*columns).group_by(newest.c.package_id).cte("counts")
    told = db.session.execute(union_all(_most(counts), _by_category(counts))).all()
    packages = sorted((one for one in told if not one.whole), key=lambda one: (-one.n, one.package_id or 0))
    categories = {one.category: (int(one.n), int(one.good)) for one in told if one.whole}
    return [Wanted(one.name, one.category, int(one.n), int(one.good)) for one in packages], categories


def _most(counts: Any) -> Any:
    """The packages that were wanted most, of their counts."""
    package, order = ContentPackage, (counts.c.n.desc(), func.coalesce(counts.c.package_id, 0))
    most = select(counts).order_by(*order).limit(MOST).subquery()
    query = select(most, package.name, package.category, literal(0).label("whole"))
    return query.select_from(most.outerjoin(package, package.id == most.c.package_id))


def _by_category(counts: Any) -> Any:
    """The counts of each category's packages together."""
    package, sums = ContentPackage, [func.sum(counts.c.n), func.sum(counts.c.good)]
    query = select(null(), *sums, null(), package.category, literal(1))
    return query.select_from(counts.outerjoin(package, package.id == counts.c.package_id)).group_by(package.category)
