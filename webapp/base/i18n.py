"""The languages: Spanish is the source; en and pt_BR are translations. Money and dates in a person's own way.

`_` and its kin come from Flask-Babel and need an application context, nothing of a request; `speaking(locale)` sets the
language for a block, which is how the bot and the worker write to several people in one transaction.
"""

import enum
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Self
from zoneinfo import ZoneInfo

import flask_babel
from babel import Locale
from babel.dates import format_date, format_time, format_timedelta, get_datetime_format
from babel.numbers import format_currency, format_decimal, get_currency_symbol, get_decimal_symbol
from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext

__all__ = ["LOCALES", "_", "day", "decimal_mark", "lazy_gettext", "locale_for", "locale_now", "moment", "money"]
__all__ += ["Spoken", "ngettext", "number", "number_locale", "since", "speaking"]

LOCALES = {"es": "Español", "en": "English", "pt_BR": "Português (Brasil)"}
SOURCE = "es"
# Spanish writes numbers by country; which one it is, is told by the currency that the creator asks for.
COUNTRIES = {"MXN": "MX", "USD": "US", "ARS": "AR", "BOB": "BO", "CLP": "CL", "COP": "CO", "CRC": "CR", "DOP": "DO"}
COUNTRIES |= {"GTQ": "GT", "HNL": "HN", "NIO": "NI", "PAB": "PA", "PEN": "PE", "PYG": "PY", "UYU": "UY", "VES": "VE"}


class Spoken(enum.Enum):
    """An enum whose members people read: `FREE = "free", lazy_gettext("Usuario Free")`. Its value is the first."""

    _words: Any

    def __new__(cls, value: str, words: Any = "") -> Self:  # one alone: a look-up by value
        one = object.__new__(cls)
        one._value_, one._words = value, words
        return one

    @property
    def display_name(self) -> str:
        """How people read it, in their language."""
        return str(self._words)


def locale_for(language_code: str | None) -> str:
    """Our locale for Telegram's IETF `language_code` ("pt-br", "en", "es-mx"…); Spanish when we have no better one."""
    language = str(language_code or "").replace("_", "-").lower().partition("-")[0]
    return {"en": "en", "pt": "pt_BR"}.get(language, SOURCE)


@contextmanager
def speaking(locale: str) -> Iterator[None]:
    """Inside the block every text is in `locale`."""
    with flask_babel.force_locale(locale if locale in LOCALES else SOURCE):
        yield


def locale_now() -> str:
    """The locale in force: "es", "en" or "pt_BR"."""
    return str(flask_babel.get_locale() or SOURCE)


def number_locale() -> str:
    """The locale in force as numbers are written where the creator lives: "es_MX" for Spanish and prices in MXN.

    `create_app` says how the creator's currency is found out.
    """
    locale = locale_now()
    country = COUNTRIES.get(current_app.extensions["creator_currency"]()) if locale == SOURCE else None
    return f"{locale}_{country}" if country else locale


def money(amount: Decimal, currency: str) -> str:
    """`$1,200 MXN`, `12,50 €`: as people there write it, whole amounts without cents.

    A bare "$" is many currencies, so its code follows; a currency without a sign of its own there is `1,200 USD`.
    """
    locale = number_locale()
    sign = get_currency_symbol(currency, locale)
    pattern = Locale.parse(locale).currency_formats["standard"].pattern if sign != currency else "#,##0.00\u00a0¤¤"
    if amount == amount.to_integral_value():
        pattern = pattern.replace(".00", "")
    text = format_currency(amount, currency, pattern, locale=locale, currency_digits=False)
    return f"{text}\u00a0{currency}" if sign == "$" else text


def number(value: int | Decimal) -> str:
    """A number with the separators that people there write."""
    return format_decimal(value, locale=number_locale())


def decimal_mark() -> str:
    """What stands between units and cents."""
    return str(get_decimal_symbol(number_locale()))


def day(at: datetime, zone: str) -> str:
    """ "3 de marzo" in time zone `zone`, with the year when it is not this one."""
    local = at.astimezone(ZoneInfo(zone))
    if local.year == datetime.now(ZoneInfo(zone)).year:
        skeleton = {"es": "d 'de' MMMM", "pt_BR": "d 'de' MMMM", "en": "MMMM d"}[locale_now()]
        return format_date(local, skeleton, locale=locale_now())
    return format_date(local, "long", locale=locale_now())


def moment(at: datetime, zone: str, *, short: bool = False) -> str:
    """Date and time to the minute in time zone `zone`; `short` leaves the time only."""
    local, locale = at.astimezone(ZoneInfo(zone)), locale_now()
    time = format_time(local, "short", locale=locale)
    if short:
        return time
    return str(get_datetime_format("medium", locale)).format(time, format_date(local, "medium", locale=locale))


def since(age: timedelta) -> str:
    """ "hace 3 horas" for an age."""
    return format_timedelta(-age, add_direction=True, locale=locale_now())
