"""Every part of the bench runs, on a tiny scale, and says what it promises to. Nothing here looks at the clock."""

import os
import shutil

import pytest

from bench import bot, catalogue, data, figures, load, outbox, press, report, rights, start, sweep
from bench.processes import environment, web
from bench.scale import Scale, read

pytestmark = pytest.mark.processes
TINY = Scale(
    packages=22 + 2 * (os.getpid() % 200),  # its databases are nobody else's; even, so that no interest comes twice
    users=40,
    interests=80,
    members=20,
    workers=1,
    connections=2,
    rounds=1,
    seconds=1,
    updates=20,
    slow_updates=5,
    messages=12,
    paced_seconds=0.2,
    due=30,
    staff=5,
    periods=400,
)
PARTS = {
    start: {"start of a process", "memory of a process"},
    catalogue: {"bare Flask hello", "catalogue page", "peer: Flask + ORM + Jinja", "queries of that page, 20 packages"},
    press: {"press, 1 at once", "press, 16 at once", "presses answered but not kept"},
    bot: {"peer: telebot polling, 0 ms a call", "bot, 50 ms a call", "bot, 0 ms a call: not answered once"},
    outbox: {"worker, no limit", "worker, TELEGRAM_RATE=29.9", "told to wait (429)"},
    rights: {"SELECT 1", "rights of a request", "rights to SELECT 1"},
    figures: {
        "plain SQL over a year of periods",
        "what happened in it, told",
        "answers that differ",
        "Demanda, a year",
    },
    sweep: {"plain SQL, all at once", "expiry sweep", "one batch of it", "ends left out or doubled"},
}
TRUE_AT_ANY_SPEED = ("queries", "errors", "presses", "updates", "ends", "bars")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("bench")


@pytest.fixture
def home(folder, monkeypatch):
    monkeypatch.setenv("VITRINA_HOME", str(folder))


@pytest.fixture
def on_sqlite(home, monkeypatch):
    monkeypatch.setattr(data, "server", lambda: "")


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_a_part_reports_its_figures(part, on_sqlite):
    figures = list(part.run(TINY))
    assert PARTS[part] <= {one.work for one in figures}
    assert all(one.met is not False for one in figures if one.unit in TRUE_AT_ANY_SPEED)
    table = report.table(figures)
    assert len(table.splitlines()) == len(figures) + 2


def test_each_engine_gets_a_filled_copy_of_its_own(home, engine_kind):
    engine = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[engine_kind]
    with data.database(engine, TINY) as first:
        pass
    with data.database(engine, TINY) as again:
        found = data.new_engine(again.replace("postgresql://", "postgresql+psycopg://"))
        with found.connect() as connection:
            rows = [connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() for table in data.TABLES]
        found.dispose()
    data.forget(TINY)
    assert rows == [TINY.packages, 41, 80]
    assert first != again or engine_kind == "postgresql"


@pytest.mark.parametrize("without_wrk", [False, True])
def test_the_generator_counts_answers_and_errors(without_wrk, on_sqlite, monkeypatch, tmp_path):
    if without_wrk:
        monkeypatch.setattr(shutil, "which", lambda _name: None)
    with web("bench.bare:app", environment("", str(tmp_path)), workers=1) as (url, _pid):
        requests = [load.raw("GET", "/"), load.raw("GET", "/nothing-here")]
        sample = load.measure(url, requests, connections=2, seconds=2)
    assert sample.requests > sample.errors > 0
    assert 0 < sample.p50 <= sample.p99 <= sample.slowest


def test_a_scale_that_is_no_number_is_one_clear_line():
    with pytest.raises(SystemExit, match="BENCH_ROUNDS must be a number, not 'many'"):
        read({"BENCH_ROUNDS": "many"})
    assert read({"BENCH_SECONDS": "0.5", "BENCH_ROUNDS": "2"}).seconds == 0.5
