"""Sharing a chat by a key of the bot's keyboard, as Telegram lets people."""

from typing import Any

from .conftest import ANA, DORA, VIP, Sim

RIGHTS = {"can_invite_users": True, "can_post_messages": True}


def show(sim: Sim, person: int = DORA, **wanted: Any) -> None:
    """A keyboard with one key that asks for a channel."""
    sim.do("start", person=person)
    request = {"request_id": 7, "chat_is_channel": True, "request_title": True, **wanted}
    keyboard = {"keyboard": [[{"text": "Mi canal", "request_chat": request}]]}
    sim.api("sendMessage", chat_id=person, text="¿Cuál?", reply_markup=keyboard)


def test_the_bot_is_told_which_and_becomes_what_the_key_asks(sim: Sim) -> None:
    chat = sim.do("chat", title="Nuevo", owner="dora", bot=False)["chat"]["id"]
    show(sim, bot_administrator_rights=RIGHTS)
    sim.do("share-chat", person=DORA, chat=chat, request_id=7)
    shared = [one["message"]["chat_shared"] for one in sim.api("getUpdates") if "chat_shared" in one.get("message", {})]
    assert shared == [{"request_id": 7, "chat_id": chat, "title": "Nuevo"}]
    me = sim.api("getMe")["id"]
    member = sim.api("getChatMember", chat_id=chat, user_id=me)
    assert member["can_invite_users"] and not member["can_restrict_members"]


def test_only_who_owns_it_or_has_the_rights_may_choose_it(sim: Sim) -> None:
    show(sim, ANA, user_administrator_rights=RIGHTS)
    sim.do("member", person=ANA, chat=VIP, status="administrator", rights={"can_invite_users": True})
    assert sim.refused("share-chat", person=ANA, chat=VIP, request_id=7) == "this chat cannot be chosen here"
    sim.do("member", person=ANA, chat=VIP, status="administrator", rights=RIGHTS)
    sim.do("share-chat", person=ANA, chat=VIP, request_id=7)


def test_a_group_is_no_channel_and_a_key_that_is_not_shown_is_none(sim: Sim) -> None:
    group = sim.do("chat", title="Grupo", type="supergroup")["chat"]["id"]
    show(sim)
    assert sim.refused("share-chat", person=DORA, chat=group, request_id=7) == "this chat is of another kind"
    assert sim.refused("share-chat", person=DORA, chat=VIP, request_id=8) == "no such button"
