"""People who buy, renew, pause and leave on the days that a test says. The creator lives in Mexico City (UTC−6)."""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from tests.panel.conftest import counted as counted
from webapp.base.db import db, transaction
from webapp.domain.audit.actors import Actor
from webapp.domain.channels import expiry, subscriptions
from webapp.domain.channels.models import OPEN, VIPSubscriber
from webapp.domain.channels.plans import Sale
from webapp.domain.users.models import RoleChangeReason, User

CAIO = Actor("staff", "caio", "Caio Lima", source="ADMIN_PANEL")
ZONE = "America/Mexico_City"


class Story:
    """The creator's calendar: `on` a day something happens; moments are "2026-03-01" or "2026-03-01 18:30", theirs."""

    def __init__(self, machine: time_machine.Traveller, zone: str = ZONE) -> None:
        self.machine, self.zone = machine, zone

    def on(self, day: str) -> None:
        """The time is now this; what ended on the way was swept when it did."""
        row = VIPSubscriber
        while True:
            db.session.rollback()
            due = db.session.scalar(select(func.min(row.expiry_date)).where(row.status.in_(OPEN)))
            if due is None or due > self.at(day):
                break
            self.machine.move_to(due)
            with transaction():
                expiry.sweep()
        self.machine.move_to(self.at(day))

    def at(self, day: str) -> datetime:
        """The moment of a local day, at noon if it has no hour."""
        words = day if " " in day else f"{day} 12:00"
        return datetime.fromisoformat(words).replace(tzinfo=ZoneInfo(self.zone))

    def buys(self, day: str, user: User, price: object = 300, days: int = 30, currency: str = "MXN") -> None:
        """Pays for days: begins, or renews."""
        self.on(day)
        sale = Sale("Plan", days, Decimal(str(price)), currency)
        with transaction():
            subscriptions.add(db.session.merge(user), sale, by=CAIO, reason=RoleChangeReason.VIP_REDEEMED)

    def is_given(self, day: str, user: User, days: int) -> None:
        """Gets days for nothing."""
        self.on(day)
        with transaction():
            subscriptions.gift(db.session.merge(user), days, by=CAIO, reason="Regalo")

    def pauses(self, day: str, user: User) -> None:
        self.on(day)
        with transaction():
            subscriptions.pause(self.of(user), by=CAIO, reason="Vacaciones")

    def resumes(self, day: str, user: User) -> None:
        self.on(day)
        with transaction():
            subscriptions.resume(self.of(user), by=CAIO)

    def is_revoked(self, day: str, user: User) -> None:
        self.on(day)
        with transaction():
            subscriptions.revoke(self.of(user), by=CAIO, reason="Reventa")

    def is_corrected(self, day: str, user: User, until: str) -> None:
        self.on(day)
        with transaction():
            subscriptions.correct(self.of(user), self.at(until), by=CAIO, reason="Error de fecha")

    @staticmethod
    def of(user: User) -> VIPSubscriber:
        found = subscriptions.of(user.user_id)
        assert found is not None
        return found


@pytest.fixture
def story(app: Flask) -> Iterator[Story]:
    with time_machine.travel(datetime(2026, 1, 1, 12, tzinfo=ZoneInfo(ZONE)), tick=False) as machine:
        yield Story(machine)


@pytest.fixture
def queries(counted: Callable[[Callable[[], object]], int]) -> Callable[[Callable[[], object]], int]:
    """How many statements a question sends, the BEGIN that SQLite needs among them."""

    def count(call: Callable[[], object]) -> int:
        db.session.rollback()
        return counted(call)

    return count
