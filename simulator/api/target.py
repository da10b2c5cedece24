"""Which chat a call means, and whether the bot may write there."""

from typing import Any

from simulator import errors
from simulator.errors import ApiError, bad, forbidden
from simulator.params import Params
from simulator.state import World
from simulator.things import Chat, Person, is_inside

Json = dict[str, Any]


def chat_of(world: World, params: Params, name: str = "chat_id") -> Chat:
    """The chat of a parameter, by id or @username. Raises ApiError when the bot knows no such chat."""
    value = params.text(name).strip()
    if not value:
        raise bad(f"{name} is empty")
    if value.startswith("@"):
        for chat in world.chats.values():
            if chat.username and chat.username.lower() == value[1:].lower():
                return chat
        raise bad("chat not found")
    if not value.lstrip("-").isdigit():
        raise bad("chat not found")
    chat_id = int(value)
    found = world.chats.get(chat_id)
    if found is None or found.type == "private":
        person = world.people.get(chat_id)
        if person is None or not (person.started or person.seen):
            raise bad("chat not found")
        return world.private(person)
    if found.migrated_to:
        raise ApiError(400, "Bad Request: group chat was upgraded to a supergroup chat",
                       {"migrate_to_chat_id": found.migrated_to})  # fmt: skip
    bot = found.members.get(world.bot.id)
    if bot is None and not found.username:
        raise bad("chat not found")
    return found


def may_write(world: World, chat: Chat) -> None:
    """Raises ApiError when the bot may not send to this chat."""
    if chat.type == "private":
        _may_write_to(world, world.people[chat.id])
        return
    member = chat.members.get(world.bot.id)
    inside_of(world, chat)
    if chat.type == "channel":
        if member is None or not (member.status == "creator" or member.rights.get("can_post_messages")):
            raise bad("need administrator rights in the channel chat")
    elif member and member.status == "restricted" and not member.rights.get("can_send_messages"):
        raise bad("not enough rights to send text messages to the chat")


def inside_of(world: World, chat: Chat) -> None:
    """Raises ApiError when the bot is not in this group or channel."""
    member = chat.members.get(world.bot.id)
    if member is not None and member.status == "kicked":
        raise forbidden(f"Forbidden: bot was kicked from the {chat.type} chat")
    if member is None or not is_inside(member):
        raise forbidden(f"Forbidden: bot is not a member of the {chat.type} chat")


def _may_write_to(world: World, person: Person) -> None:
    if person.deactivated:
        raise forbidden(errors.DEACTIVATED)
    if person.blocked:
        raise forbidden(errors.BLOCKED)
    if not person.started and world.clock.exact() > person.write_until:
        raise forbidden(errors.CANNOT_INITIATE)


def message_of(world: World, chat: Chat, message_id: int, missing: str) -> Json:
    """A message by id. Raises ApiError with `missing` in words."""
    message = chat.messages.get(message_id)
    if message is None:
        raise bad(missing)
    return message


def is_own(world: World, message: Json) -> bool:
    """Whether the bot sent it."""
    return message.get("from", {}).get("id") == world.bot.id or message.get("_by") == world.bot.id


def public(message: Json) -> Json:
    """A copy as the Bot API shows it, without the simulator's own notes, that later changes do not touch."""
    return {key: value for key, value in message.items() if not key.startswith("_")}
