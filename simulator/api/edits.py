"""Changing messages that the bot sent."""

from typing import Any

from simulator import errors, keyboards
from simulator.api.media import attach
from simulator.api.messages import written
from simulator.api.registry import method
from simulator.api.target import chat_of, is_own, message_of, public
from simulator.errors import ApiError, bad
from simulator.members import require
from simulator.params import Params
from simulator.state import World
from simulator.things import Chat

Json = dict[str, Any]


@method("editMessageText")
def edit_message_text(world: World, params: Params) -> Json:
    """Another text, and another keyboard or none."""
    chat, message = _editable(world, params)
    if "text" not in message:
        raise bad("there is no text in the message to edit")
    content = written(params)
    return _apply(world, chat, message, {"text": "", "entities": None, **content}, params)


@method("editMessageCaption")
def edit_message_caption(world: World, params: Params) -> Json:
    """Another caption, or none."""
    chat, message = _editable(world, params)
    if "photo" not in message and "document" not in message:
        raise bad("there is no caption in the message to edit")
    content = written(params, "caption", 1024)
    return _apply(world, chat, message, {"caption": None, "caption_entities": None, **content}, params)


@method("editMessageReplyMarkup")
def edit_message_reply_markup(world: World, params: Params) -> Json:
    """Only the keyboard."""
    chat, message = _editable(world, params)
    return _apply(world, chat, message, {}, params)


@method("editMessageMedia")
async def edit_message_media(world: World, params: Params) -> Json:
    """Another photo or document in the same message."""
    chat, message = _editable(world, params)
    item = params.tree("media")
    if not isinstance(item, dict):
        raise bad("can't parse input media: expected an Object")
    content = await attach(world, params, item)
    clean = dict.fromkeys(("text", "entities", "photo", "document", "caption", "caption_entities"))
    return _apply(world, chat, message, {**clean, **content}, params)


def _editable(world: World, params: Params) -> tuple[Chat, Json]:
    if params.has("inline_message_id") and not params.has("chat_id"):
        raise bad("MESSAGE_ID_INVALID")
    chat = chat_of(world, params)
    if not params.has("message_id"):
        raise bad("message identifier is not specified")
    message = message_of(world, chat, params.integer("message_id"), "message to edit not found")
    if chat.type == "private":
        person = world.people[chat.id]
        if person.blocked:
            raise ApiError(403, errors.BLOCKED)
    elif chat.type == "channel" and not is_own(world, message):
        require(world, chat, "can_edit_messages", "message can't be edited")
        return chat, message
    if not is_own(world, message):
        raise bad("message can't be edited")
    return chat, message


def _apply(world: World, chat: Chat, message: Json, content: Json, params: Params) -> Json:
    """Put `content` (None removes) and the call's keyboard in place; refuses to change nothing."""
    markup = keyboards.shown(keyboards.read(params, chat.type == "private"))
    changed = {**message, **content, "reply_markup": markup}
    changed = {key: value for key, value in changed.items() if value is not None}
    before = {key: value for key, value in message.items() if key != "edit_date"}
    if {key: value for key, value in changed.items() if key != "edit_date"} == before:
        raise bad(errors.NOT_MODIFIED.removeprefix("Bad Request: "))
    if content:
        changed["edit_date"] = world.clock.now()
    chat.messages[message["message_id"]] = changed
    world.show(chat, changed)
    return public(changed)
