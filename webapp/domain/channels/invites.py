"""Invites: a link into the VIP channel for one person, good once, for a day; and the three steps of the entry.

Step 1: access was given. Step 2: the person wants in, Telegram is asked for a link. Step 3: they have it. Entering ends
it (see members.py). Each step can be asked for again: nothing is made twice, nobody gets stuck.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from webapp.base import outbox, texts
from webapp.base.bulk import among
from webapp.base.clock import now
from webapp.base.db import db
from webapp.base.errors import Conflict, Denied
from webapp.base.i18n import _, speaking
from webapp.base.outbox import Promise
from webapp.base.settling import Outcome
from webapp.domain.audit import trail
from webapp.domain.audit.actors import SYSTEM, Actor
from webapp.domain.channels.models import Channel, ChannelInvite, ChannelState, Status, VIPSubscriber
from webapp.domain.channels.reminders import say
from webapp.domain.settings import config
from webapp.domain.users.models import User

LIVES = timedelta(hours=24)
ALMOST_OVER = timedelta(minutes=5)
UNANSWERED = timedelta(minutes=2)
QUIET = {"synchronize_session": False}


def enter(user: User, *, by: Actor) -> ChannelInvite:
    """Somebody wants into the VIP channel: their link, made by Telegram in a moment, or the one they have already.

    Raises Denied without a subscription that is open, Conflict when they are inside or no channel is set.
    """
    query = select(VIPSubscriber).where(VIPSubscriber.user_id == user.user_id).with_for_update()
    subscriber = db.session.scalar(query.execution_options(populate_existing=True))
    if subscriber is None or not subscriber.has_access:
        raise Denied(_("No tienes una suscripción VIP activa."))
    if subscriber.channel_state is ChannelState.MEMBER:
        raise Conflict(_("Ya estás dentro del canal VIP."))
    invite = current(user.user_id)
    if invite is None or _came_to_nothing(invite):
        invite = _ask(user, subscriber)
    if subscriber.status is Status.PENDING_ENTRY:
        with trail.watch(subscriber, "update", by=by):
            subscriber.vip_entry_stage = 3 if invite.link else 2
    return invite


def current(user_id: int) -> ChannelInvite | None:
    """The person's newest VIP invite that can still be used."""
    row = ChannelInvite
    query = select(row).where(
        row.user_id == user_id,
        row.channel == Channel.VIP,
        row.used_at.is_(None),
        row.revoked_at.is_(None),
        row.expires_at > now() + ALMOST_OVER,
    )
    return db.session.scalar(query.order_by(row.id.desc()).limit(1))


def by_link(link: str) -> ChannelInvite | None:
    """The invite with this link."""
    return db.session.scalar(select(ChannelInvite).where(ChannelInvite.link == link).limit(1))


def revoke_open(user_ids: Collection[int]) -> None:
    """Makes the unused links of these people worthless."""
    row = ChannelInvite
    theirs = (among(row.user_id, user_ids), row.channel == Channel.VIP, row.used_at.is_(None), row.revoked_at.is_(None))
    ended = update(row).where(*theirs).values(revoked_at=now()).returning(row.id, row.link)
    _withdraw([(one.id, one.link) for one in db.session.execute(ended, execution_options=QUIET) if one.link])


def settled(outcome: Outcome) -> None:
    """Telegram made the link, or would not: the person is told, the row knows."""
    invite = db.session.get(ChannelInvite, _number(outcome), populate_existing=True)
    if invite is None:
        return
    if outcome.status != "sent" or not isinstance(outcome.result, dict):
        invite.error = outcome.error or "no answer"
        return
    invite.link = str(outcome.result["invite_link"])
    subscriber = db.session.scalar(select(VIPSubscriber).where(VIPSubscriber.user_id == invite.user_id))
    if invite.revoked_at is not None or subscriber is None or not subscriber.has_access:
        _withdraw([(invite.id, invite.link)])
        return
    with trail.watch(subscriber, "update", by=SYSTEM):
        if subscriber.status is Status.PENDING_ENTRY:
            subscriber.vip_entry_stage = 3
        if subscriber.channel_state is not ChannelState.MEMBER:
            subscriber.channel_state = ChannelState.INVITED
    user = subscriber.user
    with speaking(user.locale):
        door = texts.link(_("Entrar al canal VIP"), invite.link)
    say(user, "vip_door", f"door:{invite.id}", [[door]], fecha=invite.expires_at)


def _ask(user: User, subscriber: VIPSubscriber) -> ChannelInvite:
    channel_id = config.current().vip_channel_id
    if channel_id is None:
        raise Conflict(_("El canal VIP aún no está listo. Tu acceso queda guardado; vuelve a intentarlo más tarde."))
    invite = ChannelInvite(user_id=user.user_id, channel=Channel.VIP, expires_at=now() + LIVES)
    db.session.add(invite)
    db.session.flush()
    here = {"chat_id": channel_id}
    if subscriber.channel_state is ChannelState.EXPELLED:  # who was banned by hand cannot use a link
        free: dict[str, Any] = {"user_id": user.user_id, "only_if_banned": True}
        outbox.promise("unbanChatMember", None, here | free, dedupe_key=f"unban:invite:{invite.id}", priority=2)
    made = {"name": str(user.user_id), "expire_date": int(invite.expires_at.timestamp()), "member_limit": 1}
    outbox.promise("createChatInviteLink", None, here | made, dedupe_key=f"invite:{invite.id}", priority=2)
    return invite


def _came_to_nothing(invite: ChannelInvite) -> bool:
    """Telegram would not make the link, or nobody will know any more whether it did."""
    return invite.link is None and (invite.error is not None or now() - invite.created_at > UNANSWERED)


def _withdraw(links: Sequence[tuple[int, str]]) -> None:
    channel_id = config.current().vip_channel_id
    if channel_id is not None:
        calls = [(invite_id, {"chat_id": channel_id, "invite_link": link}) for invite_id, link in links]
        named = [Promise("revokeChatInviteLink", None, call, f"revoke:{invite_id}") for invite_id, call in calls]
        outbox.promise_many(named)


def _number(outcome: Outcome) -> int:
    return int((outcome.dedupe_key or "").split(":")[1])
