"""What the bot asked, and what it was answered: the log that tests read."""

from collections import Counter, deque
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

KEPT = 20_000


@dataclass(slots=True)
class Call:
    """One call of the Bot API: `time` by the simulator's clock, `seconds` it took, `fault` that struck it."""

    number: int
    method: str
    params: dict[str, Any]
    time: float
    answer: dict[str, Any] | None = None
    seconds: float = 0
    fault: str = ""


class Calls:
    """The last calls and the counts of all."""

    def __init__(self) -> None:
        self.log: deque[Call] = deque(maxlen=KEPT)
        self.counts: Counter[str] = Counter()
        self.total = 0

    def note(self, method: str, params: dict[str, Any], moment: float) -> Call:
        """A call has come."""
        self.total += 1
        self.counts[method] += 1
        call = Call(self.total, method, params, moment)
        self.log.append(call)
        return call

    def clear(self) -> None:
        """Forget them all."""
        self.log.clear()
        self.counts.clear()

    def find(self, method: str = "", chat_id: str = "", since: int = 0, limit: int = 1000) -> list[dict[str, Any]]:
        """Calls as JSON, oldest first: of one method, of one chat, with a number above `since`."""
        fitting = (
            call
            for call in reversed(self.log)
            if call.number > since
            and (not method or call.method.lower() == method.lower())
            and (not chat_id or str(call.params.get("chat_id")) == chat_id)
        )
        return [asdict(call) for call in islice(fitting, limit)][::-1]
