"""/control deeds of whoever sets the stage: people, chats, rights, faults, time."""

from typing import Any

from simulator import cast, members, paying, talk
from simulator.bulk import inject
from simulator.core import Simulator
from simulator.errors import Refusal
from simulator.registry import deed
from simulator.things import RIGHTS, Chat, Member

Json = dict[str, Any]


def chat_by_id(simulator: Simulator, chat_id: Any) -> Chat:
    """Any group or channel. Raises Refusal."""
    chat = simulator.world.chats.get(int(chat_id))
    if chat is None:
        raise Refusal("no such chat", 404)
    return chat


@deed("reset")
def _reset(simulator: Simulator, body: Json) -> Json:
    simulator.reset()
    return {"ok": True}


@deed("person")
def _person(simulator: Simulator, body: Json) -> Json:
    person = cast.add_person(
        simulator.world, body["first_name"], body.get("last_name", ""), body.get("username", "").lstrip("@"),
        body.get("language_code", "es"), bool(body.get("is_premium")), int(body.get("id") or 0))  # fmt: skip
    simulator.world.events.tell("people", {})
    return {"person": {**person.user(), "key": person.key}}


@deed("deactivate")
def _deactivate(simulator: Simulator, body: Json) -> Json:
    simulator.person(body["person"]).deactivated = bool(body.get("deactivated", True))
    return {"ok": True}


@deed("main-app")
def _main_app(simulator: Simulator, body: Json) -> Json:
    simulator.world.bot.main_app = body["url"]
    return {"ok": True}


@deed("chat")
def _new_chat(simulator: Simulator, body: Json) -> Json:
    world, owner = simulator.world, simulator.person(body.get("owner", "dora"))
    ids = [key for key in world.chats if key < 0]
    chat_id = int(body.get("id") or 0) or min(-1001000000100, *ids) - 1
    chat = Chat(chat_id, body.get("type", "channel"), body["title"], body.get("username", ""))
    chat.members[owner.id] = Member("creator")
    if body.get("bot", True):
        rights = dict.fromkeys(RIGHTS, True)
        chat.members[world.bot.id] = Member("administrator", rights)
    world.chats[chat_id] = chat
    world.events.tell("chats", {})
    return {"chat": world.brief(chat)}


@deed("bot-rights")
def _bot_rights(simulator: Simulator, body: Json) -> Json:
    chat = chat_by_id(simulator, body["chat"])
    by = next((key for key, member in chat.members.items() if member.status == "creator"), simulator.world.bot.id)
    status = body.get("status", "administrator")
    talk.set_bot_rights(simulator.world, chat, by, status, body.get("rights") or {})
    return {"ok": True}


@deed("member")
def _member(simulator: Simulator, body: Json) -> Json:
    person, chat = simulator.person(body["person"]), chat_by_id(simulator, body["chat"])
    chat.members[person.id] = Member(body.get("status", "member"), body.get("rights") or {})
    simulator.world.events.tell("chats", {})
    return {"ok": True}


@deed("ban")
def _ban(simulator: Simulator, body: Json) -> Json:
    """The owner of a chat puts somebody out by hand, or lets them in again (`banned`: false)."""
    person, chat = simulator.person(body["person"]), chat_by_id(simulator, body["chat"])
    by = next((key for key, member in chat.members.items() if member.status == "creator"), simulator.world.bot.id)
    members.change(simulator.world, chat, person.id, Member("kicked" if body.get("banned", True) else "left"), by)
    return {"ok": True}


@deed("migrate")
def _migrate(simulator: Simulator, body: Json) -> Json:
    world, old = simulator.world, chat_by_id(simulator, body["chat"])
    new_id = int(body.get("to") or min(-1001000000100, *world.chats) - 1)
    new = Chat(new_id, "supergroup", old.title, members=dict(old.members))
    world.chats[new_id] = new
    old.migrated_to = new_id
    return {"chat": world.brief(new)}


@deed("time")
def _time(simulator: Simulator, body: Json) -> Json:
    clock = simulator.world.clock
    clock.advance(float(body.get("advance", 0)))
    if "set" in body:
        clock.advance(float(body["set"]) - clock.exact())
    simulator.world.events.tell("clock", {"offset": clock.offset})
    return {"now": clock.now(), "offset": clock.offset}


@deed("faults")
def _faults(simulator: Simulator, body: Json) -> Json:
    if body.get("clear"):
        simulator.faults.clear()
    simulator.faults.script(body.get("rules") or [])
    rules = simulator.faults.describe()
    simulator.world.events.tell("faults", {"rules": rules})
    return {"rules": rules}


@deed("bulk")
def _bulk(simulator: Simulator, body: Json) -> Json:
    return inject(simulator, int(body["people"]), int(body["updates"]), body.get("texts") or ["/start"],
                  body.get("data") or [])  # fmt: skip


@deed("renew")
def _renew(simulator: Simulator, body: Json) -> Json:
    return {"charge": paying.renew(simulator.world, body["charge"])}
