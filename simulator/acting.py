"""/control deeds of people: writing, pressing, opening, joining, paying."""

import asyncio
import base64
import json
from typing import Any

from simulator import apps, entering, initdata, paying, talk
from simulator.api.target import public
from simulator.core import Simulator
from simulator.errors import Refusal
from simulator.registry import deed
from simulator.staging import chat_by_id
from simulator.things import Chat

Json = dict[str, Any]
PATIENCE = 3.0


def _chat(simulator: Simulator, body: Json) -> Chat:
    person = simulator.person(body["person"])
    return talk.chat_for(simulator.world, person, body.get("chat"))


@deed("say")
def _say(simulator: Simulator, body: Json) -> Json:
    person = simulator.person(body["person"])
    message = talk.say(simulator.world, person, body["text"], body.get("chat"), int(body.get("reply_to") or 0))
    return {"message": public(message)}


@deed("start")
def _start(simulator: Simulator, body: Json) -> Json:
    return {"message": talk.start(simulator.world, simulator.person(body["person"]), body.get("payload", ""))}


@deed("edit")
def _edit(simulator: Simulator, body: Json) -> Json:
    person = simulator.person(body["person"])
    return {"message": public(talk.edit(simulator.world, person, body["message_id"], body["text"], body.get("chat")))}


@deed("contact")
def _contact(simulator: Simulator, body: Json) -> Json:
    return {"message": talk.contact(simulator.world, simulator.person(body["person"]))}


@deed("upload")
def _upload(simulator: Simulator, body: Json) -> Json:
    person, data = simulator.person(body["person"]), base64.b64decode(body["data"])
    message = talk.upload(simulator.world, person, body.get("chat"), body.get("name", ""), data,
                          body.get("caption", ""), body.get("kind", "photo"))  # fmt: skip
    return {"message": public(message)}


@deed("forward")
def _forward(simulator: Simulator, body: Json) -> Json:
    person = simulator.person(body["person"])
    message = talk.forward(simulator.world, person, body["from_chat"], body["message_id"], body.get("chat"))
    return {"message": public(message)}


@deed("press")
async def _press(simulator: Simulator, body: Json) -> Json:
    chat = _chat(simulator, body)
    data = body.get("data") or _data_of(chat, body["message_id"], body.get("text", ""))
    person = simulator.person(body["person"])
    query_id, answer = talk.press(simulator.world, person, chat, body["message_id"], data)
    wait = float(body.get("wait", PATIENCE))
    done, _ = await asyncio.wait({answer}, timeout=wait) if wait else (set(), set())
    return {"query": query_id, "answer": answer.result() if done else None}


def _data_of(chat: Chat, message_id: int, text: str) -> str:
    message = chat.messages.get(message_id) or {}
    for row in message.get("reply_markup", {}).get("inline_keyboard", []):
        for button in row:
            if "callback_data" in button and text in button["text"]:
                return str(button["callback_data"])
    raise Refusal("no such button", 404)


@deed("react")
def _react(simulator: Simulator, body: Json) -> Json:
    person = simulator.person(body["person"])
    talk.react(simulator.world, person, _chat(simulator, body), body["message_id"], body.get("emoji", ""))
    return {"ok": True}


@deed("open")
def _open(simulator: Simulator, body: Json) -> Json:
    world, person, theme = simulator.world, simulator.person(body["person"]), body.get("theme", "light")
    if "startapp" in body:
        return apps.from_link(world, person, body["startapp"] or "", theme)
    if body.get("keyboard_url"):
        return apps.from_keyboard(world, person, body["keyboard_url"], theme)
    if "message_id" in body:
        chat = _chat(simulator, body)
        return apps.from_button(world, person, chat, body["message_id"], body.get("text", ""), theme)
    return apps.from_menu(world, person, theme)


@deed("init-data")
def _init_data(simulator: Simulator, body: Json) -> Json:
    person = simulator.person(body["person"])
    extra = {str(key): str(value) for key, value in (body.get("extra") or {}).items()}
    if not extra:
        extra = {"query_id": "AA" + simulator.world.secret(16)}
    moment = body.get("auth_date", simulator.world.clock.now())
    return {"init_data": apps.data_for(simulator.world, person, extra, moment)}


@deed("contact-data")
def _contact_data(simulator: Simulator, body: Json) -> Json:
    person = simulator.person(body["person"])
    card = {"phone_number": person.phone, "first_name": person.first_name, "user_id": person.id}
    fields = {"contact": json.dumps(card, separators=(",", ":")), "auth_date": str(simulator.world.clock.now())}
    return {"response": initdata.sign(simulator.world.token, fields)}


@deed("app-data")
def _app_data(simulator: Simulator, body: Json) -> Json:
    data = {"data": body["data"], "button_text": body.get("button_text", "Mini App")}
    person = simulator.person(body["person"])
    world = simulator.world
    return {"message": talk.send(world, person, world.private(person), {"web_app_data": data})}


@deed("block")
def _block(simulator: Simulator, body: Json) -> Json:
    talk.block(simulator.world, simulator.person(body["person"]), body.get("blocked", True))
    return {"ok": True}


@deed("write-access")
def _write_access(simulator: Simulator, body: Json) -> Json:
    person, world = simulator.person(body["person"]), simulator.world
    if not person.started:
        talk.send(world, person, world.private(person), {"write_access_allowed": {"from_request": True}})
    return {"ok": True}


@deed("storage")
def _storage(simulator: Simulator, body: Json) -> Json:
    person, values = simulator.person(body["person"]), body.get("set") or {}
    person.storage.update({str(key): str(value) for key, value in values.items()})
    for key in body.get("delete") or []:
        person.storage.pop(key, None)
    return {"storage": person.storage}


@deed("join")
def _join(simulator: Simulator, body: Json) -> Json:
    person = simulator.person(body["person"])
    return {"result": entering.join(simulator.world, person, body.get("link", ""), body.get("chat"))}


@deed("leave")
def _leave(simulator: Simulator, body: Json) -> Json:
    entering.leave(simulator.world, simulator.person(body["person"]), chat_by_id(simulator, body["chat"]))
    return {"ok": True}


@deed("pay")
async def _pay(simulator: Simulator, body: Json) -> Json:
    person, slug = simulator.person(body["person"]), body.get("slug", "").removeprefix("https://t.me/$")
    if "message_id" in body:
        message = _chat(simulator, body).messages.get(body["message_id"]) or {}
        slug = message.get("_invoice", "")
    return await paying.pay(simulator.world, person, slug, float(body.get("wait", paying.PATIENCE)))


@deed("read")
def _read(simulator: Simulator, body: Json) -> Json:
    person = simulator.person(body["person"])
    person.read[str(body["chat"])] = int(body["message_id"])
    return {"ok": True}
