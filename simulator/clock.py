"""The simulator's clock: real time plus what somebody added by hand."""

import time


class Clock:
    """Tells the time of every date the simulator writes; it can be moved forward."""

    def __init__(self, offset: float = 0.0) -> None:
        self.offset = offset

    def now(self) -> int:
        """Unix seconds, as Telegram writes dates."""
        return int(time.time() + self.offset)

    def exact(self) -> float:
        """Unix seconds with their fraction, for logs and grace periods."""
        return time.time() + self.offset

    def advance(self, seconds: float) -> None:
        """Move forward; `seconds` may be negative to go back."""
        self.offset += seconds
