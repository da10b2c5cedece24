"""Accounts of the panel: inviting, joining, signing in, changing the password."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import exists, func, select, update

from webapp.base.clock import now
from webapp.base.crypto import check_password, hash_password, hash_token, new_token
from webapp.base.db import db, upsert
from webapp.base.errors import Conflict, Denied, Invalid, NotFound, Unknown, all_fit
from webapp.base.i18n import LOCALES, _
from webapp.base.words import clean
from webapp.domain.audit import trail
from webapp.domain.audit.actors import Actor
from webapp.domain.sessions import devices
from webapp.domain.sessions.models import UserSession
from webapp.domain.staff import closing, notices, rights, waits
from webapp.domain.staff.models import StaffInvitation, StaffRole, StaffUser
from webapp.domain.staff.passwords import refuse_weak
from webapp.domain.staff.waits import Origin

INVITATION = timedelta(hours=24)
NOWHERE = Origin("?")
NOTED = {"noted": True, "synchronize_session": False}


@dataclass(frozen=True)
class Attempt:
    """One try to sign in: whose (None: nobody we know, or they must wait), and the hash to compare with."""

    staff_id: uuid.UUID | None
    password_hash: str | None
    origin: Origin = NOWHERE


def anybody() -> bool:
    """Whether any account exists."""
    return bool(db.session.scalar(select(exists().where(StaffUser.is_active))))


def everybody(limit: int = 200) -> Sequence[StaffUser]:
    """All accounts, by name, those that are closed too."""
    return db.session.scalars(select(StaffUser).order_by(StaffUser.full_name, StaffUser.id).limit(limit)).all()


def get_account(staff_id: uuid.UUID) -> StaffUser | None:
    """The account, while it is active."""
    return db.session.scalar(select(StaffUser).where(StaffUser.id == staff_id, StaffUser.is_active))


def signed_in(token: str) -> tuple[StaffUser, UserSession] | None:
    """Who holds the panel's token, while session and account are in force, and the session. One query."""
    query = devices.living(token, "panel").join(StaffUser, StaffUser.id == UserSession.staff_id)
    found = db.session.execute(query.where(StaffUser.is_active).add_columns(StaffUser)).first()
    return None if found is None else (found.StaffUser, found.UserSession)


def account_of(by: Actor) -> StaffUser | None:
    """The account that acts, while it is active; None for anybody else."""
    return get_account(by.staff_id) if by.staff_id is not None else None


def find(email: str) -> StaffUser | None:
    """The active account with this e-mail."""
    return db.session.scalar(select(StaffUser).where(StaffUser.email == email.strip().casefold(), StaffUser.is_active))


def invite(role: StaffRole, *, by: Actor, email: str | None = None) -> str:
    """Makes a one-time link good for 24 hours; returns its token, told once.

    Raises Invalid (e-mail), Denied for a role above that of the account that invites.
    """
    _refuse_above(role, by)
    address = refuse_taken(email) if email else None
    token = new_token()
    invitation = StaffInvitation(
        token_hash=hash_token(token),
        email=address,
        role=role,
        created_by=by.ref,
        expires_at=now() + INVITATION,
    )
    with trail.watch(invitation, "create", by=by):
        db.session.add(invitation)
    return token


def refuse_taken(email: str) -> str:
    """The address as we keep it ("": none is given), when it is one and no account has it. Raises Invalid."""
    address = read_email(email) if email else ""
    found = db.session.scalar(select(StaffUser).where(StaffUser.email == address))
    if found is None:
        return address
    if found.deleted_at is not None:
        raise Invalid(fields={"email": _("Ya tuvo una cuenta. Devuélvesela desde la lista de quienes se fueron.")})
    raise Invalid(fields={"email": _("Ya hay una cuenta con ese correo.")})


def get_invitation(token: str) -> StaffInvitation:
    """The invitation behind a link. Raises NotFound when it was used, is over, never was, or when whoever made it may
    not invite any more."""
    query = select(StaffInvitation).where(
        StaffInvitation.token_hash == hash_token(token),
        StaffInvitation.used_at.is_(None),
        StaffInvitation.revoked_at.is_(None),
        StaffInvitation.expires_at > now(),
    )
    invitation = db.session.scalar(query)
    if invitation is None or not _may_still_invite(invitation):
        raise NotFound(_("Esta invitación ya se usó o venció. Pide otra a quien te invitó."))
    return invitation


def join(token: str, *, email: str, full_name: str, password: str, locale: str, by: Actor) -> StaffUser:
    """Uses an invitation, once whoever races, and makes the account. Raises NotFound, Conflict, Invalid (fields)."""
    invitation = get_invitation(token)
    email = invitation.email or email
    email, name, _strong = all_fit(
        lambda: read_email(email),
        lambda: read_name(full_name),
        lambda: refuse_weak(password, email.strip(), name=full_name),
    )
    hashed = hash_password(password)
    used = update(StaffInvitation).where(StaffInvitation.id == invitation.id, StaffInvitation.used_at.is_(None))
    used = used.where(StaffInvitation.revoked_at.is_(None))
    if db.session.execute(used.values(used_at=now()), execution_options=NOTED).rowcount == 0:  # type: ignore[attr-defined]
        raise Conflict(_("Esta invitación ya se usó."))
    values = {"id": uuid.uuid4(), "email": email, "full_name": name, "password_hash": hashed, "role": invitation.role}
    values |= {"locale": locale if locale in LOCALES else "es", "password_changed_at": now()}
    searched = StaffUser.searched(name, email)
    born = (
        upsert(StaffUser)
        .values(search_text=searched, **values)
        .on_conflict_do_nothing(index_elements=["email"])
        .returning(StaffUser.id)
    )
    if db.session.scalar(born, execution_options=NOTED) is None:
        raise Invalid(fields={"email": _("Ya hay una cuenta con ese correo.")})
    taken = update(StaffInvitation).where(StaffInvitation.id == invitation.id).values(staff_id=values["id"])
    db.session.execute(taken, execution_options=NOTED)
    trail.note("create", StaffUser.__tablename__, values["id"], by=by, new=values)
    return db.session.get_one(StaffUser, values["id"])


