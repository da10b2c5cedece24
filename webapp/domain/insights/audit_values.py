"""The old and the new of an audit row, side by side: what each column is called, and its value as people read it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from webapp.base.i18n import _, lazy_gettext, moment
from webapp.domain.audit.models import AuditLog
from webapp.domain.catalog.models import PackageType
from webapp.domain.channels.models import RequestStatus, Status
from webapp.domain.staff.models import StaffRole
from webapp.domain.users.models import Reach, UserRole

HIDDEN = "•••"
SILENT = frozenset({"updated_at", "search_text", "version", "reminder_rules"})  # change with anything, and say nothing
LONGEST = 2000
_LABELS = {
    "name": lazy_gettext("Nombre"),
    "display_name": lazy_gettext("Nombre"),
    "full_name": lazy_gettext("Nombre"),
    "first_name": lazy_gettext("Nombre"),
    "last_name": lazy_gettext("Apellido"),
    "username": lazy_gettext("Usuario"),
    "email": lazy_gettext("Correo"),
    "cpf": lazy_gettext("CPF"),
    "birth_date": lazy_gettext("Fecha de nacimiento"),
    "phone": lazy_gettext("Teléfono"),
    "notes": lazy_gettext("Notas"),
    "deleted_at": lazy_gettext("Borrado"),
    "deleted_by": lazy_gettext("Lo borró"),
    "made": lazy_gettext("Hechos"),
    "reached": lazy_gettext("Hasta la línea"),
    "problems": lazy_gettext("Líneas con error"),
    "password_hash": lazy_gettext("Contraseña"),
    "role": lazy_gettext("Rol"),
    "reach": lazy_gettext("Alcance"),
    "is_blocked": lazy_gettext("Bloqueado"),
    "blocked_reason": lazy_gettext("Por qué se bloqueó"),
    "blocked_until": lazy_gettext("Bloqueado hasta"),
    "language_code": lazy_gettext("Idioma de Telegram"),
    "chosen_locale": lazy_gettext("Idioma"),
    "locale": lazy_gettext("Idioma"),
    "time_zone": lazy_gettext("Zona horaria"),
    "currency": lazy_gettext("Moneda"),
    "price": lazy_gettext("Precio"),
    "price_stars": lazy_gettext("Precio en Stars"),
    "price_points": lazy_gettext("Precio en puntos"),
    "amount": lazy_gettext("Cantidad"),
    "method": lazy_gettext("Forma de pago"),
    "note": lazy_gettext("Nota"),
    "text": lazy_gettext("Texto"),
    "description": lazy_gettext("Descripción"),
    "body": lazy_gettext("Texto"),
    "category": lazy_gettext("Categoría"),
    "type": lazy_gettext("Tipo"),
    "provider_id": lazy_gettext("Proveedor"),
    "position": lazy_gettext("Lugar"),
    "version": lazy_gettext("Versión"),
    "is_active": lazy_gettext("Activo"),
    "published_from": lazy_gettext("Se publica"),
    "published_until": lazy_gettext("Deja de verse"),
    "alt": lazy_gettext("Descripción de la imagen"),
    "status": lazy_gettext("Estado"),
    "state": lazy_gettext("Estado"),
    "channel_state": lazy_gettext("En el canal"),
    "expiry_date": lazy_gettext("Acceso hasta"),
    "join_date": lazy_gettext("Desde"),
    "paused_at": lazy_gettext("En pausa desde"),
    "plan_id": lazy_gettext("Plan"),
    "plan_name": lazy_gettext("Plan"),
    "duration_days": lazy_gettext("Días"),
    "eligibility": lazy_gettext("A quién se ofrece"),
    "vip_entry_stage": lazy_gettext("Paso de la entrada"),
    "next_reminder_at": lazy_gettext("Próximo recordatorio"),
    "uses": lazy_gettext("Usos"),
    "max_uses": lazy_gettext("Usos permitidos"),
    "redeemed_by": lazy_gettext("Lo canjeó"),
    "revoked_at": lazy_gettext("Anulado"),
    "is_attended": lazy_gettext("Atendido"),
    "attended_at": lazy_gettext("Se atendió"),
    "attended_by": lazy_gettext("Lo atendió"),
    "attended_by_label": lazy_gettext("Lo atendió"),
    "click_count": lazy_gettext("Veces"),
    "withdrawn_at": lazy_gettext("Quitado"),
    "creator_name": lazy_gettext("Nombre del creador"),
    "contact_url": lazy_gettext("Contacto"),
    "contact_text": lazy_gettext("Texto de contacto"),
    "category_labels": lazy_gettext("Nombres de las categorías"),
    "texts": lazy_gettext("Textos del bot"),
    "vip_channel_id": lazy_gettext("Canal VIP"),
    "vip_channel_title": lazy_gettext("Nombre del canal VIP"),
    "free_channel_id": lazy_gettext("Canal Free"),
    "free_channel_title": lazy_gettext("Nombre del canal Free"),
    "wait_time_minutes": lazy_gettext("Espera (minutos)"),
    "grace_hours": lazy_gettext("Gracia (horas)"),
    "expiry_hour": lazy_gettext("Hora del fin"),
    "reminder_days": lazy_gettext("Recordatorios antes del fin"),
    "comeback_days": lazy_gettext("Recordatorios después del fin"),
    "quiet_from": lazy_gettext("Silencio desde"),
    "quiet_until": lazy_gettext("Silencio hasta"),
    "brake_most": lazy_gettext("Freno: cuántas"),
    "brake_share": lazy_gettext("Freno: qué parte"),
    "audit_chat_id": lazy_gettext("Chat de la auditoría"),
    "audit_months": lazy_gettext("Meses que se guarda la auditoría"),
    "can_create": lazy_gettext("Puede crear"),
    "can_read": lazy_gettext("Puede ver"),
    "can_update": lazy_gettext("Puede cambiar"),
    "can_delete": lazy_gettext("Puede borrar"),
    "agent_name": lazy_gettext("Sección"),
    "expires_at": lazy_gettext("Hasta"),
    "created_at": lazy_gettext("Creado"),
    "created_by": lazy_gettext("Creado por"),
    "path": lazy_gettext("Dirección"),
    "why": lazy_gettext("Por qué"),
    "filters": lazy_gettext("Filtros"),
    "findings": lazy_gettext("Lo que encontró"),
}
_WORDS: dict[str, Any] = {"role": (UserRole, StaffRole), "reach": (Reach,), "status": (Status, RequestStatus)}
_WORDS |= {"type": (PackageType,), "previous_role": (UserRole,)}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One column: what it is called, what it was and what it is; `hidden` values are told as changed only."""

    name: str
    label: str
    old: str | None
    new: str | None
    hidden: bool
    long: bool


