"""Refusals are worded as Telegram words them."""

import pytest
import requests

from tests.conftest import PATIENCE

from .conftest import ANA, DORA, FREE, VIP, Sim


def test_an_unknown_token_is_unauthorized(sim: Sim) -> None:
    response = requests.get(f"{sim.running.url}/bot1:wrong/getMe", timeout=PATIENCE)
    assert response.status_code == 401
    assert response.json() == {"ok": False, "error_code": 401, "description": "Unauthorized"}


def test_an_unknown_method_is_not_found(sim: Sim) -> None:
    assert sim.call("flyToTheMoon") == {"ok": False, "error_code": 404, "description": "Not Found"}


def test_a_person_who_never_came_is_no_chat(sim: Sim) -> None:
    assert sim.refusal("sendMessage", chat_id=ANA, text="hola") == "Bad Request: chat not found"


def test_a_person_who_is_known_but_has_not_started_cannot_be_written_to(sim: Sim) -> None:
    sim.do("init-data", person="ana")
    assert sim.refusal("sendMessage", chat_id=ANA, text="x") == (
        "Forbidden: bot can't initiate conversation with a user"
    )


def test_a_blocked_bot_is_told_so_with_403(sim: Sim, ana: int) -> None:
    sim.do("block", person="ana")
    answer = sim.call("sendMessage", chat_id=ana, text="hola")
    assert (answer["error_code"], answer["description"]) == (403, "Forbidden: bot was blocked by the user")
    assert sim.updates("my_chat_member")[0]["new_chat_member"]["status"] == "kicked"


def test_a_deleted_account_is_deactivated(sim: Sim, ana: int) -> None:
    sim.do("deactivate", person="ana")
    assert sim.refusal("sendMessage", chat_id=ana, text="hola") == "Forbidden: user is deactivated"


@pytest.mark.parametrize(("params", "words"), [
    ({"text": ""}, "message text is empty"),
    ({"text": " \n "}, "message text is empty"),
    ({"text": "x" * 4097}, "message is too long"),
    ({"text": "<b>x", "parse_mode": "HTML"}, "can't parse entities: Can't find end tag corresponding to start tag \"b\""),  # noqa: E501
    ({"text": "é<x>y", "parse_mode": "HTML"}, "can't parse entities: Unsupported start tag \"x\" at byte offset 2"),
    ({"text": "a</b>", "parse_mode": "HTML"}, "can't parse entities: Unexpected end tag at byte offset 1"),
    ({"text": "<b>x</i>", "parse_mode": "HTML"},
     "can't parse entities: Unmatched end tag at byte offset 4, expected \"</b>\", found \"</i>\""),
    ({"text": "a.b", "parse_mode": "MarkdownV2"},
     "can't parse entities: Character '.' is reserved and must be escaped with the preceding '\\'"),
    ({"text": "*a", "parse_mode": "MarkdownV2"}, "can't parse entities: Can't find end of Bold entity at byte offset 0"),  # noqa: E501
    ({"text": "x", "parse_mode": "BBCode"}, "unsupported parse_mode"),
    ({"text": "x", "reply_to_message_id": 99}, "message to be replied not found"),
    ({"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "é" * 33}]]}},
     "BUTTON_DATA_INVALID"),
    ({"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a"}]]}},
     "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"),
    ({"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "url": "ftp://x.org"}]]}},
     "inline keyboard button URL 'ftp://x.org' is invalid: Unsupported URL protocol"),
    ({"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "web_app": {"url": "http://example.org"}}]]}},
     "inline keyboard button Web App URL 'http://example.org' is invalid: Only HTTPS links are allowed"),
    ({"text": "x", "reply_markup": "{"}, "can't parse reply keyboard markup JSON object"),
    ({"text": "x", "reply_markup": "3"}, "object expected as reply markup"),
])  # fmt: skip
def test_a_message_that_telegram_would_refuse_is_refused(sim: Sim, ana: int, params: dict, words: str) -> None:
    assert sim.refusal("sendMessage", chat_id=ana, **params) == f"Bad Request: {words}"


