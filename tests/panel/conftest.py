"""Staff at their browsers: `panel` is caio, signed in; `as_staff` signs anybody in."""

import threading
from collections.abc import Callable, Iterator

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import event
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import TestResponse

from tests.conftest import PATIENCE, Chromium
from tests.factories import StaffFactory
from tests.vouching import CLIENT, SECRET, Provider
from webapp.base.clock import now
from webapp.base.db import db, transaction
from webapp.domain.sessions import devices
from webapp.domain.sessions.models import UserSession
from webapp.domain.staff import accounts
from webapp.domain.staff.models import StaffRole, StaffUser
from webapp.panel import guard

ORIGIN = {"Origin": "http://localhost"}
HTMX = {"HX-Request": "true"}


class Browser:
    """One person's browser on the panel: keeps the cookie, posts with Origin and the session's token."""

    def __init__(
        self, client: FlaskClient, staff: StaffUser | None = None, *, level: str = "mfa", sudo: bool = True
    ) -> None:
        """`sudo`: whether they have just shown who they are; `level` "pwd": they have shown their password alone."""
        self.client, self.staff, self.csrf = client, staff, ""
        if staff is not None:
            by = accounts.as_actor(staff)
            with transaction():
                token, self.session = devices.start("panel", by=by, staff_id=staff.id, level=level)
                token = devices.elevate(self.session, by=by) if sudo and level == "mfa" else token
            self.csrf = guard.csrf_of(self.session)
            client.set_cookie("vitrina", token)

    def get(self, path: str, *, htmx: bool = False, **more: object) -> TestResponse:
        return self.client.get(path, headers=HTMX if htmx else {}, **more)

    def post(
        self, path: str, data: dict | None = None, *, htmx: bool = False, headers: dict | None = None, **more: object
    ) -> TestResponse:
        """A post from one of our pages; `headers` may take that away again."""
        sent = {**ORIGIN, **({**HTMX, "X-CSRF-Token": self.csrf} if htmx else {}), **(headers or {})}
        form = {**({} if htmx else {"csrf_token": self.csrf}), **(data or {})}
        return self.client.post(path, data=form, headers=sent, **more)


@pytest.fixture
def as_staff(app: Flask) -> Callable[..., Browser]:
    return lambda staff, **how: Browser(app.test_client(), staff, **how)


@pytest.fixture
def panel(as_staff: Callable[..., Browser], caio: StaffUser) -> Browser:
    return as_staff(caio)


@pytest.fixture
def eve(as_staff: Callable[..., Browser]) -> Browser:
    """Nobody: no session."""
    return as_staff(None)


@pytest.fixture
def root(app: Flask) -> StaffUser:
    return StaffFactory(email="rita@vitrina.example", full_name="Rita Root", role=StaffRole.SYSADMIN)


@pytest.fixture
def helper(app: Flask) -> StaffUser:
    return StaffFactory(email="hugo@vitrina.example", full_name="Hugo Paz", role=StaffRole.USER)


class Traveller:
    """Moves the clock."""

    def __init__(self, machine: time_machine.Traveller) -> None:
        self.machine = machine

    def shift(self, seconds: float) -> None:
        self.machine.shift(seconds)


@pytest.fixture
def traveller(app: Flask) -> Iterator[Traveller]:
    with time_machine.travel(now(), tick=False) as machine:
        yield Traveller(machine)


@pytest.fixture
def provider(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """Somebody who vouches for people, in Telegram's place."""
    provider = Provider()
    told: dict[str, object] = {"telegram_oidc_client_id": CLIENT, "telegram_oidc_issuer": provider.issuer}
    told["telegram_oidc_client_secret"] = SecretStr(SECRET)
    monkeypatch.setitem(app.extensions, "settings", app.extensions["settings"].model_copy(update=told))
    app.extensions.pop("openid", None)
    yield provider
    app.extensions.pop("openid", None)
    provider.close()


@pytest.fixture
def counted(app: Flask) -> Callable[[Callable[[], object]], int]:
    """How many statements a call sends to the database."""

    def count(call: Callable[[], object]) -> int:
        sent: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
            sent.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            call()
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        return len(sent)

    return count


class Door(WSGIRequestHandler):
    """Does not wait for ever for a browser that opened a connection and asks nothing."""

    timeout = PATIENCE


@pytest.fixture
def address(app: Flask, browser: Chromium) -> Iterator[str]:
    """The panel on a free port; in the end nobody is asking it any more, and it has answered all who did."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Door)
    server.daemon_threads = False
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://localhost:{server.port}"
    browser.close_windows()
    server.shutdown()
    thread.join()


def sessions() -> int:
    """How many sessions live."""
    db.session.rollback()
    return db.session.query(UserSession).filter_by(is_active=True).count()
