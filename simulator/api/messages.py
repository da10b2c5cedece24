"""Sending, copying, forwarding, deleting, pinning and reacting."""

from typing import Any

from simulator import entities, keyboards
from simulator.api.registry import method
from simulator.api.target import chat_of, inside_of, is_own, may_write, message_of, public
from simulator.errors import bad
from simulator.members import require
from simulator.params import Params
from simulator.state import World
from simulator.things import Chat

Json = dict[str, Any]
DAYS_TO_DELETE = 2
REACTIONS = set(
    "👍👎❤🔥🥰👏😁🤔🤯😱🤬😢🎉🤩🤮💩🙏👌🕊🤡🥱🥴😍🐳🌚🌭💯🤣⚡🍌🏆💔🤨😐🍓🍾💋🖕😈😴😭🤓👻👀🎃🙈😇😨🤝✍🤗🫡🎅🎄☃💅🤪🗿🆒💘🙉🦄😘💊🙊😎👾🤷😡"
)


def draft(world: World, params: Params) -> tuple[Chat, Json]:
    """The chat of a send call, and what every message to it starts with: sender, date, reply, keyboard."""
    chat = chat_of(world, params)
    may_write(world, chat)
    message = sender(world, chat)
    reply = _reply(chat, params)
    if reply:
        message["reply_to_message"] = reply
    markup = keyboards.read(params, chat.type == "private")
    if keyboards.shown(markup):
        message["reply_markup"] = markup
    elif markup:
        message["_keyboard"] = markup
    if params.flag("protect_content"):
        message["has_protected_content"] = True
    if params.has("message_effect_id"):
        message["effect_id"] = params.text("message_effect_id")
    return chat, message


def sender(world: World, chat: Chat) -> Json:
    """Who speaks when the bot speaks: itself, or the channel."""
    body: Json = {"chat": world.brief(chat), "date": world.clock.now()}
    if chat.type == "channel":
        return {"sender_chat": world.brief(chat), **body, "_by": world.bot.id}
    return {"from": world.bot.user(), **body}


def written(params: Params, name: str = "text", limit: int = 4096) -> Json:
    """The text or caption of a call with its entities, as message fields; nothing for an absent caption."""
    label = "entities" if name == "text" else "caption_entities"
    source = params.text(name)
    if name == "caption" and not source.strip():
        return {}
    if len(source) > 65_536 * 2:
        raise bad("message is too long" if name == "text" else "message caption is too long")
    text, found = entities.read(source, params.text("parse_mode"), params.tree(label))
    if entities.units(text) > limit:
        raise bad("message is too long" if name == "text" else "message caption is too long")
    return {name: text, label: found} if found else {name: text}


def _reply(chat: Chat, params: Params) -> Json | None:
    given = params.tree("reply_parameters") or {}
    message_id = int(given.get("message_id") or params.integer("reply_to_message_id"))
    if not message_id:
        return None
    original = chat.messages.get(message_id)
    if original is None:
        if given.get("allow_sending_without_reply") or params.flag("allow_sending_without_reply"):
            return None
        raise bad("message to be replied not found")
    return {key: value for key, value in public(original).items() if key != "reply_to_message"}


@method("sendMessage")
def send_message(world: World, params: Params) -> Json:
    """A text."""
    chat, message = draft(world, params)
    message.update(written(params))
    options = params.tree("link_preview_options")
    if options or params.flag("disable_web_page_preview"):
        message["link_preview_options"] = options or {"is_disabled": True}
    return public(world.post(chat, message))


@method("sendChatAction")
def send_chat_action(world: World, params: Params) -> bool:
    """ "Typing…" and the like: shown, never stored."""
    chat = chat_of(world, params)
    may_write(world, chat)
    action = params.text("action")
    if not action.startswith(("typing", "upload_", "record_", "choose_", "find_")):
        raise bad("wrong parameter action in request")
    world.events.tell("action", {"chat": chat.id, "action": action}, world.audience(chat))
    return True


@method("copyMessage")
def copy_message(world: World, params: Params) -> Json:
    """The same content, as the bot's own message."""
    source = chat_of(world, params, "from_chat_id")
    original = message_of(world, source, params.integer("message_id"), "message to copy not found")
    chat, message = draft(world, params)
    keep = ("text", "entities", "caption", "caption_entities", "photo", "document", "contact")
    content = {name: original[name] for name in keep if name in original}
    if not content:
        raise bad("message can't be copied")
    if "caption" in params.values and "text" not in content:
        content.pop("caption", None)
        content.pop("caption_entities", None)
        content.update(written(params, "caption", 1024))
    return {"message_id": world.post(chat, {**message, **content})["message_id"]}


