"""Delivering promises: through the gateway, several chats at once, never faster than the pacer allows."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from webapp.base import outbox
from webapp.base.db import db, transaction
from webapp.base.outbox import Call, OutboxMessage
from webapp.base.pace import Pacer
from webapp.base.settling import Outcome, settle
from webapp.base.storage import Storage
from webapp.base.telegram import Gateway, RetryLater, TelegramError, Terminal

PATIENCE = 3.0


@dataclass
class Sender:
    """Delivers promises through a gateway: `threads` chats at once, never faster than `pacer` allows.

    `settled` is told how calls ended, in the transaction that writes it down.
    """

    gateway: Gateway
    pacer: Pacer
    storage: Storage
    threads: int = 8
    settled: Callable[[list[Outcome]], None] = lambda _outcomes: None

    def __post_init__(self) -> None:
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="send")

    def close(self) -> None:
        """Waits for the calls on their way."""
        self._pool.shutdown()

    def deliver(self, limit: int = 64) -> list[Outcome]:
        """Sends what is due, at most `limit` chats' next message each; [] when nothing was. A door of its own: it
        opens its transactions, and must not be called inside one."""
        with transaction():
            outbox.release_expired()
            ids = outbox.claim(limit)
        return self.send(ids)

    def send(self, ids: Sequence[int]) -> list[Outcome]:
        """Sends promises that the caller has claimed, in order within a chat, and settles them."""
        done: list[Outcome] = []
        for wave in _waves(ids, self.threads):
            with transaction():
                calls = outbox.mark(wave)
            results = list(self._pool.map(self.attempt, calls))
            with transaction():
                outcomes = settle(zip(calls, results, strict=True))
                self.settled(outcomes)
            done += outcomes
        return done

    def attempt(self, call: Call) -> Any:
        """The result of the call, or the TelegramError that it ended in. Touches no database: it runs in a thread."""
        if call.impossible:
            return Terminal(call.method, 400, call.impossible)
        held = self.pacer.held(call.chat_id)
        if held > PATIENCE:
            return RetryLater(call.method, 429, "told to wait before", after=held, flood=True)
        try:
            if call.is_paced:
                self.pacer.wait(call.chat_id)
            return self._made(call.method, self._body(call))
        except (FileNotFoundError, ValueError) as error:
            return Terminal(call.method, 400, f"cannot be sent: {type(error).__name__}")
        except RetryLater as error:
            if error.flood:
                self.pacer.hold(call.chat_id, error.after)
            return error
        except TelegramError as error:
            return error

    def _made(self, method: str, body: dict[str, Any]) -> Any:
        """The call's result. A button that leads to a person who does not allow it is left out, not the message."""
        try:
            return self.gateway.call(method, body)
        except Terminal as error:
            rows = body.get("reply_markup", {}).get("inline_keyboard")
            if "BUTTON_USER_PRIVACY_RESTRICTED" not in error.description or not rows:
                raise
        kept = [[one for one in row if not one.get("url", "").startswith("tg://user")] for row in rows]
        return self.gateway.call(method, body | {"reply_markup": {"inline_keyboard": [row for row in kept if row]}})

    def _body(self, call: Call) -> dict[str, Any]:
        body = dict(call.payload)
        for name, value in call.payload.items():
            if isinstance(value, dict) and "upload" in value:
                body[name] = call.known_files.get(value["upload"]) or self.storage.path(value["upload"])
        return body


def _waves(ids: Sequence[int], size: int) -> Iterable[list[int]]:
    """Groups of at most `size` ids with at most one of each chat, so that a chat's order is kept."""
    row = OutboxMessage
    pairs = db.session.execute(select(row.id, row.chat_id).where(row.id.in_(ids)).order_by(row.id)).all()
    rest = [(pair.id, pair.chat_id) for pair in pairs]
    while rest:
        chats: set[int | None] = set()
        wave: list[int] = []
        later: list[tuple[int, int | None]] = []
        for message_id, chat_id in rest:
            if len(wave) < size and chat_id not in chats:
                wave.append(message_id)
            else:
                later.append((message_id, chat_id))
            chats.add(chat_id)
        yield wave
        rest = later
