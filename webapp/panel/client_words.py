"""How a client reads in the panel: as inputs, as what somebody else wrote, as their story."""

from collections.abc import Mapping
from typing import Any

from babel.dates import format_date

from webapp.base.i18n import _, locale_now
from webapp.domain.audit.models import AuditLog
from webapp.domain.catalog import lists
from webapp.domain.clients.models import Client

FIELDS = ("name", "cpf", "birth_date", "email", "phone", "notes")


def labels() -> dict[str, str]:
    """What each field of the form is called."""
    return {
        "name": _("Nombre"),
        "cpf": _("CPF"),
        "birth_date": _("Fecha de nacimiento"),
        "email": _("Correo"),
        "phone": _("Teléfono"),
        "notes": _("Notas"),
    }


def typed_of(client: Client) -> dict[str, Any]:
    """The values as their inputs show them; the CPF is asked for anew, and stays as it is when nothing is typed."""
    values = {name: getattr(client, name) or "" for name in ("name", "email", "phone", "notes")}
    return {**values, "cpf": "", "birth_date": client.birth_date.isoformat() if client.birth_date else ""}


def born(client: Client) -> str:
    """When somebody was born, in words; nothing when it is not known."""
    return str(format_date(client.birth_date, "long", locale=locale_now())) if client.birth_date else ""


def theirs(client: Client, typed: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the others' version says where it differs from what is typed: (label, value)."""
    now = typed_of(client)
    differing = [
        name for name in FIELDS if name in typed and str(now[name]) != str(typed[name]).replace("\r\n", "\n").strip()
    ]
    told = labels()
    return [(told[name], client.masked_cpf if name == "cpf" else str(now[name] or "—")) for name in differing]


def history(client: Client) -> list[tuple[AuditLog, str]]:
    """The latest that happened to a client, newest first, each in words."""
    return [(row, said(row)) for row in lists.history(Client.__tablename__, client.id, size=20)]


def said(row: AuditLog) -> str:
    """What an audit row of a client tells, in words."""
    changed = row.new_values or {}
    if row.action == "create":
        return str(_("Lo creó"))
    if row.action == "read":
        return str(_("Vio su CPF"))
    if row.action == "rekey":
        return str(_("Cifró su CPF con una clave nueva"))
    if "is_active" in changed:
        return str(_("Lo restauró") if changed["is_active"] else _("Lo borró"))
    if "user_id" in changed:
        return str(_("Lo desvinculó") if changed["user_id"] is None else _("Lo vinculó a un miembro"))
    told = labels()
    named = [told[name] if name == "cpf" else told[name].lower() for name in changed if name in told]
    return str(_("Cambió: %(fields)s", fields=", ".join(named)))
