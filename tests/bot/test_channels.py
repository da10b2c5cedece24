"""The chat on the channels: a code's link, the way in, the Free queue; and what Telegram tells of people coming."""

import pytest
from sqlalchemy import select

from tests.bot.conftest import buttons, told
from webapp.base.db import db, transaction
from webapp.base.i18n import moment, speaking
from webapp.base.inbox import TelegramUpdate
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.channels import plans, subscriptions, tokens
from webapp.domain.channels.models import ChannelInvite, ChannelState, FreeChannelRequest, Status
from webapp.domain.settings import config
from webapp.domain.users.people import zone_of

FREE, VIP = -1001000000001, -1001000000002


@pytest.fixture(autouse=True)
def channels(app):
    with transaction():
        settings = config.current()
        settings.vip_channel_id, settings.free_channel_id = VIP, FREE


@pytest.fixture
def code(app):
    with transaction():
        values = {"name": "Mensual", "duration_days": 30, "price": "350", "currency": "MXN"}
        return tokens.issue(plans.create(values, by=SYSTEM), by=SYSTEM)[0].code


def subscription(user):
    db.session.rollback()
    db.session.expire_all()
    return subscriptions.of(user.user_id)


@pytest.mark.parametrize("typed", ["/start vip_{code}", "/vip {code}", "/vip https://t.me/x?start=vip_{code}"])
def test_a_code_is_redeemed_by_its_link_and_by_the_command(bot, ana, code, typed):
    (said,) = bot.say(ana, typed.format(code=code))
    assert "VIP: 30 días" in said["text"]
    assert "enter" in buttons(said)
    assert subscription(ana).status is Status.PENDING_ENTRY


def test_a_code_that_is_no_code_is_refused_with_its_reason_and_nothing_is_kept(bot, ana):
    (said,) = bot.say(ana, "/start vip_nada")
    assert "No conocemos ese código" in said["text"]
    assert subscription(ana) is None


@pytest.mark.parametrize("typed", ["/start vip_{code}", "/vip {code}"])
def test_a_code_does_not_stay_in_the_inbox_redeemed_or_refused(bot, ana, bea, code, typed):
    for user in (ana, bea):
        bot.say(user, typed.format(code=code))
    kept = db.session.execute(select(TelegramUpdate.status, TelegramUpdate.payload)).all()
    assert kept == [("done", {}), ("done", {})]
    bot.say(ana, "/vip")
    assert "/vip" in str(db.session.scalars(select(TelegramUpdate.payload)).all())


def test_the_way_in_is_asked_for_once_and_comes_by_the_worker(bot, ana, code):
    bot.say(ana, f"/vip {code}")
    promised = [one["method"] for one in bot.press(ana, "enter")]
    assert sorted(promised) == ["answerCallbackQuery", "createChatInviteLink", "editMessageText"]
    again = [one["method"] for one in bot.press(ana, "enter")]
    assert "createChatInviteLink" not in again


def test_who_asks_for_the_way_in_still_reads_that_they_are_vip_and_until_when(bot, ana, code):
    bot.say(ana, f"/vip {code}")
    with speaking("es"):
        until = moment(subscription(ana).expiry_date, zone_of(ana))
    said = [one["text"] for one in bot.press(ana, "enter") if "text" in one]
    assert [("Eres VIP" in text, until in text, "enlace" in text) for text in said] == [(True, True, True)]
    with transaction():
        db.session.scalar(db.select(ChannelInvite)).link = "https://t.me/+abc"
    (said,) = [one for one in bot.press(ana, "enter") if one["method"] == "editMessageText"]
    assert "Eres VIP" in said["text"] and until in said["text"] and "Tu enlace al canal VIP" in said["text"]
    assert "https://t.me/+abc" in str(said["reply_markup"])


def test_who_has_no_subscription_is_told_so_at_the_door(bot, ana):
    answer = bot.press(ana, "enter")[0]
    assert "No tienes una suscripción VIP activa" in answer["text"]


def test_vip_without_a_code_says_that_one_can_be_sent(bot, ana):
    (said,) = bot.say(ana, "/vip")
    assert "/vip CÓDIGO" in said["text"]


