"""Membership: as the Bot API shows it, and what happens when it changes."""

from typing import Any

from simulator.errors import bad, forbidden
from simulator.state import World
from simulator.things import RIGHTS, Chat, Link, Member, Person, is_inside

Json = dict[str, Any]
PERMISSIONS = (
    "can_send_messages", "can_send_audios", "can_send_documents", "can_send_photos", "can_send_videos",
    "can_send_video_notes", "can_send_voice_notes", "can_send_polls", "can_send_other_messages",
    "can_add_web_page_previews", "can_react_to_messages", "can_edit_tag", "can_change_info", "can_invite_users",
    "can_pin_messages", "can_manage_topics",
)  # fmt: skip
CHANNEL_ONLY = {"can_post_messages", "can_edit_messages", "can_manage_direct_messages"}
GROUP_ONLY = {"can_pin_messages", "can_manage_topics", "can_manage_tags"}


def describe(world: World, chat: Chat, user_id: int, member: Member | None = None) -> Json:
    """The Bot API's ChatMember of an account in a chat."""
    member = member or chat.members.get(user_id) or Member("left")
    body: Json = {"user": world.account(user_id), "status": member.status}
    if member.status == "creator":
        body["is_anonymous"] = False
    elif member.status == "administrator":
        skip = GROUP_ONLY if chat.type == "channel" else CHANNEL_ONLY
        body.update(can_be_edited=False, is_anonymous=False)
        body.update({name: member.rights.get(name, False) for name in RIGHTS if name not in skip})
    elif member.status == "restricted":
        body.update(is_member=is_inside(member), until_date=member.until)
        body.update({name: member.rights.get(name, False) for name in PERMISSIONS})
    elif member.status == "kicked":
        body["until_date"] = member.until
    elif member.status == "member" and member.paid_until:
        body["until_date"] = member.paid_until
    return body


def change(world: World, chat: Chat, user_id: int, new: Member, by: int, link: Link | None = None,
           via_request: bool = False) -> None:  # fmt: skip
    """Put an account into a new state, and tell the bot and the pages.

    by is who did it; link the invite link that was used; via_request whether a join request was approved.
    """
    before = describe(world, chat, user_id)
    chat.members[user_id] = new
    if link and is_inside(new):
        link.used += 1
    after = describe(world, chat, user_id)
    if before == after:
        return
    body: Json = {"chat": world.brief(chat), "from": world.account(by), "date": world.clock.now(),
                  "old_chat_member": before, "new_chat_member": after}  # fmt: skip
    if link:
        body["invite_link"] = link_json(world, link, chat)
    if via_request:
        body["via_join_request"] = True
    emit(world, "my_chat_member" if user_id == world.bot.id else "chat_member", body, chat)
    world.events.tell("chats", {})


def emit(world: World, kind: str, body: Json, chat: Chat) -> None:
    """An update about a chat, if the bot is there to get it, and with its allowed kinds."""
    bot = chat.members.get(world.bot.id)
    if kind == "chat_member" and (bot is None or bot.status != "administrator"):
        return
    if kind != "my_chat_member" and (bot is None or not is_inside(bot)):
        return
    note_seen(world, body)
    world.updates.add(kind, body)


def note_seen(world: World, body: Json) -> None:
    """The bot now knows whoever an update speaks of."""
    sender = body.get("from") or {}
    person = world.people.get(sender.get("id", 0))
    if person:
        person.seen = True
    changed = world.people.get(body.get("new_chat_member", {}).get("user", {}).get("id", 0))
    if changed:
        changed.seen = True


def link_json(world: World, link: Link, chat: Chat) -> Json:
    """The Bot API's ChatInviteLink; links of other administrators are shown cut, as Telegram shows them."""
    own = link.creator == world.bot.id
    body: Json = {
        "invite_link": link.url if own else f"{link.url[:-8]}...",
        "creator": world.account(link.creator),
        "creates_join_request": link.creates_join_request,
        "is_primary": link.is_primary,
        "is_revoked": link.is_revoked,
    }
    for name in ("name", "expire_date", "member_limit", "subscription_period", "subscription_price"):
        if getattr(link, name):
            body[name] = getattr(link, name)
    waiting = sum(request.link == link.url for request in chat.requests.values())
    if waiting:
        body["pending_join_request_count"] = waiting
    return body


def require(world: World, chat: Chat, right: str, refusal: str) -> None:
    """The bot must be an administrator with `right`. Raises ApiError with `refusal` in words."""
    member = chat.members.get(world.bot.id)
    if chat.type == "private":
        raise bad("method is available only for supergroups and channel chats"
                  if right != "can_pin_messages" else refusal)  # fmt: skip
    if member is None or not is_inside(member):
        reason = "was kicked from" if member and member.status == "kicked" else "is not a member of"
        raise forbidden(f"Forbidden: bot {reason} the {chat.type} chat")
    if member.status != "creator" and not member.rights.get(right):
        raise bad(refusal)


def knows(world: World, user_id: int) -> Person:
    """The person a call names. Raises ApiError as Telegram does for ids it cannot resolve."""
    person = world.people.get(user_id)
    if person is None:
        raise bad("PARTICIPANT_ID_INVALID" if user_id > 0 else "invalid user_id specified")
    return person
