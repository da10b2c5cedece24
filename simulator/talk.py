"""What people do in chats: start, write, press, react, share a contact, send a photo."""

import asyncio
import hashlib
from typing import Any

from simulator import entities, keeping
from simulator.api.messages import forwarded
from simulator.api.target import public
from simulator.errors import ApiError, Refusal
from simulator.members import change, emit
from simulator.state import World
from simulator.things import Chat, Member, Person, is_inside

Json = dict[str, Any]


def chat_for(world: World, person: Person, chat_id: int | None) -> Chat:
    """The chat a person means: by default the one with the bot. Raises Refusal when they are not in it."""
    if chat_id in (None, 0, person.id, world.bot.id):
        return world.private(person)
    chat = world.chats.get(int(chat_id or 0))
    if chat is None or chat.type == "private":
        raise Refusal("no such chat", 404)
    if person.id not in chat.inside():
        raise Refusal("not a member of this chat", 403)
    return chat


def say(world: World, person: Person, text: str, chat_id: int | None = None, reply_to: int = 0) -> Json:
    """Write a text. `/start` begins a chat with the bot; a blocked bot cannot be written to.

    Raises Refusal.
    """
    chat = chat_for(world, person, chat_id)
    try:
        clean, found = entities.read(text, "")
    except ApiError as error:
        raise Refusal(error.description, 400) from None
    content: Json = {"text": clean, "entities": found} if found else {"text": clean}
    if reply_to and reply_to in chat.messages:
        content["reply_to_message"] = public(chat.messages[reply_to])
    return send(world, person, chat, content)


def send(world: World, person: Person, chat: Chat, content: Json) -> Json:
    """Put a message of a person into a chat and hand it to the bot."""
    date = world.clock.now()
    if chat.type == "channel":
        if chat.status_of(person.id) not in ("creator", "administrator"):
            raise Refusal("only administrators write in a channel", 403)
        brief = world.brief(chat)
        message = world.post(chat, {"sender_chat": brief, "chat": brief, "date": date, **content})
        emit(world, "channel_post", public(message), chat)
        return message
    if chat.type == "private":
        if person.blocked:
            raise Refusal("the bot is blocked: unblock it first")
        person.started = person.seen = True
    message = world.post(chat, {"from": person.user(), "chat": world.brief(chat), "date": date, **content})
    if chat.type == "private":
        world.updates.add("message", public(message))
    elif _reaches(world, chat, message):
        emit(world, "message", public(message), chat)
    return message


def _reaches(world: World, chat: Chat, message: Json) -> bool:
    """With privacy mode on, the bot sees in groups only commands, replies to it, and all when administrator."""
    if chat.status_of(world.bot.id) == "administrator" or "text" not in message:
        return True
    replied = message.get("reply_to_message", {}).get("from", {}).get("id")
    return str(message["text"]).startswith("/") or bool(replied == world.bot.id)


def start(world: World, person: Person, payload: str = "") -> Json:
    """Press START: unblocks the bot if it was blocked, and says /start with the payload."""
    if person.blocked:
        block(world, person, False)
    return say(world, person, f"/start {payload}".strip())


def block(world: World, person: Person, blocked: bool) -> None:
    """Block or unblock the bot; it is told by my_chat_member."""
    if person.blocked == blocked:
        return
    person.blocked = blocked
    chat = world.private(person)
    states = ({"user": world.bot.user(), "status": "member"},
              {"user": world.bot.user(), "status": "kicked", "until_date": 0})  # fmt: skip
    world.updates.add("my_chat_member", {
        "chat": world.brief(chat), "from": person.user(), "date": world.clock.now(),
        "old_chat_member": states[not blocked], "new_chat_member": states[blocked],
    })  # fmt: skip
    world.events.tell("chats", {}, [person.id])


def press(world: World, person: Person, chat: Chat, message_id: int, data: str) -> tuple[str, "asyncio.Future[Json]"]:
    """Press a callback button. Returns the query's id and what will hold the answer.

    Raises Refusal when the message has no such button.
    """
    message = chat.messages.get(message_id)
    if message is None:
        raise Refusal("no such message", 404)
    buttons = [button for row in message.get("reply_markup", {}).get("inline_keyboard", []) for button in row]
    if not any(button.get("callback_data") == data for button in buttons):
        raise Refusal("no such button", 404)
    query_id = world.query_id()
    answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
    world.queries[query_id] = {"kind": "callback", "person": person.id, "date": world.clock.now(), "answer": answer}
    person.seen = True
    world.updates.add("callback_query", {
        "id": query_id, "from": person.user(), "message": public(message),
        "chat_instance": chat_instance(world, chat), "data": data,
    })  # fmt: skip
    return query_id, answer


