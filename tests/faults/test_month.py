"""A month in the life of two channels, lived through the simulated Telegram and compared with a model written apart.

People redeem codes, enter, renew, lapse, come back, leave, are banned by hand and block the bot, ask for the Free
channel; Telegram is away for two hours; bot and worker, processes of their own, are killed with kill -9 in the middle
of their work, three times. In the end both channels, the roles, the role log, the periods and what people were told
must be what the model says. MONTH_MEMBERS sets how many people (24 here; 2,000 take some minutes).
"""

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
import urllib3
from flask import Flask
from sqlalchemy import func, select

from tests.conftest import Telegram, count
from tests.faults.conftest import until
from tests.faults.test_drain import LONG
from tests.faults.test_killed import Nursery, over
from tests.faults.test_killed import nursery as nursery
from tests.turned import Turned, forget_leases
from webapp.base.db import db, transaction
from webapp.base.inbox import TelegramUpdate
from webapp.base.outbox import OutboxMessage
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.channels import plans, tokens
from webapp.domain.channels.models import SubscriptionPeriod, SubscriptionPlan, VIPSubscriber
from webapp.domain.settings import config
from webapp.domain.users.models import Reach, RoleChangeReason, User, UserRole, UserRoleChangeLog

pytestmark = pytest.mark.processes
FREE, VIP = -1001000000001, -1001000000002
MEMBERS = int(os.environ.get("MONTH_MEMBERS", "24"))
BEGIN = datetime(2026, 11, 1, 12, tzinfo=UTC)
STEP, STEPS, DAYS = timedelta(hours=6), 120, 5
AWAY, MINUTES_AWAY = 50, 120
KILLED = (20, 52, 90)
BEFORE, AFTER = (3, 1), (1, 3, 7)
DOOR = "Entrar al canal VIP"


@dataclass
class Model:
    """What one person must be, by rules written anew. `seen`: until when time has passed for them."""

    number: int
    ends: datetime | None = None
    lapsed: datetime | None = None
    seen: datetime = BEGIN
    inside: bool = False
    asked_free: bool = False
    blocked: bool = False
    awaited: bool = False  # has not entered since the subscription began
    did: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)

    def redeem(self, moment: datetime) -> None:
        if self.ends is None:
            self.ends, self.lapsed, self.awaited = moment + timedelta(days=DAYS), None, True
            self.did["start"] += 1
        else:
            self.ends += timedelta(days=DAYS)
            self.did["extend"] += 1

    def enter(self) -> None:
        self.inside = True
        self.did["enter"] += 1
        self.told["entered"] += self.awaited
        self.awaited = False

    def pass_time(self, moment: datetime) -> None:
        """What the clock brings until `moment`: reminders before, the end, reminders after."""
        if self.ends is not None and self.ends <= moment:
            self.ends, self.lapsed, self.inside = None, self.ends, False
            self.did["expire"] += 1
            self.hear("ended")
        elif self.ends is not None:
            self.be_reminded([self.ends - timedelta(days=days) for days in BEFORE], moment)
        elif self.lapsed is not None:
            self.be_reminded([self.lapsed + timedelta(days=days) for days in AFTER], moment)
        self.seen = moment

    def be_reminded(self, moments: list[datetime], moment: datetime) -> None:
        for due in moments:
            if self.seen < due <= moment:
                self.hear("remind")

    def hear(self, what: str) -> None:
        self.told[what] += not self.blocked


class World(Turned):
    """The product (bot and worker turned by hand, or as processes), the simulated Telegram, and the people in both."""

    def __init__(self, app: Flask, telegram: Telegram, nursery: Nursery, clock: time_machine.Traveller,
                 plan: SubscriptionPlan) -> None:  # fmt: skip
        super().__init__(app, telegram)
        self.nursery, self.clock, self.plan, self.dice = nursery, clock, plan, random.Random(7)
        self.people: list[Model] = []
        self.codes: list[str] = []
        self.pool = urllib3.PoolManager()

    def work_until_killed(self) -> None:
        """Bot and worker live as processes at this moment and are killed -9 in the middle of what was asked."""
        self.end()
        for person in [one for one in self.people if not one.blocked][:8]:  # enough to be in the middle of
            self.do("say", person, text="/ayuda")
        done = (TelegramUpdate.status == "done", OutboxMessage.status == "sent")
        before = (count(TelegramUpdate, done[0]), count(OutboxMessage, done[1]))
        parts = [self.nursery.start(part, datetime.now(UTC)) for part in ("bot", "worker")]
        until(lambda: count(TelegramUpdate, done[0]) > before[0] + 1, "the bot is in the middle of its work", LONG)
        until(lambda: count(OutboxMessage, done[1]) > before[1], "some of it is sent", LONG)
        for part in parts:
            self.nursery.kill(part)
        over()
        forget_leases()
        self.begin()

    def code(self) -> str:
        if not self.codes:
            with transaction():
                plan = db.session.merge(self.plan)
                self.codes = [one.code for one in tokens.issue(plan, count=200, shelf_hours=8000, by=SYSTEM)]
        return self.codes.pop()

    def do(self, deed: str, person: Model, **body: object) -> dict | None:
        """Does something as somebody; None when Telegram would not."""
        told = {"person": person.number, **body}
        answer = self.pool.request("POST", f"{self.telegram.running.control}/{deed}", json=told)
        return answer.json() if answer.status == 200 else None

    def unblock(self, person: Model) -> None:
        if person.blocked:
            self.do("block", person, blocked=False)
            person.blocked = False

    def said(self, person: Model, limit: int = 6) -> list[dict]:
        """What the bot wrote to somebody lately, newest first."""
        address = f"{self.telegram.running.control}/messages"
        shown = self.pool.request("GET", address, fields={"chat": person.number, "limit": limit}).json()["messages"]
        return [message for message in reversed(shown) if message["from"]["is_bot"]]


