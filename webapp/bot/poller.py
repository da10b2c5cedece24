"""Asks Telegram for updates (long polling) in a thread of its own, which never touches the database.

A batch is confirmed by the next call only, and that waits until the batch is stored: what is lost comes again. The
library's own polling confirms a batch before it is handled, and groups it by kind, so it is not used.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import SystemRandom
from typing import Any

import structlog

from webapp.base.telegram import Gateway, TelegramError

ALLOWED = [
    *("message", "edited_message", "channel_post", "edited_channel_post", "callback_query", "my_chat_member"),
    *("chat_member", "chat_join_request", "message_reaction", "message_reaction_count", "pre_checkout_query"),
    *("shipping_query", "purchased_paid_media", "subscription"),
]
LONG = 30
LONGEST_WAIT = 30.0
EMPTY_WAIT = 1.0
FORGOTTEN = 6 * 86_400.0  # after a week without updates their numbers begin anew
_random = SystemRandom()
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Batch:
    """Updates as they came, and the signal that they are stored."""

    updates: list[dict[str, Any]]
    stored: threading.Event = field(default_factory=threading.Event)


class Poller(threading.Thread):
    """Fills `batches` while `allowed` is set; `wake` is called for each."""

    def __init__(self, gateway: Gateway, wake: Callable[[], None], *, seconds: int = LONG) -> None:
        super().__init__(name="poller", daemon=True)
        self.gateway, self.wake, self.seconds = gateway, wake, seconds
        self.batches: deque[Batch] = deque()
        self.allowed, self.ended = threading.Event(), threading.Event()
        self.offset: int | None = None
        self.failures = 0
        self._newest = 0.0

    def run(self) -> None:
        """Polls until `ended`."""
        while not self.ended.is_set():
            if self.allowed.wait(1.0):
                pause = self.poll()
                self.ended.wait(pause)

    def poll(self) -> float:
        """One call; waits until what it brought is stored. Returns how long to pause."""
        began = time.monotonic()
        try:
            batch = self.fetch()
        except TelegramError as error:
            return self._pause(error)
        if self.failures:
            log.info("bot.telegram_is_back", failures=self.failures)
            self.failures = 0
        while batch and not batch.stored.wait(1.0) and not self.ended.is_set():
            pass
        # Not every Bot API server holds an empty answer back until the timeout; those are asked once a second.
        return 0.0 if batch else max(0.0, EMPTY_WAIT - (time.monotonic() - began))

    def fetch(self) -> Batch | None:
        """One call; hands over what it brought. The next call confirms it, so it must be stored before that one."""
        updates = self._ask()
        if not updates:
            return None
        batch = Batch(updates)
        self.offset = max(int(update["update_id"]) for update in updates) + 1
        self._newest = time.monotonic()
        self.batches.append(batch)
        self.wake()
        return batch

    def _ask(self) -> list[dict[str, Any]]:
        # Without an offset Telegram begins with the first that is not confirmed; what we know already is left alone.
        if time.monotonic() - self._newest > FORGOTTEN:
            self.offset = None
        asked = {"timeout": self.seconds, "limit": 100, "allowed_updates": ALLOWED}
        if self.offset is not None:
            asked["offset"] = self.offset
        found: list[dict[str, Any]] = self.gateway.call("getUpdates", asked, read_timeout=self.seconds + 10)
        return found

    def _pause(self, error: TelegramError) -> float:
        """Longer with every failure, never the same for two processes; one line in the log for a row of them."""
        self.failures += 1
        if self.failures == 1:
            log.warning("bot.polling_failed", error=str(error))
        if error.code == 409 and "webhook" in error.description.lower():
            self._take_webhook_away()
        least = float(getattr(error, "after", 0.0)) if error.code == 429 else 0.0
        return max(least, min(LONGEST_WAIT, 2.0 ** min(self.failures - 1, 6)) * _random.uniform(0.5, 1.0))

    def _take_webhook_away(self) -> None:
        try:
            self.gateway.call("deleteWebhook")
        except TelegramError as error:
            log.warning("bot.webhook_stays", error=str(error))
        else:
            log.info("bot.webhook_taken_away")
