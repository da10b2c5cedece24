"""`flask bot doctor`: what stands in the way of the bot and its channels, and how to mend it."""

from collections.abc import Callable
from dataclasses import dataclass

from telebot import TeleBot, types

from webapp.base.telegram import TelegramError
from webapp.bot.links import opens_miniapp
from webapp.bot.setup import private
from webapp.bot.webhook import PATH
from webapp.config import settings
from webapp.domain.channels import plans
from webapp.domain.channels.models import NEEDED, Channel
from webapp.domain.settings import config


@dataclass(frozen=True)
class Finding:
    """One thing looked at: whether it is well, what was seen, and what mends it."""

    name: str
    fine: bool
    seen: str
    mend: str = ""


def examine(bot: TeleBot) -> list[Finding]:
    """Looks at token, webhook, commands, menu button, address, the bot's rights in both channels, and what else the
    set-up needs. Asks Telegram now; does not raise when it is away. Needs an app context."""
    found = [_token(), _look("Telegram", lambda: _identity(bot), "check TELEGRAM_BOT_TOKEN and TELEGRAM_API_URL")]
    if found[-1].fine:
        found += [
            _look("Webhook", lambda: _webhook(bot), "start the bot once: `flask bot run` sets or removes it"),
            _look("Commands", lambda: _commands(bot), "start the bot once: `flask bot run` registers them"),
            _look("Menu button", lambda: _menu(bot), "start the bot once with an https PUBLIC_URL"),
            *(_channel(bot, kind) for kind in Channel),
        ]
    mend = "set PUBLIC_URL to the https address under which people reach the web process"
    return [*found, Finding("Public address", opens_miniapp(), settings().public, mend), *_ours()]


def _token() -> Finding:
    own = settings().telegram_bot_token is not None
    return Finding("Token", own, "set" if own else "none: the simulator's is used", "set TELEGRAM_BOT_TOKEN")


def _channel(bot: TeleBot, kind: Channel) -> Finding:
    """What the bot may do in a channel at this moment."""
    name, chat_id = f"{kind.name} channel", getattr(config.current(), f"{kind.value}_channel_id")
    if chat_id is None:
        return Finding(name, False, "not chosen", f"choose it in {settings().public}/panel/setup/ or with /admin")
    mend = "make the bot an administrator there with what is missing: Telegram, the channel, Administrators"
    return _look(name, lambda: _rights(bot, kind, chat_id), mend)


def _rights(bot: TeleBot, kind: Channel, chat_id: int) -> tuple[bool, str]:
    member = bot.get_chat_member(chat_id, settings().bot_id)
    lacks = [right for right in NEEDED[kind] if not (member.status == "creator" or getattr(member, right, False))]
    title = bot.get_chat(chat_id).title or chat_id
    return not lacks, f"{title}: " + (f"lacks {', '.join(lacks)}" if lacks else "every right that it needs")


def _ours() -> list[Finding]:
    """What stands in our own database."""
    offered = any(plan.is_active for plan in plans.every())
    wait = f"{config.current().wait_time_minutes} min"
    return [
        Finding("Plans", offered, "on sale" if offered else "none", f"make one in {settings().public}/panel/plans/"),
        Finding("Wait of the Free channel", True, wait),
        Finding("Texts", True, f"{len(config.current().texts)} written anew"),
    ]


def _look(name: str, look: Callable[[], tuple[bool, str]], mend: str) -> Finding:
    try:
        fine, seen = look()
    except TelegramError as error:
        return Finding(name, False, f"{error.code} {error.description}", mend)
    return Finding(name, fine, seen, mend)


def _identity(bot: TeleBot) -> tuple[bool, str]:
    me = bot.get_me()
    return bool(me.is_bot), f"@{me.username}"


def _webhook(bot: TeleBot) -> tuple[bool, str]:
    url = bot.get_webhook_info().url or ""
    wanted = settings().public + PATH if settings().telegram_mode == "webhook" else ""
    return url == wanted, url or "none (polling)"


def _commands(bot: TeleBot) -> tuple[bool, str]:
    count = len(bot.get_my_commands(scope=private()))
    return count > 0, f"{count} registered"


def _menu(bot: TeleBot) -> tuple[bool, str]:
    button = bot.get_chat_menu_button()
    opens = isinstance(button, types.MenuButtonWebApp)
    return opens, "opens the Mini App" if opens else "does not open the Mini App"
