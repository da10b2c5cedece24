"""What Telegram's answers about the set-up come to, in whatever order and shape they come."""

import pytest

from tests.conftest import count
from tests.domain.channels.conftest import VIP
from webapp.base.clock import now
from webapp.base.db import db, transaction
from webapp.base.outbox import OutboxMessage
from webapp.base.settling import Outcome
from webapp.domain.channels import checks, readiness
from webapp.domain.channels.models import BotChannel

CHAT = {"id": VIP, "type": "channel", "title": "Luna VIP"}
ADMIN = {"status": "administrator", "can_invite_users": True, "can_restrict_members": True, "can_post_messages": True}


def ask(target=VIP, name="vip"):
    with transaction():
        assert checks.ask_place(name, target, bot_id=8)


def answer(part, result=None, error=None, number=1, name="vip"):
    key = f"look:{number}:{name}:{part}"
    with transaction():
        checks.settled(Outcome(1, None, "failed" if error else "sent", error, dedupe_key=key, result=result))


def vip():
    db.session.rollback()
    db.session.expire_all()
    return readiness.step("vip")


@pytest.mark.parametrize("order", [("chat", "member"), ("member", "chat")])
def test_both_halves_make_the_answer_whichever_comes_first(app, order):
    ask()
    halves = {"chat": CHAT, "member": ADMIN}
    answer(order[0], halves[order[0]])
    assert vip().is_asking
    answer(order[1], halves[order[1]])
    assert vip().done and vip().place.title == "Luna VIP"


def test_the_owner_of_a_channel_may_do_everything(app):
    ask()
    answer("chat", CHAT), answer("member", {"status": "creator"})
    assert all(right.held for right in vip().rights)


def test_a_channel_that_shows_itself_to_a_bot_outside_is_told_how_to_add_it(app):
    """Telegram shows public channels to everybody, and says of a bot that was never there that it has left."""
    ask("@luna")
    answer("chat", CHAT), answer("member", {"status": "left"})
    assert not vip().done and "Añadir administrador" in vip().mend


@pytest.mark.parametrize("chat", [None, [], "x", {}, {"id": "x", "type": "channel"}, {"id": 5, "type": "private"}])
def test_an_answer_of_another_shape_is_no_channel(app, chat):
    ask()
    answer("chat", chat), answer("member", ADMIN)
    assert not vip().done and "no es un canal" in vip().seen and count(BotChannel) == 0


def test_a_refusal_is_final_and_the_other_half_changes_nothing(app):
    ask()
    answer("member", error="getChatMember: 403 Forbidden: bot is not a member of the channel chat")
    answer("chat", CHAT)
    assert "El bot no está en" in vip().seen and vip().check.answered_at is not None


def test_an_answer_to_what_nobody_asks_any_more_is_let_go(app):
    ask()
    ask("@otro")
    answer("chat", CHAT, number=1), answer("member", ADMIN, number=1)
    assert vip().is_asking and count(BotChannel) == 0


def test_a_channel_that_lost_its_bot_is_known_to_have(app):
    ask()
    answer("chat", CHAT), answer("member", ADMIN)
    with transaction():
        db.session.get(checks.TelegramCheck, "vip").asked_at = now() - checks.RECENT
    ask()
    answer("chat", error="getChat: 403 Forbidden: bot was kicked from the channel chat", number=2)
    assert not vip().done and db.session.get_one(BotChannel, VIP).status == "left"


def test_bot_menu_and_commands_of_another_shape_are_not_done(app):
    for name in ("commands", "menu"):
        with transaction():
            checks.ask(name)
        answer(name, "x", name=name)
    assert not readiness.step("menu").done


def test_asking_leaves_no_message_behind_another_chat(app):
    ask()
    assert count(OutboxMessage, OutboxMessage.chat_id.is_not(None)) == 0
