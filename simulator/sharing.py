"""Sharing a chat with the bot by a button of its keyboard (KeyboardButtonRequestChat)."""

from typing import Any

from simulator import talk
from simulator.api.target import public
from simulator.core import Simulator
from simulator.errors import Refusal
from simulator.registry import deed
from simulator.staging import chat_by_id
from simulator.state import World
from simulator.things import RIGHTS, Chat, Person, is_inside

Json = dict[str, Any]


@deed("share-chat")
def _share_chat(simulator: Simulator, body: Json) -> Json:
    """Choose `chat` for the button with this `request_id` of the keyboard that is shown."""
    world, person = simulator.world, simulator.person(body["person"])
    wanted = _button(world, person, int(body["request_id"]))
    chat = chat_by_id(simulator, body["chat"])
    if chat.status_of(person.id) != "creator" and (wanted.get("chat_is_created") or not _may(chat, person, wanted)):
        raise Refusal("this chat cannot be chosen here", 403)
    if (chat.type == "channel") is not bool(wanted.get("chat_is_channel")):
        raise Refusal("this chat is of another kind", 403)
    _let_in(world, chat, person, wanted.get("bot_administrator_rights"))
    shared = {"request_id": wanted["request_id"], "chat_id": chat.id}
    if wanted.get("request_title"):
        shared["title"] = chat.title
    return {"message": public(talk.send(world, person, world.private(person), {"chat_shared": shared}))}


def _button(world: World, person: Person, request_id: int) -> Json:
    """What the button asks for. Raises Refusal when no keyboard with it is shown."""
    for message in reversed(list(world.private(person).messages.values())):
        for row in message.get("_keyboard", {}).get("keyboard", []):
            for button in row:
                wanted = button.get("request_chat") if isinstance(button, dict) else None
                if wanted and wanted.get("request_id") == request_id:
                    return dict(wanted)
    raise Refusal("no such button", 404)


def _may(chat: Chat, person: Person, wanted: Json) -> bool:
    """Whether this administrator has the rights that the button asks of people."""
    asked = wanted.get("user_administrator_rights") or {}
    member = chat.members.get(person.id)
    return member is not None and is_inside(member) and all(member.rights.get(key) for key, on in asked.items() if on)


def _let_in(world: World, chat: Chat, person: Person, asked: Json | None) -> None:
    """As Telegram does, make the bot an administrator with the rights that the button names, if it is none."""
    if asked and chat.status_of(world.bot.id) != "administrator":
        rights = {key: True for key, on in asked.items() if on and key in RIGHTS}
        talk.set_bot_rights(world, chat, person.id, "administrator", rights)
