"""Door: what time opens. Huey carries wake-ups and the schedule; what must not be lost is a row that a sweep finds.

`flask jobs run` is the worker. A wake-up that is lost (kill -9) costs at most the few seconds until the next beat.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog
from flask import Flask, current_app
from flask.cli import AppGroup
from huey import Huey, PostgresHuey, RedisHuey, SqliteHuey, crontab
from huey.consumer import Consumer

from webapp.base import outbox
from webapp.config import Settings
from webapp.jobs import clockwork, delivery, exporting, sweeps

log = structlog.get_logger(__name__)
BEAT = 4.0
AT_MOST_EVERY = 0.02


def init_app(app: Flask) -> None:
    """Gives the app its queue, its tasks, and `flask jobs`."""
    huey = app.extensions["huey"] = _queue(app.extensions["settings"])
    app.extensions["wake"] = Waker(_task(app, huey, delivery.deliver))
    _schedule(app, huey, sweeps.clean, crontab(minute="17", hour="4"))
    _schedule(app, huey, sweeps.look_around, crontab(minute="43", hour="*/6"))
    _schedule(app, huey, sweeps.keep_audit, crontab(minute="37", hour="4"))
    outbox.on_promise(_wake)
    app.cli.add_command(commands)


commands = AppGroup("jobs", help="The worker: delivers messages, keeps the schedule.")


@commands.command("run")
def run() -> None:
    """Works until SIGTERM, then finishes what it has begun."""
    app: Any = current_app
    app = app._get_current_object()
    consumer = Consumer(
        app.extensions["huey"],
        workers=2,
        initial_delay=0.02,
        max_delay=0.2,
        check_worker_health=False,
        shutdown_timeout=9,
        graceful_signal="TERM",
    )
    threading.Thread(target=_keep_beating, args=(app, consumer.stop_flag), name="beat", daemon=True).start()
    threading.Thread(target=exporting.keep_writing, args=(app, consumer.stop_flag), name="exports", daemon=True).start()
    log.info("worker.started")
    consumer.run()


def _queue(chosen: Settings) -> Huey:
    """The queue that the settings name: JOBS_URL, else Redis when there is one, else a SQLite file of its own."""
    url = chosen.jobs_url or chosen.redis_url
    if url.startswith(("redis://", "rediss://", "unix://")):
        return RedisHuey("vitrina", url=url, results=False)
    if url.startswith("postgresql://"):
        return PostgresHuey("vitrina", dsn=url, results=False)
    return SqliteHuey("vitrina", filename=str(chosen.home / "jobs.db"), results=False, fsync=False)


def _task(app: Flask, huey: Huey, work: Callable[[], Any]) -> Any:
    """`work` as a task that runs in an application context."""

    def run_in_context() -> None:
        with app.app_context():
            work()

    return huey.task(name=work.__name__)(run_in_context)


def _schedule(app: Flask, huey: Huey, work: Callable[[], Any], when: Any) -> None:
    def run_in_context() -> None:
        with app.app_context():
            work()

    huey.periodic_task(when, name=work.__name__)(run_in_context)


class Waker:
    """Wakes the worker without making anybody wait for the queue: a thread puts the wake-up there, once for all that
    asked meanwhile and in the moment after. A queue that is away undoes nothing: the next beat finds the row."""

    def __init__(self, put: Callable[[], Any]) -> None:
        self._put = put
        self._asked = False
        self.away = False
        self._hand = ThreadPoolExecutor(1, thread_name_prefix="wake")

    def __call__(self) -> None:
        """Asks for a wake-up."""
        if not self._asked:
            self._asked = True
            self._hand.submit(self._go)

    def settle(self) -> None:
        """Waits until what was asked for is done."""
        self._hand.submit(lambda: None).result()

    def _go(self) -> None:
        self._asked = False
        try:
            self._put()
            self.away = False
        except sweeps.QUEUE_AWAY as error:
            self.away = True
            log.warning("jobs.queue_away", error=type(error).__name__)
        time.sleep(AT_MOST_EVERY)


def _wake() -> None:
    current_app.extensions["wake"]()


def _keep_beating(app: Flask, stop: threading.Event) -> None:
    """Every few seconds: a sign of life for /readyz, and what a lost wake-up has left; while the queue is away, the
    work itself."""
    wake: Waker = app.extensions["wake"]
    while True:
        with app.app_context():
            if sweeps.beat(wake) and wake.away:
                sweeps.deliver_alone()
            pause = clockwork.turn(BEAT)
        if stop.wait(pause):
            return
