"""Who may do what in the panel and on the chat's desk: asked here, and nowhere else. Deny by default.

A responsible or an administrator may everything by role; anybody else what `user_agent_permissions` says, section by
section, until when it says. It is read anew for every request, in one query by its index; what is over is over.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal, get_args

from sqlalchemy import select

from webapp.base import reads
from webapp.base.clock import now
from webapp.base.db import connection, db
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

# Plain SQL, one row an account: asked for every request of the panel, and every press on the chat's desk.
_HELD = """(
    SELECT {joined}(agent_name || ':' || (CASE WHEN can_create THEN 1 ELSE 0 END + CASE WHEN can_read THEN 2 ELSE 0 END
        + CASE WHEN can_update THEN 4 ELSE 0 END + CASE WHEN can_delete THEN 8 ELSE 0 END), ',')
    FROM user_agent_permissions
    WHERE user_id = {staff} AND is_active AND (expires_at IS NULL OR expires_at > :moment)
)"""
_PERSON = "SELECT is_active, role, " + _HELD + " FROM staff_users WHERE telegram_user_id = :person"  # noqa: S608
_JOINED = {"sqlite": "group_concat", "postgresql": "string_agg"}
_OF_STAFF = {on: ("SELECT " + _HELD).format(joined=word, staff=":staff_id") for on, word in _JOINED.items()}
_OF_PERSON = {on: _PERSON.format(joined=word, staff="staff_users.id") for on, word in _JOINED.items()}


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
    asked = {"staff_id": staff.id, "moment": now()}
    return _read(reads.within(_OF_STAFF[connection().dialect.name], asked)[0][0])


def of_person(user_id: int) -> Rights | None:
    """What somebody of Telegram may by the account that is linked to them; None for who has none. One query."""
    found = reads.within(_OF_PERSON[connection().dialect.name], {"person": user_id, "moment": now()})
    if not found:
        return None
    works, role, held = found[0]
    if not works:
        return NOTHING
    return EVERYTHING if StaffRole(role) in BY_ROLE else _read(held)


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


@lru_cache(maxsize=1024)
def _read(told: str | None) -> Rights:
    """Rights from `section:sum of its acts, …`, as the queries tell them; whoever holds the same shares them."""
    pairs = (pair.split(":") for pair in told.split(",")) if told else ()
    return Rights(held=MappingProxyType({section: _acts(int(acts)) for section, acts in pairs}))


def _acts(told: int) -> frozenset[str]:
    return frozenset(act for number, act in enumerate(ACTS) if told >> number & 1)
