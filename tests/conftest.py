"""The suite's ground: an app on each engine, empty before every test, and a cast of people.

ana is FREE, bea VIP, dora an admin of the bot, caio works in the panel, eve is nobody we know.
Tests that use `app` run on SQLite, and on PostgreSQL too when TEST_DATABASE_URL names a server.
"""

import itertools
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest
import urllib3
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright
from sqlalchemy import create_engine, func, make_url, select, text

from simulator import server
from tests.factories import PackageFactory, StaffFactory, UserFactory, start_over
from tests.ground import browser as chromium
from webapp import create_app
from webapp.base import crypto
from webapp.base import db as base_db
from webapp.base.db import db, transaction
from webapp.config import Settings, read_settings
from webapp.domain.audit.actors import Actor
from webapp.domain.catalog.models import ContentPackage
from webapp.domain.staff.models import StaffUser
from webapp.domain.users.models import User, UserRole
from webapp.domain.users.people import as_actor

SERVER = os.environ.get("TEST_DATABASE_URL", "")
REDIS = os.environ.get("TEST_REDIS_URL", "")
ENGINES = ["sqlite", *(["postgresql"] if SERVER else [])]
BOT_TOKEN = "8000000001:AASimulatorTokenForDevelopmentOnly000"
PATIENCE = 90  # seconds to wait for what comes in one on a machine that has nothing else to do
WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
_versions = itertools.count(1000, 1000)
expect.set_options(timeout=PATIENCE * 1000)
base_db.PATIENCE = base_db.QUEUE = PATIENCE  # for crowds in this process; processes that a test starts have their own


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where nothing may be skipped (CI), a skipped test fails the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if os.environ.get("TEST_NOTHING_SKIPPED") and skipped:
        reporter.write_line(f"skipped, and nothing may be: {[report.nodeid for report in skipped]}", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


class Databases:
    """Migrated databases, one of each kind for this process, emptied between tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = f"vitrina_test_{uuid.uuid4().hex[:12]}"
        self.apps: dict[str, Flask] = {}

    def app(self, kind: str) -> Flask:
        """The app on this kind of database, made at first use."""
        if kind not in self.apps:
            app = self.apps[kind] = create_app(self.settings(kind))
            app.test_client_class = FreshContextClient
            with app.app_context():
                upgrade(str(Path(__file__).parent.parent / "migrations"))
                db.session.remove()
                db.engine.dispose()
            if kind == "sqlite":
                shutil.copy(self.folder / "vitrina.db", self.folder / "empty.db")
        return self.apps[kind]

    def settings(self, kind: str, **more: object) -> Settings:
        """Test settings for this kind; `more` overrides."""
        values: dict[str, object] = {
            "_env_file": None,
            "vitrina_env": "test",
            "vitrina_home": self.folder,
            "database_url": f"sqlite:///{self.folder / 'vitrina.db'}" if kind == "sqlite" else self._server_url(),
            "telegram_bot_token": BOT_TOKEN,
            "telegram_rate": 0,
            "telegram_api_url": "http://127.0.0.1:9",
            "public_url": "http://localhost:8000",
            "log_level": "WARNING",
        }
        return read_settings(**(values | more))

    def _server_url(self) -> str:
        admin = create_engine(make_url(SERVER).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            known = connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": self.name})
            if not known:
                connection.execute(text(f'CREATE DATABASE "{self.name}"'))
        admin.dispose()
        return make_url(SERVER).set(database=self.name).render_as_string(hide_password=False)

    def empty(self, kind: str) -> None:
        """Takes the database back to what the migrations leave. Needs an app context."""
        db.session.remove()
        if kind == "sqlite":
            db.engine.dispose()
            for suffix in ("-wal", "-shm"):
                Path(f"{self.folder / 'vitrina.db'}{suffix}").unlink(missing_ok=True)
            shutil.copy(self.folder / "empty.db", self.folder / "vitrina.db")
        with db.engine.begin() as connection:
            if kind == "postgresql":
                connection.execute(text("SET session_replication_role = replica"))
                kept = ("alembic_version", "bot_config", "catalog_version")
                names = [table.name for table in db.metadata.sorted_tables if table.name not in kept]
                connection.execute(text(";".join(f"DELETE FROM {name}" for name in names)))
                connection.execute(text("SET session_replication_role = DEFAULT"))
                connection.execute(text(_FIRST_CONFIG))
            connection.execute(text("UPDATE catalog_version SET version = :version"), {"version": next(_versions)})

    def close(self) -> None:
        """Drops what was made."""
        for app in self.apps.values():
            with app.app_context():
                db.session.remove()
                db.engine.dispose()
        if "postgresql" in self.apps:
            admin = create_engine(make_url(SERVER).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
            with admin.connect() as connection:
                connection.execute(text(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)'))
            admin.dispose()


_FIRST_CONFIG = """
    UPDATE bot_config SET bot_username = NULL, creator_name = 'Vitrina', contact_url = NULL, contact_text = NULL,
    time_zone = 'America/Mexico_City', currency = 'MXN', category_labels = '{}', texts = '{}', vip_channel_id = NULL,
    vip_channel_title = NULL, free_channel_id = NULL, free_channel_title = NULL, wait_time_minutes = 5,
    grace_hours = 0, expiry_hour = NULL, reminder_days = '[3, 1]', brake_most = 50, brake_share = 30,
    comeback_days = '[1, 3, 7]', remind_before = true, remind_end = true, remind_after = true, quiet_from = NULL,
    quiet_until = NULL, reminder_rules = 2, audit_chat_id = NULL, audit_months = NULL,
    remember_browsers = false
"""


class FreshContextClient(FlaskClient):
    """A test client whose requests have contexts of their own, as they have on a server."""

    def open(self, *args: object, **kwargs: object) -> object:
        db.session.rollback()
        try:
            with self.application.app_context():
                return super().open(*args, **kwargs)
        finally:
            db.session.rollback()


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    found = Databases(tmp_path_factory.mktemp("databases"))
    yield found
    found.close()


@pytest.fixture(params=ENGINES)
def engine_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def app(databases: Databases, engine_kind: str) -> Iterator[Flask]:
    app = databases.app(engine_kind)
    with app.app_context():
        databases.empty(engine_kind)
        app.extensions["tries"].forget()
        crypto.set_keys(app.extensions["settings"].secret_keys, app.extensions["settings"].data_keys)
        start_over()
        yield app
        db.session.rollback()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def ana(app: Flask) -> User:
    return UserFactory(user_id=710_000_001, first_name="Ana", last_name="Torres", username="anat")


@pytest.fixture
def bea(app: Flask) -> User:
    return UserFactory(user_id=710_000_002, first_name="Bea", last_name="Solís", username="beas", role=UserRole.VIP)


@pytest.fixture
def dora(app: Flask) -> User:
    return UserFactory(user_id=710_000_004, first_name="Dora", last_name="Ruiz", username="dorar", role=UserRole.ADMIN)


@pytest.fixture
def caio(app: Flask) -> StaffUser:
    return StaffFactory(email="caio@vitrina.example", full_name="Caio Lima")


@pytest.fixture
def by_dora(dora: User) -> Actor:
    return as_actor(dora)


@pytest.fixture
def kit(app: Flask) -> ContentPackage:
    return PackageFactory(name="Primavera, 24 fotos")


class Telegram:
    """The simulated Telegram over HTTP: what people do there (`do`), and what the bot was heard to say."""

    def __init__(self, running: "server.Running") -> None:
        self.running = running
        self.url = running.url

    def do(self, deed: str, **body: object) -> dict:
        """Does something as a person, or bends faults and time; see simulator/control.py."""
        answer = urllib3.request("POST", f"{self.running.control}/{deed}", json=body)
        assert answer.status == 200, answer.data
        return answer.json()

    def fault(self, kind: str, **rule: object) -> None:
        """Scripts one misfortune; see simulator/faults.py."""
        self.do("faults", rules=[{"kind": kind, **rule}])

    def see(self, what: str, **query: object) -> dict:
        """Looks at something; see simulator/looking.py."""
        answer = urllib3.request("GET", f"{self.running.control}/{what}", fields={k: str(v) for k, v in query.items()})
        assert answer.status == 200, answer.data
        return answer.json()

    def texts(self, person: object) -> list[str]:
        """What the bot has written to somebody, oldest first."""
        shown = self.see("messages", chat=person)["messages"]
        return [message["text"] for message in shown if message["from"]["is_bot"]]


class Chromium:
    """The browser, patient: a busy machine is not a failure, and a note stays until somebody has come to read it."""

    LINGER = """(() => { const soon = window.setTimeout, note = (ms) => ms >= 4000 && ms <= 12000;
        window.setTimeout = (deed, ms, ...more) => soon(deed, note(ms) ? ms * 20 : ms, ...more); })()"""

    def __init__(self, found: Browser) -> None:
        self.found = found

    def new_context(self, **how: object) -> BrowserContext:
        """A window of its own, as Playwright's; waits PATIENCE for everything."""
        context = self.found.new_context(**how)
        context.set_default_timeout(PATIENCE * 1000)
        context.add_init_script(self.LINGER)
        return context

    def close_windows(self) -> None:
        """Nothing asks any server any more."""
        for context in self.found.contexts:
            context.close()


@contextmanager
def held(page: Page, address: str, *, after: int = 0) -> Iterator[list[Route]]:
    """What the page asks for there waits as long as we look; the first `after` requests pass."""
    asked: list[Route] = []
    waiting: list[Route] = []
    over = False

    def ask(route: Route) -> None:
        asked.append(route)
        if over or len(asked) <= after:
            route.continue_()
        else:
            waiting.append(route)

    page.route(address, ask)
    yield asked
    over = True
    for route in waiting:
        route.continue_()


@pytest.fixture(scope="session")
def _chromium() -> Iterator[Chromium]:
    """One Chromium for all that needs one: Playwright runs once in a process."""
    if chromium() is None:
        pytest.skip("no Chromium here: install it, or set TEST_BROWSER")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        found = playwright.chromium.launch(executable_path=chromium(), args=arguments, timeout=PATIENCE * 1000)
        yield Chromium(found)
        found.close()


@pytest.fixture
def browser(_chromium: Chromium) -> Iterator[Chromium]:
    """The browser with no window open, as nobody had been there before."""
    yield _chromium
    _chromium.close_windows()


@pytest.fixture(scope="session")
def _telegram() -> Iterator[Telegram]:
    running = server.start(port=0)
    yield Telegram(running)
    running.stop()


@pytest.fixture
def telegram(_telegram: Telegram) -> Telegram:
    """A simulated Telegram in which nothing has happened yet."""
    _telegram.do("reset")
    _telegram.do("faults", clear=True)
    return _telegram


@pytest.fixture
def at_once(app: Flask) -> Callable[[Callable, Callable], object]:
    """Begins a second deed when the first has done everything but end, which it does once the second has to wait for
    it, or is over where nothing makes it wait; gives what the first gave."""

    def do(first: Callable, second: Callable) -> object:
        begun, over = Event(), Event()

        def other() -> None:
            with app.app_context():
                try:
                    begun.set()  # on SQLite two transactions that write are never open at once
                    with transaction():
                        second()
                finally:
                    over.set()

        with ThreadPoolExecutor(1) as beside:
            with transaction():
                given = first()
                late = beside.submit(other)
                assert begun.wait(PATIENCE)
                until_it_waits(over)
            late.result()
        db.session.rollback()
        return given

    return do


def until_it_waits(over: Event) -> None:
    """Until somebody waits for a lock on PostgreSQL, or is over."""
    if db.engine.dialect.name == "sqlite":
        return
    with db.engine.connect() as beside:
        for _look in range(PATIENCE * 50):
            if over.wait(0.02) or beside.scalar(WAITING):
                return
            beside.rollback()
    raise AssertionError("the second deed neither waits nor ends")


def count(model: type, *conditions: object) -> int:
    """How many rows there are now."""
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0
