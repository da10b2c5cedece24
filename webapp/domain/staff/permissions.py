"""Rights given and taken, section by section: never to oneself, never more or for longer than one's own.

Whoever gives and whoever gets are held first, so that a right that is taken away this moment is not passed on.
"""

import hashlib
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select

from webapp.base.clock import now
from webapp.base.db import Page, db
from webapp.base.errors import Conflict, Denied, Invalid, NotFound, all_fit
from webapp.base.i18n import _, lazy_gettext
from webapp.domain.audit import trail
from webapp.domain.audit.actors import Actor
from webapp.domain.sessions import devices
from webapp.domain.staff import rights, team
from webapp.domain.staff.models import StaffRole, StaffUser, UserAgentPermission
from webapp.domain.staff.rights import ACTS, GRANTABLE, Grant, Rights

CHANGE = "permission_change"
SOON = timedelta(days=14)
_R, _CRU, _ALL = ("read",), ("read", "create", "update"), ACTS


@dataclass(frozen=True)
class Template:
    """A set of rights that goes with a job: its name for people, and section → acts."""

    label: Any
    sections: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Change:
    """What somebody's right in one section (`row`: as it was last given) is `to` become."""

    section: str
    row: UserAgentPermission | None
    to: Grant

    @property
    def is_one(self) -> bool:
        """Whether it changes anything."""
        has = _acts(self.row)
        return has != self.to.acts or (bool(has) and self.row is not None and self.row.expires_at != self.to.until)

    @property
    def takes(self) -> bool:
        """Whether somebody has less afterwards: an act, or days."""
        has, until = _acts(self.row), self.row.expires_at if self.row is not None else None
        shorter = self.to.until is not None and (until is None or self.to.until < until)
        return bool(has) and (not has <= self.to.acts or shorter)


TEMPLATES: Mapping[str, Template] = {
    "clients": Template(lazy_gettext("Gestor de clientes"), {"client_management": _ALL, "payments": _R, "users": _R}),
    "analyst": Template(
        lazy_gettext("Analista"),
        dict.fromkeys(("reports_analysis", "users", "vip", "free_channel", "packages", "interests", "payments"), _R),
    ),
    "receipts": Template(lazy_gettext("Recibos"), {"pdf_processing": _CRU, "payments": _CRU, "client_management": _R}),
    "audio": Template(lazy_gettext("Audio"), {"audio_recording": _CRU, "desk": _R}),
    "agent": Template(
        lazy_gettext("Agente"),
        {"desk": _CRU, "interests": ("read", "update"), "users": _R, "packages": _R, "vip": _R},
    ),
    "channels": Template(
        lazy_gettext("Administrador de canal"),
        {
            **dict.fromkeys(("vip", "free_channel", "tokens", "packages", "interests", "broadcast"), _ALL),
            "payments": _CRU, "users": ("read", "update"), "reports_analysis": _R,
        },
    ),
}  # fmt: skip


class Loss(Invalid):
    """What somebody would not have any more, which nobody has agreed to: section → acts; none where only the end
    comes earlier."""

    def __init__(self, lost: Mapping[str, frozenset[str]]) -> None:
        super().__init__()
        self.lost = lost


def grant(
    staff_id: uuid.UUID,
    wanted: Mapping[str, Grant],
    *,
    giver: StaffUser,
    by: Actor,
    agreed: Collection[str] | None = None,
    seen: str | None = None,
) -> int:
    """Gives somebody in each of these sections these rights instead of those they have there (no acts: none at all).
    Returns how many sections were changed. `seen`: how their rights stood when that was decided (`standing`).
    `agreed`: what they may lose by it (`named_losses`); None for anything.

    Raises NotFound for nobody, Denied for oneself and for more than the giver has, Conflict for somebody who may
    everything by role, Invalid (`until-<section>`) for an end that is past or later than the giver's own, (`seen`) when
    somebody changed their rights since, Loss when more would be lost than was agreed to.
    """
    giver, staff = _hold(giver.id, staff_id)
    _refuse_whom(giver, staff)
    has = {row.agent_name: row for row in _of(staff)}
    if seen is not None and seen != _standing(has.values()):
        words = _("Alguien cambió estos permisos mientras los mirabas. Así están ahora: marca otra vez lo que quieras.")
        raise Invalid(fields={"seen": words})
    return _give(staff, wanted, has, giver=giver, by=by, agreed=agreed)


