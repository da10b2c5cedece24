"""Reminders: on the creator's days, in their words, while nobody sleeps; each once, whatever changes meanwhile."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.conftest import count
from tests.domain.channels.conftest import CAIO, now_of
from tests.factories import UserFactory
from webapp.base.clock import now
from webapp.base.db import db, transaction
from webapp.base.outbox import OutboxMessage
from webapp.domain.channels import reminders, setup, subscriptions
from webapp.domain.channels.models import VIPSubscriber
from webapp.domain.channels.quiet import awake
from webapp.domain.settings import config, texts
from webapp.domain.settings.models import BotConfig
from webapp.domain.users import people
from webapp.domain.users.models import Reach

NIGHT = {"quiet_from": "22", "quiet_until": "8"}


@pytest.fixture(autouse=True)
def started(telegram):
    telegram.do("start", person="ana")


def settings(**values):
    with transaction():
        setup.change(values, by=CAIO)


def said(telegram, words):
    return sum(words in text for text in telegram.texts("ana"))


def night(begins, ends):
    return BotConfig(quiet_from=begins, quiet_until=ends)


def at(text, zone="UTC", fold=0):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("zone", "hours", "due", "said_at"),
    [
        ("UTC", (22, 8), "2026-03-01T21:59", "2026-03-01T21:59"),
        ("UTC", (22, 8), "2026-03-01T22:00", "2026-03-02T08:00"),
        ("UTC", (22, 8), "2026-03-02T07:59", "2026-03-02T08:00"),
        ("UTC", (22, 8), "2026-03-02T08:00", "2026-03-02T08:00"),
        ("UTC", (13, 16), "2026-03-01T14:30", "2026-03-01T16:00"),
        ("Asia/Kolkata", (22, 8), "2026-03-01T23:10", "2026-03-02T08:00"),
        ("Europe/Madrid", (22, 8), "2026-03-28T23:30", "2026-03-29T08:00"),  # the night loses an hour
        ("Europe/Madrid", (22, 8), "2026-10-24T23:30", "2026-10-25T08:00"),  # the night gains one
        ("America/New_York", (23, 2), "2026-03-08T01:30", "2026-03-08T03:00"),  # two o'clock is not struck
        ("America/New_York", (22, 1), "2026-11-01T00:30", "2026-11-01T01:00"),  # one o'clock is struck twice
    ],
)
def test_quiet_hours_end_by_the_clock_where_people_live(zone, hours, due, said_at):
    assert awake(at(due, zone), zone, night(*hours)) == at(said_at, zone)


def test_without_quiet_hours_nothing_moves():
    assert awake(at("2026-03-01T23:00"), "UTC", night(None, None)) == at("2026-03-01T23:00")


@pytest.mark.parametrize("zone", ["Europe/Madrid", "America/New_York", "America/Mexico_City", "Australia/Lord_Howe"])
def test_whatever_the_night_it_comes_after_it_soon_and_once_is_enough(zone):
    """A year of half hours, over every change of the clocks."""
    for begins, ends in ((22, 8), (0, 6), (23, 2), (13, 16), (1, 0), (3, 1)):
        rules, moment = night(begins, ends), at("2026-01-01T00:15")
        while moment < at("2027-01-01T00:00"):
            later = awake(moment, zone, rules)
            assert moment <= later <= moment + timedelta(hours=25)
            assert awake(later, zone, rules) == later
            moment += timedelta(minutes=30) * (1 if 2 < moment.month < 5 or 8 < moment.month < 12 else 13)


def test_a_reminder_of_the_night_comes_in_the_morning_and_once(ana, given, worker, telegram, clock):
    """Noon in Greenwich is half past five in the afternoon in Kolkata; the reminder falls on 23:30 there."""
    with transaction():
        people.choose_time_zone(people.get_user(ana.user_id), "Asia/Kolkata", by=people.as_actor(ana))
    settings(**NIGHT)
    clock.forward(hours=6)
    given(ana, inside=True)
    clock.forward(days=27)
    worker.turn()
    assert said(telegram, "termina en 3 días") == 0
    clock.forward(hours=8, minutes=29)
    worker.turn()
    assert said(telegram, "termina en 3 días") == 0
    for _minute in range(5):
        clock.forward(minutes=1)
        worker.turn()
    assert said(telegram, "termina en 3 días") == 1


def test_who_told_no_time_zone_sleeps_by_the_creators_clock(ana, given, worker, telegram, clock):
    settings(**NIGHT)
    clock.forward(hours=18)  # midnight in Mexico City
    given(ana, inside=True)
    clock.forward(days=29)
    worker.turn()
    assert said(telegram, "termina en 1 día") == 0
    clock.forward(hours=8)
    worker.turn()
    assert said(telegram, "termina en 1 día") == 1


def test_the_end_itself_is_told_in_the_morning_too(ana, given, worker, telegram, clock):
    settings(**NIGHT)
    clock.forward(hours=18)
    given(ana, inside=True)
    clock.forward(days=30)
    worker.turn()
    assert now_of(ana).status.value == "expired" and said(telegram, "Tu VIP terminó") == 0
    clock.forward(hours=8)
    worker.turn()
    assert said(telegram, "Tu VIP terminó") == 1


def test_new_days_count_for_what_was_planned_already(ana, given, worker, telegram, clock):
    given(ana, inside=True)
    settings(reminder_days="10, 2")
    for _day in range(30):
        clock.forward(days=1)
        worker.turn()
    told = [text.partition("\n")[0] for text in telegram.texts("ana") if "termina en" in text]
    assert told == ["⏳ Tu VIP termina en 10 días.", "⏳ Tu VIP termina en 2 días."]


def test_days_that_have_passed_are_not_made_up_for(ana, given, worker, telegram, clock):
    given(ana, inside=True)
    clock.forward(days=25)
    settings(reminder_days="20, 6, 1")
    worker.turn()
    assert said(telegram, "termina en") == 0
    assert now_of(ana).next_reminder == 1


@pytest.mark.parametrize(
    ("switch", "words", "others"),
    [
        ("remind_before", "termina en", ("Tu VIP terminó", "te espera")),
        ("remind_end", "Tu VIP terminó", ("termina en", "te espera")),
        ("remind_after", "te espera", ("termina en", "Tu VIP terminó")),
    ],
)
def test_each_reminder_can_be_switched_off(ana, given, worker, telegram, clock, switch, words, others):
    given(ana, inside=True)
    settings(**{switch: False})
    for _day in range(40):
        clock.forward(days=1)
        worker.turn()
    assert said(telegram, words) == 0 and all(said(telegram, other) for other in others)


def test_what_waits_for_the_morning_is_neither_lost_nor_doubled_when_the_hours_change(
    ana, given, worker, telegram, clock
):
    settings(**NIGHT)
    clock.forward(hours=18)
    given(ana, inside=True)
    clock.forward(days=27, hours=1)
    worker.turn()
    settings(quiet_from="22", quiet_until="3")
    worker.turn()
    assert said(telegram, "termina en 3 días") == 0
    clock.forward(hours=2)
    for _again in range(3):
        worker.turn()
        settings(quiet_from="", quiet_until="")
        worker.turn()
    assert said(telegram, "termina en 3 días") == 1


def test_what_waits_for_the_morning_is_let_go_when_its_day_is_taken_away(ana, given, worker, telegram, clock):
    settings(**NIGHT)
    clock.forward(hours=18)
    given(ana, inside=True)
    clock.forward(days=27, hours=1)
    worker.turn()
    settings(reminder_days="1")
    clock.forward(hours=10)
    worker.turn()
    assert said(telegram, "termina en 3 días") == 0 and now_of(ana).next_reminder == 1


def test_a_day_of_no_worker_loses_what_is_old_and_keeps_what_is_fresh(ana, given, worker, telegram, clock):
    given(ana, inside=True)
    clock.forward(days=29, hours=4)  # the third-last day was two days ago, the last four hours ago
    worker.turn()
    assert (said(telegram, "termina en 3 días"), said(telegram, "termina en 1 día")) == (0, 1)


def test_somebody_who_moves_to_another_time_zone_is_woken_by_the_new_one(ana, given, clock):
    settings(**NIGHT)
    clock.forward(hours=18)
    given(ana, inside=True)
    before = now_of(ana).next_reminder_at
    with transaction():
        assert reminders.move(people.get_user(ana.user_id), "Asia/Kolkata", by=people.as_actor(ana))
        assert not reminders.move(people.get_user(ana.user_id), "Asia/Kolkata", by=people.as_actor(ana))
    after = now_of(ana).next_reminder_at
    assert before.astimezone(ZoneInfo("America/Mexico_City")).hour == 8
    assert after.astimezone(ZoneInfo("Asia/Kolkata")).hour == 11 and before != after


def test_a_new_date_by_hand_plans_anew(ana, given, worker, telegram, clock):
    given(ana, inside=True)
    row = now_of(ana)
    with transaction():
        subscriptions.correct(row, now() + timedelta(days=5), by=CAIO, reason="acuerdo")
    clock.forward(days=2)
    worker.turn()
    assert said(telegram, "termina en 3 días") == 1


def test_each_day_has_its_own_words_if_the_creator_writes_them(ana, given, worker, telegram, clock):
    with transaction():
        texts.change("come_back_7", "{nombre}, vuelve con 20 % menos", "es", by=CAIO)
        texts.change("come_back", "¿Vuelves, {nombre}? Van {dias}.", "es", by=CAIO)
    given(ana, inside=True)
    for _day in range(40):
        clock.forward(days=1)
        worker.turn()
    assert (said(telegram, "¿Vuelves, Ana? Van 1 día."), said(telegram, "¿Vuelves, Ana? Van 3 días.")) == (1, 1)
    assert (said(telegram, "Ana, vuelve con 20 % menos"), said(telegram, "te espera")) == (1, 0)


def test_what_was_planned_before_reminders_had_numbers_is_planned_anew(ana, given, worker, telegram, clock):
    """As the migration leaves it: a moment, no number, by rules older than any."""
    given(ana, inside=True)
    row = now_of(ana)
    with transaction():
        row.next_reminder, row.next_reminder_at, row.reminder_rules = None, row.expiry_date - timedelta(days=3), 1
    clock.forward(days=27, hours=2)
    worker.turn()
    assert said(telegram, "termina en 3 días") == 1 and now_of(ana).next_reminder == 1


def test_who_cannot_be_reached_is_passed_over_and_the_next_is_planned(ana, given, worker, telegram, clock):
    given(ana, inside=True)
    clock.forward(days=27)
    with transaction():
        people.note_reach(ana.user_id, Reach.BLOCKED)
    worker.turn()
    assert said(telegram, "termina en") == 0 and now_of(ana).next_reminder == 1


def test_two_workers_and_a_change_of_the_days_at_once_remind_each_once(app, given, clock):
    crowd = [UserFactory() for _one in range(20)]
    for one in crowd:
        given(one, inside=True)
    clock.forward(days=27)

    def work(_number):
        with app.app_context():
            for part in (reminders.plan_due, reminders.send_due) * 3:
                with transaction():
                    part(7)

    def change(number):
        with app.app_context(), transaction():
            setup.change({"reminder_days": "3, 1" if number % 2 else "3, 2, 1"}, by=CAIO)

    with ThreadPoolExecutor(4) as hands:
        jobs = [hands.submit(work, 1), hands.submit(change, 0), hands.submit(work, 2), hands.submit(change, 1)]
        for job in jobs:
            job.result()
        list(hands.map(work, [3] * 10))
    db.session.rollback()
    keys = [
        f"remind:{row.id}:{int(row.expiry_date.timestamp())}:3" for row in db.session.scalars(db.select(VIPSubscriber))
    ]
    assert count(OutboxMessage, OutboxMessage.dedupe_key.in_(keys)) == 20
    assert count(OutboxMessage, OutboxMessage.dedupe_key.startswith("remind:")) == 20


def test_planning_many_anew_asks_the_same_few_questions(app, given, clock):
    for _one in range(8):
        given(UserFactory(), inside=True)
    settings(reminder_days="5")
    with transaction():
        assert reminders.plan_due(5) == 5
    with transaction():
        assert reminders.plan_due(5) == 3
    with transaction():
        assert reminders.plan_due(5) == 0
    assert config.current().reminder_rules == 3 and count(VIPSubscriber, VIPSubscriber.reminder_rules == 3) == 8