def test_vip_without_a_code_says_how_it_stands(bot, ana, code):
    bot.say(ana, f"/vip {code}")
    (said,) = bot.say(ana, "/vip")
    assert "Falta un paso" in said["text"]


def test_coming_into_the_channel_ends_the_entry(bot, ana, code):
    bot.say(ana, f"/vip {code}")
    chat = {"id": VIP, "type": "channel", "title": "VIP"}
    member = {"user": told(ana), "status": "member"}
    bot.hear(bot.update("chat_member", {"chat": chat, "from": told(ana), "date": 1, "new_chat_member": member}))
    found = subscription(ana)
    assert (found.status, found.channel_state) == (Status.ACTIVE, ChannelState.MEMBER)


def test_a_request_to_join_is_kept_and_free_tells_the_place(bot, ana):
    chat = {"id": FREE, "type": "channel", "title": "Free"}
    asked = {"chat": chat, "from": told(ana), "user_chat_id": ana.user_id, "date": 1}
    (welcome,) = bot.hear(bot.update("chat_join_request", asked))
    assert "Recibimos tu solicitud" in welcome["text"]
    assert db.session.scalar(db.select(FreeChannelRequest.user_id)) == ana.user_id
    (said,) = bot.say(ana, "/free")
    assert "número 1 de la fila" in said["text"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"chat": {}},
        {"chat": {"id": FREE}},
        {"chat": {"id": FREE}, "from": {"id": 5}},
        {"chat": {"id": VIP, "type": "channel"}, "new_chat_member": "x"},
        {"chat": {"id": VIP, "type": "channel"}, "new_chat_member": {"user": {"id": "x"}}, "invite_link": 3},
    ],
)
@pytest.mark.parametrize("kind", ["chat_member", "chat_join_request", "my_chat_member"])
def test_an_update_of_another_shape_breaks_nothing(bot, app, kind, body):
    assert bot.hear(bot.update(kind, body)) is not None


ALL = {"can_invite_users": True, "can_restrict_members": True, "can_post_messages": True}
NEW = -1001000000009


def put(bot, admin, **rights):
    """The bot becomes an administrator of a channel."""
    chat = {"id": NEW, "type": "channel", "title": "Luna <VIP>"}
    member = {"user": {"id": 1, "is_bot": True, "first_name": "b"}, "status": "administrator", **rights}
    return bot.hear(
        bot.update("my_chat_member", {"chat": chat, "from": told(admin), "date": 1, "new_chat_member": member})
    )


def test_an_admin_is_asked_which_channel_it_is_and_chooses(bot, dora):
    (asked,) = put(bot, dora, **ALL)
    assert "Luna &lt;VIP&gt;" in asked["text"] and "🔴" not in asked["text"]
    with transaction():
        config.current().vip_channel_id = None
    said = bot.press(dora, buttons(asked)[0])[-1]
    assert "Es tu canal VIP" in said["text"]
    db.session.expire_all()
    assert (config.current().vip_channel_id, config.current().vip_channel_title) == (NEW, "Luna <VIP>")


def test_a_channel_without_the_right_to_expel_cannot_be_chosen(bot, dora):
    (asked,) = put(bot, dora, **ALL | {"can_restrict_members": False})
    assert "🔴 Expulsar usuarios" in asked["text"]
    (refused,) = bot.press(dora, buttons(asked)[0])
    assert "Expulsar usuarios" in refused["text"] and refused["show_alert"]


def test_admins_are_told_when_the_bot_loses_a_right_it_needs(bot, dora):
    with transaction():
        config.current().vip_channel_id = NEW
    (warned,) = put(bot, dora, **ALL | {"can_invite_users": False})
    assert "🔴 Invitar usuarios" in warned["text"]


def test_nobody_but_an_admin_chooses_channels(bot, ana, dora):
    put(bot, dora, **ALL)
    (refused,) = bot.press(ana, f"place:vip:{NEW}")
    assert "solo para administradores" in refused["text"]
    assert config.current().vip_channel_id == VIP
