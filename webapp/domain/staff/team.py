"""The team: who has an account, in what role; taking in, changing, suspending and letting go.

Nobody does any of it to themselves or to somebody above, nor gives a role above their own. Whoever acts, whoever it is
about and every responsible are held first, in one order, so that two who take the role from each other at the same
moment leave one of them in it.
"""

import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, or_, select, update

from webapp.base.clock import now
from webapp.base.db import Page, db, page
from webapp.base.errors import Conflict, Denied, NotFound
from webapp.base.i18n import SOURCE, _
from webapp.base.search import containing
from webapp.domain.audit import trail
from webapp.domain.audit.actors import Actor
from webapp.domain.sessions.models import UserSession
from webapp.domain.staff import accounts, closing, notices
from webapp.domain.staff.models import StaffInvitation, StaffRole, StaffUser

CHANGE = "permission_change"
STATES = ("active", "suspended", "removed")
NOTED = {"noted": True, "synchronize_session": False}


@dataclass(frozen=True)
class Waiting:
    """An invitation that nobody has used yet, and who made it."""

    invitation: StaffInvitation
    inviter: str


def people(words: str = "", state: str | None = None, *, after: str | None = None, size: int = 25) -> Page:
    """The accounts by name; `words`: parts of name and e-mail. Without a state: those who are not removed."""
    return named(words, _in_state(state), after=after, size=size)


def named(words: str, *conditions: Any, after: str | None, size: int) -> Page:
    """The accounts of these conditions by name, that hold every one of `words` in name or e-mail."""
    row = StaffUser
    query = select(row).where(containing(row, words), *conditions)
    return page(query, row.full_name, row.email, after=after, size=size, descending=False, scalars=True)


def person(staff_id: uuid.UUID) -> StaffUser:
    """One account, whatever its state. Raises NotFound."""
    found = db.session.get(StaffUser, staff_id)
    if found is None:
        raise NotFound(_("Esa cuenta ya no existe."))
    return found


def creators_locale() -> str:
    """The language of the first responsible there is: what is told to nobody in particular is told in it."""
    row = StaffUser
    first = select(row.locale).where(row.role == StaffRole.SYSADMIN, row.is_active).order_by(row.created_at, row.id)
    return db.session.scalar(first.limit(1)) or SOURCE


def sessions_of(staff_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, int]:
    """How many sessions each of them has open. One query."""
    row = UserSession
    live = (row.staff_id.in_(staff_ids), row.is_active, row.expires_at > now(), row.absolute_expires_at > now())
    found = db.session.execute(select(row.staff_id, func.count()).where(*live).group_by(row.staff_id))
    return {staff_id: number for staff_id, number in found if staff_id is not None}


def invited(limit: int = 50) -> Sequence[Waiting]:
    """The invitations that wait for somebody, the newest first, with who made each."""
    row = StaffInvitation
    open_ones = select(row).where(_open()).order_by(row.created_at.desc(), row.id.desc()).limit(limit)
    found = db.session.scalars(open_ones).all()
    names = inviters([one.created_by for one in found])
    return [Waiting(one, names.get(one.created_by, "")) for one in found]


def inviters(refs: Collection[str]) -> dict[str, str]:
    """The names behind `staff:<id>`; whoever is no account of ours is left out."""
    ids = {known for ref in refs if (known := _staff_id(ref)) is not None}
    query = select(StaffUser.id, StaffUser.full_name).where(StaffUser.id.in_(ids))
    return {f"staff:{one.id}": one.full_name for one in db.session.execute(query)} if ids else {}


def roles_for(giver: StaffUser) -> list[StaffRole]:
    """The roles that somebody may give: none above their own."""
    return [role for role in StaffRole if role.rank <= giver.role.rank]


def may_change(giver: StaffUser, staff: StaffUser) -> bool:
    """Whether `giver` may do something to this account: neither their own nor one above."""
    return giver.id != staff.id and staff.role.rank <= giver.role.rank


def change_role(staff_id: uuid.UUID, role: StaffRole, *, by: Actor) -> bool:
    """Another role; their sessions end. False when it is theirs already.

    Raises NotFound, Denied for oneself and for what is above who acts, Conflict for the last responsible.
    """
    with _held(staff_id, by) as (giver, staff):
        if staff.deleted_at is not None:
            raise Conflict(_("Esa cuenta ya no está en el equipo."))
        if giver is not None and role.rank > giver.role.rank:
            raise Denied(_("No puedes dar un rol por encima del tuyo."))
        if staff.role is role:
            return False
        if role is not StaffRole.SYSADMIN:
            _refuse_last(staff)
        with trail.watch(staff, CHANGE, by=by):
            staff.role = role
        _shut(staff, by)
        notices.tell(staff, "staff/role")
        return True


