"""The table of /control deeds: what POST /control/<name> does."""

from collections.abc import Awaitable, Callable
from typing import Any

from simulator.core import Simulator

Json = dict[str, Any]
Deed = Callable[[Simulator, Json], Json | Awaitable[Json]]
DEEDS: dict[str, Deed] = {}


def deed(name: str) -> Callable[[Deed], Deed]:
    """Register what POST /control/<name> does."""

    def register(do: Deed) -> Deed:
        """Keep it under its name."""
        DEEDS[name] = do
        return do

    return register
