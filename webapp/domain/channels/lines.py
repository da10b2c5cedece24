"""One line of a list of members: how its cells are read, and what is wrong with those that cannot be."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from webapp.base import sheets
from webapp.base.clock import now
from webapp.base.errors import Invalid
from webapp.base.i18n import _, lazy_gettext
from webapp.base.search import plain
from webapp.domain.channels.plans import MAX_DAYS

COLUMNS = ("id", "user", "until", "days", "plan")
NAMES = {
    "id": ("id", "user_id", "telegram_id", "id de telegram", "telegram id"),
    "user": ("usuario", "@usuario", "username", "@username", "user", "telegram", "alias", "nombre de usuario"),
    "until": ("hasta", "vence", "vencimiento", "expira", "until", "expires", "expiry", "expiry_date", "ate", "fecha"),
    "days": ("dias", "days", "duracion"),
    "plan": ("plan", "plano", "suscripcion"),
}
KNOWN = {name: column for column, names in NAMES.items() for name in names}
LARGEST_ID = 2**52
USERNAME = re.compile(r"@?([A-Za-z][A-Za-z0-9_]{3,31})")
LINK = re.compile(r"(?:https?://)?(?:www\.)?(?:t|telegram)\.me/([A-Za-z][A-Za-z0-9_]{3,31})/?", re.IGNORECASE)
MOMENTS = ("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%d/%m/%Y %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")
LAST_MINUTE = time(23, 59)

PROBLEMS = {
    "who": lazy_gettext("No dice quién: escribe su id de Telegram o su @usuario."),
    "whose": lazy_gettext("No es un id de Telegram ni un @usuario."),
    "date": lazy_gettext("No entendemos la fecha: escríbela como 2026-12-31 o 31/12/2026."),
    "past": lazy_gettext("Esa fecha ya pasó."),
    "far": lazy_gettext("Faltan más de diez años."),
    "days": lazy_gettext("Los días son un número entre 1 y 3650."),
    "plan": lazy_gettext("Ese plan no existe."),
    "when": lazy_gettext("No dice hasta cuándo: hace falta una fecha, días o un plan."),
    "twice": lazy_gettext("Esta persona ya está en otra línea."),
    "blocked": lazy_gettext("Esta persona está bloqueada."),
    "paused": lazy_gettext("Su suscripción está en pausa: reanúdala antes de ponerle una fecha."),
    "late": lazy_gettext("Su fecha pasó antes de que abriera el bot."),
}


@dataclass(frozen=True)
class Line:
    """A line as read: whom it names, what it gives, or the `problem` (a key of PROBLEMS) that keeps it from being."""

    number: int
    typed: list[str]
    user_id: int | None = None
    username: str | None = None
    until: datetime | None = None
    days: int | None = None
    plan_id: int | None = None
    problem: str | None = None


def heads(cells: Sequence[str]) -> dict[str, int]:
    """Which column is what, by the first row. Raises Invalid when it names nobody's column."""
    found = sheets.heads(cells, KNOWN)
    if not {"id", "user"} & found.keys():
        words = _("La primera fila nombra las columnas: id o usuario, y además hasta, dias o plan.")
        raise Invalid(fields={"file": words})
    return found


def read(number: int, cells: Sequence[str], places: Mapping[str, int], plans: Mapping[str, int], zone: str) -> Line:
    """One row below the heads; `plans`: plain name → id; dates are days of the creator's time `zone`."""
    told = {name: sheets.cell(cells, places.get(name)) for name in COLUMNS}
    line = Line(number, [told[name][:100] for name in COLUMNS])
    try:
        user_id, username = _who(told["id"], told["user"])
        line = replace(line, user_id=user_id, username=username)
        plan_id = _plan(told["plan"], plans)
        until = _until(told["until"], zone) if told["until"] else None
        days = _days(told["days"]) if told["days"] and until is None else None
    except ValueError as fault:
        return replace(line, problem=str(fault))
    if until is None and days is None and plan_id is None:
        return replace(line, problem="when")
    return replace(line, until=until, days=days, plan_id=plan_id)


def _who(id_: str, user: str) -> tuple[int | None, str | None]:
    """(Telegram id, @username) that a line names; an id is the surer one."""
    id_, user = (id_, user) if id_ else (user, "") if user.isascii() and user.isdigit() else ("", user)
    if id_:
        number = _number(id_)
        if not 0 < number < LARGEST_ID:
            raise ValueError("whose")
        return number, None
    found = USERNAME.fullmatch(user) or LINK.fullmatch(user)
    if found is None:
        raise ValueError("whose" if user else "who")
    return None, found[1].lower()


def _plan(text: str, plans: Mapping[str, int]) -> int | None:
    if not text:
        return None
    if plain(text) not in plans:
        raise ValueError("plan")
    return plans[plain(text)]


def _days(text: str) -> int:
    days = _number(text)
    if not 1 <= days <= MAX_DAYS:
        raise ValueError("days")
    return days


def _number(text: str) -> int:
    """A whole number, however many noughts stand before it; 0 for what is none, or longer than any we take."""
    digits = text.lstrip("0")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 18 else 0


def _until(text: str, zone: str) -> datetime:
    """A moment, or the last minute of a day, of that zone's clock."""
    local = sheets.shaped(text, *MOMENTS)
    if local is None:
        day = sheets.shaped(text, *sheets.DAYS)
        if day is None or not 1900 <= day.year <= 9000:
            raise ValueError("date")
        local = datetime.combine(day.date(), LAST_MINUTE)
    if not 1900 <= local.year <= 9001:
        raise ValueError("date")
    until = local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    if until <= now():
        raise ValueError("past")
    if until > now() + timedelta(days=MAX_DAYS):
        raise ValueError("far")
    return until
