"""Taking an account back from whoever may hold a part of it. What an account is opened with later is ended here too."""

import uuid

from webapp.domain.audit.actors import Actor
from webapp.domain.sessions import devices
from webapp.domain.staff import browsers, codes


def end_all(staff_id: uuid.UUID, *, by: Actor, keep: uuid.UUID | None = None) -> int:
    """Ends the sessions but the one to `keep`, forgets the browsers, and makes the links and codes that were asked for
    worthless. Returns how many sessions ended."""
    browsers.forget_all(staff_id)
    codes.drop_all(staff_id)
    return devices.revoke_all(by=by, staff_id=staff_id, but=keep)
