"""The large demo: two years of a busy creator's showcase, to look around in as it would be and to measure pages with.

What a person did follows from their number alone, so that a second run, or one that goes on after it was ended, adds
just who is missing. None of them has ever opened the bot: nothing is written to anybody.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from sqlalchemy import insert, select

from webapp.base.clock import now
from webapp.base.db import Base, connection, db, transaction
from webapp.base.search import plain
from webapp.domain.audit import trail
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.catalog import versions
from webapp.domain.catalog.models import ContentCategory, ContentPackage, PackageType, UserInterest
from webapp.domain.channels import plans
from webapp.domain.channels.models import (
    ChannelMember,
    ChannelState,
    FreeChannelRequest,
    RequestStatus,
    Status,
    SubscriptionPeriod,
    SubscriptionPlan,
    VIPSubscriber,
)
from webapp.domain.channels.records import ManualPayment, Method
from webapp.domain.settings import config
from webapp.domain.users.models import Reach, RoleChangeReason, User, UserRole, UserRoleChangeLog

FIRST = 730_000_000
PEOPLE, PACKAGES = 5_000, 240
BATCH = 500
AGE = timedelta(days=730)
DAY = timedelta(days=1)
SUBJECTS = ("Primavera", "Azotea", "Diván", "Mercado", "Bosque", "Puerto", "Invierno", "Taller", "Cuaderno", "Patio")
KINDS = ("fotos", "retratos", "audios", "postales", "relatos", "escenas")
FIRST_NAMES = (
    "Alma", "Bruno", "Carmen", "Diego", "Elena", "Fabián", "Gabriela", "Héctor", "Inés", "Javier", "Karla", "Leonel",
    "Marina", "Nicolás", "Olivia", "Pablo", "Raquel", "Sergio", "Tamara", "Uriel", "Valeria", "Ximena", "Yago", "Zoe",
)  # fmt: skip
LAST_NAMES = (
    "Aguilar", "Benítez", "Castro", "Domínguez", "Espinosa", "Flores", "Guerrero", "Herrera", "Ibarra", "Juárez",
    "León", "Méndez", "Núñez", "Ortega", "Peña", "Quiroga", "Robles", "Salinas", "Tovar", "Urrutia", "Vargas", "Zamora",
)  # fmt: skip


@dataclass(frozen=True)
class Stay:
    """One stretch of somebody's VIP: what was bought, one after another, and where it ended."""

    sales: tuple[tuple[SubscriptionPlan, datetime], ...]
    until: datetime


def fill(people: int = PEOPLE, packages: int = PACKAGES) -> int:
    """Adds what is missing of so many `packages` and `people`, by five hundred; returns how many people were new.

    The small demo must be there: its channels and plans are used.
    """
    with transaction():
        config.held()  # of two who fill at once, the second finds what the first has made
        _add_packages(packages)
    fresh = 0
    for start in range(0, people, BATCH):
        with transaction():
            config.held()
            fresh += _add_people(range(FIRST + start, FIRST + min(people, start + BATCH)))
    return fresh


def _add_packages(count: int) -> None:
    wanted = {f"demo{number:06d}": number for number in range(count)}
    known = set(db.session.scalars(select(ContentPackage.public_id).where(ContentPackage.public_id.in_(wanted))))
    rows = [_package(key, number) for key, number in wanted.items() if key not in known]
    if rows:
        _insert(ContentPackage, rows)
        keys = db.session.scalars(select(ContentPackage.id).where(ContentPackage.public_id.in_(wanted.keys() - known)))
        trail.note_alike("create", "content_packages", keys, by=SYSTEM)
        versions.bump()


def _package(public_id: str, number: int) -> dict[str, Any]:
    chance = Random(public_id)  # noqa: S311 - a demo, no secret
    name = f"{SUBJECTS[number % 10]}, {chance.randrange(6, 60)} {KINDS[number % 6]}"
    free = chance.random() < 0.5
    return {
        "public_id": public_id,
        "name": name,
        "description": "Hecho con luz natural y sin prisa.",
        "body": "Se entrega por mensaje privado, después de hablar contigo.",
        "category": ContentCategory.FREE_CONTENT
        if free
        else chance.choice((ContentCategory.VIP_CONTENT, ContentCategory.VIP_PREMIUM)),
        "type": chance.choice(tuple(PackageType)),
        "price": Decimal(chance.randrange(4, 60) * 10) if chance.random() < 0.9 else None,
        "position": -number - 1,  # below the small demo's
        "search_text": plain(f"{name} Hecho con luz natural y sin prisa."),
        "is_active": chance.random() < 0.95,
        "created_at": now() - AGE * chance.random(),
    }