def changes(row: AuditLog, zone: str) -> list[Change]:
    """What changed, a line each; what goes with everything is left out while something else is told."""
    old, new = row.old_values or {}, row.new_values or {}
    names = [*new, *(name for name in old if name not in new)]
    told = [name for name in names if name not in SILENT] or names
    return [_change(name, old, new, zone) for name in told]


def told(values: dict[str, Any] | None, zone: str) -> str:
    """Old or new values as one text, for files."""
    return "; ".join(f"{label(name)}: {_value(name, value, zone)}" for name, value in (values or {}).items())


def label(name: str) -> str:
    """What a column is called."""
    return str(_LABELS.get(name, name))


def _change(name: str, old: dict[str, Any], new: dict[str, Any], zone: str) -> Change:
    hidden = HIDDEN in (old.get(name), new.get(name))
    was = _value(name, old[name], zone) if name in old else None
    now = _value(name, new[name], zone) if name in new else None
    long = any(len(text or "") > 60 or "\n" in (text or "") for text in (was, now))
    return Change(name=name, label=label(name), old=was, new=now, hidden=hidden, long=long)


def _value(name: str, value: Any, zone: str) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(_("sí") if value else _("no"))
    for kind in _WORDS.get(name, ()):
        found = next((one for one in kind if one.value == value), None)
        if found is not None:
            return str(found.display_name)
    if isinstance(value, dict):
        return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()[:LONGEST]
    if isinstance(value, list):
        return ", ".join(_value("", one, zone) for one in value)[:LONGEST]
    if isinstance(value, str) and name.endswith(("_at", "_date", "_from", "_until")):
        return _moment(value, zone)
    return str(value)[:LONGEST]


def _moment(text: str, zone: str) -> str:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment(at, zone) if at.tzinfo is not None else text
