"""Pressing "Me interesa": every request is another member or package, committed with its audit row and its notice."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from sqlalchemy import func, select

from bench import data, load
from bench.catalogue import times
from bench.processes import environment, web
from bench.report import Figure, at_least, at_most
from bench.scale import Scale
from webapp.base.db import new_engine
from webapp.domain.catalog.models import UserInterest

GOAL = 0.15
MANY = 16
SLOWEST = 1000.0
PER_SECOND = 12_000


def run(scale: Scale) -> Iterator[Figure]:
    """Presses a second by one and by sixteen at once, errors, the slowest, and whether all of them are kept."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        hello = [load.raw("GET", "/")]
        server = stack.enter_context(web("bench.bare:app", environment("", folder), workers=scale.workers))
        bare = load.Target(*server, lambda _turn: hello)
        for engine in data.engines():
            database = stack.enter_context(data.database(engine, scale))
            env = environment(database, stack.enter_context(tempfile.TemporaryDirectory()))
            server = stack.enter_context(web("wsgi:app", env, workers=scale.workers, ready="/healthz"))
            presses = Presses(scale)
            ours = load.Target(*server, lambda _turn, presses=presses: presses.next(_enough(scale)))  # type: ignore[misc]
            yield from _engine(engine, scale, bare, ours, database)


def _engine(engine: str, scale: Scale, bare: load.Target, ours: load.Target, database: str) -> Iterator[Figure]:
    made = 0
    load.measure(ours.url, ours.requests(0), connections=1, seconds=1)
    before = _rows(database)
    for writers in (1, MANY):
        results = load.in_turns(
            {"bare": bare, "press": ours}, rounds=scale.rounds, seconds=scale.seconds, connections=writers,
        )  # fmt: skip
        press, limit = results["press"], results["bare"]
        made += press.requests - press.errors
        work = f"press, {writers} at once"
        ratio = press.rate / limit.rate
        goal = at_least(ratio, GOAL) if engine == "SQLite" and writers == MANY else {"ratio": ratio}
        yield Figure(
            work, engine, press.rate, "req/s", scale.rounds, limit="bare hello", **goal, note=times(press, limit)
        )
        yield Figure(f"{work}: refused or lost", engine, press.errors, "errors", scale.rounds,
                     **at_most(press.errors, 0))  # fmt: skip
        yield Figure(f"{work}: slowest", engine, press.slowest, "ms", scale.rounds, **at_most(press.slowest, SLOWEST))
    after = _rows(database)
    kept, notices = after[0] - before[0], after[1] - before[1]
    lost = max(0, made - kept)
    yield Figure("presses answered but not kept", engine, lost, "presses", **at_most(lost, 0),
                 note=f"{kept:,} kept, {notices:,} notices")  # fmt: skip


def _enough(scale: Scale) -> int:
    return int(max(1.0, scale.seconds) * PER_SECOND)


class Presses:
    """Requests that have not been made before: packages that everybody may want, members in turn."""

    def __init__(self, scale: Scale) -> None:
        self.members = min(scale.members, scale.users)
        self.open = [number for number in range(1, scale.packages + 1) if number % 3 == 1]
        self.made = 0

    def next(self, count: int) -> Sequence[bytes]:
        """Some more of them."""
        first, self.made = self.made, self.made + count
        return [self._request(number) for number in range(first, first + count)]

    def _request(self, number: int) -> bytes:
        package = self.open[(number // self.members) % len(self.open)]
        headers = {"Authorization": f"Bearer {data.token(number % self.members)}", "HX-Request": "true"}
        return load.raw("POST", f"/miniapp/packages/{data.public_id(package)}/press", headers, "place=card")


def _rows(database: str) -> tuple[int, int]:
    """(presses on all interests, notices that are due or written)."""
    engine = new_engine(database.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        presses = connection.scalar(select(func.sum(UserInterest.click_count)))
        notices = connection.scalar(select(func.sum(UserInterest.notice_count)))
    engine.dispose()
    return int(presses or 0), int(notices or 0)
