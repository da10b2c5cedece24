"""The statistics of a year: days that are told, days counted from their rows, and plain SQL over the same rows."""

import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from statistics import median

from sqlalchemy import text

from bench import data
from bench.report import Figure, at_most
from bench.scale import Scale
from webapp import create_app
from webapp.base.clock import now
from webapp.base.db import db, new_engine, transaction
from webapp.domain.insights import daily, demand, members, revenue
from webapp.domain.insights.flows import counted
from webapp.domain.insights.ranges import bars, choose

GOAL = 0.1
PAGE, ASKED = 150.0, 50.0
ZONE = "America/Mexico_City"
# Everybody began up to a year ago and renews each month; some get days as a gift, or end and begin again.
FILL = (
    """INSERT INTO vip_subscribers (user_id, plan_name, duration_days, price, currency, status, channel_state, attempts,
    join_date, expiry_date, created_at, updated_at, reminder_rules)
    SELECT user_id, 'Mensual', 30, 350, 'MXN', 'active', 'member', 0, {born}, {end}, {born}, {born}, 1 FROM users""",
    "CREATE TABLE bench_numbers (i INTEGER PRIMARY KEY)",
    "INSERT INTO bench_numbers (i) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {each}) "
    "SELECT i FROM n",
    """INSERT INTO subscription_periods (subscriber_id, what, days, price, currency, "by", by_label, starts_at, ends_at,
    created_at) SELECT s.id, {what}, 30, CASE WHEN {what} IN ('start', 'extend') THEN 350 ELSE 0 END,
    CASE {what} WHEN 'expire' THEN NULL ELSE 'MXN' END, 'x', 'x', {at}, {over}, {at}
    FROM bench_numbers k CROSS JOIN vip_subscribers s ORDER BY k.i, s.id""",
    "DROP TABLE bench_numbers",
)
WHAT = """(CASE WHEN k.i = 1 THEN 'start' WHEN (s.id + k.i) % 20 = 0 THEN 'gift'
    WHEN (s.id + k.i) % 10 = 3 THEN 'expire' ELSE 'extend' END)"""
PLAIN = text(
    "SELECT what, currency, count(*), sum(price) FROM subscription_periods WHERE created_at >= :starts GROUP BY 1, 2"
)


def run(scale: Scale) -> Iterator[Figure]:
    """All in this process, on a copy of the database with a year of periods in it."""
    for engine in data.engines():
        with data.database(engine, scale) as url, tempfile.TemporaryDirectory() as folder:
            _fill(url, max(1, scale.periods // scale.users))
            app = create_app(
                _env_file=None, vitrina_env="test", vitrina_home=Path(folder), database_url=url, log_level="WARNING"
            )
            with app.app_context():
                yield from _measured(engine, scale.rounds)
                db.session.remove()
                db.engine.dispose()


def _measured(engine: str, rounds: int) -> Iterator[Figure]:
    wanted = choose("year", ZONE)
    since = now() - timedelta(days=365)
    plain = _median(lambda: db.session.execute(PLAIN, {"starts": since}).all(), rounds)
    yield Figure("plain SQL over a year of periods", engine, plain, "ms", rounds)
    cuts = [one for _day, one in bars(wanted)]
    before = _median(lambda: counted(cuts), rounds)
    yield Figure("what happened in it, counted", engine, before, "ms", rounds, before / plain, "plain SQL")
    page = _median(lambda: members.members(wanted), rounds)
    began, truth = time.perf_counter(), counted(cuts)
    told = 0
    while True:
        with transaction():
            made = daily.make_due()
        if not made:
            break
        told += made
    yield Figure("telling its days", engine, 1000 * (time.perf_counter() - began), "ms", note=f"{told} days")
    after = _median(lambda: daily.flows(cuts), rounds)
    ratio = after / plain
    yield Figure("what happened in it, told", engine, after, "ms", rounds, ratio, "plain SQL", f"≤ {GOAL:g}",
                 ratio <= GOAL)  # fmt: skip
    wrong = sum(one != other for one, other in zip(daily.flows(cuts), truth, strict=True))
    yield Figure("answers that differ", engine, wrong, "bars", **at_most(wrong, 0))
    shown = _median(lambda: members.members(wanted), rounds)
    yield Figure("Miembros VIP, a year", engine, shown, "ms", rounds, shown / plain, "plain SQL",
                 **at_most(shown, PAGE, "ms"), note=f"{page:.0f} ms before")  # fmt: skip
    rich = _median(lambda: revenue.revenue(wanted), rounds)
    yield Figure("Dinero, a year", engine, rich, "ms", rounds, rich / plain, "plain SQL")
    asked = _median(lambda: demand.demand(wanted), rounds)
    yield Figure("Demanda, a year", engine, asked, "ms", rounds, **at_most(asked, ASKED, "ms"))


def _median(call: Callable[[], object], rounds: int) -> float:
    """Milliseconds that a question takes; the first one, which fills caches, does not count."""
    found = []
    for _round in range(rounds + 1):
        began = time.perf_counter()
        call()
        found.append(1000 * (time.perf_counter() - began))
        db.session.rollback()
    return median(found[1:])


def _fill(url: str, each: int) -> None:
    engine = new_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    ago = data.AGO[engine.dialect.name]
    step = 364 // each
    at = f"86400 * (364 - (k.i - 1) * {step}) - (s.id * 7919) % {86400 * max(1, step)}"
    words = {"each": str(each), "what": WHAT, "at": ago.format(at), "over": ago.format(f"{at} - 2592000")}
    words |= {"born": ago.format("31449600"), "end": ago.format("0")}
    with engine.begin() as connection:
        for statement in FILL:
            connection.execute(text(statement.format(**words)))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE" if engine.dialect.name == "postgresql" else "ANALYZE")
    engine.dispose()
