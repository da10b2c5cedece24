"""The ways in after the password: the code of the phone, setting one up, and showing again who one is.

A wrong try returns None and is counted and noted, so whoever opens the transaction commits it.
"""

from webapp.base.errors import Conflict
from webapp.base.i18n import _
from webapp.domain.audit import trail
from webapp.domain.audit.actors import Actor
from webapp.domain.sessions import devices
from webapp.domain.sessions.models import UserSession
from webapp.domain.staff import accounts, notices, second_factor, waits
from webapp.domain.staff.accounts import Attempt
from webapp.domain.staff.models import StaffUser
from webapp.domain.staff.waits import Origin


def show(staff: StaffUser, session: UserSession, code: str, *, origin: Origin, by: Actor) -> str | None:
    """The second step: a code of the phone or of the paper makes the session a whole one. Returns its new token, None
    for a wrong code or while there is a wait. Raises Conflict for a session that is whole already."""
    if not waits.count(staff.id, origin):
        return None
    how = second_factor.spend(staff, code)
    if how is None:
        trail.note("code_failed", StaffUser.__tablename__, staff.id, by=by)
        return None
    accounts.arrive(staff, origin)
    if not origin.knows(staff.id):
        notices.new_browser(staff, by)
    return devices.raise_level(session, by=by, how=how)


def enrol(staff: StaffUser, session: UserSession, code: str, *, origin: Origin, by: Actor) -> tuple[str, list[str]]:
    """The second step of whoever has none yet: the phone shows that it knows the secret. Returns the session's new
    token and the recovery codes. Raises Invalid (code), Conflict for whoever has one: a password alone changes none."""
    if second_factor.is_on(staff):
        raise Conflict(_("Esta cuenta ya tiene su segundo paso. Recarga la página."))
    codes = second_factor.confirm(staff, session.id, code, by=by)
    accounts.arrive(staff, origin)
    if not origin.knows(staff.id):
        notices.new_browser(staff, by)
    return devices.raise_level(session, by=by, how="enrolment"), codes


def show_again(
    attempt: Attempt, right: bool, code: str, *, staff: StaffUser, session: UserSession, by: Actor
) -> str | None:
    """Password (`right`: as it was judged) and code once more, inside a whole session. Returns its new token, good for
    ten minutes of what asks for that; None when one is wrong or there is a wait. Raises Conflict."""
    if attempt.staff_id is None:
        return None
    if not right or second_factor.spend(staff, code) is None:
        trail.note("sudo_failed", StaffUser.__tablename__, staff.id, by=by)
        return None
    waits.forget(staff.id, attempt.origin)
    return devices.elevate(session, by=by)
