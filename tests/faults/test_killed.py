"""kill -9, a hundred times, while people write: nothing is lost, nothing answered twice. FAULT_ROUNDS says how often.

Of a call whose answer the killed one never saw nobody knows whether it was done; it must be marked `unknown`.
"""

import os
import random
import re
import signal
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
import urllib3
from sqlalchemy import insert, select, update

from tests.conftest import PATIENCE, count
from tests.faults.conftest import ROOT, until
from webapp.base import outbox
from webapp.base.clock import now
from webapp.base.db import db, transaction
from webapp.base.inbox import TelegramUpdate
from webapp.base.outbox import UNFINISHED, OutboxMessage
from webapp.domain.catalog.models import ContentCategory, ContentPackage

pytestmark = pytest.mark.processes
ROUNDS = int(os.environ.get("FAULT_ROUNDS", "100"))
MOST = 3000
AHEAD = 60
PEOPLE = {"ana": 710_000_001, "bea": 710_000_002, "ivo": 710_000_003, "dora": 710_000_004, "eve": 710_000_005}
DONE = TelegramUpdate.status == "done"
SENT, UNKNOWN = OutboxMessage.status == "sent", OutboxMessage.status == "unknown"
WAITING = OutboxMessage.status.in_(UNFINISHED)


class Nursery:
    """Bots and workers that start fast; see nursery.py."""

    def __init__(self, house):
        self.house, self.alive = house, set()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery"],
            env=house.environment,
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def start(self, part, moment=None):
        """A part of its own; at `moment`, where its clock stands still, when one is told."""
        told = [] if moment is None else [moment.isoformat()]
        print(part, self.house.folder / f"{part}.log", *told, file=self.process.stdin, flush=True)
        pid = int(self.process.stdout.readline())
        self.alive.add(pid)
        return pid

    def kill(self, pid):
        os.killpg(os.getpgid(pid), signal.SIGKILL)
        until(lambda: not exists(pid), "it is dead")
        self.alive.discard(pid)

    def end(self):
        for pid in list(self.alive):
            self.kill(pid)
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.process.stdout.close()


def exists(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def nursery(house):
    found = Nursery(house)
    yield found
    found.end()


class Talkers:
    """People who ask for one package after the other, until told to stop: each answer names its question.

    All together they say no more than `allowed`, so that a slow machine is not buried under what they say.
    """

    def __init__(self, telegram):
        self.telegram, self.ended, self.said = telegram, threading.Event(), dict.fromkeys(PEOPLE, 0)
        self.pool, self.allowed = urllib3.PoolManager(maxsize=len(PEOPLE)), AHEAD
        self.threads = [threading.Thread(target=self._talk, args=(person,), daemon=True) for person in PEOPLE]
        for thread in self.threads:
            thread.start()

    def _talk(self, person):
        while self.said[person] < MOST and not self.ended.wait(0.1):
            if sum(self.said.values()) >= self.allowed:
                continue
            asked = {"person": person, "payload": f"pkg_{self.said[person]:06}"}
            assert self.pool.request("POST", f"{self.telegram.running.control}/start", json=asked).status == 200
            self.said[person] += 1

    def stop(self):
        self.ended.set()
        for thread in self.threads:
            thread.join(PATIENCE)
        return sum(self.said.values())


@pytest.fixture
def packages(app):
    """As many packages as anybody may ask for, each named by its number."""
    alike = {"category": ContentCategory.FREE_CONTENT, "search_text": ""}
    rows = [{"public_id": f"{number:06}", "name": f"Paquete {number:06}", **alike} for number in range(MOST)]
    with transaction():
        db.session.execute(insert(ContentPackage), rows)


def over():
    """What the dead have claimed is nobody's any more, without waiting half a minute for it."""
    with transaction():
        leased = update(OutboxMessage).where(OutboxMessage.status == "leased", OutboxMessage.lease_until.is_not(None))
        db.session.execute(leased.values(lease_until=now() - timedelta(seconds=1)))


def settled():
    """Waits until nothing waits to be sent; says what does, if that takes too long."""
    try:
        until(lambda: not count(OutboxMessage, WAITING), "all is settled", 300)
    except AssertionError as error:
        left = db.session.scalars(select(OutboxMessage).where(WAITING).limit(20))
        shown = [
            (one.id, one.status, one.attempts, one.lease_until, one.next_attempt_at, one.last_error) for one in left
        ]
        raise AssertionError(f"{count(OutboxMessage, WAITING)} wait at {now()}: {shown}") from error


def heard(telegram, person):
    shown = telegram.see("messages", chat=person, limit=1_000_000)["messages"]
    return [message["text"] for message in shown if message["from"]["is_bot"]]


def test_a_bot_killed_a_hundred_times_while_people_write_answers_each_once(house, nursery, telegram, packages):
    chance, talkers = random.Random(7), Talkers(telegram)
    for _ in range(ROUNDS):
        before, more = count(TelegramUpdate, DONE), chance.randrange(1, 9)
        talkers.allowed = before + AHEAD
        bot = nursery.start("bot")
        until(lambda: count(TelegramUpdate, DONE) >= before + more, "it is in the middle of its work", 120)  # noqa: B023
        nursery.kill(bot)
    said = talkers.stop()
    over()
    nursery.start("bot")
    nursery.start("worker")
    until(lambda: count(TelegramUpdate, DONE) == said, "all is handled", 300)
    settled()
    assert count(TelegramUpdate) == count(OutboxMessage, OutboxMessage.method == "sendMessage") == said
    assert count(OutboxMessage, SENT) + count(OutboxMessage, UNKNOWN) == said
    answers = 0
    for person in PEOPLE:
        named = [re.search(r"Paquete (\d{6})", text)[1] for text in heard(telegram, person)]
        assert len(named) == len(set(named)), f"{person} was answered twice"
        answers += len(named)
    print(f"{ROUNDS} kills, {said} updates, {answers} answers, {count(OutboxMessage, UNKNOWN)} unknown")
    assert count(OutboxMessage, SENT) <= answers <= said


def test_a_killed_worker_sends_nothing_twice_and_keeps_every_chats_order(house, nursery, telegram):
    for person in PEOPLE:
        telegram.do("start", person=person)
    telegram.fault("latency", method="sendMessage", latency_ms=30, times=-1)
    promised = 0
    for _ in range(max(2, ROUNDS // 5)):
        with transaction():
            for number, chat in ((promised + step, chat) for step in range(4) for chat in PEOPLE.values()):
                outbox.promise("sendMessage", chat, {"text": f"{number:06}"})
        promised += 4
        before = count(OutboxMessage, SENT)
        worker = nursery.start("worker")
        until(lambda: count(OutboxMessage, SENT) > before, "it is in the middle of its work", 120)  # noqa: B023
        nursery.kill(worker)
        over()
    telegram.do("faults", clear=True)
    nursery.start("worker")
    settled()
    for person in PEOPLE:
        texts = heard(telegram, person)
        assert texts == sorted(set(texts)), person
    arrived = sum(len(heard(telegram, person)) for person in PEOPLE)
    print(f"{promised * len(PEOPLE)} promised, {arrived} arrived, {count(OutboxMessage, UNKNOWN)} unknown")
    assert count(OutboxMessage, SENT) + count(OutboxMessage, UNKNOWN) == promised * len(PEOPLE)
    assert count(OutboxMessage, SENT) <= arrived
