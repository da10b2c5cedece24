"""The team in the chat: tying one's Telegram to one's account, once, whoever races; nothing of the code is kept."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from tests.bot.conftest import buttons
from tests.conftest import count
from tests.entering import opened
from tests.factories import StaffFactory
from webapp.base.db import db, transaction
from webapp.base.errors import Refused
from webapp.base.inbox import TelegramUpdate
from webapp.base.outbox import OutboxMessage
from webapp.domain.audit.models import AuditLog
from webapp.domain.staff import accounts, links, team
from webapp.domain.staff.models import StaffRole, StaffUser
from webapp.domain.users.people import as_actor


def ask(staff):
    with transaction():
        return links.ask(staff, by=accounts.as_actor(staff))


def tied(staff):
    db.session.rollback()
    return db.session.get(StaffUser, staff.id, populate_existing=True).telegram_user_id


def tie(bot, person, code):
    """Opens a code and says yes, if it is asked; what is said at last."""
    (said,) = bot.say(person, f"/start link_{code}")
    yes = [one for one in buttons(said) if one.startswith("tie:")] if "reply_markup" in said else []
    return next(one for one in bot.press(person, yes[0]) if "text" in one) if yes else said


def test_whoever_was_sent_somebody_elses_code_is_asked_and_nothing_is_tied(bot, dora, ana, caio):
    code = ask(caio)
    (said,) = bot.say(dora, f"/start link_{code}")
    assert "¿Unir este Telegram" in said["text"] and caio.email in said["text"] and tied(caio) is None
    yes = next(one for one in buttons(said) if one.startswith("tie:"))
    assert code not in yes and len(yes) <= 64
    for pressed in (yes, f"{yes[:-1]}{'1' if yes[-1] == '0' else '0'}", f"tie:{'9' * 18}:{yes[-32:]}", "tie:1:ñ"):
        bot.press(ana, pressed)
    assert tied(caio) is None, "it was not Ana who was asked"
    bot.press(dora, yes)
    assert tied(caio) == dora.user_id


def test_what_was_asked_is_over_with_the_code(bot, dora, caio, later):
    (said,) = bot.say(dora, f"/start link_{ask(caio)}")
    yes = next(one for one in buttons(said) if one.startswith("tie:"))
    ask(caio)  # another code, in the same row
    bot.press(dora, yes)
    (said,) = bot.say(dora, f"/start link_{ask(caio)}")
    later(15 * 60 + 1)
    bot.press(dora, next(one for one in buttons(said) if one.startswith("tie:")))
    assert tied(caio) is None


def test_dora_ties_her_telegram_to_her_account(bot, dora, caio):
    said = tie(bot, dora, ask(caio))
    assert "quedó unido" in said["text"] and caio.email in said["text"]
    assert tied(caio) == dora.user_id and links.of_person(dora.user_id).id == caio.id
    row = db.session.query(AuditLog).filter_by(resource_type="staff_users").one()
    assert row.new_values == {"telegram_user_id": dora.user_id} and row.actor_type == "user"


def test_a_code_that_ties_does_not_stay_in_the_inbox_used_or_refused(bot, dora, ana, caio):
    code = ask(caio)
    for person in (dora, ana):
        tie(bot, person, code)
    kept = db.session.scalars(select(TelegramUpdate.payload)).all()
    said = db.session.scalars(select(OutboxMessage.payload)).all()
    assert len(kept) == 3 and code not in f"{kept}{said}" and tied(caio) == dora.user_id


@pytest.mark.parametrize("code", ["nada", "", "x" * 43])
def test_a_code_that_we_do_not_know_ties_nothing(bot, dora, caio, code):
    (said,) = bot.say(dora, f"/start link_{code}")
    assert "ya se usó o venció" in said["text"] and tied(caio) is None


def test_a_code_is_over_after_a_quarter_of_an_hour_and_when_another_is_asked_for(bot, dora, caio, later):
    first, second = ask(caio), ask(caio)
    tie(bot, dora, first)
    assert tied(caio) is None
    later(15 * 60 + 1)
    tie(bot, dora, second)
    assert tied(caio) is None


def test_one_telegram_is_of_one_account(bot, dora, caio):
    other = StaffFactory(email="otra@vitrina.example")
    tie(bot, dora, ask(caio))
    said = tie(bot, dora, ask(other))
    assert "ya está unido a otra cuenta" in said["text"] and tied(other) is None


def test_who_was_suspended_meanwhile_ties_nothing(bot, dora, caio):
    code, root = ask(caio), StaffFactory(role=StaffRole.SYSADMIN)
    with transaction():
        team.suspend(caio.id, by=accounts.as_actor(root))
    tie(bot, dora, code)
    assert tied(caio) is None


def test_of_ten_who_open_one_code_at_once_one_is_tied(app, dora, ana, bea, caio):
    code = ask(caio)
    proofs = {user.user_id: opened(code, user.user_id) for user in (dora, ana, bea)}

    def turn(user):
        with app.app_context():
            try:
                with transaction():
                    links.link(*proofs[user.user_id], user.user_id, by=as_actor(user))
            except Refused:
                return False
            return True

    with ThreadPoolExecutor(10) as crowd:
        assert sum(crowd.map(turn, [dora, ana, bea, dora, ana, bea, dora, ana, bea, dora])) == 1
    assert tied(caio) in (dora.user_id, ana.user_id, bea.user_id)
    assert count(AuditLog, AuditLog.resource_type == "staff_users") == 1


def test_the_desk_leads_into_the_panel_whoever_is_linked(bot, dora, caio):
    def doors():
        (said,) = bot.say(dora, "/admin")
        return [
            one["web_app"]["url"] for row in said["reply_markup"]["inline_keyboard"] for one in row if "web_app" in one
        ]

    assert doors() == []
    tie(bot, dora, ask(caio))
    assert doors() == ["http://localhost:8000/panel/sign-in/telegram/"]
