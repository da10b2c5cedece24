"""The world as a JSON file, so that a restart of the simulator loses nothing."""

import base64
import json
import os
from pathlib import Path
from typing import Any

from simulator.state import World
from simulator.things import Bot, Chat, File, Link, Member, Person, Request

Json = dict[str, Any]
FORMAT = 1


def save(world: World, path: Path) -> None:
    """Write atomically: the old file stays whole until the new one is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    with new.open("w", encoding="utf-8", errors="surrogateescape") as stream:
        json.dump(dump(world), stream, separators=(",", ":"))
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(path)


def load(world: World, path: Path) -> bool:
    """Put the saved world in place; False when there is none or it belongs to another bot or format."""
    if not path.exists():
        return False
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    if saved.get("format") != FORMAT or saved["bot"]["id"] != world.bot.id:
        return False
    restore(world, saved)
    return True


def dump(world: World) -> Json:
    """Everything that lasts; callback queries do not."""
    return {
        "format": FORMAT, "offset": world.clock.offset, "bot": vars(world.bot),
        "people": [vars(person) for person in world.people.values()],
        "chats": [_chat(chat) for chat in world.chats.values()],
        "files": [{**vars(file), "data": base64.b64encode(file.data).decode()} for file in world.files.values()],
        "invoices": world.invoices, "payments": world.payments, "transactions": world.transactions,
        "updates": list(world.updates.pending), "next_update": world.updates.next_id,
        "allowed": sorted(world.updates.allowed) if world.updates.allowed is not None else None,
        "last_message_id": world.last_message_id,
    }  # fmt: skip


def _chat(chat: Chat) -> Json:
    return {
        **vars(chat),
        "members": {key: vars(member) for key, member in chat.members.items()},
        "links": {key: vars(link) for key, link in chat.links.items()},
        "requests": {key: vars(request) for key, request in chat.requests.items()},
    }


def restore(world: World, saved: Json) -> None:
    """The opposite of dump."""
    world.empty()
    world.clock.offset = saved["offset"]
    world.bot = Bot(**saved["bot"])
    world.people = {item["id"]: Person(**item) for item in saved["people"]}
    for item in saved["chats"]:
        item["members"] = {int(key): Member(**value) for key, value in item["members"].items()}
        item["links"] = {key: Link(**value) for key, value in item["links"].items()}
        item["requests"] = {int(key): Request(**value) for key, value in item["requests"].items()}
        item["messages"] = {int(key): value for key, value in item["messages"].items()}
        world.chats[item["id"]] = Chat(**item)
    for item in saved["files"]:
        world.files[item["id"]] = File(**{**item, "data": base64.b64decode(item["data"])})
        next(world.counter)
    world.invoices, world.payments = saved["invoices"], saved["payments"]
    world.transactions = saved["transactions"]
    world.last_message_id = saved["last_message_id"]
    world.updates.next_id = saved["next_update"]
    world.updates.allowed = set(saved["allowed"]) if saved["allowed"] is not None else None
    world.updates.pending.extend(saved["updates"])
    if saved["updates"]:
        world.updates.arrived.set()
