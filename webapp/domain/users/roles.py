"""What a person is to us, and every way it changes. Nothing else writes `users.role`."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import String, exists, select, type_coerce, update

from webapp.base.bulk import among, insert_many
from webapp.base.clock import now
from webapp.base.db import db
from webapp.base.errors import Denied, Invalid
from webapp.base.i18n import _
from webapp.base.words import clean
from webapp.domain.audit import trail
from webapp.domain.audit.actors import SYSTEM, Actor
from webapp.domain.sessions import devices
from webapp.domain.users.models import Reach, RoleChangeReason, User, UserRole, UserRoleChangeLog


def change_role(
    user: User, role: UserRole, *, by: Actor, reason: RoleChangeReason, note: str | None = None, **meta: Any
) -> bool:
    """Makes `user` a `role`, with one role-log row and one audit row; False when they already were.

    The tokens of their Mini App sessions are spent: sessions are new at a role change. `note` is free text
    for the audit. Raises Denied when somebody would take their own admin role away.
    """
    previous = user.role
    if previous is role:
        return False
    if by.kind == "user" and by.number == user.user_id and previous is UserRole.ADMIN:
        raise Denied(_("No puedes quitarte a ti mismo el rol de administrador."))
    # Conditional on the role we read: of two people changing it at once, one does and the other finds it done.
    changed = db.session.execute(
        update(User).where(User.user_id == user.user_id, User.role == previous).values(role=role),
        execution_options={"noted": True, "synchronize_session": False},
    )
    db.session.refresh(user, ["role", "updated_at"])
    if changed.rowcount == 0:  # type: ignore[attr-defined]
        return change_role(user, role, by=by, reason=reason, note=note, **meta)
    log_role(user.user_id, previous, role, by=by, reason=reason, **meta)
    devices.spend(user_id=user.user_id)
    trail.note(
        "update",
        User.__tablename__,
        user.user_id,
        by=by,
        old={"role": previous},
        new={"role": role},
        reason=note or reason.value,
    )
    return True


def log_role(
    user_id: int, previous: UserRole | None, role: UserRole, *, by: Actor, reason: RoleChangeReason, **meta: Any
) -> None:
    """Writes the role-log row of one change; `previous` None for somebody new."""
    db.session.add(
        UserRoleChangeLog(
            user_id=user_id,
            previous_role=previous,
            new_role=role,
            changed_by=by.number,
            reason=reason,
            change_source=by.source,
            meta={**meta, "by": by.ref} if by.kind == "staff" else meta or None,
        )
    )


def promote_to_vip(user: User, *, by: Actor, reason: RoleChangeReason = RoleChangeReason.ADMIN_GRANTED) -> bool:
    """Makes a FREE person VIP. Admins stay admins: what they are already is more."""
    return False if user.is_admin else change_role(user, UserRole.VIP, by=by, reason=reason)


def demote_to_free(user: User, *, by: Actor, reason: RoleChangeReason = RoleChangeReason.VIP_EXPIRED) -> bool:
    """Makes a VIP person FREE. Admins stay admins."""
    return False if user.is_admin else change_role(user, UserRole.FREE, by=by, reason=reason)


def demote_many_to_free(user_ids: Collection[int], *, by: Actor, reason: RoleChangeReason) -> None:
    """Makes those of many people FREE who are VIP. Each gets a row of the role log, who was something else too: their
    access ended, their role stays."""
    # By no index of roles: there may be a hundred thousand VIPs, and these are found by their keys.
    is_vip = type_coerce(User.role, String).concat("") == UserRole.VIP.value
    vips = update(User).where(among(User.user_id, user_ids), is_vip).values(role=UserRole.FREE)
    noted = {"noted": True, "synchronize_session": False}
    demoted = set(db.session.scalars(vips.returning(User.user_id), execution_options=noted))
    _log_alike(demoted, UserRole.VIP, UserRole.FREE, by=by, reason=reason)
    devices.spend_many(demoted)
    was, becomes = {"role": UserRole.VIP}, {"role": UserRole.FREE}
    trail.note_alike("update", User.__tablename__, demoted, by=by, old=was, new=becomes, reason=reason.value)
    others = db.session.execute(select(User.user_id, User.role).where(among(User.user_id, {*user_ids} - demoted))).all()
    for role in UserRole:
        _log_alike([one.user_id for one in others if one.role is role], role, role, by=by, reason=reason)


def _log_alike(
    user_ids: Iterable[int], previous: UserRole, role: UserRole, *, by: Actor, reason: RoleChangeReason
) -> None:
    """The role-log rows of people whose change is the same."""
    rows = [{"user_id": user_id} for user_id in user_ids]
    shared: dict[str, Any] = {"previous_role": previous, "new_role": role, "changed_at": now()}
    shared |= {"changed_by": by.number, "reason": reason, "change_source": by.source}
    shared["metadata"] = {"by": by.ref} if by.kind == "staff" else None
    insert_many(UserRoleChangeLog, rows, **shared)


def promote_to_admin(user: User, *, by: Actor) -> bool:
    """Makes a person an admin of the bot."""
    return change_role(user, UserRole.ADMIN, by=by, reason=RoleChangeReason.ADMIN_GRANTED)


def set_role(user: User, role: UserRole, *, by: Actor, reason: str) -> bool:
    """A role set by hand in the panel, for a `reason` in words. Raises Invalid without one."""
    reason = clean(reason)
    if not reason:
        raise Invalid(fields={"reason": _("Escribe por qué cambias el rol.")})
    why = RoleChangeReason.MANUAL_CHANGE
    if role is UserRole.ADMIN:
        why = RoleChangeReason.ADMIN_GRANTED
    elif user.is_admin:
        why = RoleChangeReason.ADMIN_REVOKED
    return change_role(user, role, by=by, reason=why, note=reason[:500], words=reason[:500])


def sync_listed_admins(listed: Collection[int], standing: Callable[[int], UserRole]) -> None:
    """Makes those known people admins whom the operator lists, and undoes it for those listed once and no longer.

    `standing`: what a person is (by id) who is no admin. An admin by hand (granted) is not touched.
    """
    for user in _people(User.user_id.in_(listed), User.role != UserRole.ADMIN):
        change_role(user, UserRole.ADMIN, by=SYSTEM, reason=RoleChangeReason.SYSTEM_AUTOMATIC, listed=True)
    latest = (
        select(UserRoleChangeLog.id)
        .where(UserRoleChangeLog.user_id == User.user_id)
        .order_by(UserRoleChangeLog.id.desc())
        .limit(1)
        .correlate(User)
        .scalar_subquery()
    )
    by_list = exists().where(
        UserRoleChangeLog.id == latest, UserRoleChangeLog.reason == RoleChangeReason.SYSTEM_AUTOMATIC
    )
    for user in _people(User.role == UserRole.ADMIN, User.user_id.not_in(listed), by_list):
        role = standing(user.user_id)
        change_role(user, role, by=SYSTEM, reason=RoleChangeReason.ADMIN_REVOKED, listed=False)


def former_admins() -> Sequence[int]:
    """The ids of those who were admins once, are not now, and whom the bot can write to."""
    log = UserRoleChangeLog
    query = select(log.user_id).join(User, User.user_id == log.user_id).where(log.previous_role == UserRole.ADMIN)
    return db.session.scalars(query.where(User.role != UserRole.ADMIN, User.reach == Reach.OK).distinct()).all()


def history(user: User, limit: int = 100) -> Sequence[UserRoleChangeLog]:
    """The person's role changes, newest first, at most `limit`."""
    log = UserRoleChangeLog
    query = select(log).where(log.user_id == user.user_id).order_by(log.changed_at.desc(), log.id.desc())
    return db.session.scalars(query.limit(limit)).all()


def _people(*conditions: Any) -> Sequence[User]:
    return db.session.scalars(select(User).where(*conditions)).all()
