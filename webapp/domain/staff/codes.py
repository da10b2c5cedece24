"""What one account was last given to confirm something with: another e-mail, or its Telegram. Once, by a hash.

Let go with the account's sessions: whoever held it for a moment keeps nothing that works later.
"""

import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, select, update

from webapp.base.clock import now
from webapp.base.crypto import hash_token, new_token
from webapp.base.db import db, upsert
from webapp.base.errors import NotFound
from webapp.base.i18n import _
from webapp.domain.audit import trail
from webapp.domain.audit.actors import Actor
from webapp.domain.staff.models import StaffCode

QUIET = {"synchronize_session": False}


def keep(staff_id: uuid.UUID, purpose: str, good_for: timedelta, *, by: Actor, email: str | None = None) -> str:
    """A fresh one-time code for this purpose instead of the last one; told once, kept as a hash."""
    code, moment = new_token(), now()
    told = {"purpose": purpose, "email": email, "expires_at": moment + good_for}
    values = told | {"code_hash": hash_token(code), "used_at": None, "created_at": moment}
    made = upsert(StaffCode).values(staff_id=staff_id, **values)
    made = made.on_conflict_do_update(index_elements=["staff_id", "purpose"], set_=values).returning(StaffCode.id)
    code_id = db.session.scalar(made, execution_options=QUIET)
    trail.note("create", StaffCode.__tablename__, code_id, by=by, new=told)
    return code


def find(purpose: str, which: ColumnElement[bool]) -> StaffCode:
    """The code for this purpose, while it can be used. Raises NotFound."""
    found = db.session.scalar(select(StaffCode).where(which, *still_open(purpose)))
    if found is None:
        raise gone()
    return found


def use(code_hash: str, purpose: str) -> uuid.UUID:
    """Whose code has this hash; it is used up, once whoever races. Raises NotFound."""
    statement = update(StaffCode).where(StaffCode.code_hash == code_hash, *still_open(purpose))
    used = statement.values(used_at=now()).returning(StaffCode.staff_id)
    found: uuid.UUID | None = db.session.scalar(used, execution_options=QUIET)
    if found is None:
        raise gone()
    return found


def gone() -> NotFound:
    """The one refusal of a code, whatever the cause."""
    return NotFound(_("Ese código ya se usó o venció. Pide otro."))


def drop_all(staff_id: uuid.UUID) -> None:
    """Makes them all worthless: part of a deed that says so."""
    mine = update(StaffCode).where(StaffCode.staff_id == staff_id, StaffCode.used_at.is_(None)).values(used_at=now())
    db.session.execute(mine, execution_options=QUIET)


def still_open(purpose: str) -> tuple[Any, ...]:
    """What holds of a code for this purpose that can be used."""
    return StaffCode.purpose == purpose, StaffCode.used_at.is_(None), StaffCode.expires_at > now()