@method("forwardMessage")
def forward_message(world: World, params: Params) -> Json:
    """The message of somebody else, with its origin."""
    source = chat_of(world, params, "from_chat_id")
    original = message_of(world, source, params.integer("message_id"), "message to forward not found")
    if original.get("has_protected_content"):
        raise bad("message can't be forwarded")
    chat, message = draft(world, params)
    return public(world.post(chat, {**message, **forwarded(original)}))


def forwarded(original: Json) -> Json:
    """The fields of a forwarded copy: content and origin."""
    skip = {"message_id", "chat", "from", "sender_chat", "date", "reply_to_message", "reply_markup", "edit_date",
            "has_protected_content"}  # fmt: skip
    content = {key: value for key, value in original.items() if key not in skip and not key.startswith("_")}
    if "forward_origin" in content:
        return content
    origin: Json = {"date": original["date"]}
    if original["chat"]["type"] == "channel":
        origin.update(type="channel", chat=original["chat"], message_id=original["message_id"])
    else:
        origin.update(type="user", sender_user=original["from"])
    return {**content, "forward_origin": origin}


@method("deleteMessage")
def delete_message(world: World, params: Params) -> bool:
    """One message, not older than two days."""
    chat = chat_of(world, params)
    message = message_of(world, chat, params.integer("message_id"), "message to delete not found")
    if not _deletable(world, chat, message):
        raise bad("message can't be deleted")
    remove(world, chat, [message["message_id"]])
    return True


@method("deleteMessages")
def delete_messages(world: World, params: Params) -> bool:
    """Several; those that are not there are skipped."""
    chat = chat_of(world, params)
    ids = params.tree("message_ids") or []
    if not 1 <= len(ids) <= 100:
        raise bad("message identifiers are not specified" if not ids else "too many message identifiers specified")
    remove(world, chat, [key for key in ids if key in chat.messages and _deletable(world, chat, chat.messages[key])])
    return True


def _deletable(world: World, chat: Chat, message: Json) -> bool:
    if world.clock.now() - message["date"] > DAYS_TO_DELETE * 86_400:
        return False
    if chat.type == "private" or is_own(world, message):
        return True
    bot = chat.members.get(world.bot.id)
    return bool(bot and bot.rights.get("can_delete_messages"))


def remove(world: World, chat: Chat, ids: list[int]) -> None:
    """Take messages away, from open pages too."""
    audience = world.audience(chat)
    for message_id in ids:
        chat.messages.pop(message_id, None)
    chat.pinned = [message_id for message_id in chat.pinned if message_id not in ids]
    world.events.tell("deleted", {"chat": chat.id, "ids": ids}, audience)


@method("pinChatMessage")
def pin_chat_message(world: World, params: Params) -> bool:
    """Pin a message on top of the chat."""
    chat = chat_of(world, params)
    if chat.type == "channel":
        require(world, chat, "can_edit_messages", "not enough rights to manage pinned messages in the chat")
    elif chat.type != "private":
        require(world, chat, "can_pin_messages", "not enough rights to manage pinned messages in the chat")
    message = message_of(world, chat, params.integer("message_id"), "message to pin not found")
    if message["message_id"] not in chat.pinned:
        chat.pinned.append(message["message_id"])
    world.events.tell("chats", {}, world.audience(chat))
    return True


@method("unpinChatMessage")
def unpin_chat_message(world: World, params: Params) -> bool:
    """Take one pinned message, or the last one, off the top."""
    chat = chat_of(world, params)
    message_id = params.integer("message_id") or (chat.pinned[-1] if chat.pinned else 0)
    if message_id not in chat.pinned:
        raise bad("message to unpin not found")
    chat.pinned.remove(message_id)
    world.events.tell("chats", {}, world.audience(chat))
    return True


@method("unpinAllChatMessages")
def unpin_all_chat_messages(world: World, params: Params) -> bool:
    """Nothing pinned any more."""
    chat = chat_of(world, params)
    chat.pinned.clear()
    world.events.tell("chats", {}, world.audience(chat))
    return True


@method("setMessageReaction")
def set_message_reaction(world: World, params: Params) -> bool:
    """The bot's own reaction: one emoji at most."""
    chat = chat_of(world, params)
    if chat.type != "private":
        inside_of(world, chat)
    message = message_of(world, chat, params.integer("message_id"), "message to react not found")
    given = params.tree("reaction") or []
    if len(given) > 1:
        raise bad("REACTIONS_TOO_MANY")
    for item in given:
        if item.get("type") == "emoji" and item.get("emoji", "").replace("\ufe0f", "")[:1] not in REACTIONS:
            raise bad("REACTION_INVALID")
    message.setdefault("_reactions", {})[str(world.bot.id)] = [item.get("emoji", "") for item in given]
    world.show(chat, message)
    return True
