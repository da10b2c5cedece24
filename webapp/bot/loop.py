"""The bot process: one thread that speaks with the database, and others that speak with Telegram.

Each turn stores what the poller brought, handles what is due, and settles and starts replies. Only the holder of the
lease "bot" does; a second process waits for it.
"""

import os
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass, field

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from webapp.base import inbox, leases
from webapp.base.db import db, transaction
from webapp.base.sender import Sender
from webapp.bot import router
from webapp.bot.courier import Courier
from webapp.bot.poller import Poller

LEASE = 15.0
BEAT = 3.0
BATCH = 8
MOST_UNDER_WAY = 256
IDLE = 1.0
DRAIN = 8.0
log = structlog.get_logger(__name__)


@dataclass
class Loop:
    """Turns of the bot. `idle`: seconds between two looks at the inbox when nobody wakes us (webhook mode: short)."""

    app: Flask
    idle: float = IDLE
    holder: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}")
    poller: Poller | None = None

    def __post_init__(self) -> None:
        extensions = self.app.extensions
        self.wakened, self.ended = threading.Event(), threading.Event()
        sender = Sender(extensions["gateway"], extensions["pacer"], extensions["storage"], threads=1)
        self.courier = Courier(sender, self.wakened.set)
        self.todo: deque[int] = deque()
        self.holding: bool | None = None  # not asked yet
        self._beaten = self._looked = 0.0
        self._away = 0

    def run(self) -> None:
        """Turns until `ended`, then finishes within ten seconds what is on its way."""
        while not self.ended.is_set():
            busy = self.guarded_turn()
            if not busy:
                self.wakened.wait(0.0 if self.todo else self.idle)
            self.wakened.clear()
            if self.poller is not None and self.poller.ident and not self.poller.is_alive():
                raise SystemExit("the poller ended")
        self._drain()

    def guarded_turn(self) -> bool:
        """A turn; while the database is away it says so once and waits, longer each time."""
        try:
            with self.app.app_context():
                busy = self.turn()
        except (*router.AWAY, router.DatabaseAway) as error:
            self._away += 1
            if self._away == 1:
                log.warning("bot.database_away", error=type(error).__name__)
            self.ended.wait(min(5.0, 0.2 * 2 ** min(self._away, 5)))
            return False
        if self._away:
            log.info("bot.database_is_back", failures=self._away)
            self._away = 0
        return busy

    def turn(self) -> bool:
        """Everything that can be done now; False when there was nothing. Needs an app context."""
        if not self._hold():
            self.courier.step()
            return False
        stored = self._store()
        moved = self.courier.step()
        handled = self._handle(stored)
        return bool(stored or moved or handled)

    def _hold(self) -> bool:
        """Takes or keeps the lease; it is told of again only every few seconds."""
        if time.monotonic() - self._beaten < (BEAT if self.holding else 1.0):
            return bool(self.holding)
        with transaction():
            held = leases.hold("bot", self.holder, LEASE) or self._inherit()
        self._beaten = time.monotonic()
        if held is not self.holding:
            log.info("bot.holds" if held else "bot.waits_for_another")
            self.todo.clear()
        self.holding = held
        if self.poller is not None:
            (self.poller.allowed.set if held else self.poller.allowed.clear)()
        return held

    def _inherit(self) -> bool:
        """Takes the lease of a process of this machine that is no more."""
        host, _colon, number = (leases.holder_of("bot") or "").rpartition(":")
        if host != socket.gethostname() or not number.isdigit() or _is_alive(int(number)):
            return False
        leases.release("bot", f"{host}:{number}")
        return leases.hold("bot", self.holder, LEASE)

    def _store(self) -> bool:
        if self.poller is None or not self.poller.batches:
            return False
        batch = self.poller.batches[0]
        with transaction():
            inbox.receive(batch.updates)
        self.poller.batches.popleft()
        batch.stored.set()
        return True

    def _handle(self, stored: bool) -> int:
        """Handles a few due updates, as long as not too many replies are under way."""
        self._look(stored)
        few = [self.todo[place] for place in range(min(BATCH, len(self.todo)))]
        if not few or len(self.courier.chats) >= MOST_UNDER_WAY:
            return 0
        self.courier.take(router.handle_all(few, self.courier.behind))
        db.session.remove()
        for _one in few:
            self.todo.popleft()
        return len(few)

    def _look(self, stored: bool) -> None:
        """Asks the inbox what is due, when something was stored, something ran out, or it is time."""
        moment = time.monotonic()
        if self.todo or not (stored or moment - self._looked >= min(self.idle, IDLE)):
            return
        self.todo.extend(router.next_due())
        # What was just handled may have stood before more of its chat: look again at once.
        self._looked = 0.0 if self.todo else moment

    def _drain(self) -> None:
        """Takes nothing new; waits for the calls on their way, leaves the rest to the worker, gives the lease back."""
        until = time.monotonic() + DRAIN
        if self.poller is not None:
            self.poller.ended.set()
        with self.app.app_context():
            try:
                while not self.courier.idle and time.monotonic() < until:
                    if not self.courier.step():
                        self.wakened.wait(0.2)
                        self.wakened.clear()
                self.courier.leave_rest()
                with transaction():
                    leases.release("bot", self.holder)
            except SQLAlchemyError as error:
                log.warning("bot.ended_without_the_database", error=type(error).__name__)
        log.info("bot.ended")


def _is_alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
