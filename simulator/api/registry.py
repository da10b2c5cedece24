"""The table of methods: name as documented, handler; looked up in lower case, as Telegram does."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from simulator.params import Params
from simulator.state import World

Handler = Callable[[World, Params], Any | Awaitable[Any]]


class Method(NamedTuple):
    """A documented name and what answers it."""

    name: str
    handle: Handler


METHODS: dict[str, Method] = {}


def method(name: str) -> Callable[[Handler], Handler]:
    """Register a handler under its documented name."""

    def register(handle: Handler) -> Handler:
        """Keep it under its name."""
        METHODS[name.lower()] = Method(name, handle)
        return handle

    return register
