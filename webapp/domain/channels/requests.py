"""Requests to join the Free channel: welcomed at once, approved by themselves after the wait, oldest first.

The wait is `bot_config.wait_time_minutes` when the request comes; `approve_after` keeps it. A request is approved when
Telegram says so, not before; what a process that died has left, the outbox still holds.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update

from webapp.base import outbox, texts
from webapp.base.clock import now
from webapp.base.db import db, upsert
from webapp.base.i18n import moment as time_of
from webapp.base.i18n import ngettext, speaking
from webapp.base.settling import Outcome
from webapp.domain.audit import trail
from webapp.domain.audit.actors import SYSTEM, Actor
from webapp.domain.channels.models import FreeChannelRequest, RequestStatus
from webapp.domain.channels.reminders import say, worded
from webapp.domain.settings import config
from webapp.domain.settings import texts as creator_texts
from webapp.domain.users import people
from webapp.domain.users.models import User

BATCH = 100
MOST = 1000
NOTED = {"noted": True, "synchronize_session": False}
WAITING = (RequestStatus.PENDING, RequestStatus.APPROVING)
DECIDABLE = (RequestStatus.PENDING, RequestStatus.ERROR)
# Telegram's words for ends that are no faults: nothing is left to approve.
WITHDRAWN = ("hide_requester_missing", "user_id_invalid", "input user deactivated", "user is deactivated")
INSIDE = ("user_already_participant",)
TOO_MANY = ("channels_too_much", "user_channels_too_much")


def receive(chat_id: int, told: Mapping[str, Any], user_chat_id: int) -> FreeChannelRequest | None:
    """Telegram tells that somebody asks to join; None for another chat, or when they wait already.

    `told`: its User object. `user_chat_id`: where they can be written to for five minutes, started or not. Somebody
    who is kept out is declined at once.
    """
    settings = config.current()
    if chat_id != settings.free_channel_id:
        return None
    user, moment = people.get_or_create_user(told), now()
    after = moment + timedelta(minutes=settings.wait_time_minutes)
    asked = {"user_id": user.user_id, "chat_id": chat_id, "user_chat_id": user_chat_id, "approve_after": after}
    statement = upsert(FreeChannelRequest).values(asked | {"request_date": moment})
    request_id = db.session.scalar(statement.on_conflict_do_nothing().returning(FreeChannelRequest.id))
    if request_id is None:
        return None
    request = db.session.get_one(FreeChannelRequest, request_id)
    new = {"user_id": user.user_id, "approve_after": after}
    trail.note("create", request.__tablename__, request_id, by=people.as_actor(user), new=new)
    if user.is_blocked or user.erased_at is not None:
        decline(request, by=SYSTEM)
        return request
    with speaking(user.locale):
        minutes = settings.wait_time_minutes
        wait, at = (
            ngettext("%(num)s minuto", "%(num)s minutos", minutes),
            time_of(after, people.zone_of(user), short=True),
        )
        words = creator_texts.render("free_welcome", **worded(user, espera=str(wait), hora=at))
    outbox.promise("sendMessage", user_chat_id, texts.payload(words), dedupe_key=f"welcome:{request_id}", priority=5)
    return request


def approve_due(limit: int = BATCH) -> int:
    """Promises the approval of the requests whose wait is over, oldest first; returns how many."""
    row = FreeChannelRequest
    due = select(row.id).where(row.status == RequestStatus.PENDING, row.approve_after <= now())
    due = due.order_by(row.approve_after, row.id).limit(limit).with_for_update(skip_locked=True)
    return len(_approve(row.id.in_(due), by=SYSTEM))


def next_due() -> datetime | None:
    """When the next request is to be approved."""
    row = FreeChannelRequest
    return db.session.scalar(select(func.min(row.approve_after)).where(row.status == RequestStatus.PENDING))


def approve(request: FreeChannelRequest, *, by: Actor) -> bool:
    """Approves one without waiting further, or again after an error; False when there is nothing to approve."""
    done = bool(_approve(FreeChannelRequest.id == request.id, by=by, start=DECIDABLE))
    db.session.refresh(request)
    return done


def approve_many(ids: Iterable[int], *, by: Actor) -> int:
    """Approves those of them that wait, or again those that ended in an error (at most 1,000); returns how many."""
    return len(_approve(FreeChannelRequest.id.in_(list(ids)[:MOST]), by=by, start=DECIDABLE))


def decline(request: FreeChannelRequest, *, by: Actor) -> bool:
    """Declines one that waits; False when there is nothing to decline."""
    done = bool(decline_many([request.id], by=by))
    db.session.refresh(request)
    return done


def decline_many(ids: Iterable[int], *, by: Actor) -> int:
    """Declines those of them that wait (at most 1,000); returns how many. One that Telegram refuses ends as an error
    and stops nobody else's."""
    row = FreeChannelRequest
    wanted = (row.id.in_(list(ids)[:MOST]), row.status.in_(DECIDABLE))
    ended = {"status": RequestStatus.DECLINED, "processed_at": now(), "attempts": row.attempts + 1}
    return len(_turn(wanted, ended, "declineChatJoinRequest", "decline", by=by))


