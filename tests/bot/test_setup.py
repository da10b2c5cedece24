"""What Telegram is told about the bot, the poller's patience, and the doctor."""

import pytest

from tests.panel.members import FREE, VIP, a_plan, open_channels
from webapp.base.db import db, transaction
from webapp.base.telegram import RetryLater, Terminal
from webapp.bot import doctor
from webapp.bot.links import opens_miniapp
from webapp.bot.poller import Poller
from webapp.bot.setup import Setup
from webapp.domain.settings import config
from webapp.domain.users import roles
from webapp.domain.users.models import Reach, UserRole
from webapp.domain.users.people import get_user


@pytest.fixture
def setup(app, telegram):
    return Setup(app.extensions["gateway"])


def test_commands_menu_and_name_are_told(setup, telegram, dora):
    telegram.do("start", person="dora")
    assert setup.once()
    names = {who: [one["command"] for one in telegram.see(f"people/{who}")["commands"]] for who in ("ana", "dora")}
    assert "catalogo" in names["ana"] and "admin" not in names["ana"] and names["dora"][0] == "admin"
    assert telegram.see("people/ana")["menu_button"]["web_app"]["url"] == "http://localhost:8000/miniapp/"
    assert config.current().bot_username == telegram.calls("getMe")[0]["answer"]["result"]["username"]


def admins_commands(telegram, person) -> list[str]:
    return [one["command"] for one in telegram.see(f"people/{person}")["commands"]]


def test_a_role_changed_elsewhere_changes_the_commands(setup, telegram, bea, by_dora):
    telegram.do("start", person="bea")
    bea.reach = Reach.OK
    db.session.commit()
    setup.once()
    assert "admin" not in admins_commands(telegram, "bea")
    for role, seen in ((UserRole.ADMIN, True), (UserRole.VIP, False)):
        with transaction():
            roles.set_role(get_user(bea.user_id), role, by=by_dora, reason="cambio de equipo")
        setup.once()
        assert ("admin" in admins_commands(telegram, "bea")) is seen


def test_who_lost_the_role_while_the_bot_was_away_loses_its_commands_when_it_is_back(
    app, setup, telegram, bea, by_dora
):
    telegram.do("start", person="bea")
    bea.reach = Reach.OK
    db.session.commit()
    for role in (UserRole.ADMIN, UserRole.FREE):
        with transaction():
            roles.set_role(get_user(bea.user_id), role, by=by_dora, reason="cambio de equipo")
        (setup if role is UserRole.ADMIN else Setup(setup.gateway)).once()
    assert "admin" not in admins_commands(telegram, "bea")


def test_what_failed_is_told_again_and_nothing_else(setup, telegram):
    rule = {"kind": "5xx", "method": "setChatMenuButton", "times": 1}
    telegram.do("faults", rules=[rule])
    assert [setup.once(), setup.once()] == [False, True]
    assert len(telegram.calls("getMe")) == 1 and len(telegram.calls("setChatMenuButton")) == 2


def test_a_webhook_that_is_set_is_taken_away_in_polling_mode(setup, app, telegram):
    app.extensions["gateway"].call("setWebhook", {"url": "https://vitrina.example/telegram/webhook"})
    setup.once()
    assert app.extensions["gateway"].call("getWebhookInfo")["url"] == ""


def test_real_telegram_is_offered_no_button_over_http(app, monkeypatch):
    real = app.extensions["settings"].model_copy(update={"telegram_api_url": "https://api.telegram.org"})
    monkeypatch.setitem(app.extensions, "settings", real)
    assert not opens_miniapp()


def test_the_poller_waits_out_another_one(app, telegram):
    poller = Poller(app.extensions["gateway"], lambda: None, seconds=0)
    conflict = Terminal("getUpdates", 409, "Conflict: terminated by other getUpdates request")
    pauses = [poller._pause(conflict) for _ in range(8)]
    assert 0.5 <= pauses[0] <= 1 and 15 <= pauses[-1] <= 30
    assert poller._pause(RetryLater("getUpdates", 429, "Too Many Requests", 40, flood=True)) >= 40


def test_the_poller_mends_a_webhook_in_its_way(app, telegram):
    gateway = app.extensions["gateway"]
    gateway.call("setWebhook", {"url": "https://vitrina.example/telegram/webhook"})
    poller = Poller(gateway, lambda: None, seconds=0)
    assert poller.poll() > 0 and poller.failures == 1
    assert gateway.call("getWebhookInfo")["url"] == ""
    poller.poll()
    assert poller.failures == 0


OURS = {"VIP channel", "FREE channel", "Plans"}


def test_the_doctor_says_what_is_wrong_and_then_that_all_is_well(setup, app, telegram):
    bot = app.extensions["gateway"].bot()
    assert {one.name for one in doctor.examine(bot) if not one.fine} - OURS == {"Commands", "Menu button"}
    setup.once()
    assert {one.name for one in doctor.examine(bot) if not one.fine} == OURS
    telegram.do("faults", rules=[{"kind": "error", "method": "getMe", "code": 401, "description": "Unauthorized"}])
    assert "Telegram" in {one.name for one in doctor.examine(bot) if not one.fine}
    db.session.rollback()


def test_the_doctor_asks_for_the_rights_in_both_channels_now(setup, app, telegram):
    """Defect 4: also the right to restrict members."""
    setup.once()
    open_channels()
    a_plan()
    bot = app.extensions["gateway"].bot()
    assert [one.name for one in doctor.examine(bot) if not one.fine] == []
    telegram.do("bot-rights", chat=VIP, rights={"can_restrict_members": False})
    telegram.do("bot-rights", chat=FREE, status="kicked")
    told = {one.name: one.seen for one in doctor.examine(bot) if not one.fine}
    assert told["VIP channel"].endswith("lacks can_restrict_members") and "kicked" in told["FREE channel"]
    db.session.rollback()
