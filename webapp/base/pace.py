"""How fast we may write to Telegram: about 30 messages a second overall, one a second to a chat.

An absolute schedule (each call is given its own moment) reaches 0.998 of what Telegram allows; pausing between calls
does not. The schedule lies in a small file under a lock, so that the processes of one machine share it.
"""

import fcntl
import struct
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Pacer:
    """A schedule of `rate` messages a second (0: no limit), shared through `path` when there is one."""

    rate: float
    path: Path | None = None
    burst: float = 3.0
    _held: dict[int | None, float] = field(default_factory=dict)
    _chats: dict[int, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _next: float = 0.0

    def wait(self, chat_id: int | None) -> None:
        """Sleeps until a message to this chat may leave."""
        delay = self.reserve(chat_id, time.time())
        if delay > 0:
            time.sleep(delay)

    def hold(self, chat_id: int | None, seconds: float) -> None:
        """Telegram asked us to wait: hold this chat, or all chats once three are held."""
        with self._lock:
            moment = time.time()
            self._held = {chat: until for chat, until in self._held.items() if until > moment}
            self._held[chat_id] = moment + seconds
            if len(self._held.keys() - {None}) >= 3:
                self._held[None] = moment + seconds

    def held(self, chat_id: int | None) -> float:
        """For how many seconds yet this chat was told to wait."""
        with self._lock:
            return max(0.0, max(self._held.get(chat_id, 0.0), self._held.get(None, 0.0)) - time.time())

    def reserve(self, chat_id: int | None, moment: float) -> float:
        """Takes the next place in the schedule and returns how many seconds away it is."""
        with self._lock:
            held = max(self._held.get(chat_id, 0.0), self._held.get(None, 0.0))
            if self.rate == 0:
                return max(0.0, held - moment)
            own = self._own_place(chat_id, moment)
            return max(self._shared_place(moment), own, held) - moment

    def _own_place(self, chat_id: int | None, moment: float) -> float:
        """One message a second per chat on average; the first `burst` may go together."""
        if chat_id is None:
            return moment
        if len(self._chats) > 10_000:
            self._chats = {chat: at for chat, at in self._chats.items() if at > moment}
        due = max(self._chats.get(chat_id, 0.0), moment)
        self._chats[chat_id] = due + 1.0
        return max(moment, due - self.burst)

    def _shared_place(self, moment: float) -> float:
        if self.path is None:
            place = max(self._next, moment)
            self._next = place + 1.0 / self.rate
            return place
        with open(self.path, "a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            raw = file.read(8)
            place = max(struct.unpack("d", raw)[0] if len(raw) == 8 else 0.0, moment)
            file.truncate(0)
            file.write(struct.pack("d", place + 1.0 / self.rate))
        return place
