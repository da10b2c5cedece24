"""What a person is who is no admin: VIP with a subscription that is open, FREE without. The stored role never says
otherwise, so VIP is given and taken with days, not with a role."""

from sqlalchemy import select

from webapp.base.db import db
from webapp.base.errors import Denied, Invalid
from webapp.base.i18n import _
from webapp.domain.audit.actors import Actor
from webapp.domain.channels.models import OPEN, VIPSubscriber
from webapp.domain.staff import links, rights
from webapp.domain.staff.models import StaffUser
from webapp.domain.users import roles
from webapp.domain.users.models import User, UserRole


def of(user_id: int) -> UserRole:
    """What their subscription makes of a person."""
    row = VIPSubscriber
    found = db.session.scalar(select(row.id).where(row.user_id == user_id, row.status.in_(OPEN)))
    return UserRole.FREE if found is None else UserRole.VIP


def choices(user: User) -> list[UserRole]:
    """The roles that can be set by hand: admin, or, for who is one, what they are without it."""
    stands = of(user.user_id)
    offered = [stands] if user.is_admin else [UserRole.ADMIN, stands]
    return [role for role in offered if role is not user.role]


def set_role(user: User, role: UserRole, *, by: Actor, reason: str) -> bool:
    """A role set by hand, for a `reason` in words; False when they had it. Raises Invalid (reason), or (role) for one
    that their subscription does not bear out; Denied when an admin of the bot is made, or unmade, by somebody who may
    not everything."""
    if role is not user.role and UserRole.ADMIN in (role, user.role):
        rights.refuse_unless_everything(by)
    if role is not user.role and role not in choices(user):
        raise Invalid(fields={"role": _("El acceso VIP se da y se retira en su suscripción, con sus días.")})
    return roles.set_role(user, role, by=by, reason=reason)


def unlink(staff: StaffUser, *, by: Actor) -> bool:
    """Unties an account from its Telegram (links.py). Raises Denied when that would rid an admin of the bot of the
    limits that the account sets them there."""
    db.session.refresh(staff, with_for_update=True)
    row = select(User.role).where(User.user_id == staff.telegram_user_id).with_for_update()
    if not rights.of(staff).everything and db.session.scalar(row) is UserRole.ADMIN:
        raise Denied(_("Administras el bot con los permisos de esta cuenta: tu Telegram queda unido a ella."))
    return links.unlink(staff, by=by)
