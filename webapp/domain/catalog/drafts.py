"""What somebody typed for a package, read into column values; each field that does not fit says why.

Texts lose what nobody means to type (control characters, invisible marks that turn the direction of what follows);
everything else is kept as it is and made harmless where it is shown.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import list_currencies

from webapp.base.errors import Invalid, read_fields
from webapp.base.i18n import _, number
from webapp.base.words import clean
from webapp.domain.catalog.models import ContentCategory, PackageType
from webapp.domain.settings import config

NAME, DESCRIPTION, BODY, PROVIDER, ALT = 200, 500, 20_000, 100, 200
MOST_MONEY = Decimal("99999999.99")
MOST_WHOLE = 1_000_000
PLAIN_PRICE = re.compile(r"[0-9]{1,12}(?:[.,][0-9]{1,2})?")
GROUPED_PRICE = re.compile(r"[0-9]{1,3}(?:(?:\.[0-9]{3})+,[0-9]{1,2}|(?:,[0-9]{3})+\.[0-9]{1,2})")


def read(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Column values (and `provider`, a name) from the fields in `typed`; unknown fields are ignored.

    Moments may be aware datetimes or `YYYY-MM-DDTHH:MM` in the creator's time zone. Raises Invalid naming each field
    that does not fit.
    """
    values, wrong = read_fields(typed, READERS)
    begin, end = values.get("published_from"), values.get("published_until")
    if begin and end and end <= begin:
        wrong["published_until"] = _("Debe ser después de la fecha de publicación.")
    if wrong:
        raise Invalid(fields=wrong)
    return values


def alt(text: Any) -> str:
    """The description of a picture. Raises Invalid when too long."""
    cleaned = clean(text)
    if len(cleaned) > ALT:
        raise Invalid(fields={"alt": _at_most(ALT)})
    return cleaned


def _name(text: Any) -> str:
    cleaned = clean(text)
    if not cleaned:
        raise ValueError(_("Ponle un nombre."))
    return _short(cleaned, NAME)


def _short(text: str, most: int) -> str:
    if len(text) > most:
        raise ValueError(_at_most(most))
    return text


def _at_most(most: int) -> str:
    return str(_("Como máximo %(most)s caracteres.", most=most))


def _price(value: Any) -> Decimal | None:
    text = re.sub(r"[\s\u00a0\u202f]", "", str("" if value is None else value))
    if not text:
        return None
    if not (PLAIN_PRICE.fullmatch(text) or GROUPED_PRICE.fullmatch(text)):
        raise ValueError(_unpriced())
    whole, cents = text, ""
    mark = max(text.rfind(","), text.rfind("."))
    if mark >= 0:
        whole, cents = text[:mark], text[mark + 1 :]
    amount = Decimal(f"{re.sub('[.,]', '', whole)}.{cents or '0'}").quantize(Decimal("0.01"))
    if amount > MOST_MONEY:
        raise ValueError(_unpriced())
    return amount


def _unpriced() -> str:
    example, most = number(Decimal("12.75")), number(MOST_MONEY)
    words = _("Escribe un precio entre 0 y %(most)s, como 120 o %(example)s.", most=most, example=example)
    return str(words)


def _whole(value: Any) -> int | None:
    text = str("" if value is None else value).strip()
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,7}", text) or int(text) > MOST_WHOLE:
        raise ValueError(_("Escribe un número entero entre 0 y %(most)s.", most=number(MOST_WHOLE)))
    return int(text)


def _currency(value: Any) -> str:
    code = str(value or "").strip().upper()
    if code not in list_currencies():
        raise ValueError(_("Escribe el código de una moneda, como MXN, USD o EUR."))
    return code


def _choice(kind: type[ContentCategory] | type[PackageType]) -> Callable[[Any], Any]:
    def read_choice(value: Any) -> Any:
        try:
            return kind(value)
        except ValueError:
            raise ValueError(_("Elige una de las opciones.")) from None

    return read_choice


def _moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    text = str(value or "").strip()
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?", text):
        raise ValueError(_("Escribe una fecha y una hora."))
    try:
        local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(config.current().time_zone))
        if not 2000 <= local.year <= 2200:
            raise ValueError
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(_("Esa fecha no existe.")) from None


READERS: dict[str, Callable[[Any], Any]] = {
    "name": _name,
    "description": lambda text: _short(clean(text), DESCRIPTION),
    "body": lambda text: _short(clean(text, lines=True), BODY),
    "category": _choice(ContentCategory),
    "type": _choice(PackageType),
    "price": _price,
    "currency": _currency,
    "price_stars": _whole,
    "price_points": _whole,
    "provider": lambda text: _short(clean(text), PROVIDER),
    "published_from": _moment,
    "published_until": _moment,
}