def settled(outcome: Outcome) -> None:
    """Telegram let somebody in, declined them, or would not."""
    kind, number, _attempt = (outcome.dedupe_key or "").split(":")
    words = (outcome.error or "").lower()
    if kind == "decline":
        if outcome.status != "sent" and not any(word in words for word in (*WITHDRAWN, *INSIDE)):
            _end(int(number), RequestStatus.ERROR, outcome.error, start=RequestStatus.DECLINED)
        return
    if outcome.status == "sent" or any(word in words for word in INSIDE):
        _end(int(number), RequestStatus.APPROVED, None)
    elif any(word in words for word in WITHDRAWN):
        _end(int(number), RequestStatus.CANCELLED, None)
    elif any(word in words for word in TOO_MANY):
        _end(int(number), RequestStatus.DECLINED, outcome.error)
    else:
        _end(int(number), RequestStatus.ERROR, outcome.error or "no answer")


def seen(user_id: int, chat_id: int, inside: bool) -> None:
    """Telegram tells that somebody came in (by whatever way) or is gone: what waited is over."""
    row = FreeChannelRequest
    mine = (row.user_id == user_id, row.chat_id == chat_id, row.status.in_(WAITING))
    request_id = db.session.scalar(select(row.id).where(*mine))
    if request_id is not None and inside:
        _end(request_id, RequestStatus.APPROVED, None)


def waiting_of(user_id: int) -> FreeChannelRequest | None:
    """The person's request that waits."""
    row = FreeChannelRequest
    return db.session.scalar(select(row).where(row.user_id == user_id, row.status.in_(WAITING)).limit(1))


def place_of(request: FreeChannelRequest) -> int:
    """How many are approved before this one, plus one; counted up to 10,001."""
    row = FreeChannelRequest
    query = select(row.id).where(row.status.in_(WAITING), _before(request)).limit(10_000).subquery()
    return 1 + (db.session.scalar(select(func.count()).select_from(query)) or 0)


def count_waiting() -> int:
    """How many wait, counted up to 10,001."""
    row = FreeChannelRequest
    query = select(row.id).where(row.status.in_(WAITING)).limit(10_001).subquery()
    return db.session.scalar(select(func.count()).select_from(query)) or 0


def oldest_waiting(limit: int = 10) -> Sequence[FreeChannelRequest]:
    """Those who are next, oldest first."""
    row = FreeChannelRequest
    query = select(row).where(row.status.in_(WAITING)).order_by(row.approve_after, row.id).limit(limit)
    return db.session.scalars(query).all()


def _before(request: FreeChannelRequest) -> Any:
    row = FreeChannelRequest
    earlier = row.approve_after < request.approve_after
    return earlier | ((row.approve_after == request.approve_after) & (row.id < request.id))


def _approve(which: Any, *, by: Actor, start: Sequence[RequestStatus] = (RequestStatus.PENDING,)) -> list[int]:
    row = FreeChannelRequest
    begun = {"status": RequestStatus.APPROVING, "attempts": row.attempts + 1, "error": None}
    return _turn((which, row.status.in_(start)), begun, "approveChatJoinRequest", "free", by=by)


def _turn(where: tuple[Any, ...], values: dict[str, Any], method: str, key: str, *, by: Actor) -> list[int]:
    """Turns those rows and promises the call for each, in the order of their wait."""
    row = FreeChannelRequest
    told = (row.id, row.user_id, row.chat_id, row.attempts, row.approve_after)
    statement = update(row).where(*where).values(values).returning(*told)
    found = db.session.execute(statement, execution_options=NOTED).all()
    for one in sorted(found, key=lambda one: (one.approve_after, one.id)):
        call = {"chat_id": one.chat_id, "user_id": one.user_id}
        outbox.promise(method, None, call, dedupe_key=f"{key}:{one.id}:{one.attempts}")
        trail.note("update", row.__tablename__, one.id, by=by, new={"status": values["status"]})
    return [one.id for one in found]


def _end(request_id: int, status: RequestStatus, error: str | None, start: RequestStatus | None = None) -> None:
    """One request is over; not when it was before."""
    row = FreeChannelRequest
    begun = row.status == start if start else row.status.in_(WAITING)
    ended = update(row).where(row.id == request_id, begun).values(status=status, error=error, processed_at=now())
    user_id = db.session.scalar(ended.returning(row.user_id), execution_options=NOTED)
    if user_id is None:
        return
    trail.note("update", row.__tablename__, request_id, by=SYSTEM, new={"status": status, "error": error})
    user = db.session.get_one(User, user_id)
    if status is RequestStatus.APPROVED:
        say(user, "free_let_in", f"let_in:{request_id}")
    elif status is RequestStatus.DECLINED and error:
        say(user, "free_too_many", f"too_many:{request_id}")
