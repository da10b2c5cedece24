"""Telegram's sending limits, when asked for: 30 a second overall, 1 a second per chat, 20 a minute per group."""

import time
from collections import defaultdict, deque

from simulator.errors import too_many

OVERALL = 30
BURST = 4
PER_GROUP = 20


class Limits:
    """Remembers when messages were sent; refuses what comes too fast."""

    def __init__(self, on: bool = False) -> None:
        self.on = on
        self.all: deque[float] = deque()
        self.chats: dict[str, deque[float]] = defaultdict(deque)

    def count(self, method: str, chat_id: str) -> None:
        """Note one call. Raises ApiError 429 when it is one too many."""
        if not self.on or not method.startswith(("send", "copy", "forward", "edit")) or method == "sendchataction":
            return
        now = time.monotonic()
        sent = self.chats[chat_id]
        self._forget(self.all, now - 1)
        self._forget(sent, now - 60)
        if len(self.all) >= OVERALL:
            raise too_many(1)
        if chat_id.startswith("-") and len(sent) >= PER_GROUP:
            raise too_many(max(1, int(sent[0] + 60 - now)))
        if sum(moment > now - BURST for moment in sent) >= BURST:
            raise too_many(max(1, int(sent[-BURST] + BURST - now) + 1))
        self.all.append(now)
        sent.append(now)

    @staticmethod
    def _forget(moments: deque[float], before: float) -> None:
        while moments and moments[0] < before:
            moments.popleft()
