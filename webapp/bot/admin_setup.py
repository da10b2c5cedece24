"""The chat's desk for admins, the set-up: what is missing; the channels, picked with a key or a forwarded post."""

from collections.abc import Mapping
from typing import Any

from webapp.base import texts
from webapp.base.i18n import _
from webapp.base.inbox import telegram_id
from webapp.bot import guard, users
from webapp.bot.guard import allow
from webapp.bot.replies import Reply
from webapp.bot.routes import on
from webapp.config import settings
from webapp.domain.channels import checks, readiness
from webapp.domain.channels.models import RIGHTS, Channel
from webapp.domain.settings import config
from webapp.domain.users.models import User

ASKING = {1: Channel.VIP, 2: Channel.FREE}  # request_id of the keyboard's buttons
# Every right that Telegram's ChatAdministratorRights asks to be told of.
FIELDS = (
    *("is_anonymous", "can_manage_chat", "can_delete_messages", "can_manage_video_chats", "can_restrict_members"),
    *("can_promote_members", "can_change_info", "can_invite_users", "can_post_stories", "can_edit_stories"),
    *("can_delete_stories", "can_post_messages"),
)


@on.button("setup")
@allow("settings", "read")
def overview(user: User) -> Reply:
    """Every step of the set-up, and what mends those that are not done."""
    found = readiness.steps()
    again = _("Actualizar") if any(step.is_asking for step in found) else _("Comprobar ahora")
    verb = "setup" if any(step.is_asking for step in found) else "setupask"
    choices = [
        [texts.button(_("Elegir los canales"), "setuppick"), texts.button(again, verb)],
        [texts.button(_("VIP"), "vipdesk"), texts.button(_("Canal Free"), "freedesk")],
        [texts.button(_("‹ Administración"), "admin")],
    ]
    return Reply("admin/setup", steps=found, buttons=choices)


@on.button("setupask")
@allow("settings", "update")
def ask(user: User) -> Reply:
    """Asks Telegram now; the answers are there a moment later."""
    for name in checks.PLAIN:
        checks.ask(name)
    for kind in Channel:
        channel_id = getattr(config.current(), f"{kind.value}_channel_id")
        if channel_id is not None:
            checks.ask_place(kind.value, channel_id, bot_id=settings().bot_id)
    return overview(user).toasting(_("Preguntando a Telegram…"))


@on.button("setuppick")
@allow("settings", "update")
def pick(user: User) -> Reply:
    """A keyboard with which Telegram lets an admin choose a channel, and adds the bot to it."""
    words = {Channel.VIP: _("📣 Elegir canal VIP"), Channel.FREE: _("📣 Elegir canal Free")}
    keys = [[_asking(words[kind], number)] for number, kind in ASKING.items()]
    return Reply("admin/pick", edit=False, keyboard=keys)


@on.message("chat_shared")
@allow("settings", "update")
def shared(user: User, told: Mapping[str, Any]) -> Reply:
    """An admin chose a channel with the keyboard; what the bot may do there is asked for now."""
    number = told.get("request_id")
    kind = ASKING.get(number) if isinstance(number, int) else None
    chat_id = telegram_id({"id": told.get("chat_id")})
    if kind is None or chat_id is None:
        return users.menu(user)
    return _look(user, kind.value, chat_id)


@on.message("forward_origin")
def forwarded(user: User, origin: Mapping[str, Any]) -> Reply:
    """An admin forwards a post of a channel: that one is meant. Whatever else is forwarded gets the menu."""
    chat = origin.get("chat")
    chat_id = telegram_id(chat)
    if not guard.held(user).may("settings", "update") or origin.get("type") != "channel" or chat_id is None:
        return users.menu(user)
    return _look(user, f"post-{user.user_id}", chat_id)


def _look(user: User, name: str, chat_id: int) -> Reply:
    checks.ask_place(name, chat_id, bot_id=settings().bot_id, told_to=user.user_id)
    return Reply("admin/asking", edit=False, keyboard=[])


def _asking(text: str, number: int) -> dict[str, Any]:
    """A key that asks for a channel of the admin's own, and makes the bot an administrator there."""
    wanted = {name: name in RIGHTS for name in FIELDS} | {"can_manage_chat": True}
    own = wanted | {"can_promote_members": True}
    request = {"request_id": number, "chat_is_channel": True, "request_title": True}
    return {
        "text": text,
        "request_chat": request | {"user_administrator_rights": own, "bot_administrator_rights": wanted},
    }