@pytest.fixture
def world(app: Flask, telegram: Telegram, nursery: Nursery) -> Iterator[World]:
    with time_machine.travel(BEGIN, tick=False) as clock:
        with transaction():
            settings = config.current()
            settings.vip_channel_id, settings.free_channel_id = VIP, FREE
            settings.brake_most, settings.brake_share = 10_000, 100
            values = {"name": "Cinco días", "duration_days": DAYS, "price": "50", "currency": "MXN"}
            plan = plans.create(values, by=SYSTEM)
        made = World(app, telegram, nursery, clock, plan)
        for number in range(MEMBERS):
            told = telegram.do("person", first_name=f"P{number}", username=f"persona{number}")
            made.people.append(Model(told["person"]["id"]))
        yield made
        made.end()


def act(world: World, person: Model) -> bool:
    """What one person does in one step, by the dice; whether they did anything."""
    roll, moment = world.dice.random(), datetime.now(UTC)
    if roll < (0.04 if person.ends is None else 0.02):
        world.unblock(person)
        world.do("start", person, payload=f"vip_{world.code()}")
        person.redeem(moment)
    elif person.inside and roll > 0.995:
        world.do("leave", person, chat=VIP)
        person.inside = False
    elif person.inside and roll > 0.99:
        world.do("ban", person, chat=VIP)
        person.inside = False
        person.did["banned"] += 1
    elif person.did["start"] and roll > 0.98 and not person.blocked:
        world.do("block", person)
        person.blocked = True
    elif not person.asked_free and roll > 0.97:
        person.asked_free = world.do("join", person, chat=FREE) is not None
    else:
        return False
    return True


def enter(world: World, work: Callable[[], None] | None) -> None:
    """Half of those outside ask for the link and follow it, if it has come. `work`: what happens on the way."""
    coming = [one for one in world.people if one.ends and not one.inside and world.dice.random() < 0.5]
    if not coming and work is None:
        return
    for person in coming:
        world.unblock(person)
        world.do("say", person, text="/vip")
    world.turn()
    for person in coming:
        offered = [one for one in world.said(person) if "callback_data" in str(one.get("reply_markup"))]
        if offered:
            world.do("press", person, message_id=offered[0]["message_id"], text=DOOR, wait=0)
    if work is not None:
        work()
    world.turn()
    for person in coming:
        links = [row[0].get("url", "") for one in world.said(person)
                 for row in one.get("reply_markup", {}).get("inline_keyboard", [])]  # fmt: skip
        found = next((link for link in links if link.startswith("https://t.me/+")), None)
        if found and (world.do("join", person, link=found) or {}).get("result") == "joined":
            person.enter()
    world.turn()


def pass_time(world: World, moment: datetime) -> None:
    """The clock moves to `moment`, Telegram's too, and what it brings is done."""
    world.clock.move_to(moment)
    assert world.telegram.see("state")["now"] == int(moment.timestamp())
    for person in world.people:
        person.pass_time(moment)
    world.turn()


def lose_telegram(world: World, until_: datetime) -> None:
    """Nobody gets through to Telegram for two hours that end with this step; time goes on."""
    begin = until_ - timedelta(minutes=MINUTES_AWAY)
    pass_time(world, begin)
    world.away = True
    world.telegram.do("faults", rules=[{"kind": "5xx", "times": -1}])
    for minute in range(10, MINUTES_AWAY + 1, 10):
        pass_time(world, begin + timedelta(minutes=minute))
    assert count(OutboxMessage, OutboxMessage.status == "retry")
    world.away = False
    world.telegram.do("faults", clear=True)
    pass_time(world, until_ + timedelta(minutes=10))
    assert not count(OutboxMessage, OutboxMessage.status == "retry")


