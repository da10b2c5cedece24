"""What a person is who is no admin: VIP with a subscription that is open, FREE without. The stored role never says
otherwise, so VIP is given and taken with days, not with a role."""

from sqlalchemy import select

from webapp.base.db import db
from webapp.base.errors import Invalid
from webapp.base.i18n import _
from webapp.domain.audit.actors import Actor
from webapp.domain.channels.models import OPEN, VIPSubscriber
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
    that their subscription does not bear out."""
    if role is not user.role and role not in choices(user):
        raise Invalid(fields={"role": _("El acceso VIP se da y se retira en su suscripción, con sus días.")})
    return roles.set_role(user, role, by=by, reason=reason)
