"""Who is really inside: what Telegram tells of people coming and going, kept and acted upon."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update

from webapp.base.clock import now
from webapp.base.db import db, upsert
from webapp.base.settling import Outcome
from webapp.domain.audit import trail
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.channels import expulsions, invites, requests
from webapp.domain.channels.models import ChannelInvite, ChannelMember, ChannelState, Status, VIPSubscriber
from webapp.domain.channels.reminders import say, write
from webapp.domain.settings import config
from webapp.domain.users import people, roles
from webapp.domain.users.models import RoleChangeReason, User

HERE = ("member", "administrator", "creator", "restricted")


def note(chat_id: int, told: Mapping[str, Any], status: str, *, link: str | None = None, is_in: bool = True) -> None:
    """Telegram tells that somebody's place in a chat is now `status`, by `link` if they came by one.

    `told`: its User object; `is_in`: for a restricted person, whether they are inside. Other chats are left alone.
    """
    settings = config.current()
    if chat_id not in (settings.vip_channel_id, settings.free_channel_id) or told.get("is_bot"):
        return
    user_id = int(told["id"])
    values = {"channel_id": chat_id, "user_id": user_id, "status": status[:16], "via_link": link, "seen_at": now()}
    kept = {name: values[name] for name in ("status", "via_link", "seen_at")}
    db.session.execute(
        upsert(ChannelMember).values(values).on_conflict_do_update(index_elements=["channel_id", "user_id"], set_=kept)
    )
    inside = status in HERE and is_in
    if chat_id == settings.free_channel_id:
        requests.seen(user_id, chat_id, inside)
    elif inside:
        _entered(user_id, told, link)
    else:
        _left(user_id, status)


def settled(outcome: Outcome) -> None:
    """Telegram was asked where an imported member stands, and answered; who it does not know is outside."""
    channel_id, told = config.current().vip_channel_id, outcome.result
    if outcome.status == "sent" and isinstance(told, dict) and isinstance(told.get("user"), dict) and channel_id:
        note(channel_id, told["user"], str(told.get("status")), is_in=told.get("is_member") is not False)


def is_inside(chat_id: int | None, user_id: int) -> bool:
    """Whether somebody is in a channel, as far as Telegram told."""
    found = db.session.get(ChannelMember, (chat_id or 0, user_id))
    return found is not None and found.status in HERE


def _entered(user_id: int, told: Mapping[str, Any], link: str | None) -> None:
    invite = invites.by_link(link) if link else None
    if invite is not None:
        row = ChannelInvite
        first = update(row).where(row.id == invite.id, row.used_at.is_(None)).values(used_at=now(), used_by=user_id)
        db.session.execute(first, execution_options={"synchronize_session": False})
    subscriber = _held(user_id)
    if invite is not None and invite.user_id != user_id and (subscriber is None or not subscriber.has_access):
        _stranger(invite, told)
        return
    if subscriber is None:
        return
    with trail.watch(subscriber, "update", by=SYSTEM):
        subscriber.channel_state = ChannelState.MEMBER
        if subscriber.status is Status.PENDING_ENTRY:
            subscriber.status, subscriber.vip_entry_stage = Status.ACTIVE, None
            role = subscriber.user.role
            roles.log_role(user_id, role, role, by=SYSTEM, reason=RoleChangeReason.VIP_ENTRY_COMPLETED)
            key = f"entered:{subscriber.id}:{int(subscriber.join_date.timestamp())}"
            say(subscriber.user, "vip_entered", key, fecha=subscriber.expiry_date)
    if not subscriber.has_access:
        expulsions.begin(subscriber)


def _left(user_id: int, status: str) -> None:
    subscriber = _held(user_id)
    if subscriber is None:
        return
    with trail.watch(subscriber, "update", by=SYSTEM):
        if status == "kicked":
            subscriber.channel_state = ChannelState.EXPELLED
            subscriber.kicked_from_channel_at = subscriber.kicked_from_channel_at or now()
        elif subscriber.channel_state is not ChannelState.EXPELLED:
            subscriber.channel_state = ChannelState.NONE
        if subscriber.status is Status.ACTIVE:
            subscriber.status, subscriber.vip_entry_stage = Status.PENDING_ENTRY, 1


def _stranger(invite: ChannelInvite, told: Mapping[str, Any]) -> None:
    """Somebody without access came in by another person's link: out again, and the admins read of it. Admins may look
    in by whatever link."""
    stranger = people.get_or_create_user(told)
    if stranger.is_admin:
        return
    expulsions.put_out(stranger.user_id, str(invite.id))
    owner = db.session.get(User, invite.user_id)
    for admin in people.reachable_admins():
        write(admin, "channels/stranger", f"stranger:told:{invite.id}:{admin.user_id}", stranger=stranger, owner=owner)


def _held(user_id: int) -> VIPSubscriber | None:
    query = select(VIPSubscriber).where(VIPSubscriber.user_id == user_id).with_for_update()
    return db.session.scalar(query.execution_options(populate_existing=True))
