"""SIGTERM under load: what was begun is finished and answered; nobody is left wondering whether it was done."""

import http.client
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from tests.conftest import count
from tests.factories import PackageFactory
from tests.faults.conftest import answers, until
from tests.faults.doors import member
from tests.faults.test_killed import AHEAD, Talkers, heard, packages  # noqa: F401 (a fixture)
from webapp.base import outbox
from webapp.base.db import db, new_engine, transaction
from webapp.base.inbox import TelegramUpdate
from webapp.base.outbox import UNFINISHED, OutboxMessage
from webapp.domain.catalog.models import UserInterest

pytestmark = pytest.mark.processes
PEOPLE = ("ana", "bea", "ivo", "dora", "eve")
LONG = 120
DONE = TelegramUpdate.status == "done"


@contextmanager
def nobody_writes(app):
    """While it lasts, every write of others waits."""
    engine = new_engine(app.config["SQLALCHEMY_DATABASE_URI"])
    with engine.connect().execution_options(vitrina_writing=True) as busy, busy.begin():
        if engine.dialect.name == "postgresql":
            busy.execute(text("LOCK TABLE user_interests IN EXCLUSIVE MODE"))
        yield
    engine.dispose()


class Press:
    """One press on a connection of its own."""

    def __init__(self, visitor, kit):
        self.connection = http.client.HTTPConnection(visitor.web.removeprefix("http://"), timeout=LONG)
        self.headers = {"Authorization": f"Bearer {visitor.token}", "HX-Request": "true", "Connection": "close"}
        self.path = f"/miniapp/packages/{kit.public_id}/press"
        self.ends = ("", "")

    def send(self):
        """The status of the answer; None when no answer came, "refused" when nobody listened any more."""
        try:
            self.connection.connect()
        except ConnectionRefusedError:
            return "refused"
        here, there = self.connection.sock.getsockname(), self.connection.sock.getpeername()
        self.ends = (f":{there[1]:04X}", f":{here[1]:04X}")
        try:
            self.connection.request("POST", self.path, headers=self.headers)
            return self.connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            self.connection.close()

    def is_read(self):
        """Whether the server has taken the request from its socket (Linux)."""
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            _number, local, remote, state, queues, *_rest = line.split()
            if (local[-5:], remote[-5:], state) == (*self.ends, "01"):
                return queues.endswith(":00000000")
        return False


def clicks():
    db.session.rollback()
    return db.session.scalar(select(func.sum(UserInterest.click_count))) or 0


def test_requests_that_take_long_are_answered_before_the_web_ends(app, house, telegram):
    kit = PackageFactory()
    web = house.start_web(workers=2)
    visitors = [member(telegram, web, person) for person in PEOPLE[:4]]
    with ThreadPoolExecutor(4) as hands:
        with nobody_writes(app):
            presses = [Press(visitor, kit) for visitor in visitors]
            pressed = [hands.submit(one.send) for one in presses]
            until(lambda: all(one.is_read() for one in presses), "all four are with the web", LONG)
            house.running[0].send_signal(signal.SIGTERM)
            until(lambda: not answers(f"{web}/healthz"), "nobody new is let in", LONG)
            assert house.running[0].poll() is None, "it waits for those inside"
        assert [answer.result() for answer in pressed] == [200] * 4
    house.running[0].wait(LONG)
    assert count(UserInterest) == clicks() == 4


def test_a_web_that_ends_in_a_rush_answers_every_press_that_it_counts(house, telegram):
    kit = PackageFactory()
    web = house.start_web(workers=2)
    visitors = [member(telegram, web, person) for person in PEOPLE]
    given = []

    def keep_pressing(visitor):
        while (status := Press(visitor, kit).send()) != "refused":
            given.append(status)

    with ThreadPoolExecutor(10) as hands:
        for visitor in visitors * 2:
            hands.submit(keep_pressing, visitor)
        try:
            until(lambda: len(given) > 60, "the rush is on", LONG)
        finally:
            house.running[0].send_signal(signal.SIGTERM)
            house.running[0].wait(LONG)
    assert set(given) <= {200, None}, "no answer but a good one"
    assert clicks() == given.count(200), "a press that nobody answered was not counted"


def test_a_bot_told_to_end_while_people_write_leaves_nothing_in_doubt(house, telegram, packages):  # noqa: F811
    telegram.fault("latency", method="*", latency_ms=100, times=-1)
    talkers = Talkers(telegram)
    for _ in range(3):
        before = count(TelegramUpdate, DONE)
        talkers.allowed = before + AHEAD
        bot = house.start("bot")
        until(lambda: count(TelegramUpdate, DONE) > before + 20, "it is busy", LONG)  # noqa: B023
        bot.send_signal(signal.SIGTERM)
        assert bot.wait(LONG) == 0
        assert count(OutboxMessage, OutboxMessage.status == "leased") == 0, "nothing is left half said"
    said = talkers.stop()
    telegram.do("faults", clear=True)
    house.start("bot")
    house.start("worker")
    until(lambda: count(TelegramUpdate, DONE) == said, "the next one handles the rest", LONG)
    until(lambda: not count(OutboxMessage, OutboxMessage.status.in_(UNFINISHED)), "all is said", LONG)
    assert count(OutboxMessage, OutboxMessage.status == "sent") == said
    assert sum(len(heard(telegram, person)) for person in PEOPLE) == said


def test_a_worker_told_to_end_while_it_sends_leaves_nothing_in_doubt(house, telegram):
    for person in PEOPLE:
        telegram.do("start", person=person)
    telegram.fault("latency", method="*", latency_ms=100, times=-1)
    with transaction():
        for number in range(200):
            outbox.promise("sendMessage", 710_000_001 + number % 5, {"text": f"{number:04}"})
    worker = house.start("worker")
    until(lambda: count(OutboxMessage, OutboxMessage.status == "sent") > 20, "it is busy", LONG)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(LONG) == 0
    assert count(OutboxMessage, OutboxMessage.status == "leased") == 0, "nothing is left half sent"
    house.start("worker")
    until(lambda: not count(OutboxMessage, OutboxMessage.status.in_(UNFINISHED)), "all is sent", LONG)
    assert count(OutboxMessage, OutboxMessage.status == "sent") == 200
    assert all(heard(telegram, person) == sorted(set(heard(telegram, person))) for person in PEOPLE)


def test_a_request_that_never_comes_to_an_end_does_not_keep_the_web_from_ending(app, house, telegram):
    kit = PackageFactory()
    visitor = member(telegram, house.start_web(workers=2, patience=9), "ana")
    with ThreadPoolExecutor(1) as hands, nobody_writes(app):
        endless = Press(visitor, kit)
        hands.submit(endless.send)
        until(endless.is_read, "it is with the web", LONG)
        house.running[0].send_signal(signal.SIGTERM)
        house.running[0].wait(LONG)
    assert count(UserInterest) == 0
