"""The worker: woken by a promise, and by its own beat when the wake-up was lost; cleans up at night."""

import threading
from datetime import timedelta

import pytest
import time_machine
from huey import RedisHuey, SqliteHuey

from tests.conftest import PATIENCE, REDIS, count
from tests.factories import UserFactory
from webapp import jobs
from webapp.base import leases, outbox
from webapp.base.clock import now
from webapp.base.db import db, transaction
from webapp.base.outbox import OutboxMessage
from webapp.domain.channels import checks
from webapp.domain.sessions import devices
from webapp.domain.sessions.models import UserSession
from webapp.domain.settings import config
from webapp.domain.users.models import Reach, User
from webapp.domain.users.people import as_actor
from webapp.jobs import delivery, sweeps

ANA = 710_000_001


@pytest.fixture
def huey(app):
    huey, wake = app.extensions["huey"], app.extensions["wake"]
    wake.settle()
    huey.flush()
    yield huey
    wake.settle()
    huey.flush()


@pytest.fixture
def reachable(app, telegram, monkeypatch):
    """The app's gateway speaks with the simulated Telegram, where Ana has begun a chat."""
    monkeypatch.setattr(app.extensions["gateway"], "api_url", telegram.url)
    telegram.do("start", person="ana")
    return telegram


def promise(text="hola"):
    with transaction():
        outbox.promise("sendMessage", ANA, {"text": text})


def test_a_promise_wakes_the_worker_once_it_is_durable(app, huey):
    with transaction():
        outbox.promise("sendMessage", ANA, {"text": "uno"})
        outbox.promise("sendMessage", ANA, {"text": "dos"})
        assert huey.pending_count() == 0
    app.extensions["wake"].settle()
    assert huey.pending_count() == 1


def test_a_promise_that_is_rolled_back_wakes_nobody(app, huey):
    with pytest.raises(ZeroDivisionError), transaction():
        outbox.promise("sendMessage", ANA, {"text": "uno"})
        _ = 1 / 0
    app.extensions["wake"].settle()
    assert huey.pending_count() == 0


def test_woken_the_worker_delivers(app, huey, reachable):
    promise()
    app.extensions["wake"].settle()
    huey.execute(huey.dequeue())
    assert reachable.texts("ana") == ["hola"]


def test_a_queue_that_is_away_does_not_undo_the_deed(app, monkeypatch):
    def away():
        raise OSError

    wake = jobs.Waker(away)
    monkeypatch.setitem(app.extensions, "wake", wake)
    promise()
    wake.settle()
    assert count(OutboxMessage) == 1


def test_many_who_ask_meanwhile_are_one_wake_up(app):
    heard, slowly = [], threading.Event()

    def put():
        slowly.wait(PATIENCE)
        heard.append(1)

    wake = jobs.Waker(put)
    for _ in range(50):
        wake()
    slowly.set()
    wake.settle()
    assert 1 <= len(heard) <= 2


def test_the_beat_is_a_sign_of_life(app):
    assert leases.seconds_since_beat("worker") is None
    sweeps.beat(lambda: None)
    assert leases.seconds_since_beat("worker") < PATIENCE


def test_the_beat_wakes_only_when_something_is_due(app):
    heard = []
    sweeps.beat(lambda: heard.append(1))
    assert heard == []
    promise()
    sweeps.beat(lambda: heard.append(1))
    assert heard == [1]


def test_while_the_queue_is_away_the_beat_delivers_by_itself(app, reachable, monkeypatch):
    def away():
        raise ConnectionError

    wake, stop = jobs.Waker(away), threading.Event()
    stop.set()
    promise()
    wake()
    wake.settle()
    monkeypatch.setitem(app.extensions, "wake", wake)
    jobs._keep_beating(app, stop)
    assert reachable.texts("ana") == ["hola"]


def test_who_blocked_the_bot_is_noted(reachable, app):
    UserFactory(user_id=ANA)
    reachable.do("block", person="ana")
    promise()
    delivery.deliver()
    db.session.rollback()
    assert db.session.get(User, ANA).reach is Reach.BLOCKED


def test_at_night_old_rows_go_and_young_ones_stay(ana, reachable):
    promise()
    delivery.deliver()
    with transaction():
        devices.start("miniapp", by=as_actor(ana), user_id=ana.user_id)
    sweeps.clean()
    assert (count(OutboxMessage), count(UserSession)) == (1, 1)
    with time_machine.travel(now() + timedelta(days=120), tick=False):
        sweeps.clean()
    assert (count(OutboxMessage), count(UserSession)) == (0, 0)


def test_the_queue_is_a_file_unless_redis_is_named(databases):
    assert isinstance(jobs._queue(databases.settings("sqlite")), SqliteHuey)
    assert isinstance(jobs._queue(databases.settings("sqlite", redis_url="redis://127.0.0.1:9/0")), RedisHuey)


@pytest.mark.skipif(not REDIS, reason="TEST_REDIS_URL names no server")
def test_redis_carries_a_wake_up_too(databases):
    huey = jobs._queue(databases.settings("sqlite", redis_url=REDIS))
    huey.flush()
    task = huey.task(name="nothing")(lambda: None)
    task()
    assert huey.pending_count() == 1
    huey.flush()


def test_the_bots_rights_are_looked_at_now_and_then_but_not_while_somebody_does(app):
    with transaction():
        config.current().vip_channel_id, config.current().free_channel_id = -1001000000002, -1001000000001
        checks.ask_place("free", "@otro", bot_id=8)
    sweeps.look_around()
    asked = db.session.scalars(db.select(OutboxMessage.payload).where(OutboxMessage.method == "getChat")).all()
    assert sorted(str(one["chat_id"]) for one in asked) == ["-1001000000002", "@otro"]


def test_without_channels_nothing_is_looked_at(app):
    sweeps.look_around()
    assert count(OutboxMessage) == 0