def begin(email: str, origin: Origin) -> Attempt:
    """Counts a try to sign in before it is judged; nobody's when there is no such account, or it must wait."""
    mine = StaffUser.email == email.replace("\0", "").strip().casefold()[:254]
    query = select(StaffUser.id, StaffUser.password_hash).where(mine, StaffUser.is_active)
    row = db.session.execute(query).one_or_none()
    if row is None or not waits.count(row.id, origin):
        return Attempt(None, None, origin)
    return Attempt(row.id, row.password_hash, origin)


def judge(attempt: Attempt, password: str) -> tuple[bool, str | None]:
    """(right?, a fresh hash when the old one is out of date). Takes the same time for nobody. No transaction needed."""
    right, fresh = check_password(password[:1000], attempt.password_hash)
    return right and attempt.staff_id is not None, fresh


def succeed(attempt: Attempt, fresh: str | None) -> StaffUser:
    """The password was right: this try was no failure. Keeps the fresh hash, and holds the account, so that what is
    taken from it this moment is taken from who comes in too. Raises Unknown for one that was closed, or whose password
    was changed meanwhile."""
    mine = [StaffUser.id == attempt.staff_id, StaffUser.is_active, StaffUser.password_hash == attempt.password_hash]
    held = select(StaffUser).where(*mine).with_for_update()
    staff = db.session.scalar(held, execution_options={"populate_existing": True})
    if staff is None:
        raise refused()
    if fresh is not None:
        kept = update(StaffUser).where(*mine).values(password_hash=fresh)
        db.session.execute(kept, execution_options=NOTED)
    waits.forgive(staff.id, attempt.origin)
    return staff


def arrive(staff: StaffUser, origin: Origin) -> None:
    """The whole way in is over: forgets the failures of where they come from."""
    waits.forget(staff.id, origin)
    seen = update(StaffUser).where(StaffUser.id == staff.id).values(last_login_at=now())
    db.session.execute(seen, execution_options=NOTED)


def note_failure(attempt: Attempt, *, by: Actor) -> None:
    """Writes the audit row of a sign-in that failed; what was typed is not kept, it may be a password."""
    trail.note("login_failed", StaffUser.__tablename__, attempt.staff_id or "?", by=by)


def refused() -> Unknown:
    """The one answer to every sign-in that fails, whatever the cause."""
    words = _("El correo o la contraseña no coinciden. Después de varios intentos hay que esperar unos minutos.")
    return Unknown(words)


def change_password(staff: StaffUser, old: str, new: str, *, keep: uuid.UUID, by: Actor) -> int:
    """A new password; every other session ends. Returns how many did. Raises Invalid (fields), Unknown (`hold`)."""
    staff = closing.hold(staff.id, by.session)
    all_fit(lambda: _refuse_wrong(old, staff), lambda: refuse_weak(new, staff.email, field="new", name=staff.full_name))
    with trail.watch(staff, "update", by=by):
        staff.password_hash, staff.password_changed_at = hash_password(new), now()
    notices.tell(staff, "staff/password")
    return closing.end_all(staff.id, keep=keep, by=by)


def as_actor(staff: StaffUser, **where: Any) -> Actor:
    """The account as the one who acts; `where`: ip, agent, session, request."""
    return Actor("staff", str(staff.id), staff.full_name, source="ADMIN_PANEL", **where)


def count() -> int:
    """How many accounts are active."""
    return db.session.scalar(select(func.count()).select_from(StaffUser).where(StaffUser.is_active)) or 0


def read_email(text: str) -> str:
    """An address as we keep it. Raises Invalid."""
    try:
        return validate_email(text.strip(), check_deliverability=False, test_environment=True).normalized.casefold()
    except EmailNotValidError:
        raise Invalid(fields={"email": _("Ese correo no parece válido.")}) from None


def read_name(text: str) -> str:
    """A name as we keep it. Raises Invalid."""
    name = clean(text)
    if not 2 <= len(name) <= 100:
        raise Invalid(fields={"full_name": _("Escribe tu nombre, entre 2 y 100 caracteres.")})
    return name


def _may_still_invite(invitation: StaffInvitation) -> bool:
    """Whether an account that made this invitation would be let make it now; an operator always."""
    kind, _colon, number = invitation.created_by.partition(":")
    if kind != "staff":
        return kind == "system"
    giver = account_of(Actor("staff", number))
    return giver is not None and invitation.role.rank <= giver.role.rank and rights.may(giver, "staff", "create")


def _refuse_above(role: StaffRole, by: Actor) -> None:
    """An operator at the console may invite anybody; an account nobody above itself. It is held, so that an invitation
    made while it is shut out is taken back with the others."""
    if by.kind == "system":
        return
    giver = account_of(by)
    if giver is not None:
        db.session.refresh(giver, with_for_update=True)
        giver = giver if giver.is_active else None
    if giver is None or role.rank > giver.role.rank:
        raise Denied(_("No puedes dar un rol por encima del tuyo."))


def _refuse_wrong(password: str, staff: StaffUser) -> None:
    if not check_password(password[:1000], staff.password_hash)[0]:
        raise Invalid(fields={"old": _("Esa no es tu contraseña actual.")})
