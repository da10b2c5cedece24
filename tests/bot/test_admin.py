"""The chat's desk for admins."""

import pytest

from tests.bot.conftest import buttons, write_notices
from tests.conftest import count
from tests.factories import InterestFactory
from webapp.base.db import db
from webapp.base.outbox import OutboxMessage
from webapp.domain.audit.models import AuditLog
from webapp.domain.catalog.models import ContentPackage, UserInterest
from webapp.domain.users.models import User


@pytest.mark.parametrize(
    "data",
    [
        *(
            "admin",
            "interests:pending",
            "leads:pending",
            "lead:1",
            "tend:1",
            "undo:1",
            "attend:1",
            "reopen:1",
            "people",
        ),
        *("user:1", "block:1", "blockyes:1", "unblock:1", "goods", "good:1"),
        *("show:1", "hide:1"),
    ],
)
def test_others_are_refused_every_button(bot, bea, data):
    (refusal,) = bot.press(bea, data)
    assert refusal["text"] == "Esto es solo para administradores."


def test_others_are_refused_the_command(bot, ana):
    assert bot.say(ana, "/admin")[0]["text"] == "Esto es solo para administradores."


def test_an_admin_of_yesterday_is_refused(bot, dora, ana, kit):
    interest = InterestFactory(user_id=ana.user_id, package_id=kit.id)
    db.session.execute(db.text("UPDATE users SET role = 'free' WHERE user_id = :id"), {"id": dora.user_id})
    db.session.commit()
    db.session.expire_all()
    bot.press(dora, f"attend:{interest.id}")
    assert count(UserInterest, UserInterest.is_attended) == 0


def test_attending_from_the_notice_updates_it_for_everybody(bot, ana, dora, kit):
    bot.press(ana, f"want:{kit.id}")
    write_notices()
    interest = db.session.scalar(db.select(UserInterest))
    (answer,) = bot.press(dora, f"attend:{interest.id}")
    assert answer["text"] == "Marcado como atendido."
    write_notices()
    notice = db.session.scalar(db.select(OutboxMessage).order_by(OutboxMessage.id.desc()))
    assert notice.method == "editMessageText" and "Atendido</b> por Dora Ruiz" in notice.payload["text"]
    assert bot.press(dora, f"attend:{interest.id}")[0]["text"] == "Ya lo atendió Dora Ruiz."
    assert count(AuditLog, AuditLog.resource_type == "user_interests", AuditLog.actor_id == str(dora.user_id)) == 1


def test_the_list_is_worked_through(bot, dora, ana, kit):
    interest = InterestFactory(user_id=ana.user_id, package_id=kit.id)
    assert "pendientes · 1" in str(bot.say(dora, "/admin")[0]["reply_markup"])
    listed = bot.press(dora, "leads:pending")[1]
    assert f"lead:{interest.id}" in buttons(listed) and "Ana Torres" in listed["text"]
    _answer, shown = [one for one in bot.press(dora, f"tend:{interest.id}") if one["method"] != "sendMessage"]
    assert f"undo:{interest.id}" in buttons(shown)
    assert f"lead:{interest.id}" not in buttons(bot.press(dora, "leads:pending")[1])


def test_a_long_list_of_interests_is_turned(bot, dora, ana):
    made = [InterestFactory(user_id=ana.user_id).id for _ in range(8)]
    first = buttons(bot.press(dora, "leads:pending")[1])
    forth = next(one for one in first if one.startswith("leads:pending:"))
    rest = buttons(bot.press(dora, forth)[1])
    shown = [one for one in first + rest if one.startswith("lead:")]
    assert shown == [f"lead:{number}" for number in reversed(made)]


def test_see_all_of_a_notice_leaves_the_notice_alone(bot, dora):
    assert bot.press(dora, "interests:pending")[1]["method"] == "sendMessage"


def test_blocking_asks_first(bot, dora, ana):
    question = bot.press(dora, f"block:{ana.user_id}")[1]
    assert question["method"] == "sendMessage" and f"blockyes:{ana.user_id}" in buttons(question)
    assert not db.session.get(User, ana.user_id, populate_existing=True).is_blocked
    shown = bot.press(dora, f"blockyes:{ana.user_id}")[1]
    assert f"unblock:{ana.user_id}" in buttons(shown)
    assert db.session.get(User, ana.user_id, populate_existing=True).is_blocked


def test_an_admin_cannot_be_blocked(bot, dora):
    (refusal,) = bot.press(dora, f"blockyes:{dora.user_id}")
    assert refusal["text"] == "No se puede bloquear a un administrador."


def test_people_are_found_by_name(bot, dora, ana, bea):
    assert buttons(bot.say(dora, "/admin beas")[0])[0] == f"user:{bea.user_id}"
    assert "Nadie coincide" in bot.say(dora, "/admin nadie&nunca")[0]["text"]


def test_a_package_is_taken_down_and_put_back(bot, dora, kit):
    for data, active in ((f"hide:{kit.id}", False), (f"show:{kit.id}", True)):
        bot.press(dora, data)
        assert db.session.get(ContentPackage, kit.id, populate_existing=True).is_active is active


def test_what_is_gone_is_said_so(bot, dora):
    for data in ("lead:999", "user:999", "good:999", "attend:999"):
        assert len(bot.press(dora, data)) == 1, data
    assert count(OutboxMessage, OutboxMessage.method != "answerCallbackQuery") == 0


def test_an_admin_with_the_longest_name_attends(bot, dora, ana, kit):
    interest = InterestFactory(user_id=ana.user_id, package_id=kit.id)
    dora.first_name, dora.last_name = "D" * 128, "R" * 128
    db.session.commit()
    (answer,) = bot.press(dora, f"attend:{interest.id}")
    assert answer["text"] == "Marcado como atendido."
