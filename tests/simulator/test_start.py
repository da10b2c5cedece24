"""Starting and stopping: production, a taken port, a kept state, a fast end."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from simulator.api.updates import LONGEST_POLL
from simulator.server import start
from simulator.settings import BadSetting, read
from tests.conftest import PATIENCE

ROOT = Path(__file__).parents[2]


def run(**env: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-m", "simulator"], cwd=ROOT, env={**os.environ, **env}, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip


def test_production_is_refused_in_one_line() -> None:
    out, err = (process := run(VITRINA_ENV="production")).communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (1, "")
    assert err == "The Telegram simulator refuses to start: VITRINA_ENV is production.\n"


def test_a_taken_port_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        _, err = (process := run(SIMULATOR_PORT=port)).communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert err == f"Port {port} is taken: set SIMULATOR_PORT to another one.\n"


@pytest.mark.parametrize("env", [{"SIMULATOR_PORT": "x"}, {"SIMULATOR_TOKEN": "secret"}])
def test_bad_settings_are_named(env: dict[str, str]) -> None:
    with pytest.raises(BadSetting, match=next(iter(env))):
        read(env, [])


def test_sigterm_ends_it_at_once_even_with_a_poll_and_a_page_open() -> None:
    process = run(SIMULATOR_PORT="0")
    assert process.stdout
    url = process.stdout.readline().split()[-1]
    page = requests.get(f"{url}client/events?as=ana", stream=True, timeout=PATIENCE)
    poll = socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1].strip("/"))))
    poll.sendall(b"GET /bot8000000001:AASimulatorTokenForDevelopmentOnly000/getUpdates?timeout=50 HTTP/1.1\r\n"
                 b"Host: x\r\n\r\n")  # fmt: skip
    while not requests.get(f"{url}control/state", timeout=PATIENCE).json()["polling"]:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=LONGEST_POLL - 10)
    assert process.returncode == 0
    page.close()
    poll.close()


def test_a_restart_loses_nothing(tmp_path: Path) -> None:
    state = tmp_path / "deep" / "state.json"
    first = start(state=state)
    requests.post(f"{first.control}/start", json={"person": "ana"}, timeout=PATIENCE)
    requests.post(f"{first.control}/person", json={"first_name": "Zoe", "username": "zoe"}, timeout=PATIENCE)
    requests.post(f"{first.url}/bot{first.token}/sendDocument", data={"chat_id": 710000001},
                  files={"document": ("a.txt", b"hola")}, timeout=PATIENCE)  # fmt: skip
    requests.post(f"{first.control}/time", json={"advance": 86400}, timeout=PATIENCE)
    before = requests.get(f"{first.url}/bot{first.token}/getUpdates", timeout=PATIENCE).json()
    first.stop()
    second = start(state=state)
    assert requests.get(f"{second.url}/bot{second.token}/getUpdates", timeout=PATIENCE).json() == before
    messages = requests.get(f"{second.control}/messages?chat=ana", timeout=PATIENCE).json()["messages"]
    assert messages[1]["document"]["file_name"] == "a.txt"
    assert requests.get(f"{second.control}/people/zoe", timeout=PATIENCE).json()["first_name"] == "Zoe"
    assert requests.get(f"{second.control}/state", timeout=PATIENCE).json()["offset"] == 86400
    second.stop()


def test_rate_limits_hold_when_asked_for() -> None:
    running = start(limits=True)
    requests.post(f"{running.control}/start", json={"person": "ana"}, timeout=PATIENCE)
    send = f"{running.url}/bot{running.token}/sendMessage?chat_id=710000001&text=x"
    codes = [requests.get(send, timeout=PATIENCE).status_code for _ in range(6)]
    running.stop()
    assert codes[0] == 200
    assert codes[-1] == 429


def test_whoever_is_said_to_have_started_has_in_a_new_world_and_only_there(tmp_path):
    for _ in range(2):
        running = start(port=0, started=("dora",), state=tmp_path / "state.json")
        pending = requests.get(f"{running.control}/updates", timeout=PATIENCE).json()["pending"]
        running.server.simulator.changed = True
        running.stop()
        assert pending == 1


def test_whoever_is_said_to_be_inside_the_vip_channel_is_called_vip(tmp_path):
    running = start(port=0, inside=("bea",))
    people = requests.get(f"{running.url}/client/state?as=ana", timeout=PATIENCE).json()["people"]
    running.stop()
    assert {one["key"]: one["part"] for one in people} == {
        "ana": "Free", "bea": "VIP", "dora": "Admin", "ivo": "Free", "eve": "Free",
    }  # fmt: skip