def _add_people(ids: Sequence[int]) -> int:
    known = set(db.session.scalars(select(User.user_id).where(User.user_id.in_(ids))))
    fresh = [user_id for user_id in ids if user_id not in known]
    if not fresh:
        return 0
    settings, moment = config.current(), now()
    offered = plans.offered()
    kits = db.session.scalars(select(ContentPackage.id).order_by(ContentPackage.id)).all()
    joined = {user_id: moment - AGE * (Random(user_id).random() ** 1.4) for user_id in fresh}  # noqa: S311 - a demo
    stays = {user_id: _stays(user_id, joined[user_id], moment, offered) for user_id in fresh}
    inside = {user_id for user_id, told in stays.items() if told and told[-1].until > moment}
    _insert(User, [_person(user_id, joined[user_id], user_id in inside) for user_id in fresh])
    trail.note_alike("create", "users", fresh, by=SYSTEM)
    _insert(UserInterest, [row for user_id in fresh for row in _interests(user_id, joined[user_id], moment, kits)])
    _subscribe({user_id: told for user_id, told in stays.items() if told}, inside)
    _insert(UserRoleChangeLog, [row for user_id, told in stays.items() for row in _roles(user_id, told, moment)])
    if settings.free_channel_id is not None:
        _insert(FreeChannelRequest, list(_requests(fresh, joined, settings.free_channel_id)))
    if settings.vip_channel_id is not None:
        there = {"channel_id": settings.vip_channel_id, "status": "member"}
        _insert(ChannelMember, [there | {"user_id": user_id} for user_id in sorted(inside)])
    return len(fresh)


def _person(user_id: int, since: datetime, vip: bool) -> dict[str, Any]:
    chance = Random(f"name {user_id}")  # noqa: S311
    first, last = chance.choice(FIRST_NAMES), f"{chance.choice(LAST_NAMES)} {chance.choice(LAST_NAMES)}"
    username = f"{plain(first)}{user_id % 100_000}" if chance.random() < 0.8 else None
    return {
        "user_id": user_id,
        "first_name": first,
        "last_name": last,
        "username": username,
        "language_code": chance.choice(("es", "es", "es", "es", "pt-br", "en")),
        "role": UserRole.VIP if vip else UserRole.FREE,
        "reach": Reach.NEVER_STARTED,
        "search_text": plain(f"{first} {last} {username or ''}"),
        "created_at": since,
        "updated_at": since,
        "last_seen_at": since,
    }


def _stays(user_id: int, joined: datetime, moment: datetime, offered: Sequence[SubscriptionPlan]) -> list[Stay]:
    """When somebody was VIP: a third ever; four of five renew each time, one of four who left comes back."""
    chance = Random(f"stays {user_id}")  # noqa: S311
    told: list[Stay] = []
    begins = joined + timedelta(hours=chance.randrange(1, 240))
    comes = 0.35
    while offered and begins < moment and chance.random() < comes:
        sales: list[tuple[SubscriptionPlan, datetime]] = []
        until = begins
        while until < moment and (not sales or chance.random() < 0.8):
            plan = chance.choice(offered)
            sales.append((plan, until))
            until += DAY * plan.duration_days
        told.append(Stay(tuple(sales), until))
        begins, comes = until + DAY * chance.randrange(5, 90), 0.25
    return told


def _subscribe(stays: dict[int, list[Stay]], inside: set[int]) -> None:
    _insert(VIPSubscriber, [_subscription(user_id, told, user_id in inside) for user_id, told in stays.items()])
    subscriber = VIPSubscriber
    known = db.session.execute(select(subscriber.user_id, subscriber.id).where(subscriber.user_id.in_(stays)))
    ids = {row.user_id: row.id for row in known}
    trail.note_alike("create", "vip_subscribers", ids.values(), by=SYSTEM)
    _insert(
        SubscriptionPeriod,
        [period for user_id, told in stays.items() for period in _periods(ids[user_id], told, user_id in inside)],
    )
    period = SubscriptionPeriod
    bought = select(period.id, period.price, period.currency, period.created_at).where(
        period.subscriber_id.in_(ids.values()), period.price > 0
    )
    _insert(ManualPayment, [payment for sold in db.session.execute(bought) for payment in _payments(*sold)])


