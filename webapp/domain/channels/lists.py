"""What staff ask of the channels: lists of subscribers, tokens and join requests, counts, what a plan has sold.

First which ids are on the page, then all that is shown of them. Counts stop at 10,001. Conditions that an index is made
for are worded as the index words them (literal values), since the engines compare the words.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, select
from sqlalchemy.orm import InstrumentedAttribute, aliased, joinedload

from webapp.base.clock import now
from webapp.base.db import LARGEST, Page, db, page
from webapp.base.search import matching
from webapp.base.stretches import Place, Stretch, number_of, stretch
from webapp.domain.channels.models import (
    ENDED,
    ChannelState,
    FreeChannelRequest,
    InvitationToken,
    RequestStatus,
    Status,
    SubscriptionPlan,
    TokenRedemption,
    VIPSubscriber,
)
from webapp.domain.settings import config
from webapp.domain.users.models import User

CAP = 10_001
SUBSCRIBER, TOKEN, REQUEST, PLAN = VIPSubscriber, InvitationToken, FreeChannelRequest, SubscriptionPlan
WITHIN = {"7": 7, "30": 30}


def _none_of(column: Any, values: Iterable[Any]) -> ColumnElement[bool]:
    """NOT IN, so that no engine walks an index by state and sorts, but the one in the order of the list."""
    listed: ColumnElement[bool] = column.not_in(bindparam(None, list(values), expanding=True, literal_execute=True))
    return listed


NO_ACCESS = (Status.PAUSED, Status.EXPIRED, Status.REVOKED)
DECIDED = tuple(one for one in RequestStatus if one not in (RequestStatus.PENDING, RequestStatus.APPROVING))
HAS_ACCESS = _none_of(SUBSCRIBER.status, NO_ACCESS)
WAITING = _none_of(REQUEST.status, DECIDED)
UNSPENT = and_(TOKEN.revoked_at.is_(None), TOKEN.uses < TOKEN.max_uses)
EXHAUSTED = and_(TOKEN.revoked_at.is_(None), TOKEN.uses >= TOKEN.max_uses)
REVOKED = TOKEN.revoked_at.is_not(None)


@dataclass(frozen=True)
class SubscriberFilter:
    """Which subscribers, in which order.

    `state`: "open" (those with access), "ended" (expired or revoked), a Status' value, or "" for all; `ends`: "today"
    (the creator's day), "7" or "30" days, "over" (time and grace are over), of those with access; `failed`: whose
    expulsion was refused.
    `sort`: "expiry" or "joined", with "-" the latest first.
    """

    words: str = ""
    state: str = ""
    ends: str = ""
    channel: ChannelState | None = None
    failed: bool = False
    sort: str = "expiry"


@dataclass(frozen=True)
class TokenFilter:
    """Which tokens. `state`: active, exhausted, expired, revoked, or "" for all."""

    state: str = ""
    plan_id: int | None = None
    batch_id: str = ""


@dataclass(frozen=True)
class RequestFilter:
    """Which join requests. `state`: "waiting" (pending and approving), a RequestStatus' value, or "" for all."""

    state: str = "waiting"
    words: str = ""


def subscribers(wanted: SubscriberFilter, *, after: str | None = None, size: int = 25) -> Page:
    """Subscribers with their person's names."""
    key = SUBSCRIBER.join_date if wanted.sort.endswith("joined") else SUBSCRIBER.expiry_date
    query: Select[Any] = _of_people(select(SUBSCRIBER.id, key), SUBSCRIBER.user_id, wanted.words)
    query = query.where(*_subscriber_conditions(wanted))
    found = page(query, key, SUBSCRIBER.id, after=after, size=size, descending=wanted.sort.startswith("-"))
    return _filled(found, _with_person(SUBSCRIBER), SUBSCRIBER.id)


def few_subscribers(wanted: SubscriberFilter, place: Place | None = None, *, back: bool = False) -> Stretch:
    """A chat's page of subscribers by their end, each with its person."""
    query: Select[Any] = select(SUBSCRIBER).where(*_subscriber_conditions(wanted)).options(joinedload(SUBSCRIBER.user))
    keys, down = (SUBSCRIBER.expiry_date, SUBSCRIBER.id), wanted.sort.startswith("-")
    return stretch(query, keys, place, lambda one: (number_of(one.expiry_date), one.id), back=back, descending=down)


def subscribers_named(user_ids: Iterable[int]) -> Sequence[Any]:
    """The subscribers with these user ids, as the list shows them, the first to end first."""
    query = _with_person(SUBSCRIBER).where(SUBSCRIBER.user_id.in_(list(user_ids)))
    return db.session.execute(query.order_by(SUBSCRIBER.expiry_date, SUBSCRIBER.id)).all()


def count_subscribers(wanted: SubscriberFilter, *, most: int = CAP) -> int:
    """How many subscribers fit, counted up to `most`."""
    query: Select[Any] = _of_people(select(SUBSCRIBER.id), SUBSCRIBER.user_id, wanted.words)
    return _capped(query.where(*_subscriber_conditions(wanted)), most)


def tokens(wanted: TokenFilter, *, after: str | None = None, size: int = 25) -> Page:
    """Tokens, the newest first; unspent ones by their end, the latest first."""
    key = TOKEN.expires_at if wanted.state in ("active", "expired") else TOKEN.created_at
    query: Select[Any] = select(TOKEN).where(*_token_conditions(wanted))
    return page(query, key, TOKEN.id, after=after, size=size, scalars=True)


def count_tokens(wanted: TokenFilter, *, most: int = CAP) -> int:
    """How many tokens fit, counted up to `most`."""
    return _capped(select(TOKEN.id).where(*_token_conditions(wanted)), most)


def batch_left(batch_id: str) -> int:
    """How many tokens of a batch can still be redeemed."""
    return count_tokens(TokenFilter(state="active", batch_id=batch_id))


def redemptions(token: InvitationToken, limit: int = 100) -> Sequence[Any]:
    """Who used a token, newest first: user_id, redeemed_at, and their names (None when erased)."""
    row = TokenRedemption
    query = select(row.user_id, row.redeemed_at, User.first_name, User.last_name, User.username)
    query = query.outerjoin(User, User.user_id == row.user_id).where(row.token_id == token.id)
    return db.session.execute(query.order_by(row.id.desc()).limit(limit)).all()


def requests(wanted: RequestFilter, *, after: str | None = None, size: int = 25) -> Page:
    """Join requests with their person's names: those that wait in the order of their turn, others the latest first."""
    key = REQUEST.approve_after if wanted.state else REQUEST.request_date
    query: Select[Any] = _of_people(select(REQUEST.id, key), REQUEST.user_id, wanted.words)
    query = query.where(*_request_conditions(wanted))
    waiting = wanted.state in ("waiting", "pending", "approving")
    found = page(query, key, REQUEST.id, after=after, size=size, descending=not waiting)
    return _filled(found, _with_person(REQUEST), REQUEST.id)


def few_requests(place: Place | None = None, *, back: bool = False) -> Stretch:
    """A chat's page of the join requests that wait, in the order of their turn, each with its person."""
    query: Select[Any] = select(REQUEST).where(WAITING).options(joinedload(REQUEST.user))
    keys = (REQUEST.approve_after, REQUEST.id)
    return stretch(query, keys, place, lambda one: (number_of(one.approve_after), one.id), back=back, descending=False)


def count_requests(wanted: RequestFilter, *, most: int = CAP) -> int:
    """How many join requests fit, counted up to `most`."""
    query: Select[Any] = _of_people(select(REQUEST.id), REQUEST.user_id, wanted.words)
    return _capped(query.where(*_request_conditions(wanted)), most)


def request_row(request_id: int) -> Any:
    """One join request as the list shows it; None when there is none."""
    return db.session.execute(_with_person(REQUEST).where(REQUEST.id == request_id)).one_or_none()


def places(ids: Iterable[int]) -> dict[int, int]:
    """The place in the queue of each of these requests that waits (1 is next; counted up to 10,001). One query."""
    other = aliased(REQUEST)
    earlier = (other.approve_after < REQUEST.approve_after) | (
        (other.approve_after == REQUEST.approve_after) & (other.id < REQUEST.id)
    )
    waiting = _none_of(other.status, DECIDED)
    before = select(other.id).where(waiting, earlier).correlate(REQUEST).limit(CAP - 1).subquery()
    place = 1 + select(func.count()).select_from(before).scalar_subquery()
    found = db.session.execute(select(REQUEST.id, place).where(REQUEST.id.in_(list(ids)), WAITING)).all()
    return {row[0]: row[1] for row in found}


def next_step(wanted: RequestFilter, *, since: int, up_to: int, limit: int) -> list[int]:
    """The ids of the next requests that fit and can be decided (pending, or ended in an error): newer than id `since`,
    not newer than `up_to`. What one step of a long run takes; since `since` only grows, every run ends."""
    decided = RequestStatus.ERROR if wanted.state == "error" else RequestStatus.PENDING
    query: Select[Any] = _of_people(select(REQUEST.id), REQUEST.user_id, wanted.words)
    query = query.where(REQUEST.status == decided, REQUEST.id > since, REQUEST.id <= up_to)
    return list(db.session.scalars(query.order_by(REQUEST.id).limit(limit)))


def newest_request() -> int:
    """The id of the request that came last; 0 when there is none."""
    return db.session.scalar(select(func.max(REQUEST.id))) or 0


def sold(plan_ids: Iterable[int]) -> dict[int, int]:
    """How many have access now by each of these plans. One query."""
    mine = select(SUBSCRIBER.plan_id, func.count()).where(SUBSCRIBER.plan_id.in_(list(plan_ids)), HAS_ACCESS)
    return {int(row[0] or 0): row[1] for row in db.session.execute(mine.group_by(SUBSCRIBER.plan_id))}


def plan_name(plan_id: int) -> str | None:
    """The name of a plan, for a filter's chip."""
    return db.session.scalar(select(PLAN.name).where(PLAN.id == plan_id))


def end_of_today() -> datetime:
    """When the creator's day is over."""
    zone = ZoneInfo(config.current().time_zone)
    today = now().astimezone(zone).date() + timedelta(days=1)
    return datetime(today.year, today.month, today.day, tzinfo=zone)


def _subscriber_conditions(wanted: SubscriberFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    row, moment = SUBSCRIBER, now()
    if wanted.state == "open" or wanted.ends:
        conditions.append(HAS_ACCESS)
    if wanted.state == "ended":
        conditions.append(row.status.in_(ENDED))
    elif wanted.state not in ("", "open"):
        conditions.append(row.status == Status(wanted.state))
    if wanted.ends == "over":
        conditions.append(row.expiry_date <= moment - timedelta(hours=config.current().grace_hours))
    elif wanted.ends:
        until = end_of_today() if wanted.ends == "today" else moment + timedelta(days=WITHIN[wanted.ends])
        conditions += [row.expiry_date > moment, row.expiry_date <= until]
    if wanted.channel is not None:
        conditions.append(row.channel_state == wanted.channel)
    if wanted.failed:
        conditions.append(row.last_error.is_not(None))
    return conditions


def _token_conditions(wanted: TokenFilter) -> list[ColumnElement[bool]]:
    states: dict[str, tuple[ColumnElement[bool], ...]] = {
        "active": (UNSPENT, TOKEN.expires_at > now()),
        "expired": (UNSPENT, TOKEN.expires_at <= now()),
        "exhausted": (EXHAUSTED,),
        "revoked": (REVOKED,),
    }
    conditions = list(states.get(wanted.state, ()))
    if wanted.plan_id is not None:
        conditions.append(TOKEN.plan_id == wanted.plan_id)
    if wanted.batch_id:
        conditions.append(TOKEN.batch_id == wanted.batch_id)
    return conditions


def _request_conditions(wanted: RequestFilter) -> list[ColumnElement[bool]]:
    if not wanted.state:
        return []
    return [WAITING if wanted.state == "waiting" else REQUEST.status == RequestStatus(wanted.state)]


def _of_people(query: Any, user_id: Any, words: str) -> Any:
    """Narrows a query to those whose name, @username or id was asked for."""
    words = words.strip().removeprefix("@")
    if words.isdecimal() and words.isascii():
        return query.where(user_id == min(int(words[:19]), LARGEST))
    return query.join(User, User.user_id == user_id).where(matching(User, words)) if words else query


def _with_person(model: Any) -> Select[Any]:
    told = (User.first_name, User.last_name, User.username, User.role)
    query: Select[Any] = select(*model.__table__.c, *told).join(User, User.user_id == model.user_id)
    return query


def _filled(found: Page, rows: Select[Any], key: InstrumentedAttribute[int]) -> Page:
    ids = [row.id for row in found.rows]
    shown = {row.id: row for row in db.session.execute(rows.where(key.in_(ids)))} if ids else {}
    return Page([shown[one] for one in ids if one in shown], found.after)


def _capped(query: Select[Any], most: int) -> int:
    return db.session.scalar(select(func.count()).select_from(query.limit(most).subquery())) or 0
