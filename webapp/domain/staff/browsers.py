"""Browsers that somebody asked to remember, so that for thirty days they ask for no code of the phone there.

Only while a responsible person allows it; never instead of the password. Forgotten with the password, the second
factor, and all sessions.
"""

import uuid
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select, update

from webapp.base.clock import now
from webapp.base.crypto import hash_token, new_token
from webapp.base.db import db
from webapp.base.errors import Anothers, NotFound
from webapp.base.i18n import _
from webapp.domain.audit import trail
from webapp.domain.audit.actors import Actor
from webapp.domain.settings import config
from webapp.domain.staff import rights
from webapp.domain.staff.models import StaffBrowser

LASTS = timedelta(days=30)
QUIET = {"synchronize_session": False}


def let(wanted: bool, *, by: Actor) -> None:
    """Whether people may have their browsers remembered at all. Where it is taken back, all are forgotten. Raises
    Denied for whoever is not responsible."""
    rights.refuse_unless_responsible(by)
    config.change({"remember_browsers": wanted}, by=by)
    if not wanted:
        all_of_them = update(StaffBrowser).where(StaffBrowser.revoked_at.is_(None)).values(revoked_at=now())
        db.session.execute(all_of_them, execution_options=QUIET)


def remember(staff_id: uuid.UUID, *, by: Actor) -> str:
    """Remembers this browser for thirty days; returns the token it keeps, told once."""
    token, moment = new_token(), now()
    row = StaffBrowser(id=uuid.uuid4(), staff_id=staff_id, token_hash=hash_token(token), expires_at=moment + LASTS)
    row.user_agent, row.ip_address = by.agent[:500] if by.agent else None, by.ip
    db.session.add(row)
    trail.note("create", StaffBrowser.__tablename__, row.id, by=by, new={"expires_at": row.expires_at})
    return token


def is_remembered(staff_id: uuid.UUID, token: str) -> bool:
    """Whether this token is one of a browser that this person asked to remember, and that still counts."""
    row = StaffBrowser
    live = (row.staff_id == staff_id, row.revoked_at.is_(None), row.expires_at > now())
    return db.session.scalar(select(row.id).where(row.token_hash == hash_token(token), *live)) is not None


def of(staff_id: uuid.UUID) -> Sequence[StaffBrowser]:
    """Somebody's remembered browsers, the newest first."""
    row = StaffBrowser
    live = (row.staff_id == staff_id, row.revoked_at.is_(None), row.expires_at > now())
    return db.session.scalars(select(row).where(*live).order_by(row.created_at.desc(), row.id)).all()


def forget(browser_id: uuid.UUID, *, staff_id: uuid.UUID, by: Actor) -> None:
    """Forgets one of somebody's browsers. Raises NotFound for one that is forgotten already, Anothers for one that is
    not theirs."""
    row = StaffBrowser
    mine = update(row).where(row.id == browser_id, row.staff_id == staff_id, row.revoked_at.is_(None))
    if db.session.execute(mine.values(revoked_at=now()), execution_options=QUIET).rowcount == 0:  # type: ignore[attr-defined]
        known = db.session.scalar(select(row.id).where(row.id == browser_id, row.staff_id != staff_id))
        raise (NotFound if known is None else Anothers)(_("Ese navegador ya no está recordado."))
    trail.note("delete", row.__tablename__, browser_id, by=by)


def forget_all(staff_id: uuid.UUID) -> None:
    """Forgets them all: part of a deed that says so."""
    row = StaffBrowser
    mine = update(row).where(row.staff_id == staff_id, row.revoked_at.is_(None)).values(revoked_at=now())
    db.session.execute(mine, execution_options=QUIET)