def test_an_edit_that_changes_nothing_is_refused(sim: Sim, ana: int) -> None:
    message = sim.api("sendMessage", chat_id=ana, text="hola")
    assert sim.refusal("editMessageText", chat_id=ana, message_id=message["message_id"], text="hola") == (
        "Bad Request: message is not modified: specified new message content and reply markup are exactly the same "
        "as a current content and reply markup of the message"
    )


def test_only_own_messages_that_exist_can_be_edited(sim: Sim, ana: int) -> None:
    assert sim.refusal("editMessageText", chat_id=ana, message_id=999, text="x") == (
        "Bad Request: message to edit not found"
    )
    assert sim.refusal("editMessageText", chat_id=ana, message_id=1, text="x") == "Bad Request: message can't be edited"


def test_messages_older_than_two_days_cannot_be_deleted(sim: Sim, ana: int) -> None:
    message = sim.api("sendMessage", chat_id=ana, text="hola")
    sim.do("time", advance=3 * 86400)
    assert sim.refusal("deleteMessage", chat_id=ana, message_id=message["message_id"]) == (
        "Bad Request: message can't be deleted"
    )
    assert sim.refusal("deleteMessage", chat_id=ana, message_id=999) == "Bad Request: message to delete not found"


def test_a_bot_without_rights_in_a_channel_is_told_which_are_missing(sim: Sim, ana: int) -> None:
    sim.do("bot-rights", chat=VIP, rights={"can_post_messages": False, "can_restrict_members": False,
                                           "can_invite_users": False})  # fmt: skip
    assert sim.refusal("sendMessage", chat_id=VIP, text="x") == (
        "Bad Request: need administrator rights in the channel chat"
    )
    assert sim.refusal("banChatMember", chat_id=VIP, user_id=ana) == (
        "Bad Request: not enough rights to restrict/unrestrict chat member"
    )
    assert sim.refusal("createChatInviteLink", chat_id=VIP) == (
        "Bad Request: not enough rights to manage chat invite link"
    )


def test_a_bot_that_was_removed_is_no_member(sim: Sim) -> None:
    sim.do("bot-rights", chat=VIP, status="left")
    assert sim.refusal("sendMessage", chat_id=VIP, text="x") == "Forbidden: bot is not a member of the channel chat"
    sim.do("bot-rights", chat=VIP, status="kicked")
    assert sim.refusal("sendMessage", chat_id=VIP, text="x") == "Forbidden: bot was kicked from the channel chat"


def test_owner_and_strangers_cannot_be_banned(sim: Sim) -> None:
    assert sim.refusal("banChatMember", chat_id=FREE, user_id=DORA) == "Bad Request: can't remove chat owner"
    assert sim.refusal("banChatMember", chat_id=FREE, user_id=42) == "Bad Request: PARTICIPANT_ID_INVALID"


def test_an_upgraded_group_names_its_successor(sim: Sim) -> None:
    group = sim.do("chat", title="Grupo", type="group", id=-4000)["chat"]["id"]
    new = sim.do("migrate", chat=group)["chat"]["id"]
    answer = sim.call("sendMessage", chat_id=group, text="x")
    assert answer["description"] == "Bad Request: group chat was upgraded to a supergroup chat"
    assert answer["parameters"] == {"migrate_to_chat_id": new}


def test_a_query_is_answered_once(sim: Sim, ana: int) -> None:
    old = "Bad Request: query is too old and response timeout expired or query ID is invalid"
    assert sim.refusal("answerCallbackQuery", callback_query_id="1") == old
    assert sim.refusal("answerPreCheckoutQuery", pre_checkout_query_id="1", ok=True) == old
    assert sim.refusal("answerWebAppQuery", web_app_query_id="1", result={}) == old