def add(staff_id: uuid.UUID, wanted: Mapping[str, Grant], *, giver: StaffUser, by: Actor) -> int:
    """The same on top of what they have: acts and ends only grow. For several people at once."""
    giver, staff = _hold(giver.id, staff_id)
    _refuse_whom(giver, staff)
    # Once they are held: what is taken this moment does not come back.
    has = {row.agent_name: row for row in _of(staff)}
    more = {name: _more(has.get(name), one) for name, one in wanted.items()}
    return _give(staff, more, has, giver=giver, by=by)


def standing(staff_id: uuid.UUID) -> str:
    """A name of how somebody's rights stand now: the same as long as nobody changes them."""
    return _standing(of(staff_id))


def _give(
    staff: StaffUser,
    wanted: Mapping[str, Grant],
    has: Mapping[str, UserAgentPermission],
    *,
    giver: StaffUser,
    by: Actor,
    agreed: Collection[str] | None = None,
) -> int:
    mine = rights.of(giver)
    known = {name: one for name, one in wanted.items() if name in GRANTABLE}
    found = [Change(name, has.get(name), _closed(one)) for name, one in known.items()]
    changes = [change for change in found if change.is_one]
    ends = {row.agent_name: row.expires_at for row in of(giver.id)} if changes and not mine.everything else {}
    all_fit(*[partial(_refuse_beyond, mine, ends, change) for change in changes])
    lost = {change.section: _acts(change.row) - change.to.acts for change in changes if change.takes}
    if agreed is not None and not named_losses(lost) <= set(agreed):
        raise Loss(lost)
    for change in changes:
        _write(staff, change, giver=giver, by=by)
    if lost:  # less to hold, but still theirs: what they asked for and their browsers stay
        devices.revoke_all(by=by, staff_id=staff.id)
    return len(changes)


def named_losses(lost: Mapping[str, Collection[str]]) -> frozenset[str]:
    """What would be lost as words that a form can send back: "section:act", "section:" for an earlier end alone."""
    return frozenset(f"{section}:{act}" for section, acts in lost.items() for act in acts or [""])


def of(staff_id: uuid.UUID) -> Sequence[UserAgentPermission]:
    """The rights that somebody was given and that count now."""
    row = UserAgentPermission
    live = (row.is_active, row.expires_at.is_(None) | (row.expires_at > now()))
    return db.session.scalars(select(row).where(row.user_id == staff_id, *live)).all()


def of_many(staff_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, dict[str, UserAgentPermission]]:
    """The same of several: person → section → right. One query."""
    row = UserAgentPermission
    live = (row.is_active, row.expires_at.is_(None) | (row.expires_at > now()))
    found: dict[uuid.UUID, dict[str, UserAgentPermission]] = {one: {} for one in staff_ids}
    for right in db.session.scalars(select(row).where(row.user_id.in_(staff_ids), *live)):
        found[right.user_id][right.agent_name] = right
    return found


def expiring(within: timedelta = SOON, limit: int = 50) -> Sequence[tuple[UserAgentPermission, str]]:
    """The rights that end within this time, the next one first: (right, whose). By the index of ends."""
    row = UserAgentPermission
    query = select(row, StaffUser.full_name).join(StaffUser, StaffUser.id == row.user_id)
    query = query.where(row.is_active, row.expires_at > now(), row.expires_at <= now() + within, StaffUser.is_active)
    return [(right, name) for right, name in db.session.execute(query.order_by(row.expires_at, row.id).limit(limit))]


def colleagues(words: str = "", *, after: str | None = None, size: int = 25) -> Page:
    """The accounts whose rights are given section by section, by name; `words`: parts of name and e-mail."""
    return team.named(words, StaffUser.is_active, StaffUser.role == StaffRole.USER, after=after, size=size)


def colleagues_named(staff_ids: Collection[uuid.UUID]) -> list[StaffUser]:
    """Those of them with these ids, by name."""
    row = StaffUser
    query = select(row).where(row.id.in_(staff_ids), row.is_active, row.role == StaffRole.USER)
    return list(db.session.scalars(query.order_by(row.full_name, row.email)))


def colleague(staff_id: uuid.UUID) -> StaffUser:
    """An account that works, whatever its role. Raises NotFound."""
    found = db.session.scalar(select(StaffUser).where(StaffUser.id == staff_id, StaffUser.is_active))
    if found is None:
        raise NotFound(_("Esa cuenta ya no existe."))
    return found