def test_a_month_ends_as_the_model_says(world):
    began = time.monotonic()
    for step in range(1, STEPS + 1):
        moment = BEGIN + step * STEP
        lose_telegram(world, moment) if step == AWAY else pass_time(world, moment)
        for person in world.people:
            act(world, person)
        if step in KILLED:
            for person in world.people[:6]:  # enough to be in the middle of
                world.do("say", person, text="/ayuda")
            world.work_until_killed()
        world.turn()
        enter(world, world.work_until_killed if step == KILLED[1] else lambda: None)
    pass_time(world, moment + timedelta(minutes=30))
    compare(world)
    told = sum((person.did for person in world.people), Counter())
    lost = count(OutboxMessage, OutboxMessage.status == "unknown")
    print(f"{MEMBERS} people, {dict(told)}, {lost} unknown, {time.monotonic() - began:.0f} s")
    assert told["expire"] > MEMBERS / 2, "too quiet a month to show anything"
    assert min(told["enter"], told["banned"], told["extend"]) > MEMBERS / 40


def compare(world: World) -> None:
    vip, free = inside_of(world, VIP), inside_of(world, FREE)
    periods, changes, told = all_periods(), all_changes(), all_told()
    users = {one.user_id: one for one in db.session.scalars(select(User))}
    held = {one.user_id: one for one in db.session.scalars(select(VIPSubscriber))}
    for person in world.people:
        number = person.number
        assert (number in free) is person.asked_free, person
        assert (number in vip) is person.inside, person
        if not person.did["start"]:
            assert number not in held, person
            continue
        user, found = users[number], held[number]
        assert user.role is (UserRole.VIP if person.ends else UserRole.FREE), person
        assert (found.expiry_date if found.has_access else None) == person.ends, person
        assert (found.channel_state.value == "member") is person.inside, person
        assert periods[found.id] == +Counter({one: person.did[one] for one in ("start", "extend", "expire")}), person
        assert changes[number] == person.did - Counter(banned=person.did["banned"]), person
        assert (user.reach is Reach.BLOCKED) is person.blocked, person
        assert told[number] == +person.told, person
    heard(world)


def inside_of(world: World, channel: int) -> set[int]:
    members = world.telegram.see(f"chats/{channel}")["members"]
    return {one["user"]["id"] for one in members if one["status"] == "member"}


def counted(query: object) -> dict[int, Counter[str]]:
    found: dict[int, Counter[str]] = {}
    for key, what, many in db.session.execute(query):
        found.setdefault(key, Counter())[what] += many
    return found


def all_periods() -> dict[int, Counter[str]]:
    row = SubscriptionPeriod
    return counted(select(row.subscriber_id, row.what, func.count()).group_by(row.subscriber_id, row.what))


def all_changes() -> dict[int, Counter[str]]:
    """Rows of the role log, by the model's words."""
    row, why = UserRoleChangeLog, RoleChangeReason
    words = {why.VIP_REDEEMED: "start", why.VIP_EXTENDED: "extend", why.VIP_EXPIRED: "expire",
             why.VIP_ENTRY_COMPLETED: "enter"}  # fmt: skip
    query = select(row.user_id, row.reason, func.count()).where(row.reason.in_(words))
    found = counted(query.group_by(row.user_id, row.reason))
    return {key: Counter({words[why_]: many for why_, many in told.items()}) for key, told in found.items()}


def all_told() -> dict[int, Counter[str]]:
    """Notices that were sent, or of which nobody knows since their sender was killed."""
    row = OutboxMessage
    query = select(row.chat_id, row.dedupe_key).where(row.status.in_(("sent", "unknown")), row.method == "sendMessage")
    found: dict[int, Counter[str]] = {one.user_id: Counter() for one in db.session.scalars(select(User))}
    for chat, key in db.session.execute(query):
        kind = (key or "").partition(":")[0]
        if kind in ("ended", "remind", "entered"):
            found[chat][kind] += 1
    return found


def heard(world: World) -> None:
    """Everything that was sent arrived, once; of what is unknown, at most all."""
    row = OutboxMessage
    sent = select(row.chat_id, row.status, func.count()).where(row.method == "sendMessage")
    promised = counted(sent.group_by(row.chat_id, row.status))
    for person in world.people:
        arrived = len({one["message_id"] for one in world.said(person, 100_000)})
        known = promised.get(person.number, Counter())
        assert known["sent"] <= arrived <= known["sent"] + known["unknown"], (person, known, arrived)
        assert not {"ready", "leased", "retry"} & {*known}, (person, known)
