"""One simulator for the whole session, as new for each test; people, the bot, and what tests ask of both."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from simulator.server import Running, start
from tests.conftest import PATIENCE

Json = dict[str, Any]
ANA, BEA, IVO, DORA, EVE = 710000001, 710000002, 710000003, 710000004, 710000005
FREE, VIP = -1001000000001, -1001000000002


class Sim:
    """The bot's side (`api`, `call`) and the people's side (`do`, `look`) of one running simulator."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.session = requests.Session()
        self.base = f"{running.url}/bot{running.token}"

    def call(self, method: str, patience: float = PATIENCE, **params: Any) -> Json:
        """The whole answer to a call, good or bad, waited for `patience` seconds."""
        return self.session.post(f"{self.base}/{method}", json=params, timeout=patience).json()

    def api(self, method: str, **params: Any) -> Any:
        """The result of a call that must work."""
        answer = self.call(method, **params)
        assert answer["ok"], answer
        return answer["result"]

    def refusal(self, method: str, **params: Any) -> str:
        """The description of a call that must be refused."""
        answer = self.call(method, **params)
        assert not answer["ok"], answer
        return str(answer["description"])

    def do(self, deed: str, **body: Any) -> Json:
        """Something people or tests do, which must work."""
        response = self.session.post(f"{self.running.control}/{deed}", json=body, timeout=PATIENCE)
        assert response.ok, response.text
        return response.json()

    def refused(self, deed: str, **body: Any) -> str:
        """Why people cannot do something."""
        response = self.session.post(f"{self.running.control}/{deed}", json=body, timeout=PATIENCE)
        assert not response.ok, response.text
        return str(response.json()["error"])

    def look(self, path: str, **query: Any) -> Json:
        """What a test looks at."""
        return self.session.get(f"{self.running.control}/{path}", params=query, timeout=PATIENCE).json()

    def updates(self, kind: str = "", **params: Any) -> list[Json]:
        """Confirmed at once: the updates that wait, only the bodies of one kind when named."""
        found = self.api("getUpdates", **params)
        if found:
            self.api("getUpdates", offset=found[-1]["update_id"] + 1)
        return [item[kind] for item in found if kind in item] if kind else found


@pytest.fixture(scope="session")
def telegram() -> Iterator[Running]:
    """A simulator on a free port."""
    running = start()
    yield running
    running.stop()


@pytest.fixture
def sim(telegram: Running) -> Iterator[Sim]:
    """As at the first start."""
    found = Sim(telegram)
    found.do("reset")
    yield found
    found.session.close()


@pytest.fixture
def ana(sim: Sim) -> int:
    """Ana has started the bot, and the bot has seen it."""
    sim.do("start", person="ana")
    sim.updates()
    return ANA
