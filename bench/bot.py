"""Updates a second through the bot's process: each is a /start, a deed in the database and an answer.

Ours is the whole process (stored before confirmed, one transaction each, outbox) on a database with the people met
before; the peer is telebot's own polling, doing the same deed in plain SQLite. Both speak to a simulated Telegram over
HTTP, with no delay and with 50 ms a call.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator

from bench import data
from bench.processes import cpu, environment, process, until
from bench.report import Figure, at_least, at_most
from bench.scale import Scale
from bench.telegram import Telegram, telegram

PEOPLE = 400
SLOW = 50
LOST = 30
GOALS = {0: 4.0, SLOW: 10.0}
SMALL = Scale(packages=20, users=40, interests=80, members=20)


def run(scale: Scale) -> Iterator[Figure]:
    """Updates a second, ours and telebot's, and what an update costs in calls and CPU."""
    for latency, goal in GOALS.items():
        few = scale.slow_updates if latency else scale.updates
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "bench.telebot_peer"]
            limit = _measure(
                command, environment("", folder), latency, few, more=lambda url: [url, f"{folder}/peer.db"]
            )
        wait = f"{latency} ms a call"
        yield Figure(
            f"peer: telebot polling, {wait}", "SQLite", limit[0], "updates/s", note=_note(limit) + f", {limit[3]} lost"
        )
        for engine in data.engines():
            with data.database(engine, SMALL) as url, tempfile.TemporaryDirectory() as folder:
                command = [sys.executable, "-m", "flask", "bot", "run"]
                ours = _measure(command, environment(url, folder), latency, scale.updates)
            yield Figure(f"bot, {wait}", engine, ours[0], "updates/s", limit="telebot",
                         **at_least(ours[0] / limit[0], goal), note=_note(ours))  # fmt: skip
            yield Figure(f"bot, {wait}: not answered once", engine, ours[3], "updates", **at_most(ours[3], 0))


def _note(found: tuple[float, float, float, int]) -> str:
    return f"{found[1]:.2f} calls, {found[2] * 1000:.2f} ms of CPU an update"


def _measure(
    command: list[str], env: dict[str, str], latency: int, updates: int, more: Callable[[str], list[str]] | None = None
) -> tuple[float, float, float, int]:
    """(updates a second, calls an update, CPU seconds an update, updates that were not answered just once)."""
    with telegram() as heard:
        extra = more(heard.url) if more else []
        with process([*command, *extra], env | {"TELEGRAM_API_URL": heard.url}) as bot:
            people = min(PEOPLE, updates)
            heard.do("bulk", people=people, updates=people)
            until(lambda: heard.sent() >= people, "everybody is met", bot, 300)
            _settle(heard)
            if latency:
                heard.do("faults", rules=[{"kind": "latency", "latency_ms": latency, "times": -1}])
            heard.clear()
            used, began = cpu(bot.pid), time.perf_counter()
            heard.do("bulk", people=people, updates=updates)
            seconds = _finish(heard, updates) - began
            used = cpu(bot.pid) - used
            counts = heard.counts()
        answered = counts.get("sendMessage", 0)
        calls = sum(count for method, count in counts.items() if method != "getUpdates")
        return answered / seconds, calls / updates, used / updates, abs(answered - updates)


def _finish(heard: Telegram, updates: int) -> float:
    """When the last of them was answered; whoever says nothing for half a minute has lost the rest."""
    seen, since = 0, time.perf_counter()
    while seen < updates and time.perf_counter() - since < LOST:
        now = heard.sent()
        if now != seen:
            seen, since = now, time.perf_counter()
        time.sleep(0.03)
    return since


def _settle(heard: Telegram) -> None:
    """Until nothing more is said for half a second."""
    seen, since = -1, time.monotonic()
    while time.monotonic() - since < 0.5:
        now = heard.sent()
        if now != seen:
            seen, since = now, time.monotonic()
        time.sleep(0.05)