def chat_instance(world: World, chat: Chat) -> str:
    """Telegram's opaque name of a chat, the same each time."""
    digest = hashlib.sha256(f"{world.bot.id}:{chat.id}".encode()).digest()
    return str(int.from_bytes(digest[:8], "big", signed=True))


def react(world: World, person: Person, chat: Chat, message_id: int, emoji: str) -> None:
    """Put a reaction on a message, or take it away with an empty emoji."""
    message = chat.messages.get(message_id)
    if message is None:
        raise Refusal("no such message", 404)
    reactions = message.setdefault("_reactions", {})
    before = reactions.get(str(person.id), [])
    after = [emoji] if emoji else []
    reactions[str(person.id)] = after
    base: Json = {"chat": world.brief(chat), "message_id": message_id, "date": world.clock.now()}
    if chat.type == "channel":
        counts: dict[str, int] = {}
        for kinds in reactions.values():
            for kind in kinds:
                counts[kind] = counts.get(kind, 0) + 1
        total = [{"type": {"type": "emoji", "emoji": key}, "total_count": value} for key, value in counts.items()]
        emit(world, "message_reaction_count", {**base, "reactions": total}, chat)
    else:
        kinds = [[{"type": "emoji", "emoji": item} for item in state] for state in (before, after)]
        world.updates.add("message_reaction", {
            **base, "user": person.user(), "old_reaction": kinds[0], "new_reaction": kinds[1]})  # fmt: skip
    world.show(chat, message)


def contact(world: World, person: Person) -> Json:
    """Share one's phone number with the bot."""
    card = {"phone_number": person.phone or "10000000000", "first_name": person.first_name, "user_id": person.id}
    return send(world, person, world.private(person), {"contact": card})


def upload(world: World, person: Person, chat_id: int | None, name: str, data: bytes, caption: str = "",
           kind: str = "photo") -> Json:  # fmt: skip
    """Send a photo or a document."""
    chat = chat_for(world, person, chat_id)
    try:
        file = keeping.keep(world, name, data, kind)
    except ApiError as error:
        raise Refusal(error.description, 400) from None
    content: Json = {"photo": keeping.sizes(file)}
    if kind == "document":
        content = {"document": {"file_id": file.id, "file_unique_id": file.unique_id, "file_size": len(data),
                                "file_name": file.name, "mime_type": file.mime}}  # fmt: skip
    if caption:
        content["caption"] = caption
    return send(world, person, chat, content)


def forward(world: World, person: Person, from_chat: int, message_id: int, chat_id: int | None = None) -> Json:
    """Forward a message one can see to another chat, by default to the bot."""
    source = chat_for(world, person, from_chat)
    message = source.messages.get(message_id)
    if message is None or message.get("has_protected_content"):
        raise Refusal("cannot be forwarded")
    return send(world, person, chat_for(world, person, chat_id), forwarded(message))


def edit(world: World, person: Person, message_id: int, text: str, chat_id: int | None = None) -> Json:
    """Change the text of one's own message."""
    chat = chat_for(world, person, chat_id)
    message = chat.messages.get(message_id)
    if message is None or message.get("from", {}).get("id", person.id) != person.id or "text" not in message:
        raise Refusal("not your message", 403)
    clean, found = entities.read(text, "")
    message.update(text=clean, edit_date=world.clock.now())
    message.pop("entities", None)
    if found:
        message["entities"] = found
    world.show(chat, message)
    emitted = "edited_channel_post" if chat.type == "channel" else "edited_message"
    world.updates.add(emitted, public(message))
    return message


def set_bot_rights(world: World, chat: Chat, by: int, status: str, rights: Json) -> None:
    """The owner changes what the bot may do in a chat, or removes it (`left`, `kicked`)."""
    before = chat.members.get(world.bot.id)
    kept = dict(before.rights) if before and is_inside(before) else {}
    if status == "administrator":
        kept.update({key: bool(value) for key, value in rights.items()})
        change(world, chat, world.bot.id, Member("administrator", kept), by)
    else:
        change(world, chat, world.bot.id, Member(status), by)
