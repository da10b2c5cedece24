"""Reading and changing what the creator has set."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from babel.numbers import list_currencies
from sqlalchemy import select

from webapp.base.db import db
from webapp.base.errors import Invalid
from webapp.base.i18n import _
from webapp.base.words import clean
from webapp.domain.audit import trail
from webapp.domain.audit.actors import Actor
from webapp.domain.settings.models import BotConfig

LINK = re.compile(r"https?://[^\s\"'<>]{3,}|tg://[^\s\"'<>]{3,}")
HANDLE = re.compile(r"[A-Za-z0-9._-]{1,60}")
CHAT = re.compile(r"-?[1-9][0-9]{0,14}")
CHANNEL = re.compile(r"-100[0-9]{6,12}")
MONTH = 30 * 24 * 60  # minutes
OF_REMINDERS = frozenset(
    {"reminder_days", "comeback_days", "remind_before", "remind_end", "remind_after", "quiet_from", "quiet_until"}
    | {"time_zone"}
)


def current() -> BotConfig:
    """The settings; the migration made the row."""
    return db.session.get_one(BotConfig, 1)


def held() -> BotConfig:
    """The settings as they are now, for a deed that changes them: nobody else does until it is over."""
    query = select(BotConfig).where(BotConfig.id == 1).with_for_update()
    return db.session.scalars(query, execution_options={"populate_existing": True}).one()


def change(values: Mapping[str, Any], *, by: Actor) -> BotConfig:
    """Sets the named columns. Raises Invalid, with a message for each field that does not fit."""
    fitted, wrong = {}, {}
    for name, value in values.items():
        try:
            fitted[name] = _RULES[name](value) if name in _RULES else value
        except ValueError as fault:
            wrong[name] = str(fault)
    if wrong:
        raise Invalid(fields=wrong)
    config = held()
    anew = any(name in OF_REMINDERS and getattr(config, name) != value for name, value in fitted.items())
    with trail.watch(config, "update", by=by):
        for name, value in fitted.items():
            setattr(config, name, value)
        if anew:  # what was planned by the old rules is planned anew by the worker (channels/reminders.py)
            config.reminder_rules += 1
    return config


def is_zone(name: str) -> bool:
    """Whether there is such a time zone, by its IANA name."""
    return name in _zones()


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _creator_name(value: str) -> str:
    name = clean(value)
    if not 1 <= len(name) <= 80:
        raise ValueError(_("Escribe un nombre de entre 1 y 80 caracteres."))
    return name


def _contact_url(value: str) -> str | None:
    """An address, or an @username, which becomes its address."""
    link = clean(value)
    if re.fullmatch(r"@\w{4,32}", link):
        link = f"https://t.me/{link[1:]}"
    if link and (len(link) > 200 or not LINK.fullmatch(link)):
        raise ValueError(_("Escribe una dirección que empiece con https:// o un @usuario de Telegram."))
    return link or None


def _contact_text(value: str) -> str | None:
    text = clean(value, lines=True)
    if len(text) > 1000:
        raise ValueError(_("Usa como mucho %(n)s caracteres.", n=1000))
    return text or None


def _handle(value: str) -> str | None:
    """A name in a social network, whether typed with @, without, or as the address of the profile."""
    handle = clean(value).rstrip("/").rpartition("/")[2].removeprefix("@")
    if handle and not HANDLE.fullmatch(handle):
        raise ValueError(_("Escribe solo el nombre de la cuenta, sin espacios."))
    return handle or None


def _time_zone(value: str) -> str:
    zone = clean(value)
    if not is_zone(zone):
        raise ValueError(_("No conocemos esa zona horaria."))
    return zone


def _currency(value: str) -> str:
    code = clean(value).upper()
    if len(code) != 3 or code not in list_currencies():
        raise ValueError(_("Escribe el código de una moneda, como MXN, EUR o BRL."))
    return code


def _channel_id(value: Any) -> int | None:
    """Telegram's id of a channel: -100 and its number."""
    text = clean(str(value if value is not None else "")).replace("−", "-").replace(" ", "")
    if text and not CHANNEL.fullmatch(text):
        raise ValueError(_("Escribe el id del canal: empieza con -100, como -1001234567890."))
    return int(text) if text else None


def _channel_title(value: Any) -> str | None:
    title = clean(str(value or ""))
    if len(title) > 200:
        raise ValueError(_("Usa como mucho %(n)s caracteres.", n=200))
    return title or None


def _between(least: int, most: int) -> Callable[[Any], int]:
    """A rule for whole numbers."""

    def rule(value: Any) -> int:
        text = str(value).strip()
        if not re.fullmatch(r"[0-9]{1,7}", text) or not least <= int(text) <= most:
            raise ValueError(_("Escribe un número entre %(least)s y %(most)s.", least=least, most=most))
        return int(text)

    return rule


def _hour(value: Any) -> int | None:
    return None if value is None or str(value).strip() == "" else _between(0, 23)(value)


def _reminder_days(value: Any) -> list[int]:
    """Days before the end, the farthest first: a list, or as typed ("3, 1"); none at all is allowed."""
    texts = [str(one) for one in value] if isinstance(value, list) else re.split(r"[\s,;]+", str(value or "").strip())
    days = [text for text in texts if text]
    if len(days) > 5 or not all(re.fullmatch(r"[0-9]{1,3}", day) and 1 <= int(day) <= 60 for day in days):
        raise ValueError(_("Escribe hasta cinco números de días, de 1 a 60, separados por comas: 3, 1."))
    return sorted({int(day) for day in days}, reverse=True)


def _comeback_days(value: Any) -> list[int]:
    """Days after the end, the nearest first."""
    return sorted(_reminder_days(value))


def _chat_id(value: Any) -> int | None:
    """Telegram's id of a person, a group or a channel."""
    text = clean(str(value if value is not None else "")).replace("−", "-").replace(" ", "")
    if text and not CHAT.fullmatch(text):
        raise ValueError(_("Escribe el id de un chat de Telegram, o elige uno de la lista."))
    return int(text) if text else None


def _months(value: Any) -> int | None:
    return None if value is None or str(value).strip() == "" else _between(3, 240)(value)


def _flag(value: Any) -> bool:
    return value is True or str(value) in ("1", "on", "true")


_RULES: dict[str, Callable[[Any], Any]] = {
    "creator_name": _creator_name,
    "contact_url": _contact_url,
    "contact_text": _contact_text,
    "social_instagram": _handle,
    "social_tiktok": _handle,
    "social_x": _handle,
    "time_zone": _time_zone,
    "currency": _currency,
    "vip_channel_id": _channel_id,
    "vip_channel_title": _channel_title,
    "free_channel_id": _channel_id,
    "free_channel_title": _channel_title,
    "wait_time_minutes": _between(1, MONTH),
    "grace_hours": _between(0, 30 * 24),
    "expiry_hour": _hour,
    "reminder_days": _reminder_days,
    "comeback_days": _comeback_days,
    "remind_before": _flag,
    "remind_end": _flag,
    "remind_after": _flag,
    "quiet_from": _hour,
    "quiet_until": _hour,
    "brake_most": _between(1, 100_000),
    "brake_share": _between(1, 100),
    "audit_chat_id": _chat_id,
    "audit_months": _months,
    "remember_browsers": _flag,
}
