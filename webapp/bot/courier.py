"""Sends the bot's own replies: many chats at once, in order within a chat, never faster than the pacer.

One thread speaks with the database (`step`), others with Telegram. Each step writes down in one transaction how the
calls that came back ended and which ones leave now; so whoever dies leaves rows that tell what is known. What cannot
leave soon is given back to the worker.
"""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from webapp.base import outbox
from webapp.base.clock import now
from webapp.base.db import transaction
from webapp.base.outbox import Call, Claimed
from webapp.base.sender import Sender
from webapp.base.settling import Outcome, settle
from webapp.domain.users import people
from webapp.domain.users.models import Reach

THREADS = 48
OWN = timedelta(seconds=15)
CANNOT_EDIT = ("can't be edited", "message to edit not found", "no text in the message", "message_id_invalid")


@dataclass
class Courier:
    """What the bot has claimed and not settled. `wake` is called from a sending thread when a call came back."""

    sender: Sender
    wake: Callable[[], None]
    threads: int = THREADS
    chats: dict[int, deque[Claimed]] = field(default_factory=dict)
    flying: dict[int, Claimed] = field(default_factory=dict)
    _back: deque[tuple[Call, Future[Any]]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="reply")

    def take(self, claimed: Sequence[Claimed]) -> None:
        """Takes over promises that were claimed and committed."""
        for one in claimed:
            self.chats.setdefault(_lane(one), deque()).append(one)

    def behind(self, chat_id: int) -> Sequence[int]:
        """Ids of the promises to this chat that are under way here."""
        return [one.id for one in self.chats.get(chat_id, ())]

    @property
    def idle(self) -> bool:
        """Whether everything is settled."""
        return not self.chats

    def step(self) -> int:
        """Settles what came back and starts what may leave; returns how many calls it touched. Must not be called
        inside a transaction; raises what the database raises, and can be called again then."""
        back, stale, heads = list(self._back), self._stale(), self._heads()
        if not (back or stale or heads):
            return 0
        with transaction():
            outcomes = settle((call, done.result()) for call, done in back)
            again = [made for outcome in outcomes if (made := self._instead(outcome))]
            _note_unreachable(outcomes)
            stale += self._overtakers(outcomes)
            if stale:
                outbox.give_back(stale)
            calls = outbox.mark([one for one in heads if one not in stale])
        self._forget(outcomes, {*stale, *heads} - {call.id for call in calls})
        self.take(again)
        for call in calls:
            self._start(call)
        return len(back) + len(heads) + len(stale)

    def leave_rest(self) -> None:
        """Gives back to the worker everything that has not left yet."""
        rest = [one.id for lane in self.chats.values() for one in lane if one.id not in self.flying]
        with transaction():
            outbox.give_back(rest)
        self._forget([], set(rest))

    def close(self) -> None:
        """Ends the threads; calls on their way are waited for."""
        self._pool.shutdown()

    def _heads(self) -> list[int]:
        """The first promise of each chat where nothing is on its way, as many as there are free threads."""
        heads: list[int] = []
        room = self.threads - len(self.flying)
        for lane in self.chats.values():
            if len(heads) >= room:
                break
            if lane[0].id not in self.flying:
                heads.append(lane[0].id)
        return heads

    def _stale(self) -> list[int]:
        """What has waited here too long to be sure that it is still ours."""
        over = now() + outbox.LEASE - OWN
        return [
            one.id
            for lane in self.chats.values()
            if lane[-1].lease_until < over or lane[0].lease_until < over
            for one in lane
            if one.lease_until < over and one.id not in self.flying
        ]

    def _start(self, call: Call) -> None:
        lane = self.chats[_lane_of(call)]
        self.flying[call.id] = lane[0]
        self._pool.submit(self.sender.attempt, call).add_done_callback(lambda done: self._landed(call, done))

    def _landed(self, call: Call, done: Future[Any]) -> None:
        self._back.append((call, done))
        self.wake()

    def _instead(self, outcome: Outcome) -> Claimed | None:
        """A new message in the place of a reply that could not be changed into its new words."""
        reply = self.flying[outcome.id]
        words = (outcome.error or "").lower()
        if outcome.status != "failed" or not reply.method.startswith("editMessage"):
            return None
        if not any(fault in words for fault in CANNOT_EDIT):
            return None
        body = {key: value for key, value in reply.payload.items() if key not in ("message_id", "caption")}
        body.setdefault("text", reply.payload.get("caption"))
        behind = self.behind(outcome.chat_id or 0)
        return outbox.promise_own("sendMessage", outcome.chat_id, body, behind=behind)

    def _overtakers(self, outcomes: Sequence[Outcome]) -> list[int]:
        """What stands here behind a call that has to be tried again: the worker sends it, after that one."""
        waiting = [outcome for outcome in outcomes if outcome.status == "retry"]
        lanes = [self.chats[_lane(self.flying[outcome.id])] for outcome in waiting]
        return [one.id for lane in lanes for one in list(lane)[1:]]

    def _forget(self, outcomes: Sequence[Outcome], gone: set[int]) -> None:
        gone |= {outcome.id for outcome in outcomes}
        for outcome in outcomes:
            self.flying.pop(outcome.id)
            self._back.popleft()
        for name, lane in list(self.chats.items()):
            left = deque(one for one in lane if one.id not in gone)
            if left:
                self.chats[name] = left
            else:
                del self.chats[name]


def _lane(claimed: Claimed) -> int:
    """What keeps the order: the chat; a call of no chat stands alone."""
    return claimed.chat_id if claimed.chat_id is not None else -claimed.id


def _lane_of(call: Call) -> int:
    return call.chat_id if call.chat_id is not None else -call.id


def _note_unreachable(outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        if outcome.unreachable and outcome.chat_id:
            people.note_reach(outcome.chat_id, Reach.BLOCKED)
