"""The set-up in the chat: what is missing, asking Telegram now, and picking channels by key or by a forwarded post."""

from collections.abc import Callable

import pytest

from tests.bot.conftest import buttons, turn
from tests.conftest import count
from webapp.base.db import db
from webapp.base.outbox import OutboxMessage
from webapp.base.pace import Pacer
from webapp.base.sender import Sender
from webapp.domain.channels import results
from webapp.domain.channels.checks import TelegramCheck
from webapp.domain.settings import config

FREE, VIP = -1001000000001, -1001000000002


@pytest.fixture
def worker(app, telegram) -> Callable[[], None]:
    """Sends what waits for the worker, until nothing does."""
    sender = Sender(app.extensions["gateway"], Pacer(0), app.extensions["storage"], settled=results.settle)

    def work() -> None:
        while sender.deliver():
            pass
        db.session.rollback()
        db.session.expire_all()

    yield work
    sender.close()


def shared(bot, user, request_id=1, chat_id=VIP):
    update = bot.text(user, "")
    update["message"] = {key: value for key, value in update["message"].items() if key != "text"}
    update["message"]["chat_shared"] = {"request_id": request_id, "chat_id": chat_id}
    return bot.hear(update)


def forwarded(bot, user, origin):
    return bot.hear(bot.text(user, "Hola", forward_origin=origin))


def test_the_desk_says_what_is_missing_and_how_to_go_on(bot, dora):
    said = bot.press(dora, "setup")[-1]
    assert "⬜ <b>Canal VIP</b> · Sin elegir." in said["text"] and "✅ <b>Espera del canal Free</b>" in said["text"]
    assert {"setuppick", "setupask"} <= set(buttons(said))
    assert "setup" in buttons(bot.press(dora, "admin")[-1])


def test_asking_now_shows_what_telegram_says(bot, dora, telegram, worker):
    asked = bot.press(dora, "setupask")
    assert "⏳" in asked[-1]["text"] and "setup" in buttons(asked[-1])
    worker()
    assert "⏳" not in bot.press(dora, "setup")[-1]["text"]


def test_a_channel_is_picked_with_telegrams_own_key(loop, telegram, dora, worker):
    """The whole way in the simulated Telegram, where the bot is in no channel of Dora's yet."""
    telegram.do("chat", id=-1001000000088, title="Nuevo <VIP>", owner="dora", bot=False)
    telegram.do("say", person="dora", text="/admin")
    turn(loop)
    for words in ("Configuración", "Elegir los canales"):
        shown = telegram.messages("dora")[-1]
        telegram.do("press", person="dora", message_id=shown["message_id"], text=words, wait=0)
        turn(loop)
    telegram.do("share-chat", person="dora", request_id=1, chat=-1001000000088)
    turn(loop)
    worker()
    which = telegram.messages("dora")[-1]
    assert "Nuevo <VIP>" in which["text"] and "🔴" not in which["text"]
    telegram.do("press", person="dora", message_id=which["message_id"], text="Es mi canal VIP", wait=0)
    turn(loop)
    db.session.expire_all()
    assert (config.current().vip_channel_id, config.current().vip_channel_title) == (-1001000000088, "Nuevo <VIP>")


def forward_a_post(telegram, chat):
    post = telegram.do("say", person="dora", chat=chat, text="Hola")["message"]["message_id"]
    telegram.do("forward", person="dora", from_chat=chat, message_id=post)


def test_a_forwarded_post_names_its_channel(loop, dora, telegram, worker):
    telegram.do("bot-rights", chat=VIP, rights={"can_restrict_members": False})
    forward_a_post(telegram, VIP)
    turn(loop)
    worker()
    assert any("Preguntando a Telegram" in message["text"] for message in telegram.messages("dora"))
    answer = telegram.messages("dora")[-1]["text"]
    assert "Luna · Canal VIP" in answer and "🔴 Expulsar usuarios" in answer and "🟢 Publicar mensajes" in answer


def test_a_channel_without_the_bot_is_said_with_what_to_do(loop, dora, telegram, worker):
    telegram.do("chat", id=-1001000000089, title="Ajeno", bot=False)
    forward_a_post(telegram, -1001000000089)
    turn(loop)
    worker()
    assert "No encontramos ese canal" in telegram.messages("dora")[-1]["text"]


@pytest.mark.parametrize(
    "origin",
    [{}, {"type": "user", "sender_user": {"id": 5}}, {"type": "channel"}, {"type": "channel", "chat": {"id": "x"}}],
)
def test_whatever_else_is_forwarded_gets_the_menu(bot, dora, origin):
    (said,) = forwarded(bot, dora, origin)
    assert "Dora" in said["text"] and count(TelegramCheck) == 0


@pytest.mark.parametrize("told", [{"request_id": 9}, {"chat_id": "x"}, {"request_id": [1]}, {"chat_id": 2**70}])
def test_a_share_of_another_shape_breaks_nothing(bot, dora, told):
    update = bot.text(dora, "")
    update["message"]["chat_shared"] = {"request_id": 1, "chat_id": VIP} | told
    assert bot.hear(update) != [] and count(TelegramCheck) == 0


@pytest.mark.parametrize("data", ["setup", "setupask", "setuppick"])
def test_nobody_else_sees_the_set_up(bot, ana, data):
    (answer,) = bot.press(ana, data)
    assert "solo para administradores" in answer["text"]


def test_nobody_else_picks_channels(bot, ana):
    assert "solo para administradores" in shared(bot, ana)[0]["text"]
    forwarded(bot, ana, {"type": "channel", "chat": {"id": VIP}})
    assert count(OutboxMessage, OutboxMessage.method == "getChatMember") == 0


def test_an_admin_no_longer_hears_nothing_of_what_they_asked(bot, dora, telegram, worker):
    telegram.do("start", person="dora")
    shared(bot, dora, 2, FREE)
    before = len(telegram.messages("dora"))
    dora.role = type(dora.role).FREE
    db.session.commit()
    worker()
    assert all("Luna" not in message["text"] for message in telegram.messages("dora")[before:])
