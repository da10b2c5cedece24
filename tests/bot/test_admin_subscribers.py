"""The admins' desk in the chat, subscribers: found by how they stand, and each deed on one of them, asked for first."""

import re
from datetime import timedelta

import pytest

from tests.bot.conftest import buttons, told
from tests.conftest import count
from tests.factories import UserFactory
from webapp.base.clock import now
from webapp.base.db import db, transaction
from webapp.base.inbox import TelegramUpdate
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.audit.models import AuditLog
from webapp.domain.channels import members, plans, subscriptions
from webapp.domain.channels.models import ChannelState, Status, SubscriptionPeriod, VIPSubscriber
from webapp.domain.channels.records import ManualPayment
from webapp.domain.settings import config

VIP = -1001000000002


@pytest.fixture(autouse=True)
def channel(app):
    with transaction():
        config.current().vip_channel_id = VIP


@pytest.fixture
def plan(app):
    with transaction():
        values = {"name": "Mensual <i>", "duration_days": 30, "price": "350", "currency": "MXN"}
        return plans.create(values, by=SYSTEM)


def give(user, days=10, *, inside=False):
    with transaction():
        subscriptions.gift(user, days, by=SYSTEM, reason="prueba")
    if inside:
        with transaction():
            members.note(VIP, told(user), "member")


def of(user) -> VIPSubscriber:
    db.session.rollback()
    db.session.expire_all()
    return subscriptions.of(user.user_id)


def follow(bot, admin, *labels, start):
    """Presses the button of each label in turn, from a card on; returns the last message."""
    shown = bot.press(admin, start)[-1]
    for label in labels:
        rows = shown["reply_markup"]["inline_keyboard"]
        data = next(one["callback_data"] for row in rows for one in row if label in one["text"])
        shown = bot.press(admin, data)[-1]
    return shown


def revoked(user):
    with transaction():
        subscriptions.revoke(subscriptions.of(user.user_id), by=SYSTEM, reason="x")


def test_each_list_shows_who_stands_so(bot, dora, ana, bea, caio):
    give(ana, 3), give(bea, 30)
    eva = UserFactory(first_name="Eva <b>")
    give(eva)
    revoked(eva)
    desk = bot.press(dora, "vipdesk")[-1]
    assert "Con acceso: <b>2</b>" in desk["text"] and "Vencen en 7 días: <b>1</b>" in desk["text"]
    assert {"subs:active", "subs:soon", "subs:expired", "subs:paused"} <= set(buttons(desk))
    assert [one for one in buttons(bot.press(dora, "subs:active")[-1]) if one.startswith("sub:")] == [
        f"sub:{ana.user_id}",
        f"sub:{bea.user_id}",
    ]
    assert f"sub:{bea.user_id}" not in buttons(bot.press(dora, "subs:soon")[-1])
    assert f"sub:{eva.user_id}" in buttons(bot.press(dora, "subs:expired")[-1])
    assert "Nadie por aquí" in bot.press(dora, "subs:paused")[-1]["text"]
    assert "Con acceso" in bot.press(dora, "subs:nonsense")[-1]["text"]


def test_a_long_list_is_turned_both_ways_and_shows_everybody_once(bot, dora):
    people = [UserFactory() for _ in range(14)]
    for place, user in enumerate(people):
        give(user, place + 1)
    seen, data = [], "subs:active"
    while data:
        found = buttons(bot.press(dora, data)[-1])
        seen += [one for one in found if one.startswith("sub:")]
        data = next((one for one in found if one.startswith("subs:active:") and one.endswith(":0")), "")
        back = next((one for one in found if one.startswith("subs:active:") and one.endswith(":1")), "")
    assert seen == [f"sub:{user.user_id}" for user in people]
    assert f"sub:{people[6].user_id}" in buttons(bot.press(dora, back)[-1])


def test_the_card_tells_how_somebody_stands_and_offers_what_fits(bot, dora, ana, bea):
    assert "Nunca ha sido VIP" in bot.press(dora, f"sub:{ana.user_id}")[-1]["text"]
    give(ana, inside=True)
    card = bot.press(dora, f"sub:{ana.user_id}")[-1]
    assert "Activa</b> · Regalo" in card["text"] and "Dentro del canal" in card["text"] and "—" not in card["text"]
    labels = str(card["reply_markup"])
    assert all(word in labels for word in ("Extender", "Regalar días", "Pausar", "Retirar acceso"))
    assert not any(word in labels for word in ("Reanudar", "Expulsar", "Dejar volver"))
    assert f"sub:{bea.user_id}" in buttons(bot.press(dora, f"user:{bea.user_id}")[-1])


def test_days_are_given_after_a_question_and_pressing_twice_gives_them_once(bot, dora, ana):
    give(ana)
    until = of(ana).expiry_date
    shown = follow(bot, dora, "Regalar días", "30 días", start=f"sub:{ana.user_id}")
    assert "¿Regalarle 30 días?" in shown["text"] and of(ana).expiry_date == until
    yes = buttons(shown)[0]
    bot.press(dora, yes)
    assert "alguien lo cambió" in bot.press(dora, yes)[-1]["text"]
    assert of(ana).expiry_date == until + timedelta(days=30)
    assert count(AuditLog, AuditLog.actor_id == str(dora.user_id), AuditLog.resource_type == "vip_subscribers") == 1


