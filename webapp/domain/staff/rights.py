"""Who may do what in the panel and on the chat's desk: asked here, and nowhere else. Deny by default.

A responsible or an administrator may everything by role; anybody else what `user_agent_permissions` says, section by
section, until when it says. It is read anew for every request, in one query by its index; what is over is over.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Literal, get_args

from sqlalchemy import Uuid, bindparam, select, text

from webapp.base.clock import now
from webapp.base.db import AwareUTC, connection, db
from webapp.base.errors import Denied
from webapp.base.i18n import _, lazy_gettext
from webapp.domain.audit.actors import Actor
from webapp.domain.staff.models import StaffRole, StaffUser

Act = Literal["create", "read", "update", "delete"]
ACTS: tuple[Act, ...] = get_args(Act)
ACT_NAMES: Mapping[str, Any] = {
    "read": lazy_gettext("Ver"),
    "create": lazy_gettext("Crear"),
    "update": lazy_gettext("Cambiar"),
    "delete": lazy_gettext("Quitar"),
}
# What can be granted, with what people call it.
GRANTABLE: Mapping[str, Any] = {
    "users": lazy_gettext("Usuarios"),
    "interests": lazy_gettext("Intereses"),
    "packages": lazy_gettext("Paquetes"),
    "vip": lazy_gettext("Suscriptores y planes"),
    "free_channel": lazy_gettext("Canal Free"),
    "tokens": lazy_gettext("Tokens"),
    "payments": lazy_gettext("Pagos"),
    "points": lazy_gettext("Puntos"),
    "providers": lazy_gettext("Proveedores"),
    "reports_analysis": lazy_gettext("Estadísticas"),
    "client_management": lazy_gettext("Clientes"),
    "pdf_processing": lazy_gettext("Recibos"),
    "audio_recording": lazy_gettext("Notas de voz"),
    "desk": lazy_gettext("Atención"),
    "desk_settings": lazy_gettext("Ajustes de atención"),
    "broadcast": lazy_gettext("Difusiones"),
    "staff": lazy_gettext("Equipo"),
    "audit": lazy_gettext("Auditoría"),
    "settings": lazy_gettext("Ajustes"),
}
# What can be granted ahead of the pages that will ask for it; a test compares it with the routes.
COMING = frozenset({"points", "providers", "pdf_processing", "audio_recording", "desk", "desk_settings", "broadcast"})
# What an act includes that its name does not say: section → act → what one may also do.
ALSO: Mapping[str, Mapping[str, Any]] = {
    "client_management": {
        "read": lazy_gettext("ver el CPF completo de un cliente"),
        "update": lazy_gettext("descargar la lista con todos los CPF"),
    }
}
# Everybody who is signed in has the panel's first page, and what is their own.
EVERYBODYS: Mapping[str, frozenset[str]] = {"home": frozenset({"read"}), "account": frozenset(ACTS)}
SECTIONS = frozenset(GRANTABLE) | frozenset(EVERYBODYS)
ALL: frozenset[str] = frozenset(ACTS)
NONE: frozenset[str] = frozenset()
BY_ROLE = (StaffRole.SYSADMIN, StaffRole.ADMIN)

_MOMENT = bindparam("moment", type_=AwareUTC)
# As text, whose results nothing converts: asked for every request of the panel, and every press on the chat's desk.
_OF_STAFF = text("""
    SELECT agent_name, can_create, can_read, can_update, can_delete FROM user_agent_permissions
    WHERE user_id = :staff_id AND is_active AND (expires_at IS NULL OR expires_at > :moment)
""").bindparams(_MOMENT, bindparam("staff_id", type_=Uuid))
_OF_PERSON = text("""
    SELECT agent_name, can_create, can_read, can_update, can_delete, staff.is_active AS works, staff.role
    FROM staff_users AS staff LEFT JOIN user_agent_permissions AS given ON given.user_id = staff.id
    AND given.is_active AND (given.expires_at IS NULL OR given.expires_at > :moment)
    WHERE staff.telegram_user_id = :person
""").bindparams(_MOMENT)


@dataclass(frozen=True)
class Grant:
    """What somebody may in one section, until when (None: without end)."""

    acts: frozenset[str]
    until: datetime | None = None


@dataclass(frozen=True)
class Rights:
    """What one account may do at this moment: section → acts. `everything`: by its role."""

    everything: bool = False
    held: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def may(self, section: str, act: str) -> bool:
        """Whether this allows to `act` in `section`."""
        if section not in SECTIONS or act not in ACTS:
            return False
        return act in EVERYBODYS.get(section, ()) or act in self.acts(section)

    def acts(self, section: str) -> frozenset[str]:
        """What may be done in a section that can be granted."""
        return ALL if self.everything else self.held.get(section, NONE)


NOTHING = Rights()
EVERYTHING = Rights(everything=True)


def of(staff: StaffUser) -> Rights:
    """What an account may now; nothing for one that is not active. At most one query."""
    if not staff.is_active:
        return NOTHING
    if staff.role in BY_ROLE:
        return EVERYTHING
    found = connection().execute(_OF_STAFF, {"staff_id": staff.id, "moment": now()})
    return Rights(held={row[0]: _acts(tuple(map(bool, row[1:5]))) for row in found})


def of_person(user_id: int) -> Rights | None:
    """What somebody of Telegram may by the account that is linked to them; None for who has none. One query."""
    found = connection().execute(_OF_PERSON, {"person": user_id, "moment": now()}).all()
    if not found:
        return None
    if not found[0].works:
        return NOTHING
    if StaffRole(found[0].role) in BY_ROLE:
        return EVERYTHING
    return Rights(held={row[0]: _acts(tuple(map(bool, row[1:5]))) for row in found if row[0] is not None})


def may(staff: StaffUser, section: str, act: Act) -> bool:
    """Whether this account may `act` in `section` now."""
    return staff.is_active and of(staff).may(section, act)


def refuse_unless_responsible(by: Actor, *about: uuid.UUID) -> None:
    """Raises Denied unless a responsible acts, or an operator at the console.

    Who acts and the accounts that it is `about` are held until the transaction ends, in the order of team.py: a role
    that is taken away this moment is gone before the deed, or counts until it is over.
    """
    giver = _hold(by, *about)
    if by.kind != "system" and (giver is None or not giver.is_responsible):
        raise Denied(_("Solo una persona responsable puede hacer esto."))


def refuse_unless_everything(by: Actor) -> None:
    """Raises Denied unless somebody acts who may everything by their role, or an operator. Holds who acts, as above."""
    giver = _hold(by)
    if by.kind != "system" and (giver is None or not of(giver).everything):
        raise Denied(_("Tu cuenta no tiene permiso para esto."))


def _hold(by: Actor, *about: uuid.UUID) -> StaffUser | None:
    """The account that acts."""
    giver = by.staff_id
    held = select(StaffUser).where(StaffUser.id.in_({giver, *about} - {None})).order_by(StaffUser.id).with_for_update()
    found = {one.id: one for one in db.session.scalars(held.execution_options(populate_existing=True))}
    return found.get(giver) if giver is not None else None


@cache
def _acts(can: tuple[bool, ...]) -> frozenset[str]:
    return frozenset(act for act, on in zip(ACTS, can, strict=True) if on)
