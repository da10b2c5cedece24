"""The admins' desk in the chat: codes, the Free queue, the wait, the brake; and nobody else's hands on it."""

import re

import pytest

from tests.bot.conftest import buttons, told, turn
from tests.conftest import count
from tests.factories import UserFactory
from webapp.base.db import db, transaction
from webapp.base.outbox import OutboxMessage
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.channels import expiry, plans, requests, subscriptions, tokens
from webapp.domain.channels.models import ExpulsionRun, FreeChannelRequest, RequestStatus
from webapp.domain.settings import config
from webapp.domain.users.people import as_actor

FREE, VIP = -1001000000001, -1001000000002


@pytest.fixture(autouse=True)
def channels(app):
    with transaction():
        settings = config.current()
        settings.vip_channel_id, settings.free_channel_id, settings.bot_username = VIP, FREE, "luna_bot"


@pytest.fixture
def plan(app):
    with transaction():
        values = {"name": "Mensual <i>", "duration_days": 30, "price": "350", "currency": "MXN"}
        return plans.create(values, by=SYSTEM)


def ask(*people):
    for one in people:
        with transaction():
            requests.receive(FREE, told(one), one.user_id)


def test_dora_makes_a_code_that_works_and_is_a_message_of_its_own(bot, dora, ana, plan):
    desk = bot.press(dora, "vipdesk")[-1]
    assert f"code:{plan.id}" in buttons(desk)
    made = bot.press(dora, f"code:{plan.id}")[-1]
    assert made["method"] == "sendMessage" and "Mensual &lt;i&gt;" in made["text"]
    code = re.search(r"start=vip_(\S+)", made["text"])[1]
    with transaction():
        tokens.redeem(code, ana, by=as_actor(ana))
    assert subscriptions.of(ana.user_id).has_access


def test_a_code_is_not_kept_with_the_message_that_told_it(loop, telegram, dora, plan):
    telegram.do("say", person="dora", text="/admin")
    turn(loop)
    for words in ("VIP", "Código: Mensual"):
        shown = telegram.messages("dora")[-1]
        telegram.do("press", person="dora", message_id=shown["message_id"], text=words, wait=0)
        turn(loop)
    code = re.search(r"start=vip_(\S+)", telegram.messages("dora")[-1]["text"])[1]
    rows = db.session.scalars(db.select(OutboxMessage)).all()
    assert rows and not any(code in str(row.payload) for row in rows)


def test_the_whole_queue_is_approved_after_a_question(bot, dora, ana, bea):
    ask(ana, bea)
    assert "En espera: <b>2</b>" in bot.press(dora, "freedesk")[-1]["text"]
    question = bot.press(dora, "freeall:approve")[-1]
    assert "¿Aprobar 2 solicitudes?" in question["text"]
    promised = [one["method"] for one in bot.press(dora, buttons(question)[0])]
    assert promised.count("approveChatJoinRequest") == 2
    assert count(FreeChannelRequest, FreeChannelRequest.status == RequestStatus.APPROVING) == 2


def test_the_wait_is_set_here_and_holds_for_who_asks_after(bot, dora, ana):
    bot.press(dora, "wait:60")
    ask(ana)
    request = requests.waiting_of(ana.user_id)
    assert (request.approve_after - request.request_date).total_seconds() == 3600


def test_the_brake_is_released_after_a_question(bot, dora, plan, later):
    for _one in range(12):
        with transaction():
            subscriptions.gift(UserFactory(), 1, by=SYSTEM, reason="prueba")
    later(2 * 86_400)
    with transaction():
        expiry.sweep()
    run = expiry.braked()
    assert "El freno está puesto" in bot.press(dora, "vipdesk")[-1]["text"]
    question = bot.press(dora, f"brake:{run.id}")[-1]
    bot.press(dora, buttons(question)[0])
    assert count(ExpulsionRun, ExpulsionRun.state == "released") == 1


@pytest.mark.parametrize(
    "data", ["vipdesk", "code:1", "brake:1", "braked:1", "freedesk", "freeall:approve", "freedo:decline", "wait:1"]
)
def test_nobody_else_has_a_hand_on_it(bot, ana, plan, data):
    ask(ana)
    (answer,) = bot.press(ana, data)
    assert "solo para administradores" in answer["text"]
    db.session.expire_all()
    assert config.current().wait_time_minutes == 5
