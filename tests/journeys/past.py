"""Two months of a showcase and its channels, lived through the deeds of the domain, each at its time."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import time_machine
from flask_migrate import upgrade
from sqlalchemy import select, update

from webapp import create_app, demo
from webapp.base.db import db, get, transaction
from webapp.base.outbox import UNFINISHED, OutboxMessage
from webapp.base.search import plain
from webapp.domain.audit.actors import Actor
from webapp.domain.catalog import interests
from webapp.domain.catalog.models import ContentPackage, UserInterest
from webapp.domain.channels import expiry, members, plans, requests, subscriptions, tokens
from webapp.domain.settings import config
from webapp.domain.users import people
from webapp.domain.users.models import Reach, User

ROOT = Path(__file__).parent.parent.parent
DORA = Actor("user", str(demo.DORA), "Dora Ruiz")
DAYS = 60
FIRST = 720_000_001
NAMES = """Lucía Romero, Mateo Vidal, Sofía Prado, Diego Luna, Valeria Ríos, Bruno Salas, Camila Soto, Iván Mora,
Renata Cruz, Emilio Vega, Julia Campos, Andrés Peña, Marina Gil, Tomás Rey, Elena Duarte, Hugo Serra, Paula Nieto,
Raúl Bravo, Irene Lobo, Óscar Ferrer, Nadia Roca, Samuel Pardo, Carla Medina, Joel Arias, Alma Fuentes, Leo Castro,
Inés Varela, Nico Robles, Sara Molina, Gael Ortega"""
Event = tuple[datetime, Callable[[], object]]


def live(folder: Path) -> None:
    """Fills the database of a Vitrina that lives in `folder`."""
    app = create_app(
        _env_file=None, vitrina_env="test", vitrina_home=folder, database_url="", redis_url="", jobs_url=""
    )
    with app.app_context():
        upgrade(str(ROOT / "migrations"))
        start = datetime.now(UTC) - timedelta(days=DAYS)
        with time_machine.travel(start, tick=False):
            demo.seed()
        for at, deed in sorted(events(start, random.Random(7)), key=lambda event: event[0]):
            if at < datetime.now(UTC):
                with time_machine.travel(at, tick=False), transaction():
                    deed()
        with transaction():
            subscriptions.gift(people.get_user(demo.BEA), 30, by=DORA, reason="Datos de ejemplo")
        with transaction():  # what was to be said to them was said then
            said = update(OutboxMessage).where(OutboxMessage.status.in_(UNFINISHED)).values(status="sent")
            db.session.execute(said)
        db.session.remove()
        db.engine.dispose()


def events(start: datetime, dice: random.Random) -> list[Event]:
    """What happens, and when."""
    found: list[Event] = []
    for number in range(NAMES.count(",") + 1):
        user_id = FIRST + number
        at = start + timedelta(days=1.9 * number, hours=dice.randrange(9, 22) - 12)
        found.append((at, partial(arrive, user_id)))
        found.append((at + timedelta(minutes=7), partial(ask_for_free, user_id)))
        if dice.random() < 0.7:
            found += subscribe(user_id, at + timedelta(hours=dice.randrange(1, 70)), dice)
    for _ in range(240):
        at = start + timedelta(hours=dice.randrange(24, 24 * DAYS))
        found.append((at, partial(press_one, at, dice.random())))
    found += [(at + timedelta(hours=dice.randrange(1, 30)), attend_oldest) for at, _deed in found[-230:]]
    found += [(start + timedelta(hours=6 * turn), expiry.sweep) for turn in range(1, 4 * DAYS)]
    return found


def subscribe(user_id: int, at: datetime, dice: random.Random) -> list[Event]:
    """Buys, comes in, and buys again or does not."""
    found: list[Event] = [(at, partial(buy, user_id)), (at + timedelta(hours=1), partial(come_in, user_id))]
    while dice.random() < 0.7 and len(found) < 8:
        at += timedelta(days=dice.choice((28, 29, 30, 31)))
        found.append((at, partial(buy, user_id)))
    return found


def told(user_id: int) -> dict[str, object]:
    """What Telegram says of a person."""
    first, last = NAMES.replace("\n", " ").split(", ")[user_id - FIRST].strip().split(" ", 1)
    names = {"first_name": first, "last_name": last, "username": plain(first + last)}
    return names | {"id": user_id, "language_code": "es"}


def arrive(user_id: int) -> None:
    people.get_or_create_user(told(user_id), reach=Reach.OK)


def ask_for_free(user_id: int) -> None:
    chat_id = config.current().free_channel_id
    requests.receive(chat_id, told(user_id), user_id)
    for one in requests.oldest_waiting():
        requests.approve(one, by=DORA)
    requests.seen(user_id, chat_id, inside=True)


def buy(user_id: int) -> None:
    plan = plans.every()[user_id % 3 == 0]
    issued = tokens.issue(plan, by=DORA)[0]
    user = people.get_user(user_id)
    tokens.redeem(issued.code, user, by=people.as_actor(user))


def come_in(user_id: int) -> None:
    members.note(config.current().vip_channel_id, told(user_id), "member")


def press_one(at: datetime, chance: float) -> None:
    """Somebody who was there by then presses one that they may see."""
    crowd = db.session.scalars(select(User.user_id).where(User.created_at < at, User.user_id >= FIRST)).all()
    if crowd:
        user = get(User, crowd[int(chance * len(crowd))])
        shown = db.session.scalars(select(ContentPackage).where(ContentPackage.is_active)).all()
        seen = [one for one in shown if user.sees_vip or not one.category.for_vip]
        interests.press(user, seen[int(chance * 1009) % len(seen)], by=people.as_actor(user))


def attend_oldest() -> None:
    pending = select(UserInterest).where(UserInterest.is_attended.is_(False)).order_by(UserInterest.id).limit(1)
    oldest = db.session.scalar(pending)
    if oldest is not None:
        interests.attend(oldest, by=DORA)
