"""What somebody typed for a client, read into values; each field that does not fit says why."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from email_validator import EmailNotValidError, validate_email

from webapp.base import sheets
from webapp.base.clock import now
from webapp.base.errors import Invalid, read_fields
from webapp.base.i18n import _
from webapp.base.words import clean
from webapp.domain.clients import cpf
from webapp.domain.settings import config

NAME, NOTES = 100, 2000
YOUNGEST, OLDEST = 16, 120  # years
PHONE = re.compile(r"\+?[0-9]{7,15}")


def read(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Values from the fields in `typed`; unknown fields are ignored. Raises Invalid naming each that does not fit."""
    values, wrong = read_fields(typed, READERS)
    if wrong:
        raise Invalid(fields=wrong)
    return values


def email(text: Any) -> str | None:
    """An address, in small letters; None for none. Raises ValueError."""
    typed = clean(text)
    if not typed:
        return None
    try:
        return validate_email(typed, check_deliverability=False, test_environment=True).normalized.casefold()
    except EmailNotValidError:
        raise ValueError(_("Ese correo no parece válido.")) from None


def _name(text: Any) -> str:
    name = clean(text)
    if not 2 <= len(name) <= NAME:
        raise ValueError(_("Escribe su nombre, entre 2 y %(most)s caracteres.", most=NAME))
    return _without_cpf(name)


def _birth_date(value: Any) -> date | None:
    text = clean(value)
    if not text:
        return None
    born = sheets.day(text)
    if born is None:
        raise ValueError(_("Escribe una fecha, como 1990-12-31 o 31/12/1990."))
    today = now().astimezone(ZoneInfo(config.current().time_zone)).date()
    if born > today:
        raise ValueError(_("Esa fecha todavía no llega."))
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if not YOUNGEST <= age <= OLDEST:
        raise ValueError(_("Un cliente tiene entre %(a)s y %(b)s años.", a=YOUNGEST, b=OLDEST))
    return born


def _phone(text: Any) -> str | None:
    typed = re.sub(r"[\s().\u00a0-]", "", clean(text))
    if not typed:
        return None
    if not PHONE.fullmatch(typed):
        raise ValueError(_("Escribe un teléfono de 7 a 15 números, con + y el país si lo sabes."))
    return typed


def _notes(text: Any) -> str | None:
    notes = clean(text, lines=True)
    if len(notes) > NOTES:
        raise ValueError(_("Como máximo %(most)s caracteres.", most=NOTES))
    return _without_cpf(notes) or None


def _without_cpf(text: str) -> str:
    """The same words. Raises ValueError for a CPF among them: it would lie in clear wherever they are told."""
    if cpf.find(text) is not None:
        raise ValueError(_("Aquí no va un CPF: quedaría a la vista. Escríbelo en su campo."))
    return text


READERS: dict[str, Callable[[Any], Any]] = {
    "name": _name,
    "cpf": cpf.read,
    "birth_date": _birth_date,
    "email": email,
    "phone": _phone,
    "notes": _notes,
}
