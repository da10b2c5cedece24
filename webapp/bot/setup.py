"""What Telegram is told about the bot: commands by role and language, menu button, webhook or none.

Every step may fail without stopping the bot; it is logged and tried again later. Admins who come and go are followed.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError
from telebot import types

from webapp.base.db import transaction
from webapp.base.i18n import _, speaking
from webapp.base.telegram import Gateway, TelegramError
from webapp.bot.links import opens_miniapp
from webapp.bot.poller import ALLOWED
from webapp.bot.webhook import PATH
from webapp.config import settings
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.channels import standing
from webapp.domain.settings import config
from webapp.domain.users import people, roles

AGAIN = 60.0
FOLLOW = 20.0  # somebody listed as admin who has just pressed START gets /admin within this time
# What the library raises on an answer that leaves out a field which Telegram always gives.
UNREADABLE = (TypeError, KeyError, AttributeError, ValueError)
LANGUAGES = {None: "es", "en": "en", "pt": "pt_BR"}
log = structlog.get_logger(__name__)


@dataclass
class Setup:
    """What is still to be told, step by step."""

    gateway: Gateway
    told: set[str] = field(default_factory=set)
    admins: frozenset[int] | None = None

    def __post_init__(self) -> None:
        self.bot = self.gateway.bot()

    def run(self, app: Flask, ended: threading.Event) -> None:
        """Tells Telegram everything, again what failed, and follows the admins until `ended`."""
        while not ended.is_set():
            done = False
            try:
                with app.app_context():
                    done = self.once()
            except SQLAlchemyError as error:
                log.warning("bot.setup_put_off", error=type(error).__name__)
            ended.wait(FOLLOW if done else AGAIN)

    def once(self) -> bool:
        """Does every step that is not done; True when none failed. Needs an app context."""
        steps: dict[str, Callable[[], None]] = {
            "identity": self._identity,
            "webhook": self._webhook,
            "commands": partial(self._commands, None, admin=False),
            "menu button": self._menu_button,
        }
        fine = [self._try(name, step) for name, step in steps.items() if name not in self.told]
        with transaction():
            roles.sync_listed_admins(settings().admin_user_ids, standing.of)
        return self._follow_admins() and all(fine)

    def _try(self, name: str, step: Callable[[], None]) -> bool:
        try:
            step()
        except (TelegramError, *UNREADABLE) as error:
            log.warning("bot.setup_failed", step=name, error=f"{type(error).__name__}: {error}")
            return False
        self.told.add(name)
        return True

    def _identity(self) -> None:
        username = self.gateway.call("getMe")["username"]
        with transaction():
            if config.current().bot_username != username:
                config.change({"bot_username": username}, by=SYSTEM)

    def _webhook(self) -> None:
        chosen = settings()
        if chosen.telegram_mode == "polling":
            if self.bot.get_webhook_info().url:
                self.bot.delete_webhook()
            return
        secret = chosen.telegram_webhook_secret
        self.bot.set_webhook(
            chosen.public + PATH, allowed_updates=ALLOWED, secret_token=secret.get_secret_value() if secret else None
        )

    def _commands(self, chat_id: int | None, *, admin: bool) -> None:
        scope = types.BotCommandScopeChat(chat_id) if chat_id else private()
        for language, locale in LANGUAGES.items():
            with speaking(locale):
                self.bot.set_my_commands(_spelt(admin=admin), scope=scope, language_code=language)

    def _menu_button(self) -> None:
        if not opens_miniapp():
            log.warning("bot.menu_button_left", why="Telegram opens Mini Apps over https only: set PUBLIC_URL")
            return
        info = types.WebAppInfo(f"{settings().public}/miniapp/")
        self.bot.set_chat_menu_button(menu_button=types.MenuButtonWebApp(_("Vitrina"), info))

    def _follow_admins(self) -> bool:
        """Gives and takes away /admin; one admin whom Telegram refuses does not keep the others from being followed."""
        now_admins = frozenset(user.user_id for user in people.reachable_admins())
        if self.admins is None:  # this process has just begun: whoever lost the role meanwhile may still have /admin
            self.admins = frozenset(roles.former_admins())
        come = [one for one in now_admins - self.admins if self._try(f"commands of {one}", partial(self._promote, one))]
        gone = [
            one for one in self.admins - now_admins if self._try(f"no commands of {one}", partial(self._forget, one))
        ]
        self.admins = (self.admins | frozenset(come)) - frozenset(gone)
        return self.admins == now_admins

    def _promote(self, chat_id: int) -> None:
        self._commands(chat_id, admin=True)

    def _forget(self, chat_id: int) -> None:
        for language in LANGUAGES:
            self.bot.delete_my_commands(types.BotCommandScopeChat(chat_id), language_code=language)


def private() -> types.BotCommandScope:
    """The commands of everybody's own chat with the bot."""
    return types.BotCommandScopeAllPrivateChats()  # type: ignore[no-untyped-call]


def _spelt(*, admin: bool) -> list[types.BotCommand]:
    words = {
        "start": _("Empezar"),
        "catalogo": _("Mira los paquetes"),
        "intereses": _("Lo que te interesa"),
        "idioma": _("Cambia el idioma"),
        "ayuda": _("Ayuda"),
        "privacidad": _("Qué guardamos de ti"),
    }
    if admin:
        words = {"admin": _("Administración"), **words}
    return [types.BotCommand(name, text) for name, text in words.items()]
