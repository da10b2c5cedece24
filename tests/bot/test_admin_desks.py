"""The admins' desk in the chat: one request of the Free queue, plans on and off, the figures."""

import pytest

from tests.bot.conftest import buttons, told
from tests.conftest import count
from tests.factories import InterestFactory, UserFactory
from webapp.base.db import db, transaction
from webapp.base.inbox import TelegramUpdate
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.channels import plans, requests, sales, subscriptions
from webapp.domain.channels.models import FreeChannelRequest, RequestStatus, SubscriptionPlan
from webapp.domain.channels.payments import read
from webapp.domain.settings import config

FREE, VIP = -1001000000001, -1001000000002


@pytest.fixture(autouse=True)
def channels(app):
    with transaction():
        settings = config.current()
        settings.vip_channel_id, settings.free_channel_id = VIP, FREE


@pytest.fixture
def plan(app):
    with transaction():
        return plans.create({"name": "Mensual", "duration_days": 30, "price": "350", "currency": "MXN"}, by=SYSTEM)


def ask(*people):
    for one in people:
        with transaction():
            requests.receive(FREE, told(one), one.user_id)


def toast(promised) -> str:
    return next(one["text"] for one in promised if one["method"] == "answerCallbackQuery")


def test_one_of_the_queue_is_decided_once(bot, dora, ana, bea):
    ask(ana, bea)
    first, second = [one for one in buttons(bot.press(dora, "freedesk")[-1]) if one.startswith("asker:")]
    card = bot.press(dora, first)[-1]
    assert "Ana Torres" in card["text"] and "En espera" in card["text"]
    approve = buttons(card)[0]
    assert toast(bot.press(dora, approve)) == "Aprobada."
    assert toast(bot.press(dora, approve)) == "Ya estaba decidida."
    bot.press(dora, second.replace("asker", "freeone:decline"))
    assert count(FreeChannelRequest, FreeChannelRequest.status == RequestStatus.APPROVING) == 1
    assert count(FreeChannelRequest, FreeChannelRequest.status == RequestStatus.DECLINED) == 1
    assert not [one for one in buttons(bot.press(dora, first)[-1]) if one.startswith("freeone")]


def test_the_queue_is_turned(bot, dora):
    ask(*[UserFactory() for _ in range(8)])
    found = buttons(bot.press(dora, "freedesk")[-1])
    assert len([one for one in found if one.startswith("asker:")]) == 6
    forth = next(one for one in found if one.startswith("freedesk:"))
    assert len([one for one in buttons(bot.press(dora, forth)[-1]) if one.startswith("asker:")]) == 2


def test_a_plan_is_taken_down_after_a_question_and_put_back(bot, dora, ana, plan):
    with transaction():
        sales.sell(ana, plan, by=SYSTEM)
    card = bot.press(dora, f"plan:{plan.id}")[-1]
    assert "30 días · $350" in card["text"] and "Lo tiene 1 persona" in card["text"]
    question = bot.press(dora, buttons(card)[0])[-1]
    assert "¿Dejar de ofrecerlo?" in question["text"] and db.session.get(SubscriptionPlan, plan.id).is_active
    off = bot.press(dora, buttons(question)[0])
    assert off[0]["text"] == "Ya no se ofrece." and "🚫" in str(bot.press(dora, "plandesk")[-1]["reply_markup"])
    bot.press(dora, buttons(off[-1])[0])
    assert db.session.get(SubscriptionPlan, plan.id, populate_existing=True).is_active


def test_without_plans_it_says_where_they_are_made(bot, dora):
    assert "Se crean en el panel" in bot.press(dora, "plandesk")[-1]["text"]


def test_the_figures_of_a_range_fit_in_a_few_lines(bot, dora, ana, bea, plan, kit):
    with transaction():
        paid = read({"amount": "299,50", "currency": "MXN", "method": "cash"})
        sales.sell(ana, plan, by=SYSTEM, paid=paid), sales.sell(bea, plan, by=SYSTEM)
    with transaction():
        subscriptions.revoke(subscriptions.of(bea.user_id), by=SYSTEM, reason="x")
    InterestFactory(user_id=ana.user_id, package_id=kit.id)
    shown = bot.press(dora, "figs:7")[-1]
    lines = ("Con acceso: <b>1</b>", "Nuevos: <b>2</b>", "Bajas: <b>1</b>", "$299.50", "Me interesa: <b>1</b>")
    assert all(line in shown["text"] for line in lines) and shown["text"].count("\n") < 10
    assert "✓ 7 días" in str(shown["reply_markup"])
    assert "Hoy" in bot.press(dora, "figs:nonsense")[-1]["text"]


def test_with_nothing_sold_nothing_is_the_word(bot, dora):
    assert "Cobrado: <b>nada</b>" in bot.press(dora, "figs:today")[-1]["text"]


def test_the_desk_leads_everywhere(bot, dora):
    found = buttons(bot.say(dora, "/admin")[-1])
    assert {"vipdesk", "freedesk", "plandesk", "figs:today", "people", "goods"} <= set(found)


HUGE = (2**63 - 1, -(2**63 - 1), 2**31, 10**19)


@pytest.mark.parametrize("number", HUGE)
def test_forged_places_and_numbers_break_nothing(bot, ana, dora, number):
    for who in (ana, dora):
        for data in ("cat:free_content", "mine", "leads:pending", "goods", "subs:active", "subs:expired", "freedesk"):
            for second in (1, number):
                bot.press(who, f"{data}:{number}:{second}:1")
        for data in ("pkg", "want", "drop", "lead", "user", "good", "asker", "plan", "planset", "code", "brake", "sub"):
            bot.press(who, f"{data}:{number}:1")
            bot.press(who, f"{data}:{number}")
        for data in ("wait", "place:vip", "freeone:approve", "subpick:gift", "vipup", "blockyes", "braked", "tend"):
            bot.press(who, f"{data}:{number}")
        bot.press(who, f"subask:gift:{ana.user_id}:{number}")
        bot.press(who, f"subdo:gift:{ana.user_id}:{number}:{number}")
    assert count(TelegramUpdate, TelegramUpdate.status != "done") == 0
