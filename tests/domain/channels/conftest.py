"""The two channels of a creator, plans and codes, and a worker turned by hand against the simulated Telegram."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask

from tests.conftest import Telegram
from webapp.base.db import db, transaction
from webapp.base.pace import Pacer
from webapp.base.sender import Sender
from webapp.base.telegram import Gateway
from webapp.domain.audit.actors import Actor
from webapp.domain.channels import members, plans, requests, results, subscriptions, tokens
from webapp.domain.channels.models import SubscriptionPlan, VIPSubscriber
from webapp.domain.settings import config
from webapp.domain.users.models import User
from webapp.domain.users.people import as_actor
from webapp.jobs import clockwork

CAIO = Actor("staff", "caio", "Caio Lima", source="ADMIN_PANEL")
FREE, VIP = -1001000000001, -1001000000002


@pytest.fixture(autouse=True)
def channels(app: Flask) -> None:
    with transaction():
        settings = config.current()
        settings.vip_channel_id, settings.free_channel_id = VIP, FREE


@pytest.fixture
def plan(app: Flask) -> SubscriptionPlan:
    with transaction():
        values = {"name": "Mensual", "duration_days": 30, "price": "350", "currency": "MXN"}
        return plans.create(values, by=CAIO)


@pytest.fixture
def code(plan: SubscriptionPlan) -> str:
    with transaction():
        return tokens.issue(plan, by=CAIO)[0].code


class Clock:
    """The time, moved by hand; each move lets the worker do what is due then."""

    def __init__(self, traveller: Any) -> None:
        self._traveller = traveller

    def forward(self, **more: float) -> None:
        self._traveller.shift(timedelta(**more))


@pytest.fixture
def clock() -> Iterator[Clock]:
    with time_machine.travel(datetime(2026, 11, 20, 12, tzinfo=UTC), tick=False) as traveller:
        yield Clock(traveller)


class Worker:
    """What the worker process does, turned by hand: the clockwork, then everything that waits to be sent."""

    def __init__(self, app: Flask, telegram: Telegram) -> None:
        gateway = Gateway(telegram.running.token, telegram.url)
        pacer = Pacer(0)  # its own: what other tests were told to wait for lies in another time
        self.sender = Sender(gateway, pacer, app.extensions["storage"], settled=results.settle)

    def turn(self) -> None:
        clockwork.turn(1.0)
        while self.sender.deliver():
            pass
        db.session.rollback()


@pytest.fixture
def worker(app: Flask, telegram: Telegram) -> Iterator[Worker]:
    made = Worker(app, telegram)
    yield made
    made.sender.close()


@pytest.fixture
def given(plan: SubscriptionPlan) -> Callable[..., VIPSubscriber]:
    """Somebody redeems a code of the plan; `inside`: and has entered the channel."""

    def give(user: User, *, inside: bool = False) -> VIPSubscriber:
        with transaction():
            code = tokens.issue(plan, by=CAIO)[0].code
        with transaction():
            subscriber = tokens.redeem(code, user, by=as_actor(user))
        if inside:
            with transaction():
                members.note(VIP, person(user), "member")
        return subscriber

    return give


def person(user: User) -> dict[str, object]:
    """Telegram's User object of somebody."""
    return {"id": user.user_id, "is_bot": False, "first_name": user.first_name, "username": user.username}


def ask_to_join(user: User) -> None:
    with transaction():
        requests.receive(FREE, person(user), user.user_id)


def now_of(user: User) -> VIPSubscriber:
    """Somebody's subscription as the database has it."""
    db.session.rollback()
    db.session.expire_all()
    found = subscriptions.of(user.user_id)
    assert found is not None
    return found
