"""Banning, unbanning, restricting, promoting."""

from typing import Any

from simulator.api.registry import method
from simulator.api.target import chat_of
from simulator.errors import bad
from simulator.members import PERMISSIONS, change, knows, require
from simulator.params import Params
from simulator.state import World
from simulator.things import RIGHTS, Chat, Member, is_inside

Json = dict[str, Any]
RESTRICT = "not enough rights to restrict/unrestrict chat member"


def _subject(world: World, params: Params, right: str, refusal: str) -> tuple[Chat, int]:
    chat = chat_of(world, params)
    require(world, chat, right, refusal)
    user_id = params.integer("user_id")
    if user_id == world.bot.id:
        raise bad("can't restrict self" if right == "can_restrict_members" else "can't promote self")
    knows(world, user_id)
    status = chat.status_of(user_id)
    if status == "creator":
        raise bad("can't remove chat owner")
    if status == "administrator" and right == "can_restrict_members":
        raise bad("user is an administrator of the chat")
    return chat, user_id


@method("banChatMember")
def ban_chat_member(world: World, params: Params) -> bool:
    """Out, and not back in until unbanned (or until_date, 30 s to 366 days away)."""
    chat, user_id = _subject(world, params, "can_restrict_members", RESTRICT)
    chat.requests.pop(user_id, None)
    change(world, chat, user_id, Member("kicked", until=_until(world, params)), world.bot.id)
    return True


def _until(world: World, params: Params) -> int:
    away = params.integer("until_date") - world.clock.now()
    return params.integer("until_date") if 30 <= away <= 366 * 86_400 else 0


@method("unbanChatMember")
def unban_chat_member(world: World, params: Params) -> bool:
    """May come back. Whoever is inside is removed, unless only_if_banned is set."""
    chat, user_id = _subject(world, params, "can_restrict_members", RESTRICT)
    member = chat.members.get(user_id)
    if member is None or (params.flag("only_if_banned") and member.status != "kicked"):
        return True
    change(world, chat, user_id, Member("left"), world.bot.id)
    return True


@method("restrictChatMember")
def restrict_chat_member(world: World, params: Params) -> bool:
    """Fewer permissions in a supergroup."""
    chat, user_id = _subject(world, params, "can_restrict_members", RESTRICT)
    if chat.type != "supergroup":
        raise bad("method is available only for supergroups")
    given = params.tree("permissions") or {}
    rights = {name: bool(given.get(name)) for name in PERMISSIONS}
    before = chat.members.get(user_id)
    inside = bool(before and is_inside(before))
    if all(rights[name] for name in PERMISSIONS[:10]):
        new = Member("member" if inside else "left")
    else:
        new = Member("restricted", {**rights, "is_member": inside}, _until(world, params))
    change(world, chat, user_id, new, world.bot.id)
    return True


@method("promoteChatMember")
def promote_chat_member(world: World, params: Params) -> bool:
    """Administrator rights; none of them means an ordinary member again."""
    refusal = "not enough rights to promote chat member"
    chat, user_id = _subject(world, params, "can_promote_members", "CHAT_ADMIN_REQUIRED")
    own = chat.members[world.bot.id].rights
    rights = {name: params.flag(name) for name in RIGHTS}
    if any(value and not own.get(name) for name, value in rights.items()):
        raise bad(refusal)
    if any(rights.values()):
        change(world, chat, user_id, Member("administrator", {**rights, "can_manage_chat": True}), world.bot.id)
    elif chat.status_of(user_id) == "administrator":
        change(world, chat, user_id, Member("member"), world.bot.id)
    return True