def _subscription(user_id: int, told: list[Stay], is_inside: bool) -> dict[str, Any]:
    plan, until = told[-1].sales[-1][0], told[-1].until
    return {
        "user_id": user_id,
        "plan_id": plan.id,
        **_terms(plan),
        "duration_days": plan.duration_days,
        "status": Status.ACTIVE if is_inside else Status.EXPIRED,
        "channel_state": ChannelState.MEMBER if is_inside else ChannelState.EXPELLED,
        "kicked_from_channel_at": None if is_inside else until,
        "join_date": told[-1].sales[0][1],
        "expiry_date": until,
        "created_at": told[0].sales[0][1],
    }


def _terms(plan: SubscriptionPlan) -> dict[str, Any]:
    return {"plan_name": plan.name, "price": plan.price, "currency": plan.currency}


def _periods(subscriber_id: int, told: list[Stay], is_inside: bool) -> Iterator[dict[str, Any]]:
    who = {"subscriber_id": subscriber_id, "by": SYSTEM.ref, "by_label": SYSTEM.label}
    for stay in told:
        for place, (plan, begins) in enumerate(stay.sales):
            ends = begins + DAY * plan.duration_days
            when = {"starts_at": begins, "ends_at": ends, "created_at": begins if not place else begins - DAY / 2}
            yield who | when | _terms(plan) | {"what": "extend" if place else "start", "days": plan.duration_days}
        if stay is not told[-1] or not is_inside:
            over = {"starts_at": stay.until, "ends_at": stay.until, "created_at": stay.until}
            nothing = {"plan_name": None, "price": Decimal(0), "currency": None}
            yield who | over | nothing | {"what": "expire", "days": 0}


def _payments(period_id: int, price: Decimal, currency: str | None, at: datetime) -> Iterator[dict[str, Any]]:
    chance = Random(f"paid {period_id}")  # noqa: S311
    if chance.random() < 0.2:
        yield {
            "period_id": period_id,
            "amount": price,
            "currency": currency,
            "method": chance.choice(tuple(Method)),
            "by": SYSTEM.ref,
            "by_label": SYSTEM.label,
            "created_at": at,
        }


def _roles(user_id: int, told: list[Stay], moment: datetime) -> Iterator[dict[str, Any]]:
    who = {"user_id": user_id, "changed_by": 0, "change_source": "SYSTEM"}
    free, vip = UserRole.FREE, UserRole.VIP
    for stay in told:
        begins = {"previous_role": free, "new_role": vip, "reason": RoleChangeReason.VIP_PURCHASED}
        yield who | begins | {"changed_at": stay.sales[0][1]}
        if stay.until <= moment:
            ends = {"previous_role": vip, "new_role": free, "reason": RoleChangeReason.VIP_EXPIRED}
            yield who | ends | {"changed_at": stay.until}


def _interests(user_id: int, joined: datetime, moment: datetime, kits: Sequence[int]) -> Iterator[dict[str, Any]]:
    chance = Random(f"likes {user_id}")  # noqa: S311
    for kit in chance.sample(kits, min(len(kits), chance.choice((0, 0, 1, 1, 2, 3, 5, 8)))):
        at = joined + (moment - joined) * chance.random()
        attended = chance.random() < (0.995 if at < moment - 14 * DAY else 0.6)
        yield {
            "user_id": user_id,
            "package_id": kit,
            "is_attended": attended,
            "attended_by": SYSTEM.ref if attended else None,
            "attended_by_label": SYSTEM.label if attended else None,
            "attended_at": min(moment, at + timedelta(hours=chance.randrange(1, 72))) if attended else None,
            "click_count": chance.choice((1, 1, 1, 2, 3)),
            "created_at": at,
        }


def _requests(ids: Sequence[int], joined: dict[int, datetime], channel: int) -> Iterator[dict[str, Any]]:
    for user_id in ids:
        chance = Random(f"free {user_id}")  # noqa: S311
        if chance.random() < 0.5:
            asked, wait = joined[user_id], timedelta(minutes=5)
            ends = chance.choices(
                (RequestStatus.APPROVED, RequestStatus.DECLINED, RequestStatus.CANCELLED), (95, 3, 2)
            )[0]
            yield {
                "user_id": user_id,
                "chat_id": channel,
                "user_chat_id": user_id,
                "status": ends,
                "request_date": asked,
                "approve_after": asked + wait,
                "processed_at": asked + wait,
            }


def _insert(model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        connection().execute(insert(model), rows)
