"""Tells open pages what happened: one queue per page, written as Server-Sent Events by client.py."""

import asyncio
from collections.abc import Iterable
from typing import Any

ROOM = 2000


class Events:
    """The pages that are listening, and for whom."""

    def __init__(self) -> None:
        self.listeners: dict[asyncio.Queue[tuple[str, Any] | None], int] = {}

    def listen(self, person_id: int) -> "asyncio.Queue[tuple[str, Any] | None]":
        """A queue of (kind, data) for the page of one person; None in it means good-bye."""
        queue: asyncio.Queue[tuple[str, Any] | None] = asyncio.Queue(ROOM)
        self.listeners[queue] = person_id
        return queue

    def leave(self, queue: "asyncio.Queue[tuple[str, Any] | None]") -> None:
        """The page went away."""
        self.listeners.pop(queue, None)

    def tell(self, kind: str, data: Any, people: Iterable[int] | None = None) -> None:
        """Tell the pages of `people` (ids), or every page. A page that does not keep up is told to reload."""
        if not self.listeners:
            return
        ids = None if people is None else set(people)
        for queue, person_id in self.listeners.items():
            if ids is not None and person_id not in ids:
                continue
            if queue.qsize() >= ROOM - 1:
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(("reload", {}))
            else:
                queue.put_nowait((kind, data))

    def close(self) -> None:
        """End every stream."""
        for queue in self.listeners:
            while queue.qsize() >= ROOM - 1:
                queue.get_nowait()
            queue.put_nowait(None)
