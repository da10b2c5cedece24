"""Processes to measure: started on free ports of the loopback, looked at, and ended with all they started."""

import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import urllib3

ROOT = Path(__file__).parent.parent
TOKEN = "8000000001:AASimulatorTokenForDevelopmentOnly000"


def free_port() -> int:
    """A port on which nobody listens, and which the system gives to nobody who connects before we listen there."""
    given = Path("/proc/sys/net/ipv4/ip_local_port_range")
    end = int(given.read_text().split()[0]) if given.exists() else 32_768
    while True:
        port = random.SystemRandom().randrange(10_000, max(end, 20_000))
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def environment(url: str, folder: str, **more: str) -> dict[str, str]:
    """What the product's processes are told: this database, this folder, no Telegram unless `more` names one."""
    plain = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TELEGRAM", "SIMULATOR", "REDIS", "JOBS", "VITRINA", "DATABASE"))
    }
    return plain | {
        "FLASK_APP": "wsgi",
        "VITRINA_ENV": "test",
        "VITRINA_HOME": folder,
        "DATABASE_URL": url,
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_URL": "http://127.0.0.1:9",
        "TELEGRAM_RATE": "0",
        "PUBLIC_URL": "http://localhost:8000",
        "SECRET_KEY": "bench-only",
        "LOG_LEVEL": "WARNING",
        **more,
    }


@contextmanager
def process(command: list[str], env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a command in a group of its own; ends the group afterwards. What it said is shown when the block fails."""
    with tempfile.TemporaryFile() as log:
        running = subprocess.Popen(command, env=dict(env), cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
        try:
            yield running
        except BaseException:
            log.seek(0)
            sys.stderr.write(log.read()[-4000:].decode(errors="replace"))
            raise
        finally:
            _end(running)


@contextmanager
def web(app: str, env: Mapping[str, str], *, workers: int, ready: str = "/") -> Iterator[tuple[str, int]]:
    """(address, process id) of a WSGI app on granian, as `make run` starts it, with one thread a worker."""
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--http", "1", "--no-ws", "--no-access-log"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", str(workers), "--blocking-threads", "1"]
    with process([*command, "--log-level", "warning", app], env) as running:
        url = f"http://127.0.0.1:{port}"
        until(lambda: answers(url + ready), f"{app} answers", running)
        yield url, running.pid


def answers(url: str) -> bool:
    """Whether somebody answers there without an error of his own."""
    try:
        return urllib3.request("GET", url, retries=False, timeout=10).status < 500
    except urllib3.exceptions.HTTPError:
        return False


def until(
    true: Callable[[], object], what: str, running: subprocess.Popen[bytes] | None = None, seconds: float = 120
) -> None:
    """Waits until something is so. Raises RuntimeError when it takes too long, or the process has ended."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end or (running is not None and running.poll() is not None):
            raise RuntimeError(f"waited in vain: {what}")
        time.sleep(0.02)


def memory(pid: int) -> float:
    """Resident megabytes of the largest process of this one and its children."""
    found = [pid, *_children(pid)]
    return max(_resident(one) for one in found)


def cpu(pid: int) -> float:
    """Seconds of CPU that this process and its children have used."""
    total = 0
    for one in [pid, *_children(pid)]:
        stat = Path(f"/proc/{one}/stat")
        if stat.exists():
            total += sum(int(ticks) for ticks in stat.read_text().rpartition(")")[2].split()[11:13])
    return total / os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task")
    return [int(child) for task in tasks.glob("*/children") for child in task.read_text().split()]


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status")
    told = status.read_text() if status.exists() else ""
    line = next((line for line in told.splitlines() if line.startswith("VmRSS")), "VmRSS: 0 kB")
    return int(line.split()[1]) / 1024


def _end(running: subprocess.Popen[bytes]) -> None:
    for sign, patience in ((signal.SIGTERM, 12), (signal.SIGKILL, 5)):
        try:
            os.killpg(running.pid, sign)
        except ProcessLookupError:
            break
        try:
            running.wait(patience)
        except subprocess.TimeoutExpired:
            continue
