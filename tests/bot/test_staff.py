"""The team in the chat: tying one's Telegram to one's account, once, whoever races; nothing of the code is kept."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from tests.conftest import count
from tests.factories import StaffFactory
from webapp.base.db import db, transaction
from webapp.base.errors import Refused
from webapp.base.inbox import TelegramUpdate
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


def test_dora_ties_her_telegram_to_her_account(bot, dora, caio):
    (said,) = bot.say(dora, f"/start link_{ask(caio)}")
    assert "quedó unido" in said["text"] and caio.email in said["text"]
    assert tied(caio) == dora.user_id and links.of_person(dora.user_id).id == caio.id
    row = db.session.query(AuditLog).filter_by(resource_type="staff_users").one()
    assert row.new_values == {"telegram_user_id": dora.user_id} and row.actor_type == "user"


def test_a_code_that_ties_does_not_stay_in_the_inbox_used_or_refused(bot, dora, ana, caio):
    code = ask(caio)
    for person in (dora, ana):
        bot.say(person, f"/start link_{code}")
    kept = db.session.execute(select(TelegramUpdate.status, TelegramUpdate.payload)).all()
    assert kept == [("done", {}), ("done", {})] and tied(caio) == dora.user_id


@pytest.mark.parametrize("code", ["nada", "", "x" * 43])
def test_a_code_that_we_do_not_know_ties_nothing(bot, dora, caio, code):
    (said,) = bot.say(dora, f"/start link_{code}")
    assert "ya se usó o venció" in said["text"] and tied(caio) is None


def test_a_code_is_over_after_a_quarter_of_an_hour_and_when_another_is_asked_for(bot, dora, caio, later):
    first, second = ask(caio), ask(caio)
    bot.say(dora, f"/start link_{first}")
    assert tied(caio) is None
    later(15 * 60 + 1)
    bot.say(dora, f"/start link_{second}")
    assert tied(caio) is None


def test_one_telegram_is_of_one_account(bot, dora, caio):
    other = StaffFactory(email="otra@vitrina.example")
    bot.say(dora, f"/start link_{ask(caio)}")
    (said,) = bot.say(dora, f"/start link_{ask(other)}")
    assert "ya está unido a otra cuenta" in said["text"] and tied(other) is None


def test_who_was_suspended_meanwhile_ties_nothing(bot, dora, caio):
    code, root = ask(caio), StaffFactory(role=StaffRole.SYSADMIN)
    with transaction():
        team.suspend(caio.id, by=accounts.as_actor(root))
    bot.say(dora, f"/start link_{code}")
    assert tied(caio) is None


def test_of_ten_who_open_one_code_at_once_one_is_tied(app, dora, ana, bea, caio):
    code = ask(caio)

    def turn(user):
        with app.app_context():
            try:
                with transaction():
                    links.link(code, user.user_id, by=as_actor(user))
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
    bot.say(dora, f"/start link_{ask(caio)}")
    assert doors() == ["http://localhost:8000/panel/sign-in/telegram/"]
