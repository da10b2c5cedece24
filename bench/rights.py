"""What the panel asks on every request of somebody who may not everything: their rights, against a bare SELECT 1."""

import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from statistics import median
from typing import Any

from sqlalchemy import insert, text

from bench import data
from bench.report import Figure, at_most
from bench.scale import Scale
from webapp import create_app
from webapp.base.clock import now
from webapp.base.db import connection, db, transaction
from webapp.domain.staff import rights
from webapp.domain.staff.models import StaffRole, StaffUser, UserAgentPermission

MILLISECOND, RATIO = 1.0, 2.0
SMALL = Scale(packages=20, users=40, interests=80, members=20)
BARE = text("SELECT 1")


def run(scale: Scale) -> Iterator[Figure]:
    """Rights of one account after the other, and the bare query, in turns in one process."""
    for engine in data.engines():
        with data.database(engine, SMALL) as url, tempfile.TemporaryDirectory() as folder:
            app = create_app(vitrina_env="test", vitrina_home=folder, database_url=url, log_level="WARNING")
            with app.app_context():
                people = _fill(scale.staff)
                bare, asked = _measure(people, scale.rounds)
                db.session.remove()
                db.engine.dispose()
        rows = f"{scale.staff:,} people × {len(rights.GRANTABLE)} sections"
        yield Figure("SELECT 1", engine, 1000 * bare, "ms", scale.rounds)
        yield Figure("rights of a request", engine, 1000 * asked, "ms", scale.rounds,
                     **at_most(1000 * asked, MILLISECOND, "ms"), note=rows)  # fmt: skip
        yield Figure("rights to SELECT 1", engine, asked / bare, "times", scale.rounds, asked / bare, "SELECT 1",
                     f"≤ {RATIO:g}", asked / bare <= RATIO)  # fmt: skip


def _measure(people: list[StaffUser], rounds: int) -> tuple[float, float]:
    """Seconds of (a bare query, one's rights), each the median of its rounds."""
    for person in people[:50]:
        rights.of(person)
    found = [(_each(people, lambda _one: connection().execute(BARE).all()), _each(people, rights.of))
             for _round in range(rounds)]  # fmt: skip
    return median(one[0] for one in found), median(one[1] for one in found)


def _each(people: list[StaffUser], ask: Callable[[StaffUser], Any]) -> float:
    began = time.perf_counter()
    for person in people:
        ask(person)
    return (time.perf_counter() - began) / len(people)


def _fill(number: int) -> list[StaffUser]:
    """So many accounts of the team, each with every section; half of them until a day. They are read already."""
    moment, end = now(), now() + timedelta(days=30)
    acts = dict.fromkeys((f"can_{act}" for act in rights.ACTS), True)
    staff = [StaffUser(id=uuid.uuid4(), email=f"p{n}@vitrina.example", full_name="Hugo Paz", role=StaffRole.USER,
                       is_active=True) for n in range(number)]  # fmt: skip
    given = [
        {"user_id": one.id, "agent_name": section, "expires_at": end if n % 2 else None, "granted_at": moment,
         "is_active": True, **acts}
        for n, one in enumerate(staff) for section in rights.GRANTABLE
    ]  # fmt: skip
    with transaction():
        db.session.add_all(staff)
        db.session.flush()
        db.session.execute(insert(UserAgentPermission), given, execution_options={"noted": True})
    for one in staff:
        db.session.refresh(one)
    return staff
