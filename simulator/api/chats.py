"""Chats as the bot sees them."""

from typing import Any

from simulator.api.registry import method
from simulator.api.target import chat_of, inside_of, public
from simulator.errors import bad
from simulator.members import PERMISSIONS, change, describe, knows, link_json
from simulator.params import Params
from simulator.state import World
from simulator.things import Chat, Member

Json = dict[str, Any]
GIFTS = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")


@method("getChat")
def get_chat(world: World, params: Params) -> Json:
    """Everything about a chat."""
    chat = chat_of(world, params)
    if chat.type != "private":
        inside_of(world, chat)
    body: Json = {**world.brief(chat), "accent_color_id": abs(chat.id) % 7, "max_reaction_count": 11,
                  "accepted_gift_types": dict.fromkeys(GIFTS, False)}  # fmt: skip
    if chat.description:
        body["description"] = chat.description
    if chat.type == "private" and world.people[chat.id].username:
        body["active_usernames"] = [world.people[chat.id].username]
    if chat.type in ("group", "supergroup"):
        body["permissions"] = {name: chat.permissions.get(name, True) for name in PERMISSIONS}
    for link in chat.links.values():
        if link.is_primary and not link.is_revoked and link.creator == world.bot.id:
            body["invite_link"] = link_json(world, link, chat)["invite_link"]
    if chat.pinned:
        body["pinned_message"] = public(chat.messages[chat.pinned[-1]])
    return body


def group_of(world: World, params: Params) -> Chat:
    """The group or channel of a call. Raises ApiError for private chats and those without the bot."""
    chat = chat_of(world, params)
    if chat.type == "private":
        raise bad("chat not found" if params.integer("chat_id") < 0 else "there are no administrators in the "
                  "private chat")  # fmt: skip
    inside_of(world, chat)
    return chat


@method("getChatMember")
def get_chat_member(world: World, params: Params) -> Json:
    """How one account stands in a chat."""
    chat = chat_of(world, params)
    user_id = params.integer("user_id")
    if chat.type == "private":
        if user_id not in (chat.id, world.bot.id):
            raise bad("member not found")
        return describe(world, chat, user_id, Member("member"))
    inside_of(world, chat)
    if user_id != world.bot.id:
        knows(world, user_id)
    bot = chat.members[world.bot.id]
    if bot.status not in ("administrator", "creator") and chat.type == "channel" and user_id != world.bot.id:
        raise bad("member list is inaccessible")
    return describe(world, chat, user_id)


@method("getChatAdministrators")
def get_chat_administrators(world: World, params: Params) -> list[Json]:
    """Owner and administrators."""
    chat = group_of(world, params)
    staff = [key for key, member in chat.members.items() if member.status in ("creator", "administrator")]
    return [describe(world, chat, user_id) for user_id in staff]


@method("getChatMemberCount")
def get_chat_member_count(world: World, params: Params) -> int:
    """How many are inside, the bot too."""
    chat = chat_of(world, params)
    return 2 if chat.type == "private" else len(chat.inside())


@method("leaveChat")
def leave_chat(world: World, params: Params) -> bool:
    """The bot goes away."""
    chat = chat_of(world, params)
    if chat.type == "private":
        raise bad("chat member status can't be changed in private chats")
    inside_of(world, chat)
    change(world, chat, world.bot.id, Member("left"), world.bot.id)
    return True
