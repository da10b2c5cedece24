"""Real processes on real ports: web, bot and worker as `make run` starts them, and the ways to end them rudely."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import urllib3

from bench.processes import free_port
from tests.conftest import BOT_TOKEN, PATIENCE, Databases, Telegram
from webapp.base.db import db

ROOT = Path(__file__).parent.parent.parent
COMMANDS = {
    "bot": [sys.executable, "-m", "flask", "bot", "run"],
    "worker": [sys.executable, "-m", "flask", "jobs", "run"],
    "web": [sys.executable, "-m", "granian", "--interface", "wsgi", "--http", "1", "--no-ws", "--log-level", "warning"],
}


class House:
    """The product's processes on one database and one Telegram."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.environment = environment
        self.folder = folder
        self.running: list[subprocess.Popen[bytes]] = []
        self.port = 0

    def start(self, part: str, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        """Starts one process; its words go to a log file that a failing test shows."""
        log = open(self.folder / f"{part}-{len(self.running)}.log", "wb")  # noqa: SIM115
        process = subprocess.Popen(
            [*COMMANDS[part], *arguments],
            env=self.environment | environment,
            cwd=ROOT,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        self.running.append(process)
        return process

    def start_web(self, workers: int = 2, patience: int = PATIENCE // 2) -> str:
        """Starts the web server on a free port and returns its address once it answers; `patience`: seconds that it
        gives at its end to whom it has begun to answer."""
        self.port = free_port()
        settings = ["--workers", str(workers), "--blocking-threads", "2", "--workers-kill-timeout", str(patience)]
        self.start("web", "--port", str(self.port), *settings, "wsgi:app")
        url = f"http://127.0.0.1:{self.port}"
        until(lambda: answers(f"{url}/healthz"), "the web server answers")
        return url

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """kill -9."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)

    def end(self) -> None:
        """Ends whatever still runs."""
        for process in self.running:
            if process.poll() is None:
                process.terminate()
        for process in self.running:
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill(process)

    def logs(self) -> str:
        """What the processes said."""
        return "\n".join(f"--- {log.name}\n{log.read_text()}" for log in sorted(self.folder.glob("*.log")))


def answers(url: str) -> bool:
    """Whether somebody answers there."""
    try:
        return urllib3.request("GET", url, retries=False, timeout=2).status < 500
    except urllib3.exceptions.HTTPError:
        return False


def until(true: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Waits until something is so; fails, saying what was waited for."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"waited {seconds:.0f} s in vain: {what}"
        time.sleep(0.02)
        db.session.rollback()


@pytest.fixture
def house(app, databases: Databases, engine_kind: str, telegram: Telegram, tmp_path: Path) -> Iterator[House]:
    """Nothing runs yet. Ana, Bea and Dora have begun a chat with the bot; Dora is its admin."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("TELEGRAM", "SIMULATOR"))},
        "FLASK_APP": "wsgi",
        "VITRINA_ENV": "test",
        "VITRINA_HOME": str(tmp_path / "home"),
        "DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"].replace("+psycopg", ""),
        "TELEGRAM_BOT_TOKEN": BOT_TOKEN,
        "TELEGRAM_API_URL": telegram.url,
        "TELEGRAM_RATE": "0",
        "PUBLIC_URL": "http://localhost:8000",
        "ADMIN_USER_IDS": "710000004",
        "SECRET_KEY": "tests-only",
        "DATA_KEY": ",".join(app.extensions["settings"].data_keys),
        "LOG_LEVEL": "INFO",
    }
    house = House(environment, tmp_path)
    yield house
    house.end()
    print(house.logs())
