"""The showcase's first page for signed-in members, with their own marks, against bare Flask and the ORM peer."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from sqlalchemy import event

from bench import data, load
from bench.processes import environment, memory, web
from bench.report import Figure, at_least, at_most
from bench.scale import Scale
from webapp import create_app
from webapp.base import reads
from webapp.base.db import db

GOALS = {"SQLite": 0.30, "PostgreSQL": 0.18}
PEER_TIMES = 5.0
MOST_MEMORY = 90.0
MOST_QUERIES = 2
FEW = Scale(packages=20, users=40, interests=80, members=20)


def run(scale: Scale) -> Iterator[Figure]:
    """Pages a second, their ratios, memory, and the number of queries."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        hello = [load.raw("GET", "/")]
        pages = [load.raw("GET", "/miniapp/", _asking(member)) for member in range(scale.members)]
        bare = stack.enter_context(web("bench.bare:app", environment("", folder), workers=scale.workers))
        targets = {"bare": load.Target(*bare, lambda _turn: hello)}
        for engine in data.engines():
            env = environment(stack.enter_context(data.database(engine, scale)), folder)
            for name, app, ready in (("ours", "wsgi:app", "/healthz"), ("peer", "bench.peer:app", "/ready")):
                server = stack.enter_context(web(app, env, workers=scale.workers, ready=ready))
                targets[f"{name} {engine}"] = load.Target(*server, lambda _turn: pages)
        for one in targets.values():
            load.measure(one.url, one.requests(0), connections=scale.connections, seconds=1)
        results = load.in_turns(targets, rounds=scale.rounds, seconds=scale.seconds, connections=scale.connections)
        sizes = {name: memory(one.pid) for name, one in targets.items()}
    yield from _figures(results, sizes)
    for engine in data.engines():
        yield from queries(engine, scale)


def _figures(results: dict[str, load.Result], sizes: dict[str, float]) -> Iterator[Figure]:
    bare = results["bare"]
    yield Figure("bare Flask hello", "–", bare.rate, "req/s", len(bare.samples), note=times(bare))
    for engine in data.engines():
        ours, peer = results[f"ours {engine}"], results[f"peer {engine}"]
        count = len(ours.samples)
        yield Figure("catalogue page", engine, ours.rate, "req/s", count, limit="bare hello",
                     **at_least(ours.rate / bare.rate, GOALS[engine]), note=times(ours, bare))  # fmt: skip
        yield Figure("peer: Flask + ORM + Jinja", engine, peer.rate, "req/s", count, limit="bare hello",
                     ratio=peer.rate / bare.rate, note=times(peer, bare))  # fmt: skip
        yield Figure("catalogue page", engine, ours.rate, "req/s", count, limit="that peer",
                     **at_least(ours.rate / peer.rate, PEER_TIMES))  # fmt: skip
        size = sizes[f"ours {engine}"]
        yield Figure("memory of a web process under load", engine, size, "MB", **at_most(size, MOST_MEMORY, "MB"))


def times(result: load.Result, limit: load.Result | None = None) -> str:
    """Latency, and what a request costs the server in CPU, as a share of what the limit's costs."""
    errors = f" · {result.errors} ERRORS" if result.errors else ""
    share = f" (ratio {limit.cost / result.cost:.3f})" if limit and result.cost else ""
    return f"p50 {result.p50:.1f} p99 {result.p99:.1f} ms · cpu {result.cost:.0f} µs{share}{errors}"


def _asking(member: int) -> dict[str, str]:
    return {"Authorization": f"Bearer {data.token(member)}", "HX-Request": "true", "Accept-Language": "es"}


def queries(engine: str, scale: Scale) -> Iterator[Figure]:
    """How many queries one page asks, drawn for the first time and kept, with few packages and with many."""
    for size in (replace(FEW, workers=scale.workers), scale):
        with data.database(engine, size) as url, tempfile.TemporaryDirectory() as folder:
            counts = count_queries(url, folder)
        note = f"first, then kept: {', '.join(map(str, counts))}"
        yield Figure(f"queries of that page, {size.packages:,} packages", engine, max(counts), "queries", len(counts),
                     **at_most(max(counts), MOST_QUERIES), note=note)  # fmt: skip


def count_queries(url: str, folder: str) -> Sequence[int]:
    """Queries of the page asked three times in this process, by three members."""
    app = create_app(vitrina_env="test", vitrina_home=folder, database_url=url, log_level="WARNING")
    asked: list[str] = []
    plain = reads.rows

    def counted(sql: str, params: Any) -> Any:
        asked.append(sql)
        return plain(sql, params)

    found = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda _c, _k, sql, *_rest: _note(asked, sql))
    with patch.object(reads, "rows", counted):
        for member in (1, 3, 5):
            asked.clear()
            answer = app.test_client().get("/miniapp/", headers=_asking(member))
            if answer.status_code != 200:
                raise RuntimeError(f"the page answered {answer.status}")
            found.append(len(asked))
    with app.app_context():
        reads.forget()
        db.engine.dispose()
    return found


def _note(asked: list[str], sql: str) -> None:
    if not sql.startswith("BEGIN"):
        asked.append(sql)
