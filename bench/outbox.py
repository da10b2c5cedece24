"""Messages a second that the worker delivers: as fast as it can, and at the pace that Telegram allows."""

import sys
import tempfile
from collections.abc import Iterator

from bench import data
from bench.processes import cpu, environment, process, until
from bench.report import Figure, at_least, at_most
from bench.scale import Scale
from bench.telegram import Telegram, telegram
from webapp import create_app
from webapp.base import outbox
from webapp.base.db import db, transaction

PACE = 29.9
ALLOWED = 30.0
SHARE = 0.95
FIRST = 910_000_001
SMALL = Scale(packages=20, users=40, interests=80, members=20)


def run(scale: Scale) -> Iterator[Figure]:
    """Without a limit of our own, then at 29.9 a second against Telegram's limits."""
    for engine in data.engines():
        rate, used = _delivered(engine, scale.messages)
        yield Figure("worker, no limit", engine, rate, "messages/s", note=f"{used * 1000:.2f} ms of CPU a message")
    yield from _paced(scale)


def _delivered(engine: str, messages: int) -> tuple[float, float]:
    """(messages a second, CPU seconds a message)."""
    with telegram() as heard, data.database(engine, SMALL) as url, tempfile.TemporaryDirectory() as folder:
        _promise(heard, url, folder, messages)
        env = environment(url, folder, TELEGRAM_API_URL=heard.url)
        with process([sys.executable, "-m", "flask", "jobs", "run"], env) as worker:
            until(lambda: heard.sent() >= 1, "the worker sends", worker)
            used = cpu(worker.pid)
            until(lambda: heard.sent() >= messages, "all are sent", worker, 300)
            used = cpu(worker.pid) - used
            return _pace(heard.calls("sendMessage", messages)), used / messages


def _paced(scale: Scale) -> Iterator[Figure]:
    """The share of Telegram's own pace, after the first seconds' burst, and how often it said to wait."""
    count = int(PACE * (scale.paced_seconds + 1)) + 1
    with telegram(limits=True) as heard, data.database("SQLite", SMALL) as url, tempfile.TemporaryDirectory() as folder:
        _promise(heard, url, folder, count)
        env = environment(url, folder, TELEGRAM_API_URL=heard.url, TELEGRAM_RATE=str(PACE))
        with process([sys.executable, "-m", "flask", "jobs", "run"], env) as worker:
            until(lambda: heard.sent() >= count, "all are sent", worker, 300)
            calls = heard.calls("sendMessage", count * 2)
    share = _pace(calls) / ALLOWED
    yield Figure(f"worker, TELEGRAM_RATE={PACE}", "SQLite", _pace(calls), "messages/s", limit=f"{ALLOWED:.0f} allowed",
                 **at_least(share, SHARE))  # fmt: skip
    told = sum(call["answer"]["error_code"] == 429 for call in calls if call["answer"] and not call["answer"]["ok"])
    yield Figure("told to wait (429)", "SQLite", told, "times", **at_most(told, 0))


def _pace(calls: list[dict[str, float]]) -> float:
    return (len(calls) - 1) / max(0.001, calls[-1]["time"] - calls[0]["time"])


def _promise(heard: Telegram, url: str, folder: str, messages: int) -> None:
    """One message to each of that many people."""
    heard.do("bulk", people=messages, updates=0)
    app = create_app(vitrina_env="test", vitrina_home=folder, database_url=url, log_level="WARNING")
    outbox.on_promise(lambda: None)  # the worker is not there yet; its first beat finds them
    with app.app_context():
        with transaction():
            for number in range(messages):
                outbox.promise("sendMessage", FIRST + number, {"text": f"Mensaje {number}"})
        db.session.remove()
        db.engine.dispose()
