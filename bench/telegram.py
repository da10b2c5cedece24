"""The simulated Telegram of a measurement: a process of its own, what it is told, and what it has heard."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import urllib3

from bench.processes import TOKEN, answers, environment, free_port, process, until


@dataclass(frozen=True)
class Telegram:
    """A running simulator."""

    url: str

    def do(self, deed: str, **body: Any) -> Any:
        """One deed of its control API; see simulator/control.py. Raises RuntimeError when it refuses."""
        answer = urllib3.request("POST", f"{self.url}/control/{deed}", json=body, timeout=60)
        if answer.status != 200:
            raise RuntimeError(f"the simulator refused {deed}: {answer.data[:200]!r}")
        return answer.json()

    def counts(self) -> dict[str, int]:
        """Method → calls it has heard."""
        told = urllib3.request("GET", f"{self.url}/control/calls", fields={"limit": "0"}, timeout=60).json()
        return dict(told["counts"])

    def calls(self, method: str, limit: int) -> list[dict[str, Any]]:
        """The last calls of a method, oldest first."""
        fields = {"method": method, "limit": str(limit)}
        return list(urllib3.request("GET", f"{self.url}/control/calls", fields=fields, timeout=60).json()["calls"])

    def sent(self) -> int:
        """How many messages the bot has tried to send."""
        return self.counts().get("sendMessage", 0)

    def clear(self) -> None:
        """Forgets the calls it has heard."""
        urllib3.request("DELETE", f"{self.url}/control/calls", timeout=60)


@contextmanager
def telegram(*, limits: bool = False) -> Iterator[Telegram]:
    """A simulator, with Telegram's sending limits when asked for."""
    port = free_port()
    env = environment("", "") | {"SIMULATOR_PORT": str(port), "SIMULATOR_TOKEN": TOKEN}
    env |= {"SIMULATOR_LIMITS": "1"} if limits else {}
    with process([sys.executable, "-m", "simulator"], env) as running:
        url = f"http://127.0.0.1:{port}"
        until(lambda: answers(f"{url}/control/state"), "the simulator answers", running)
        yield Telegram(url)
