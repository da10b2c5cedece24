"""How often somebody may try something: counted in Redis when there is one, so that all processes count together; in
this process when there is none, or while it is away."""

from functools import lru_cache

import structlog
from flask import Flask, current_app
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

rule = lru_cache(parse)
log = structlog.get_logger(__name__)


class Tries:
    """Counters of one process, by what is tried and by whom."""

    def __init__(self, redis_url: str = "") -> None:
        self.alone = MovingWindowRateLimiter(MemoryStorage())
        shared = storage_from_string(redis_url, wrap_exceptions=True) if redis_url else None
        self.shared = MovingWindowRateLimiter(shared) if shared else self.alone

    def hit(self, limit: RateLimitItem, *who: str) -> bool:
        """Counts a try; False when it is one too many."""
        try:
            return bool(self.shared.hit(limit, *who))
        except StorageError as error:
            log.warning("tries.counter_away", error=type(error).__name__)
            return bool(self.alone.hit(limit, *who))

    def left(self, limit: RateLimitItem, *who: str) -> bool:
        """Whether there is a try left; counts none."""
        try:
            return bool(self.shared.test(limit, *who))
        except StorageError:
            return bool(self.alone.test(limit, *who))

    def forget(self) -> None:
        """Begins anew (tests)."""
        self.alone.storage.reset()
        self.shared.storage.reset()


def init_app(app: Flask, redis_url: str) -> None:
    """Gives the app its counters."""
    app.extensions["tries"] = Tries(redis_url)


def hit(limit: str, *who: str) -> bool:
    """Counts a try; False when it is one too many. `limit`: "30 per 5 minutes"; `who`: what is tried, and by whom."""
    return _counters().hit(rule(limit), *who)


def left(limit: str, *who: str) -> bool:
    """Whether there is a try left; counts none."""
    return _counters().left(rule(limit), *who)


def _counters() -> Tries:
    found: Tries = current_app.extensions["tries"]
    return found
