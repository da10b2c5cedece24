"""Members with the Mini App open: signed in over HTTP with initData as Telegram signs it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from PIL import Image

from simulator.initdata import compose
from tests.conftest import BOT_TOKEN
from webapp.base.clock import now
from webapp.domain.users.models import User


def launch(person: User, *, token: str = BOT_TOKEN, age: int = 0, told: Any = None, **extra: Any) -> str:
    """initData of a person's launch, `age` seconds old; `told` is what it says of them, `extra` are more pairs."""
    user = {"id": person.user_id, "first_name": person.first_name, "last_name": person.last_name}
    user |= {"username": person.username, "language_code": "es"}
    told = user if told is None else told
    return compose(token, told, int(now().timestamp()) - age, {"query_id": f"AA{person.user_id}", **extra})


@dataclass
class Phone:
    """Somebody's Telegram with the Mini App open."""

    client: FlaskClient
    user: User
    token: str = ""
    first: Any = None

    def open(self, path: str = "/miniapp/", agent: str = "Telegram Android", **extra: Any) -> Any:
        """The exchange; remembers the token."""
        data = {"init_data": launch(self.user, **extra), "path": path}
        headers = {"HX-Request": "true", "User-Agent": agent}
        self.first = self.client.post("/miniapp/session", data=data, headers=headers)
        self.token = self.first.headers.get("X-Session", "")
        return self.first

    def get(self, path: str, *, htmx: bool = True, **headers: str) -> Any:
        """A page, as htmx or a plain request asks for it."""
        return self.client.get(path, headers={**self._headers(htmx), **headers})

    def post(self, path: str, *, htmx: bool = True, **form: Any) -> Any:
        """A deed."""
        return self.client.post(path, data=form, headers=self._headers(htmx))

    def _headers(self, htmx: bool) -> dict[str, str]:
        signed = {"Authorization": f"Bearer {self.token}"}
        return {**signed, "HX-Request": "true", "HX-Target": "div#screen"} if htmx else signed


def phone(client: FlaskClient, user: User) -> Phone:
    """The person's Telegram, with the Mini App opened."""
    opened = Phone(client, user)
    assert opened.open().status_code == 200
    return opened


@pytest.fixture
def anas(client: FlaskClient, ana: User) -> Phone:
    return phone(client, ana)


@pytest.fixture
def beas(client: FlaskClient, bea: User) -> Phone:
    return phone(client, bea)


@pytest.fixture
def doras(client: FlaskClient, dora: User) -> Phone:
    return phone(client, dora)


@pytest.fixture
def time_machine_at() -> Iterator[Callable[[datetime], None]]:
    """Moves the clock, for the rest of the test."""
    travels: list[Any] = []

    def move(moment: datetime) -> None:
        travels.append(time_machine.travel(moment, tick=True))
        travels[-1].start()

    yield move
    for travel in reversed(travels):
        travel.stop()


@pytest.fixture
def picture() -> bytes:
    """An upload."""
    kept = BytesIO()
    Image.new("RGB", (640, 480), (120, 60, 200)).save(kept, "JPEG")
    return kept.getvalue()