def givers(found: Iterable[UserAgentPermission]) -> dict[uuid.UUID, str]:
    """The names of who gave these rights."""
    ids = {row.granted_by for row in found if row.granted_by is not None}
    query = select(StaffUser.id, StaffUser.full_name).where(StaffUser.id.in_(ids))
    return {row.id: row.full_name for row in db.session.execute(query)} if ids else {}


def _hold(giver_id: uuid.UUID, staff_id: uuid.UUID) -> tuple[StaffUser, StaffUser]:
    query = select(StaffUser).where(StaffUser.id.in_({giver_id, staff_id})).order_by(StaffUser.id).with_for_update()
    found = {one.id: one for one in db.session.scalars(query.execution_options(populate_existing=True))}
    if staff_id not in found or not found[staff_id].is_active:
        raise NotFound(_("Esa cuenta ya no existe."))
    return found[giver_id], found[staff_id]


def _of(staff: StaffUser) -> Sequence[UserAgentPermission]:
    """Every row of somebody, what is over too."""
    row = UserAgentPermission
    query = select(row).where(row.user_id == staff.id)
    return db.session.scalars(query.execution_options(populate_existing=True)).all()


def _standing(rows: Iterable[UserAgentPermission]) -> str:
    told = sorted((row.agent_name, sorted(_acts(row)), str(row.expires_at)) for row in rows if _acts(row))
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def _refuse_whom(giver: StaffUser, staff: StaffUser) -> None:
    if giver.id == staff.id:
        raise Denied(_("Nadie se da permisos a sí mismo. Pídeselo a otra persona."))
    if not giver.is_active:
        raise Denied(_("Tu cuenta no tiene permiso para esto."))
    if staff.role in rights.BY_ROLE:
        raise Conflict(_("Su rol ya lo puede todo: cambia el rol para limitarlo."))


def _refuse_beyond(mine: Rights, ends: Mapping[str, datetime | None], change: Change) -> None:
    """Also what stands there now counts: who may not give it may not take it either."""
    section, acts, until = change.section, change.to.acts, change.to.until
    missing = [str(rights.ACT_NAMES[act]) for act in ACTS if act in (acts | _acts(change.row)) - mine.acts(section)]
    if missing:
        what = f"{GRANTABLE[section]}: {', '.join(missing)}"
        raise Denied(_("No puedes dar ni quitar lo que tú no tienes (%(what)s).", what=what))
    if not acts:
        return
    if until is not None and until <= now():
        raise Invalid(fields={f"until-{section}": _("Esa fecha ya pasó.")})
    own = [end for end in (ends.get(section), ends.get("staff")) if end is not None]
    if own and (until is None or until > min(own)):
        words = _("Tu propio permiso termina antes: no puedes darlo por más tiempo.")
        raise Invalid(fields={f"until-{section}": words})


def _write(staff: StaffUser, change: Change, *, giver: StaffUser, by: Actor) -> None:
    """Writes what somebody may in one section from now on, and who says so."""
    row = change.row or UserAgentPermission(user_id=staff.id, agent_name=change.section, is_active=False)
    with trail.watch(row, CHANGE, by=by, section=change.section, staff=staff.full_name):
        if not change.to.acts:
            row.is_active, row.revoked_at, row.revoked_by = False, now(), by.ref
            return
        for act in ACTS:
            setattr(row, f"can_{act}", act in change.to.acts)
        row.is_active, row.revoked_at, row.revoked_by = True, None, None
        row.granted_by, row.granted_at, row.expires_at = giver.id, now(), change.to.until


def _closed(wanted: Grant) -> Grant:
    """With reading, without which nothing else is of use; what is no act falls out."""
    known = wanted.acts & frozenset(ACTS)
    return Grant(known | {"read"}, wanted.until) if known else Grant(frozenset())


def _more(row: UserAgentPermission | None, wanted: Grant) -> Grant:
    has = _acts(row)
    if row is None or not has:
        return wanted
    endless = row.expires_at is None or wanted.until is None
    return Grant(has | wanted.acts, None if endless else max(row.expires_at, wanted.until))  # type: ignore[type-var]


def _acts(row: UserAgentPermission | None) -> frozenset[str]:
    """What a row allows now."""
    if row is None or not row.is_active or (row.expires_at is not None and row.expires_at <= now()):
        return frozenset()
    return frozenset(act for act in ACTS if getattr(row, f"can_{act}"))