def test_somebody_new_is_sold_a_plan_with_its_payment_or_without(bot, dora, ana, bea, plan):
    shown = follow(bot, dora, "Extender", "Mensual", start=f"sub:{ana.user_id}")
    assert "Mensual &lt;i&gt;" in shown["text"] and "Sí, pagó $350" in str(shown["reply_markup"])
    follow(bot, dora, "Extender", "Mensual", "pagó", start=f"sub:{ana.user_id}")
    follow(bot, dora, "Extender", "Mensual", "sin pago", start=f"sub:{bea.user_id}")
    prices = [row.price for row in db.session.scalars(db.select(SubscriptionPeriod).order_by(SubscriptionPeriod.id))]
    assert prices == [350, 0] and count(ManualPayment) == 1
    assert of(ana).has_access and of(bea).has_access


def test_a_pause_is_taken_back(bot, dora, ana):
    give(ana, inside=True)
    follow(bot, dora, "Pausar", "Sí", start=f"sub:{ana.user_id}")
    assert of(ana).status is Status.PAUSED
    shown = follow(bot, dora, "Reanudar", "Sí", start=f"sub:{ana.user_id}")
    assert of(ana).status is Status.ACTIVE and "Pausar" in str(shown["reply_markup"])


def test_no_means_nothing_happens(bot, dora, ana):
    give(ana)
    follow(bot, dora, "Retirar acceso", "No", start=f"sub:{ana.user_id}")
    assert of(ana).has_access


def test_access_is_taken_and_who_is_still_inside_is_put_out_at_once(bot, dora, ana):
    give(ana, inside=True)
    shown = follow(bot, dora, "Retirar acceso", "Sí", start=f"sub:{ana.user_id}")
    assert of(ana).status is Status.REVOKED and "Expulsar ahora" in str(shown["reply_markup"])
    with transaction():
        row = subscriptions.hold(ana.user_id)
        row.attempts, row.last_error, row.next_attempt_at = 2, "CHAT_ADMIN_REQUIRED", now() + timedelta(hours=5)
    assert "La expulsión falló (2): CHAT_ADMIN_REQUIRED" in bot.press(dora, f"sub:{ana.user_id}")[-1]["text"]
    follow(bot, dora, "Expulsar ahora", "Sí", start=f"sub:{ana.user_id}")
    assert of(ana).next_attempt_at is None


def test_an_expulsion_is_taken_back(bot, dora, ana):
    give(ana, inside=True)
    revoked(ana)
    with transaction():
        members.note(VIP, told(ana), "kicked")
    follow(bot, dora, "Dejar volver", "7 días", "Sí", start=f"sub:{ana.user_id}")
    assert of(ana).has_access and (of(ana).expiry_date - now()).days == 6


def test_who_was_banned_with_access_left_keeps_the_date(bot, dora, ana):
    give(ana, inside=True)
    with transaction():
        members.note(VIP, told(ana), "kicked")
    until = of(ana).expiry_date
    follow(bot, dora, "Dejar volver", "Sí", start=f"sub:{ana.user_id}")
    assert of(ana).expiry_date == until and of(ana).channel_state is ChannelState.EXPELLED  # until they come in


DATA = ["subs:active", "sub:1", "subpick:gift:1", "subask:pause:1:0", "subdo:revoke:1:0:0", "plandesk", "plan:1"]
DATA += ["planoff:1", "planset:1:0", "figs:7", "asker:1", "freeone:decline:1"]


@pytest.mark.parametrize("data", DATA)
def test_nobody_else_has_a_hand_on_it(bot, bea, data):
    (answer,) = bot.press(bea, data)
    assert "solo para administradores" in answer["text"]


@pytest.mark.parametrize("data", ["sub:999", "subpick:fly:1", "subask:fly:1:0", "subdo:fly:1:0:0", "plan:9", "asker:9"])
def test_what_is_not_there_is_said_so(bot, dora, data):
    assert len(bot.press(dora, data)) == 1


def test_an_old_button_of_somebody_without_a_subscription_does_nothing(bot, dora, ana):
    for deed in ("pause", "resume", "revoke", "expel", "readmit"):
        assert "nunca ha sido VIP" in bot.press(dora, f"subdo:{deed}:{ana.user_id}:0:0")[-1]["text"]
    assert count(VIPSubscriber) == 0


def test_days_out_of_range_are_refused(bot, dora, ana):
    for days in (0, -3, 99_999):
        bot.press(dora, f"subdo:gift:{ana.user_id}:{days}:0")
    assert count(VIPSubscriber) == 0


@pytest.mark.parametrize("days", [0, -3, 99_999, 2**62, -(2**62)])
def test_days_of_coming_back_out_of_range_are_refused(bot, dora, ana, days):
    give(ana)
    revoked(ana)
    with transaction():
        of(ana).channel_state = ChannelState.EXPELLED
    shown = str(bot.press(dora, f"subask:readmit:{ana.user_id}:{days}"))
    for seen in re.findall(r"subdo:readmit:[\d:-]+", shown):
        bot.press(dora, seen)
    assert of(ana).status is Status.REVOKED and count(TelegramUpdate, TelegramUpdate.status == "failed") == 0
