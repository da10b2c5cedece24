"""Days that are told once: the same answers as counting every row, over random lives, whatever changes afterwards."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from sqlalchemy import insert, update

from tests.conftest import count
from tests.domain.insights.conftest import ZONE
from tests.factories import UserFactory
from webapp.base.clock import now
from webapp.base.db import db, transaction
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.channels import payments, subscriptions
from webapp.domain.channels.models import SubscriptionPeriod, VIPSubscriber
from webapp.domain.channels.payments import Paid
from webapp.domain.channels.records import Method
from webapp.domain.insights import daily
from webapp.domain.insights.flows import counted
from webapp.domain.insights.members import members
from webapp.domain.insights.models import DailyFigure
from webapp.domain.insights.ranges import KEYS, Span, bars, choose, span
from webapp.domain.settings import config

WHATS = ("start", "extend", "extend", "gift", "pause", "resume", "revoke", "expire", "correct")
BEGIN = datetime(2026, 1, 1, 6, tzinfo=UTC)
TOLD = DailyFigure.what == daily.DAY


def live(dice: random.Random, people: int = 6, rows: int = 80) -> None:
    """Rows of sixty days, in any order that chance likes; many on the edge of a day."""
    users = [UserFactory() for _one in range(people)]
    born = {"plan_name": "M", "duration_days": 30, "price": 0, "currency": "MXN", "status": "active", "attempts": 0}
    born |= {"channel_state": "none", "updated_at": BEGIN, "join_date": BEGIN, "expiry_date": BEGIN}
    with transaction():
        ids = [
            db.session.scalar(
                insert(VIPSubscriber)
                .values(**born, user_id=user.user_id, created_at=moment(dice))
                .returning(VIPSubscriber.id)
            )
            for user in users
        ]
        add(dice, ids, rows)


def add(dice: random.Random, ids: list[int], rows: int) -> None:
    told = []
    for at in sorted(moment(dice) for _one in range(rows)):
        what = dice.choice(WHATS)
        sold = what in ("start", "extend")
        price = dice.choice([0, 300, Decimal("19.90")]) if sold else 0
        facts = {
            "subscriber_id": dice.choice(ids),
            "what": what,
            "by": "x",
            "by_label": "x",
            "days": 30,
            "price": price,
        }
        facts |= {"currency": dice.choice(["MXN", "EUR"]) if sold or what == "gift" else None, "created_at": at}
        told.append(facts | {"starts_at": at, "ends_at": at + timedelta(days=dice.choice([-1, 30]))})
    db.session.execute(insert(SubscriptionPeriod), told)


def moment(dice: random.Random) -> datetime:
    edge = BEGIN + timedelta(days=dice.randrange(60))
    return dice.choice([edge, edge - timedelta(microseconds=1), edge + timedelta(seconds=dice.randrange(86_400))])


def spans(dice: random.Random) -> list[Span]:
    """Of all kinds: whole days, parts of one, none at all, beyond everything; in any order, over each other."""
    found = []
    for _one in range(12):
        one, other = sorted((moment(dice), moment(dice)))
        found.append(Span(one, other))
    days = sorted(dice.randrange(-5, 65) for _one in range(2))
    first = BEGIN.date() + timedelta(days=days[0])
    return [*found, span(first, BEGIN.date() + timedelta(days=days[1] + 1), ZONE), Span(BEGIN, BEGIN)]


def tell_all() -> int:
    told = 0
    while True:
        with transaction():
            made = daily.make_due()
        if not made:
            return told
        told += made


@pytest.fixture
def march(app):
    with time_machine.travel(BEGIN + timedelta(days=75, hours=10), tick=False) as machine:
        yield machine


@pytest.mark.parametrize("seed", range(4))
def test_told_days_answer_as_their_rows_do(march, seed):
    dice = random.Random(seed)
    live(dice)
    asked = spans(dice)
    truth = counted(asked)
    assert any(flow.started for flow in truth) and daily.flows(asked) == truth
    with transaction():
        daily.make_due(dice.randrange(1, 40))
    assert daily.flows(asked) == truth  # some days told, some counted
    tell_all()
    assert count(DailyFigure, TOLD) >= 55 and daily.flows(asked) == truth


@pytest.mark.parametrize("seed", range(3))
def test_what_changes_afterwards_shows_at_once_and_is_told_anew(march, seed):
    dice = random.Random(100 + seed)
    live(dice)
    days, asked = tell_all(), spans(dice)
    with transaction():
        sold = db.session.scalars(db.select(SubscriptionPeriod.id).where(SubscriptionPeriod.price > 0)).all()
        some = SubscriptionPeriod.id.in_(dice.sample(list(sold), 5))
        changed = update(SubscriptionPeriod).where(some).values(price=77, currency="USD")
        db.session.execute(changed, execution_options={"synchronize_session": False})
        add(dice, [db.session.scalar(db.select(VIPSubscriber.id).limit(1))], 5)
    assert count(DailyFigure, TOLD) < days
    assert daily.flows(asked) == counted(asked)
    tell_all()
    assert count(DailyFigure, TOLD) >= days and daily.flows(asked) == counted(asked)


def test_a_payment_recorded_and_reversed_is_counted_on_the_day_of_the_sale(story, ana):
    story.buys("2026-01-10", ana, 300)
    story.on("2026-01-20")
    tell_all()
    then = choose("own", ZONE, date(2026, 1, 10), date(2026, 1, 10))

    def revenue():
        return {code: sales.amount for code, sales in members(then).flow.sales.items()}

    period = subscriptions.latest_period(story.of(ana))
    assert revenue() == {"MXN": 300}
    with transaction():
        payments.record(db.session.merge(period), Paid(Decimal(250), "EUR", Method.CASH), by=SYSTEM)
    assert revenue() == {"EUR": 250}
    tell_all()
    with transaction():
        payments.reverse(payments.of([period.id])[period.id][0], by=SYSTEM, reason="No llegó")
    assert revenue() == {}
    tell_all()
    assert revenue() == {}


def test_in_another_time_zone_the_days_are_others(march):
    dice = random.Random(7)
    live(dice)
    tell_all()
    with transaction():
        config.current().time_zone = "Asia/Tokyo"
    asked = spans(dice)
    assert daily.flows(asked) == counted(asked)
    tell_all()
    assert count(DailyFigure, DailyFigure.zone != "Asia/Tokyo") == 0
    assert daily.flows(asked) == counted(asked)


def test_a_day_of_23_hours_is_one_day(march):
    with transaction():
        config.current().time_zone = "Europe/Madrid"
    march.move_to(datetime(2026, 4, 10, 12, tzinfo=UTC))
    live(random.Random(3))
    with transaction():
        one = db.session.scalar(db.select(VIPSubscriber.id).limit(1))
        facts = {"subscriber_id": one, "by": "x", "by_label": "x", "days": 1, "starts_at": now(), "ends_at": now()}
        for at in ("2026-03-28T22:59:59", "2026-03-28T23:00:00", "2026-03-29T21:59:59", "2026-03-29T22:00:00"):
            row = facts | {"what": "expire", "created_at": datetime.fromisoformat(at).replace(tzinfo=UTC)}
            db.session.execute(insert(SubscriptionPeriod).values(**row))
    tell_all()
    day = choose("own", "Europe/Madrid", date(2026, 3, 29), date(2026, 3, 29)).span
    assert daily.flows([day])[0].expired == counted([day])[0].expired == 2


def test_today_is_never_told_and_yesterday_an_hour_after_midnight(story, ana, bea):
    story.buys("2026-01-10", ana)
    story.on("2026-01-11 00:59")
    assert tell_all() == 0
    story.on("2026-01-11 01:01")
    assert tell_all() == 1
    story.buys("2026-01-11 12:00", bea)
    assert members(choose("7", ZONE)).flow.new == 2 and tell_all() == 0


def test_every_range_answers_as_before(march):
    live(random.Random(11))
    for key in KEYS[:-1]:
        wanted = choose(key, ZONE)
        before = members(wanted)
        tell_all()
        assert members(wanted) == before
        with transaction():
            db.session.execute(db.delete(DailyFigure))


def test_a_year_that_is_told_asks_for_no_more_than_one_that_is_not(march, queries):
    live(random.Random(12))
    cuts = [one for _day, one in bars(choose("year", ZONE))]
    few = queries(lambda: daily.flows(cuts))
    tell_all()
    assert queries(lambda: daily.flows(cuts)) <= few + 1 <= 8


def test_nothing_yet_is_nothing_to_tell(app):
    assert tell_all() == 0
    assert daily.flows([]) == []
