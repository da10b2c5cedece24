"""Expulsions: whoever has no access leaves the VIP channel: banned, and at once unbanned, so that they can come back.

A call that fails is seen on its subscriber (`last_error`, `attempts`) and tried again later; nobody waits for somebody
else's. A renewal takes back what has not been done, and who was put out all the same is let in again.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import select

from webapp.base import outbox
from webapp.base.clock import now
from webapp.base.db import db
from webapp.base.errors import Conflict
from webapp.base.i18n import _
from webapp.base.outbox import Promise
from webapp.base.settling import Outcome
from webapp.domain.audit import trail
from webapp.domain.audit.actors import SYSTEM, Actor
from webapp.domain.channels import invites
from webapp.domain.channels.models import ChannelState, Status, VIPSubscriber
from webapp.domain.settings import config

OUT = (Status.EXPIRED, Status.REVOKED, Status.PAUSED)
INSIDE = (ChannelState.MEMBER, ChannelState.INVITED)
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=5), timedelta(hours=6)
# Answers that mean that nobody is there to be put out.
GONE = ("user_not_participant", "user not found", "participant_id_invalid", "member not found")
BATCH = 100


class Leaving(Protocol):
    """Somebody whose access is over, as their subscription's row, held, says."""

    @property
    def id(self) -> int: ...
    @property
    def user_id(self) -> int: ...
    @property
    def channel_state(self) -> ChannelState: ...
    @property
    def attempts(self) -> int: ...
    @property
    def updated_at(self) -> datetime: ...


def begin(subscriber: Leaving) -> None:
    """Promises the expulsion of somebody who may be inside; the row must be held."""
    begin_many([subscriber])


def begin_many(leaving: Iterable[Leaving]) -> None:
    """The same for many at once."""
    channel_id = config.current().vip_channel_id
    if channel_id is not None:
        inside = [one for one in leaving if one.channel_state in INSIDE]
        outbox.promise_many([_ban(one, channel_id) for one in inside])


def expel(subscriber: VIPSubscriber, *, by: Actor) -> None:
    """Puts out now somebody who has no access and is still inside, without waiting for the next try; the row must be
    held. Raises Conflict for somebody with access, somebody outside, or while no channel is set."""
    if subscriber.has_access:
        raise Conflict(_("Todavía tiene acceso: retíraselo primero."))
    if not is_leaving(subscriber):
        raise Conflict(_("Ya está fuera del canal."))
    if config.current().vip_channel_id is None:
        raise Conflict(_("Todavía no hay canal VIP. Elígelo en Canales."))
    begin(subscriber)
    subscriber.next_attempt_at = None
    trail.note("update", subscriber.__tablename__, subscriber.id, by=by, new={"expelled": True})


def is_leaving(subscriber: VIPSubscriber) -> bool:
    """Whether somebody has no access and may still be inside."""
    return subscriber.status in OUT and subscriber.channel_state in INSIDE


def take_back(subscriber: VIPSubscriber) -> None:
    """Access is back: what was promised and has not left is not done."""
    outbox.cancel(f"expel:{subscriber.id}:")
    outbox.cancel(f"stranger:{subscriber.user_id}:")


def settled(outcome: Outcome) -> None:
    """Telegram put somebody out, or would not."""
    number = int((outcome.dedupe_key or "").split(":")[1])
    query = select(VIPSubscriber).where(VIPSubscriber.id == number).with_for_update()
    subscriber = db.session.scalar(query.execution_options(populate_existing=True))
    if subscriber is None:
        return
    if outcome.status != "sent" and not any(word in (outcome.error or "").lower() for word in GONE):
        _again(subscriber, outcome.error or "no answer")
        return
    with trail.watch(subscriber, "update", by=SYSTEM):
        subscriber.channel_state, subscriber.kicked_from_channel_at = ChannelState.EXPELLED, now()
        subscriber.attempts, subscriber.last_error, subscriber.next_attempt_at = 0, None, None
        if subscriber.has_access:
            subscriber.status, subscriber.vip_entry_stage = Status.PENDING_ENTRY, 1
    if subscriber.has_access:  # renewed while the call was on its way
        invites.enter(subscriber.user, by=SYSTEM)
    else:
        _unban(subscriber, f"unban:{outcome.dedupe_key}")


def retry_due(limit: int = BATCH) -> int:
    """Promises again what failed and whose wait is over, in the current transaction; returns how many."""
    row = VIPSubscriber
    query = (
        select(row)
        .where(row.channel_state.in_(INSIDE), row.status.in_(OUT), row.next_attempt_at <= now())
        .order_by(row.next_attempt_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = db.session.scalars(query.execution_options(populate_existing=True)).all()
    for subscriber in found:
        begin(subscriber)
        subscriber.next_attempt_at = None
    return len(found)


def put_out(user_id: int, key: str) -> None:
    """Promises the expulsion of somebody who has no subscription: a stranger behind a link; once under `key`."""
    channel_id = config.current().vip_channel_id
    if channel_id is None:
        return
    call = {"chat_id": channel_id, "user_id": user_id}
    outbox.promise("banChatMember", None, call, dedupe_key=f"stranger:{user_id}:{key}")
    outbox.promise(
        "unbanChatMember", None, call | {"only_if_banned": True}, dedupe_key=f"unban:stranger:{user_id}:{key}"
    )


def _again(subscriber: VIPSubscriber, error: str) -> None:
    wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(subscriber.attempts, 10))
    with trail.watch(subscriber, "update", by=SYSTEM):
        subscriber.attempts, subscriber.last_error = subscriber.attempts + 1, error[:500]
        subscriber.next_attempt_at = now() + wait if subscriber.status in OUT else None


def _unban(subscriber: VIPSubscriber, key: str) -> None:
    channel_id = config.current().vip_channel_id
    if channel_id is not None:
        call = {"chat_id": channel_id, "user_id": subscriber.user_id, "only_if_banned": True}
        outbox.promise("unbanChatMember", None, call, dedupe_key=key[:120])


def _ban(one: Leaving, channel_id: int) -> Promise:
    """Its key is one for each end of a subscription: whoever renews and lapses again is put out again."""
    key = f"expel:{one.id}:{int(one.updated_at.timestamp() * 1000)}:{one.attempts}"
    return Promise("banChatMember", None, {"chat_id": channel_id, "user_id": one.user_id}, key)
