"""How a package reads in the panel: as inputs, as a card, as what somebody else wrote, as its story."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from flask import url_for

from webapp.base.errors import Invalid
from webapp.base.i18n import _, decimal_mark
from webapp.domain.audit.models import AuditLog
from webapp.domain.catalog import drafts, media
from webapp.domain.catalog.models import ContentCategory, ContentPackage
from webapp.panel import pages

SHOWN = ("name", "description", "category", "price", "currency", "price_stars", "price_points", "provider")


def picture_url(storage_key: str, size: str) -> str:
    """The address of a picture's size within the panel."""
    return url_for("panel.catalog.picture", key=media.variant(storage_key, size))


def states() -> dict[str, str]:
    """The states of a package, as people read them."""
    return {
        "active": _("En la vitrina"),
        "scheduled": _("Programado"),
        "over": _("Terminado"),
        "inactive": _("Sin publicar"),
    }


def card(typed: Mapping[str, Any], package: ContentPackage | None, cover: str | None = None) -> SimpleNamespace:
    """What the card shows of what is typed; fields that do not fit are left out. `cover`: of a package to be."""
    shown: dict[str, Any] = {"category": ContentCategory.FREE_CONTENT, "price": None, "currency": "MXN"}
    for name in SHOWN:
        try:
            shown |= drafts.read({name: typed.get(name, "")})
        except Invalid:
            shown.setdefault(name, None)
    key = media.cover_key(package) if package else cover
    shown["currency"] = shown["currency"] or "MXN"
    picture, hue = picture_url(key, "card") if key else "", (package.id if package else 0) % 12
    return SimpleNamespace(**shown, cover=picture, hue=hue)


def typed_of(package: ContentPackage) -> dict[str, Any]:
    """The column values as their inputs show them."""
    values = {name: getattr(package, name) for name in ("name", "description", "body", "currency", "version")}
    values |= {"category": package.category.value, "type": package.type.value}
    values |= {
        "price": amount(package.price),
        "price_stars": package.price_stars,
        "price_points": package.price_points,
    }
    values |= {name: local(getattr(package, name)) for name in ("published_from", "published_until")}
    return {**values, "provider": package.provider.display_name if package.provider else ""}


def theirs(package: ContentPackage, typed: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the others' version says where it differs from what is typed: (label, value)."""
    now = typed_of(package)
    told = labels()
    return [
        (told[name], str(now[name] or "—"))
        for name in told
        if name in typed
        and name in now
        and str(now[name] or "") != str(typed[name] or "").replace("\r\n", "\n").strip()
    ]


def labels() -> dict[str, str]:
    """What each field of the form is called."""
    return {
        "name": _("Nombre"),
        "description": _("Descripción"),
        "body": _("Texto"),
        "category": _("Categoría"),
        "type": _("Tipo"),
        "provider": _("Proveedor"),
        "price": _("Precio"),
        "currency": _("Moneda"),
        "price_stars": _("Precio en Stars"),
        "price_points": _("Precio en puntos"),
        "published_from": _("Se publica"),
        "published_until": _("Deja de verse"),
        "image": _("Imágenes"),
    }


def said(row: AuditLog) -> str:
    """What an audit row of a package tells, in words."""
    changed = row.new_values or {}
    if row.action == "create":
        return str(_("Lo creó"))
    if "is_active" in changed:
        return str(_("Lo publicó")) if changed["is_active"] else str(_("Lo despublicó"))
    if list(changed) == ["position"]:
        return str(_("Lo cambió de lugar"))
    told = {**labels(), "provider_id": _("Proveedor")}
    return str(_("Cambió: %(fields)s", fields=", ".join(told[name] for name in changed if name in told).lower()))


def amount(price: Decimal | None) -> str:
    """A price as its input shows it."""
    if price is None:
        return ""
    return str(int(price)) if price == int(price) else f"{price:.2f}".replace(".", decimal_mark())


def local(at: datetime | None) -> str:
    """A moment as a datetime-local input shows it, in the time zone that is shown."""
    return at.astimezone(ZoneInfo(pages.zone())).strftime("%Y-%m-%dT%H:%M") if at else ""


def local_day(end: datetime | None) -> str:
    """The last day before an end, as a date input shows it, in the time zone that is shown."""
    return (end.astimezone(ZoneInfo(pages.zone())) - timedelta(seconds=1)).date().isoformat() if end else ""
