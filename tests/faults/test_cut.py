"""The database is cut off, or held by somebody, while all are busy: polite words, no half writes, and on it goes."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, func, select, text

from tests.conftest import ENGINES, count
from tests.factories import PackageFactory
from tests.faults.conftest import until
from tests.faults.doors import member, staff
from tests.faults.test_drain import LONG, PEOPLE, nobody_writes
from tests.faults.test_killed import AHEAD, DONE, WAITING, Talkers, heard, packages  # noqa: F401 (a fixture)
from webapp.base.db import db
from webapp.base.inbox import TelegramUpdate
from webapp.base.outbox import OutboxMessage
from webapp.domain.audit.models import AuditLog
from webapp.domain.catalog.models import UserInterest

pytestmark = pytest.mark.processes
SORRY = ("Estamos teniendo un problema.", "We’re having a problem.", "Estamos com um problema.")


only_postgresql = pytest.mark.parametrize("engine_kind", [kind for kind in ENGINES if kind == "postgresql"])


def cut(app):
    """Ends every connection to the database but ours, as a restart of the server does; returns how many."""
    db.session.rollback()
    db.engine.dispose()
    engine = create_engine(app.config["SQLALCHEMY_DATABASE_URI"], isolation_level="AUTOCOMMIT")
    others = "pid <> pg_backend_pid() AND datname = current_database()"
    with engine.connect() as knife:
        ended = len(knife.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")).all())
    engine.dispose()
    return ended


def said(answer):
    return answer.data.decode()


@only_postgresql
def test_connections_cut_under_load_leave_no_half_writes_and_come_back(app, house, telegram, engine_kind):
    kit = PackageFactory()
    web = house.start_web(workers=2)
    visitors = [member(telegram, web, person) for person in PEOPLE]
    path, given, ended = f"/miniapp/packages/{kit.public_id}/press", [], threading.Event()

    def keep_pressing(visitor):
        while not ended.is_set():
            given.append(visitor.ask(path, {}, **{"HX-Request": "true"}))

    with ThreadPoolExecutor(8) as hands:
        presses = [hands.submit(keep_pressing, visitor) for visitor in visitors]
        try:
            for _ in range(10):
                before = len(given)
                until(lambda: len(given) > before + 20, "the rush is on", LONG)  # noqa: B023
                assert cut(app)
            before = len(given)
            until(lambda: [one.status for one in given[before:]].count(200) > 20, "it serves again", LONG)
        finally:
            ended.set()
        for done in presses:
            done.result()
    statuses = [answer.status for answer in given]
    assert set(statuses) <= {200, 503}
    lost = [answer for answer in given if answer.status == 503]
    assert all(answer.headers["Retry-After"] and any(words in said(answer) for words in SORRY) for answer in lost)
    counted = db.session.scalar(select(func.sum(UserInterest.click_count)))
    assert statuses.count(200) <= counted <= statuses.count(200) + len(lost)  # cut between the commit and its answer
    assert count(AuditLog, AuditLog.resource_type == "user_interests") == counted, "each press with its audit row"
    print(f"{len(given)} presses, {len(lost)} of them told to come back, {counted} counted")


@only_postgresql
def test_bot_and_worker_come_back_by_themselves(app, house, telegram, packages, engine_kind):  # noqa: F811
    bot, worker = house.start("bot"), house.start("worker")
    talkers = Talkers(telegram)
    for _ in range(8):
        before = count(TelegramUpdate, DONE)
        talkers.allowed = before + AHEAD
        until(lambda: count(TelegramUpdate, DONE) > before + 10, "it goes on", LONG)  # noqa: B023
        cut(app)
    asked = talkers.stop()
    until(lambda: count(TelegramUpdate, DONE) == asked, "all is handled", LONG)
    until(lambda: not count(OutboxMessage, WAITING), "all is said", 2 * LONG)
    assert bot.poll() is None and worker.poll() is None
    unknown = count(OutboxMessage, OutboxMessage.status == "unknown")
    arrived = [heard(telegram, person) for person in PEOPLE]
    assert asked - unknown <= sum(map(len, arrived)) <= asked
    assert "Traceback" not in house.logs()


def test_a_database_that_somebody_holds_for_long_is_waited_for_and_then_a_clear_answer(app, house, telegram):
    kit = PackageFactory()
    web = house.start_web(workers=1)
    ana, rita = member(telegram, web, "ana"), staff(web)
    path = f"/miniapp/packages/{kit.public_id}/press"
    with nobody_writes(app):
        refused = ana.ask(path, {}, **{"HX-Request": "true", "Accept-Language": "es"})
        assert rita.ask("/panel/").status == ana.ask("/miniapp/").status == 200, "who only reads is served"
    assert (refused.status, refused.headers["Retry-After"]) == (503, "3")
    assert SORRY[0] in said(refused), "in Ana's language"
    assert count(UserInterest) == 0
    assert ana.ask(path, {}, **{"HX-Request": "true"}).status == 200
    assert count(UserInterest) == 1
