"""Every reply and update fits aiogram's models of the Bot API, an independent reading of the same specification."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import aiogram.methods
import pytest
from aiogram.methods import TelegramMethod
from aiogram.types import Update
from pydantic import TypeAdapter

from simulator.api import METHODS

from .conftest import ANA, DORA, FREE, VIP, Sim
from .pictures import png

TYPES: dict[str, type[TelegramMethod[Any]]] = {
    cls.__api_method__.lower(): cls
    for _, cls in inspect.getmembers(aiogram.methods, inspect.isclass)
    if issubclass(cls, TelegramMethod) and cls is not TelegramMethod
}
KEYS = {"inline_keyboard": [[{"text": "a", "callback_data": "b"}, {"text": "c", "url": "https://example.org"}]]}
INVOICE = {"title": "VIP", "description": "30 días", "payload": "p", "currency": "XTR",
           "prices": [{"label": "VIP", "amount": 1}]}  # fmt: skip


@functools.cache
def adapter(model: Any) -> TypeAdapter[Any]:
    return TypeAdapter(model)


def strict(model: Any, value: Any) -> Any:
    """Validate, and see that nothing was sent which the model does not know."""
    found = adapter(model).validate_python(value)
    _known(found, value)
    return found


def _known(model: Any, value: Any) -> None:
    if isinstance(value, list):
        for one, other in zip(model, value, strict=True):
            _known(one, other)
    elif isinstance(value, dict) and hasattr(type(model), "model_fields"):
        fields = type(model).model_fields
        names = {field.alias or name: name for name, field in fields.items()}
        assert value.keys() <= names.keys(), (type(model).__name__, value.keys() - names.keys())
        for key, other in value.items():
            _known(getattr(model, names[key]), other)


def reply(sim: Sim, method: str, **params: Any) -> Any:
    """The result of a call whose parameters and answer both fit."""
    cls = TYPES[method.lower()]
    assert params.keys() <= cls.model_fields.keys(), params.keys() - cls.model_fields.keys()
    result = sim.api(method, **params)
    strict(cls.__returning__, result)
    return result


def text(sim: Sim, **params: Any) -> Any:
    return reply(sim, "sendMessage", chat_id=ANA, text="<b>hola</b> /x @anat", parse_mode="HTML", **params)


CASES: dict[str, Callable[[Sim], Any]] = {
    "getMe": lambda s: reply(s, "getMe"),
    "logOut": lambda s: reply(s, "logOut"),
    "close": lambda s: reply(s, "close"),
    "getUpdates": lambda s: (s.do("say", person="ana", text="hola"), reply(s, "getUpdates", limit=1)),
    "setWebhook": lambda s: (reply(s, "setWebhook", url="https://example.org/x"), s.api("deleteWebhook")),
    "deleteWebhook": lambda s: reply(s, "deleteWebhook", drop_pending_updates=True),
    "getWebhookInfo": lambda s: reply(s, "getWebhookInfo"),
    "sendMessage": lambda s: text(s, reply_markup=KEYS, protect_content=True, reply_parameters={"message_id": 1}),
    "sendChatAction": lambda s: reply(s, "sendChatAction", chat_id=ANA, action="typing"),
    "copyMessage": lambda s: reply(s, "copyMessage", chat_id=FREE, from_chat_id=ANA, message_id=1),
    "forwardMessage": lambda s: reply(s, "forwardMessage", chat_id=FREE, from_chat_id=ANA, message_id=1),
    "deleteMessage": lambda s: reply(s, "deleteMessage", chat_id=ANA, message_id=text(s)["message_id"]),
    "deleteMessages": lambda s: reply(s, "deleteMessages", chat_id=ANA, message_ids=[1, 99]),
    "pinChatMessage": lambda s: (reply(s, "pinChatMessage", chat_id=ANA, message_id=1), s.api("getChat", chat_id=ANA)),
    "unpinChatMessage": lambda s: (s.api("pinChatMessage", chat_id=ANA, message_id=1),
                                   reply(s, "unpinChatMessage", chat_id=ANA)),
    "unpinAllChatMessages": lambda s: reply(s, "unpinAllChatMessages", chat_id=ANA),
    "setMessageReaction": lambda s: reply(s, "setMessageReaction", chat_id=ANA, message_id=1,
                                          reaction=[{"type": "emoji", "emoji": "👍"}]),
    "editMessageText": lambda s: reply(s, "editMessageText", chat_id=ANA, message_id=text(s)["message_id"],
                                       text="otro", reply_markup=KEYS),
    "editMessageReplyMarkup": lambda s: reply(s, "editMessageReplyMarkup", chat_id=ANA,
                                              message_id=text(s)["message_id"], reply_markup=KEYS),
    "editMessageCaption": lambda s: reply(s, "editMessageCaption", chat_id=ANA, caption="pie",
                                          message_id=photo(s)["message_id"]),
    "editMessageMedia": lambda s: reply(s, "editMessageMedia", chat_id=ANA, message_id=photo(s)["message_id"],
                                        media={"type": "photo", "media": photo(s)["photo"][-1]["file_id"],
                                               "caption": "nueva"}),
    "sendPhoto": lambda s: strict(TYPES["sendphoto"].__returning__, photo(s)),
    "sendDocument": lambda s: strict(TYPES["senddocument"].__returning__, document(s)),
    "sendMediaGroup": lambda s: reply(s, "sendMediaGroup", chat_id=ANA, media=[
        {"type": "photo", "media": photo(s)["photo"][-1]["file_id"], "caption": str(n)} for n in range(2)]),
    "getFile": lambda s: reply(s, "getFile", file_id=photo(s)["photo"][-1]["file_id"]),
    "getUserProfilePhotos": lambda s: reply(s, "getUserProfilePhotos", user_id=ANA),
    "getChat": lambda s: [reply(s, "getChat", chat_id=chat) for chat in (ANA, FREE)],
    "getChatMember": lambda s: [reply(s, "getChatMember", chat_id=FREE, user_id=user)
                                for user in (ANA, DORA, 8000000001)],
    "getChatAdministrators": lambda s: reply(s, "getChatAdministrators", chat_id=VIP),
    "getChatMemberCount": lambda s: reply(s, "getChatMemberCount", chat_id=VIP),
    "leaveChat": lambda s: reply(s, "leaveChat", chat_id=VIP),
    "banChatMember": lambda s: (reply(s, "banChatMember", chat_id=VIP, user_id=ANA),
                                reply(s, "getChatMember", chat_id=VIP, user_id=ANA)),
    "unbanChatMember": lambda s: reply(s, "unbanChatMember", chat_id=VIP, user_id=ANA, only_if_banned=True),
    "restrictChatMember": lambda s: restrict(s),
    "promoteChatMember": lambda s: (s.do("member", person="ana", chat=VIP), reply(
        s, "promoteChatMember", chat_id=VIP, user_id=ANA, can_invite_users=True),
        reply(s, "getChatMember", chat_id=VIP, user_id=ANA)),
    "createChatInviteLink": lambda s: reply(s, "createChatInviteLink", chat_id=VIP, name="x", member_limit=1),
    "createChatSubscriptionInviteLink": lambda s: subscription(s),
    "editChatSubscriptionInviteLink": lambda s: reply(s, "editChatSubscriptionInviteLink", chat_id=VIP, name="y",
                                                      invite_link=subscription(s)["invite_link"]),
    "editChatInviteLink": lambda s: reply(s, "editChatInviteLink", chat_id=VIP, invite_link=link(s), name="z"),
    "revokeChatInviteLink": lambda s: reply(s, "revokeChatInviteLink", chat_id=VIP, invite_link=link(s)),
    "exportChatInviteLink": lambda s: reply(s, "exportChatInviteLink", chat_id=VIP),
    "approveChatJoinRequest": lambda s: (s.do("join", person="ana", chat=FREE),
                                         reply(s, "approveChatJoinRequest", chat_id=FREE, user_id=ANA)),
    "declineChatJoinRequest": lambda s: (s.do("join", person="ana", chat=FREE),
                                         reply(s, "declineChatJoinRequest", chat_id=FREE, user_id=ANA)),
    "sendInvoice": lambda s: reply(s, "sendInvoice", chat_id=ANA, **INVOICE),
    "createInvoiceLink": lambda s: reply(s, "createInvoiceLink", **INVOICE, subscription_period=2592000),
    "getStarTransactions": lambda s: reply(s, "getStarTransactions"),
    "getMyStarBalance": lambda s: reply(s, "getMyStarBalance"),
    "setMyCommands": lambda s: reply(s, "setMyCommands", commands=[{"command": "a", "description": "b"}],
                                     scope={"type": "chat", "chat_id": ANA}, language_code="es"),
    "getMyCommands": lambda s: (CASES["setMyCommands"](s), reply(
        s, "getMyCommands", scope={"type": "chat", "chat_id": ANA}, language_code="es")),
    "deleteMyCommands": lambda s: reply(s, "deleteMyCommands"),
    "setChatMenuButton": lambda s: reply(s, "setChatMenuButton", menu_button={
        "type": "web_app", "text": "V", "web_app": {"url": "https://example.org"}}),
    "getChatMenuButton": lambda s: reply(s, "getChatMenuButton", chat_id=ANA),
    **{f"setMy{name}": lambda s, n=name, key=key: reply(s, f"setMy{n}", **{key: "x"})
       for name, key in (("Name", "name"), ("Description", "description"), ("ShortDescription", "short_description"))},
    **{f"getMy{name}": lambda s, n=name: reply(s, f"getMy{n}")
       for name in ("Name", "Description", "ShortDescription")},
}  # fmt: skip
ELSEWHERE = {"answercallbackquery", "answerwebappquery", "answerprecheckoutquery", "refundstarpayment",
             "edituserstarsubscription"}  # fmt: skip


def photo(sim: Sim) -> Any:
    files = {"photo": ("a.png", png(400, 300))}
    return sim.session.post(f"{sim.base}/sendPhoto", data={"chat_id": ANA}, files=files).json()["result"]


def document(sim: Sim) -> Any:
    files = {"document": ("lista.csv", b"a;b")}
    data = {"chat_id": ANA, "caption": "<i>lista</i>", "parse_mode": "HTML"}
    return sim.session.post(f"{sim.base}/sendDocument", data=data, files=files).json()["result"]


def link(sim: Sim) -> str:
    return str(sim.api("createChatInviteLink", chat_id=VIP)["invite_link"])


def subscription(sim: Sim) -> Any:
    return reply(sim, "createChatSubscriptionInviteLink", chat_id=VIP, subscription_period=2592000,
                 subscription_price=10)  # fmt: skip


def restrict(sim: Sim) -> Any:
    group = sim.do("chat", title="Grupo", type="supergroup")["chat"]["id"]
    sim.do("member", person="ana", chat=group)
    reply(sim, "restrictChatMember", chat_id=group, user_id=ANA, permissions={"can_send_messages": False})
    reply(sim, "getChat", chat_id=group)
    return reply(sim, "getChatMember", chat_id=group, user_id=ANA)


@pytest.mark.parametrize("method", CASES)
def test_the_reply_of_each_method_fits_the_model(sim: Sim, ana: int, method: str) -> None:
    CASES[method](sim)


def test_no_method_is_left_out() -> None:
    assert {name.lower() for name in CASES} | ELSEWHERE == METHODS.keys()
    assert METHODS.keys() <= TYPES.keys()


def test_every_kind_of_update_fits_the_model(sim: Sim, ana: int) -> None:
    sim.api("getUpdates", allowed_updates=["message", "edited_message", "callback_query", "chat_member",
            "my_chat_member", "chat_join_request", "message_reaction", "message_reaction_count", "channel_post",
            "pre_checkout_query"])  # fmt: skip
    message = text(sim, reply_markup=KEYS)["message_id"]
    sim.do("press", person="ana", message_id=message, data="b", wait=0)
    sim.do("react", person="ana", message_id=message, emoji="🔥")
    sim.do("edit", person="ana", message_id=sim.do("say", person="ana", text="a")["message"]["message_id"], text="b")
    sim.do("contact", person="ana")
    sim.do("app-data", person="ana", data="{}")
    sim.do("join", person="ana", chat=FREE)
    sim.api("approveChatJoinRequest", chat_id=FREE, user_id=ANA)
    post = sim.do("say", person="dora", chat=FREE, text="Novedad")["message"]["message_id"]
    sim.do("react", person="ana", chat=FREE, message_id=post, emoji="❤")
    sim.do("forward", person="ana", from_chat=FREE, message_id=post)
    sim.do("block", person="ana")
    sim.do("pay", person="bea", slug=sim.api("createInvoiceLink", **INVOICE), wait=0.01)
    found = sim.updates()
    for update in found:
        strict(Update, update)
    kinds = {key for update in found for key in update} - {"update_id"}
    assert kinds == {"message", "edited_message", "callback_query", "chat_member", "my_chat_member",
                     "chat_join_request", "message_reaction", "message_reaction_count", "channel_post",
                     "pre_checkout_query"}  # fmt: skip
