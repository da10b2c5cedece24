"""Signed-in devices: starting a session, finding it by its token, renewing, revoking."""

import uuid
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, case, literal, select, update

from webapp.base.bulk import among
from webapp.base.clock import now
from webapp.base.crypto import hash_token, new_token
from webapp.base.db import db
from webapp.base.errors import Anothers, Conflict, NotFound
from webapp.base.i18n import _
from webapp.domain.audit import trail
from webapp.domain.audit.actors import Actor
from webapp.domain.sessions.models import UserSession

IDLE = {"miniapp": timedelta(hours=1), "panel": timedelta(hours=12)}
ABSOLUTE = {"miniapp": timedelta(hours=24), "panel": timedelta(days=7)}
HALFWAY = timedelta(minutes=15)  # between the password and the code of the phone
SUDO = timedelta(minutes=10)
MAX_PER_OWNER = 5
QUIET = {"synchronize_session": False}


def start(
    kind: str,
    *,
    by: Actor,
    user_id: int | None = None,
    staff_id: uuid.UUID | None = None,
    init_data_hash: str | None = None,
    level: str = "pwd",
) -> tuple[str, UserSession]:
    """A new session of one owner: (token, row). The token is told once; the row keeps its hash.

    An earlier session of the same launch (`init_data_hash`) ends, and so do the oldest beyond five of an owner. One of
    the panel that has shown no second factor (`level` "pwd") lives a quarter of an hour, and pushes no whole one out.
    """
    token, moment = new_token(), now()
    owner = UserSession.user_id == user_id if user_id is not None else UserSession.staff_id == staff_id
    if init_data_hash is not None:
        _end([owner, UserSession.init_data_hash == init_data_hash], by.ref)
    kept = (
        select(UserSession.id)
        .where(owner, UserSession.is_active, UserSession.kind == kind, UserSession.auth_level == level)
        .order_by(UserSession.created_at.desc())
        .limit(MAX_PER_OWNER - 1)
    )
    alike = [owner, UserSession.kind == kind, UserSession.auth_level == level]
    _end([*alike, UserSession.id.not_in(list(db.session.scalars(kept)))], by.ref)
    halfway = kind == "panel" and level == "pwd"
    session = UserSession(
        id=uuid.uuid4(),
        token_hash=hash_token(token),
        user_id=user_id,
        staff_id=staff_id,
        kind=kind,
        init_data_hash=init_data_hash,
        ip_address=by.ip,
        user_agent=by.agent[:500] if by.agent else None,
        auth_level=level,
        expires_at=moment + (HALFWAY if halfway else IDLE[kind]),
        absolute_expires_at=moment + (HALFWAY if halfway else ABSOLUTE[kind]),
    )
    db.session.add(session)
    action = "login_begun" if halfway else "login"
    trail.note(action, UserSession.__tablename__, session.id, by=by, new={"kind": kind})
    return token, session


def find(token: str, kind: str) -> UserSession | None:
    """The live session with this token, or None."""
    return db.session.scalar(living(token, kind))


def living(token: str, kind: str) -> Select[UserSession]:
    """The query for it, for who asks for its owner in the same breath."""
    moment = now()
    return select(UserSession).where(
        UserSession.token_hash == hash_token(token),
        UserSession.kind == kind,
        UserSession.is_active,
        UserSession.expires_at > moment,
        UserSession.absolute_expires_at > moment,
    )


def is_live(session_id: uuid.UUID) -> bool:
    """Whether this session has not ended, at this moment."""
    row = UserSession
    mine = select(row.id).where(row.id == session_id, row.is_active, row.expires_at > now())
    return db.session.scalar(mine) is not None


def renew_spent(token: str, init_data_hash: str) -> str | None:
    """A new token, and new idle time, for one whose idle time may be over, shown with its own launch; None when it
    cannot be renewed. Of two who show the same one, one gets another."""
    row, fresh = UserSession, new_token()
    theirs = (row.token_hash == hash_token(token), row.init_data_hash == init_data_hash)
    return fresh if _prolong("miniapp", *theirs, token_hash=hash_token(fresh)) else None


def raise_level(session: UserSession, *, by: Actor, how: str, sudo: bool = True) -> str:
    """The second factor was shown: the session is a whole one from now on, with a new token, which is returned.

    `how`: totp, recovery, enrolment or browser. The oldest whole sessions beyond five of an owner end. Raises Conflict
    for one that has ended or was raised already.
    """
    token, moment, row = new_token(), now(), UserSession
    values = {"auth_level": "mfa", "token_hash": hash_token(token), "last_activity": moment}
    values |= {"expires_at": moment + IDLE["panel"], "absolute_expires_at": moment + ABSOLUTE["panel"]}
    values |= {"sudo_until": moment + SUDO if sudo else None}
    mine = (row.id == session.id, row.auth_level == "pwd", row.is_active, row.expires_at > moment)
    if db.session.execute(update(row).where(*mine).values(values), execution_options=QUIET).rowcount == 0:  # type: ignore[attr-defined]
        raise Conflict(_("Esta entrada ya terminó. Empieza de nuevo."))
    whole = [row.staff_id == session.staff_id, row.kind == "panel", row.auth_level == "mfa"]
    kept = select(row.id).where(*whole, row.is_active, row.id != session.id).order_by(row.created_at.desc())
    others = list(db.session.scalars(kept.limit(MAX_PER_OWNER - 1)))
    _end([*whole, row.id.not_in([session.id, *others])], by.ref)
    trail.note("login", row.__tablename__, session.id, by=by, new={"kind": "panel", "how": how})
    db.session.refresh(session)
    return token


