"""`make run` runs `flask up`: everything at once, in one line of complaint when it cannot, and nothing left behind."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import urllib3

from bench.processes import free_port
from tests.conftest import PATIENCE
from tests.faults.conftest import ROOT, answers, until

pytestmark = pytest.mark.processes


def alive(home: Path) -> list[str]:
    """Processes that were started with this home folder (Linux)."""
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"VITRINA_HOME={home}".encode() in environ.read_bytes().split(b"\0"):
                found.append(environ.parent.name)
        except OSError:
            continue
    return found


def up(home: Path, **environment: str) -> "subprocess.Popen[str]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TELEGRAM", "DATABASE"))}
    settings = {"FLASK_APP": "wsgi", "VITRINA_HOME": str(home), "PYTHONUNBUFFERED": "1"}
    with (home.parent / "out.log").open("w") as log:
        command = [sys.executable, "-m", "flask", "up"]
        return subprocess.Popen(
            command, env=kept | settings | environment, cwd=ROOT, text=True, stdout=log, stderr=subprocess.STDOUT
        )


def test_everything_starts_says_where_it_is_and_ends_with_ctrl_c(tmp_path, app):
    port, simulator = free_port(), free_port()
    home = tmp_path / "home"
    running = up(home, PORT=str(port), SIMULATOR_PORT=str(simulator))
    try:
        until(lambda: answers(f"http://127.0.0.1:{port}/healthz"), "the web answers")
        until(lambda: answers(f"http://127.0.0.1:{simulator}/"), "the simulator answers")
        until(
            lambda: urllib3.request("GET", f"http://127.0.0.1:{port}/readyz", retries=False).status == 200,
            "bot and worker have given a sign of life",
        )
        assert len(alive(home)) >= 5
    finally:
        running.send_signal(signal.SIGINT)
        running.wait(PATIENCE)
    words = (tmp_path / "out.log").read_text()
    assert f":{simulator}/" in words
    assert re.search(r"/panel/\S*invit\S+", words), words
    assert "Traceback" not in words
    until(lambda: not alive(home), "nothing is left behind")


def test_a_taken_port_is_one_clear_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        running = up(tmp_path / "home", PORT=str(taken.getsockname()[1]))
        assert running.wait(PATIENCE) == 1
    words = (tmp_path / "out.log").read_text().strip()
    assert words.count("\n") == 0
    assert "set PORT" in words


def test_bad_settings_are_named_together(tmp_path):
    running = up(tmp_path / "home", LOG_LEVEL="LOUD", TELEGRAM_BOT_TOKEN="nope")
    assert running.wait(PATIENCE) == 1
    words = (tmp_path / "out.log").read_text()
    assert "LOG_LEVEL" in words
    assert "TELEGRAM_BOT_TOKEN" in words
    assert "Traceback" not in words