def suspend(staff_id: uuid.UUID, *, by: Actor) -> bool:
    """Keeps somebody out until further notice; their sessions end. False when they are out already. Raises as above."""
    with _held(staff_id, by) as (_giver, staff):
        if not staff.is_active:
            return False
        _refuse_last(staff)
        with trail.watch(staff, "update", by=by):
            staff.is_active = False
        _shut(staff, by)
        return True


def reactivate(staff_id: uuid.UUID, *, by: Actor) -> bool:
    """Lets somebody in again who was suspended or removed, with the role they had. False when they are in."""
    with _held(staff_id, by) as (_giver, staff):
        with trail.watch(staff, "update", by=by):
            changed = not staff.is_active
            staff.is_active, staff.deleted_at = True, None
        return changed


def remove(staff_id: uuid.UUID, *, by: Actor) -> bool:
    """Lets somebody go: out and off the list; what they did stays theirs.

    Their Telegram stays tied, so that the chat's desk is closed to them too, until it is tied to another account
    (links.py). False when they are gone already. Raises as above.
    """
    with _held(staff_id, by) as (_giver, staff):
        if staff.deleted_at is not None:
            return False
        _refuse_last(staff)
        with trail.watch(staff, "update", by=by):
            staff.is_active, staff.deleted_at = False, now()
        _shut(staff, by)
        return True


def withdraw_invitation(invitation_id: int, *, by: Actor) -> None:
    """Makes an invitation worthless. Raises NotFound for one that is used, over, or taken back, Denied for one into a
    role above that of who acts."""
    invitation, giver = db.session.get(StaffInvitation, invitation_id), accounts.account_of(by)
    if invitation is not None and by.kind != "system" and (giver is None or invitation.role.rank > giver.role.rank):
        raise Denied(_("Tu cuenta no tiene permiso para esto."))
    if not _withdraw(StaffInvitation.id == invitation_id, by=by):
        raise NotFound(_("Esa invitación ya no está abierta."))


@contextmanager
def _held(staff_id: uuid.UUID, by: Actor) -> Iterator[tuple[StaffUser | None, StaffUser]]:
    """Who acts (None: no account, an operator) and whom it is about, held until the transaction ends.

    Raises NotFound, and Denied for oneself, for somebody above, and for who may not act any more.
    """
    row, mine = StaffUser, by.staff_id
    concerned = or_(row.id.in_({staff_id, mine or staff_id}), and_(row.role == StaffRole.SYSADMIN, row.is_active))
    query = select(row).where(concerned).order_by(row.id).with_for_update()
    found = {one.id: one for one in db.session.scalars(query.execution_options(populate_existing=True))}
    if staff_id not in found:
        raise NotFound(_("Esa cuenta ya no existe."))
    staff, giver = found[staff_id], found.get(mine) if mine is not None else None
    if by.kind != "system":
        _refuse_whom(giver, staff)
    yield giver, staff


def _refuse_whom(giver: StaffUser | None, staff: StaffUser) -> None:
    if giver is None or not giver.is_active:
        raise Denied(_("Tu cuenta no tiene permiso para esto."))
    if giver.id == staff.id:
        raise Denied(_("Nadie cambia su propia cuenta desde aquí. Pídeselo a otra persona."))
    if not may_change(giver, staff):
        raise Denied(_("Esa cuenta está por encima de la tuya."))


def _refuse_last(staff: StaffUser) -> None:
    """Raises Conflict for the only responsible who can sign in; all of them are held."""
    if staff.role is not StaffRole.SYSADMIN or not staff.is_active:
        return
    row = StaffUser
    others = select(func.count()).where(row.role == StaffRole.SYSADMIN, row.is_active, row.id != staff.id)
    if not db.session.scalar(others):
        raise Conflict(_("Es la última cuenta responsable: nombra a otra antes."))


def _shut(staff: StaffUser, by: Actor) -> None:
    """Takes their account back, and the invitations that they made."""
    closing.end_all(staff.id, by=by)
    _withdraw(StaffInvitation.created_by == f"staff:{staff.id}", by=by)


def _withdraw(which: Any, *, by: Actor) -> int:
    moment = now()
    statement = update(StaffInvitation).where(which, _open()).values(revoked_at=moment).returning(StaffInvitation.id)
    ids = db.session.scalars(statement, execution_options=NOTED).all()
    trail.note_alike("update", StaffInvitation.__tablename__, ids, by=by, new={"revoked_at": moment})
    return len(ids)


def _open() -> Any:
    row = StaffInvitation
    return and_(row.used_at.is_(None), row.revoked_at.is_(None), row.expires_at > now())


def _in_state(state: str | None) -> Any:
    gone = StaffUser.deleted_at.is_not(None)
    return {
        "active": StaffUser.is_active,
        "suspended": ~StaffUser.is_active & ~gone,
        "removed": gone,
    }.get(state or "", ~gone)


def _staff_id(ref: str) -> uuid.UUID | None:
    kind, _colon, number = ref.partition(":")
    try:
        return uuid.UUID(number) if kind == "staff" else None
    except ValueError:
        return None