def elevate(session: UserSession, *, by: Actor) -> str:
    """Who holds this session has shown again who they are: it may do for ten minutes what asks for that. Returns its
    new token. Raises Conflict when the token is not in force any more."""
    token, moment, row = new_token(), now(), UserSession
    mine = (row.id == session.id, row.token_hash == session.token_hash, row.is_active, row.auth_level == "mfa")
    values = {"token_hash": hash_token(token), "sudo_until": moment + SUDO}
    if db.session.execute(update(row).where(*mine).values(values), execution_options=QUIET).rowcount == 0:  # type: ignore[attr-defined]
        raise Conflict(_("Esta sesión cambió mientras tanto. Recarga la página."))
    trail.note("sudo", row.__tablename__, session.id, by=by, new={"sudo_until": values["sudo_until"]})
    db.session.refresh(session)
    return token


def is_elevated(session: UserSession) -> bool:
    """Whether it may do now what asks to show again who one is."""
    return session.sudo_until is not None and session.sudo_until > now()


def spend(*, user_id: int) -> int:
    """Makes the tokens of a member's Mini App sessions worthless at once; returns how many.

    What somebody may do has changed, so whoever holds a token shows the launch again that began the session and gets
    a new one (`renew_spent`), unseen and with nothing lost of what they typed.
    """
    return spend_many([user_id])


def spend_many(user_ids: Collection[int]) -> int:
    """The same for many members at once."""
    theirs = [among(UserSession.user_id, user_ids), UserSession.kind == "miniapp", UserSession.is_active]
    statement = update(UserSession).where(*theirs, UserSession.expires_at > now()).values(expires_at=now())
    return int(db.session.execute(statement, execution_options=QUIET).rowcount)  # type: ignore[attr-defined]


def touch(session_id: uuid.UUID, kind: str) -> bool:
    """Notes activity and pushes the idle limit out; False for a session that ended, or was spent, a moment ago: it
    stays so."""
    return _prolong(kind, UserSession.id == session_id, UserSession.expires_at > now())


def revoke(session_id: uuid.UUID, *, by: Actor, user_id: int | None = None, staff_id: uuid.UUID | None = None) -> None:
    """Ends one session of this owner. Raises NotFound for one that has ended, Anothers for one that is not theirs."""
    owner = UserSession.user_id == user_id if user_id is not None else UserSession.staff_id == staff_id
    if not _end([owner, UserSession.id == session_id], by.ref):
        known = db.session.get(UserSession, session_id)
        theirs = known is not None and (known.user_id, known.staff_id) != (user_id, staff_id)
        raise (Anothers if theirs else NotFound)(_("Esa sesión ya no existe."))
    trail.note("logout", UserSession.__tablename__, session_id, by=by, new={"is_active": False})


def revoke_all(
    *, by: Actor, user_id: int | None = None, staff_id: uuid.UUID | None = None, but: uuid.UUID | None = None
) -> int:
    """Ends every session of an owner, `but` one; returns how many."""
    owner = UserSession.user_id == user_id if user_id is not None else UserSession.staff_id == staff_id
    others = [] if but is None else [UserSession.id != but]
    ended = _end([owner, *others], by.ref)
    if ended:
        trail.note("logout", UserSession.__tablename__, "*", by=by, new={"is_active": False}, ended=ended)
    return ended


def of(*, user_id: int | None = None, staff_id: uuid.UUID | None = None) -> Sequence[UserSession]:
    """The live sessions of an owner, the newest activity first."""
    owner = UserSession.user_id == user_id if user_id is not None else UserSession.staff_id == staff_id
    query = select(UserSession).where(owner, UserSession.is_active, UserSession.expires_at > now())
    return db.session.scalars(query.order_by(UserSession.last_activity.desc())).all()


def _prolong(kind: str, *conditions: ColumnElement[bool], **values: Any) -> bool:
    """New idle time for a session that goes on, never beyond its absolute end."""
    row, moment = UserSession, now()
    idle = literal(moment + IDLE[kind], row.expires_at.type)
    values |= {"last_activity": moment}
    values |= {"expires_at": case((row.absolute_expires_at < idle, row.absolute_expires_at), else_=idle)}
    going = (row.kind == kind, row.is_active, row.absolute_expires_at > moment)
    statement = update(row).where(*going, *conditions).values(values)
    return bool(db.session.execute(statement, execution_options=QUIET).rowcount)  # type: ignore[attr-defined]


def _end(conditions: list[Any], by: str) -> int:
    statement = update(UserSession).where(UserSession.is_active, *conditions)
    statement = statement.values(is_active=False, revoked_at=now(), revoked_by=by)
    return int(db.session.execute(statement, execution_options=QUIET).rowcount)  # type: ignore[attr-defined]
