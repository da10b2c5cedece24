"""Taking an account back from whoever may hold a part of it.

What it was opened with ends, and what was begun in a session that ended is not done. What an account is opened with
later is ended here too.
"""

import uuid

from sqlalchemy import select

from webapp.base.db import db
from webapp.base.errors import Unknown
from webapp.base.i18n import _
from webapp.domain.audit.actors import Actor
from webapp.domain.sessions import devices
from webapp.domain.staff import browsers, codes
from webapp.domain.staff.models import StaffUser


def hold(staff_id: uuid.UUID, session: str | None) -> StaffUser:
    """The account as it is now, held until the transaction ends, for what its owner does with it in this session (None:
    in none). Raises Unknown for one that is closed, or whose session has ended since the request came in: what was
    begun before an account was taken back is not done after it."""
    mine = select(StaffUser).where(StaffUser.id == staff_id, StaffUser.is_active).with_for_update()
    staff = db.session.scalar(mine, execution_options={"populate_existing": True})
    if staff is None or (session is not None and not devices.is_live(uuid.UUID(session))):
        raise Unknown(_("Tu sesión terminó. Entra otra vez."))
    return staff


def end_all(staff_id: uuid.UUID, *, by: Actor, keep: uuid.UUID | None = None) -> int:
    """Ends the sessions but the one to `keep`, forgets the browsers, and makes the links and codes that were asked for
    worthless. Returns how many sessions ended. Raises Unknown where the one to keep has ended (hold)."""
    if keep is not None:
        hold(staff_id, str(keep))
    browsers.forget_all(staff_id)
    codes.drop_all(staff_id)
    return devices.revoke_all(by=by, staff_id=staff_id, but=keep)
