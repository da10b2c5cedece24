"""A bot without its threads: updates are told to it, its loop turned by hand; and a simulated Telegram over HTTP."""

import itertools
import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from flask import Flask

from simulator import server
from webapp.base import inbox
from webapp.base.db import db, transaction
from webapp.base.outbox import OutboxMessage
from webapp.base.telegram import Gateway
from webapp.bot import router
from webapp.bot.loop import Loop
from webapp.bot.poller import Poller
from webapp.domain.catalog import notices
from webapp.domain.users.models import User

_numbers = itertools.count(1)


def told(user: User) -> dict[str, Any]:
    """Telegram's User object of somebody."""
    known = {"username": user.username, "last_name": user.last_name, "language_code": user.language_code}
    return {"id": user.user_id, "is_bot": False, "first_name": user.first_name, **known}


def chat(user: User) -> dict[str, Any]:
    return {"id": user.user_id, "type": "private", "first_name": user.first_name}


class Chat:
    """Updates for the bot, as if Telegram had sent them; each is handled at once unless `store` is used."""

    def update(self, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        return {"update_id": next(_numbers), kind: body}

    def text(self, user: User, text: str, **more: Any) -> dict[str, Any]:
        body = {"message_id": 1, "date": 1, "from": told(user), "chat": chat(user), "text": text, **more}
        return self.update("message", body)

    def button(self, user: User, data: str, **message: Any) -> dict[str, Any]:
        pressed = {"message_id": 7, "date": int(time.time()), "chat": chat(user), "text": "…", **message}
        return self.update("callback_query", {"id": "q1", "from": told(user), "message": pressed, "data": data})

    def store(self, *updates: dict[str, Any]) -> list[int]:
        with transaction():
            inbox.receive(updates)
        return [int(update["update_id"]) for update in updates]

    def hear(self, update: dict[str, Any]) -> list[dict[str, Any]]:
        """Stores and handles one update; returns what was promised for it, oldest first."""
        before = db.session.scalar(db.select(db.func.max(OutboxMessage.id))) or 0
        for update_id in self.store(update):
            router.handle(update_id)
        db.session.rollback()
        query = db.select(OutboxMessage).where(OutboxMessage.id > before).order_by(OutboxMessage.id)
        return [{"method": row.method, "chat": row.chat_id, **row.payload} for row in db.session.scalars(query)]

    def say(self, user: User, text: str) -> list[dict[str, Any]]:
        return self.hear(self.text(user, text))

    def press(self, user: User, data: str, **message: Any) -> list[dict[str, Any]]:
        return self.hear(self.button(user, data, **message))


@pytest.fixture
def bot(app: Flask) -> Chat:
    return Chat()


def buttons(call: dict[str, Any]) -> list[str]:
    """The callback data of a message's buttons."""
    rows = call["reply_markup"]["inline_keyboard"]
    return [one["callback_data"] for row in rows for one in row if "callback_data" in one]


class Telegram:
    """The simulator, spoken to over HTTP."""

    def __init__(self) -> None:
        self.running = server.start(0)
        self.url = self.running.url

    def do(self, deed: str, **body: Any) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self.url}/control/{deed}", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request) as answer:
            return dict(json.load(answer))

    def see(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/control/{path}") as answer:
            return dict(json.load(answer))

    def messages(self, who: str) -> list[dict[str, Any]]:
        """What the bot wrote in somebody's chat."""
        found = self.see(f"messages?chat={who}")["messages"]
        return [message for message in found if message["from"]["is_bot"]]

    def calls(self, method: str) -> list[dict[str, Any]]:
        return list(self.see(f"calls?method={method}")["calls"])


@pytest.fixture(scope="session")
def simulated() -> Iterator[Telegram]:
    found = Telegram()
    yield found
    found.running.stop()


@pytest.fixture
def telegram(simulated: Telegram, app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Telegram]:
    """The simulated Telegram, empty, and the app speaking with it."""
    simulated.do("reset")
    simulated.do("faults", clear=True)
    urllib.request.urlopen(urllib.request.Request(f"{simulated.url}/control/calls", method="DELETE"))
    gateway = Gateway(simulated.running.token, simulated.url)
    monkeypatch.setitem(app.extensions, "gateway", gateway)
    yield simulated


@pytest.fixture
def later() -> Iterator[Callable[[float], None]]:
    """Moves the clock on by some seconds."""
    with time_machine.travel(datetime.now(UTC), tick=True) as traveller:
        yield lambda seconds: traveller.shift(seconds)


@pytest.fixture
def loop(app: Flask, telegram: Telegram) -> Iterator[Loop]:
    """The bot's loop with a poller that asks only when told to."""
    made = Loop(app)
    made.poller = Poller(app.extensions["gateway"], made.wakened.set, seconds=0)
    yield made
    made.ended.set()
    made.courier.close()


def turn(loop: Loop) -> None:
    """Polls once and turns until nothing is left to do."""
    assert loop.poller is not None
    loop.poller.fetch()
    finish(loop)


def finish(loop: Loop) -> None:
    """Turns until every reply is settled."""
    loop._looked = 0.0
    for _ in range(1000):
        db.session.rollback()
        busy = loop.guarded_turn()
        if not busy and loop.courier.idle:
            return
        if not busy:
            loop.wakened.wait(5)
            loop.wakened.clear()
    raise AssertionError("the loop never came to rest")


def write_notices() -> None:
    """What the worker does before it sends."""
    with transaction():
        notices.write_due()
