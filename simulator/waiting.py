"""Updates on their way to the bot: kept until confirmed, filtered by what the bot asked for."""

import asyncio
import secrets
from collections import deque
from typing import Any

Json = dict[str, Any]
ON_REQUEST = {"chat_member", "message_reaction", "message_reaction_count"}
KINDS = {
    "message", "edited_message", "channel_post", "edited_channel_post", "inline_query", "chosen_inline_result",
    "callback_query", "shipping_query", "pre_checkout_query", "poll", "poll_answer", "my_chat_member", "chat_member",
    "chat_join_request", "chat_boost", "removed_chat_boost", "message_reaction", "message_reaction_count",
    "business_connection", "business_message", "edited_business_message", "deleted_business_messages",
    "purchased_paid_media", "subscription",
}  # fmt: skip


class Updates:
    """The queue of one bot. Ids start at random and increase by one."""

    def __init__(self) -> None:
        self.pending: deque[Json] = deque()
        self.arrived = asyncio.Event()
        self.reset()

    def reset(self) -> None:
        """As new: nothing waits, and ids start somewhere else."""
        self.clear()
        self.next_id = secrets.randbelow(800_000_000) + 100_000_000
        self.allowed: set[str] | None = None

    def add(self, kind: str, body: Json) -> int | None:
        """Queue an update; None when the bot did not ask for this kind."""
        if not self.wanted(kind):
            return None
        update_id = self.next_id
        self.next_id += 1
        self.pending.append({"update_id": update_id, kind: body})
        self.arrived.set()
        return update_id

    def wanted(self, kind: str) -> bool:
        """Whether the bot gets updates of this kind."""
        return kind in self.allowed if self.allowed is not None else kind not in ON_REQUEST

    def allow(self, kinds: list[str] | None) -> None:
        """Remember `allowed_updates`: None leaves it as it was, an empty list means Telegram's default."""
        if kinds is None:
            return
        known = {kind for kind in kinds if kind in KINDS}
        self.allowed = known or None

    def confirm(self, offset: int) -> None:
        """Forget updates before `offset`; a negative one keeps only the last ones."""
        if offset < 0:
            while len(self.pending) > -offset:
                self.pending.popleft()
        while self.pending and offset > 0 and self.pending[0]["update_id"] < offset:
            self.pending.popleft()
        if not self.pending:
            self.arrived.clear()

    def first(self, limit: int) -> list[Json]:
        """The oldest ones, not confirmed yet."""
        if limit >= len(self.pending):
            return list(self.pending)
        return [self.pending[index] for index in range(limit)]

    def clear(self) -> None:
        """Drop all that waits."""
        self.pending.clear()
        self.arrived.clear()
