"""The second factor: six digits of somebody's phone (TOTP, RFC 6238), or one of ten codes on paper, each once.

A secret is offered by what only this session and our key make, so that looking at the page writes nothing; it counts
from the moment the phone has shown that it knows it.
"""

import base64
import hmac
import secrets
import uuid
from collections.abc import Iterator
from hashlib import sha256

import pyotp
from sqlalchemy import delete, func, insert, select, update

from webapp.base.clock import now
from webapp.base.crypto import decrypt, encrypt, hash_token, keys_for
from webapp.base.db import db
from webapp.base.errors import Conflict, Denied, Invalid
from webapp.base.i18n import _
from webapp.domain.audit import trail
from webapp.domain.audit.actors import Actor
from webapp.domain.staff import closing, notices, rights
from webapp.domain.staff.models import StaffRecoveryCode, StaffUser

ISSUER = "Vitrina"
PERIOD = 30  # seconds that a code is shown; the one before and the one after count too, for clocks that differ
CODES, GROUPS = 10, 4
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # without what the eye confuses
NOTED = {"noted": True, "synchronize_session": False}


def is_on(staff: StaffUser) -> bool:
    """Whether this account has a second factor."""
    return staff.totp_confirmed_at is not None


def offer(staff: StaffUser, session_id: uuid.UUID) -> str:
    """The secret that this session may make its own, base32: the same at each look, another for each session."""
    key = next(iter(keys_for("totp-offer").values()))
    about = f"{staff.id}:{session_id}:{staff.totp_confirmed_at}"
    return base64.b32encode(hmac.new(key, about.encode(), sha256).digest()[:20]).decode()


def address(staff: StaffUser, secret: str) -> str:
    """What a QR code tells the phone."""
    return pyotp.TOTP(secret).provisioning_uri(name=staff.email, issuer_name=ISSUER)


def confirm(staff: StaffUser, session_id: uuid.UUID, code: str, *, by: Actor) -> list[str]:
    """Makes the offered secret somebody's second factor, once whoever races; every other session ends, and no browser
    is remembered any more. Returns their ten recovery codes, told once. Raises Invalid (code), Conflict."""
    secret = offer(staff, session_id)
    step = _step(secret, code)
    if step is None:
        raise Invalid(fields={"code": _("Ese código no es. Escribe el que tu aplicación muestra ahora.")})
    another = is_on(staff)
    before = StaffUser.totp_confirmed_at.is_not_distinct_from(staff.totp_confirmed_at)
    fresh = {"totp_secret": encrypt(secret), "totp_confirmed_at": now(), "totp_last_step": step}
    mine = update(StaffUser).where(StaffUser.id == staff.id, StaffUser.is_active, before).values(fresh)
    if db.session.execute(mine, execution_options=NOTED).rowcount == 0:  # type: ignore[attr-defined]
        raise Conflict(_("Alguien acaba de cambiar esto. Recarga la página."))
    trail.note("second_factor", StaffUser.__tablename__, staff.id, by=by, new=fresh)
    db.session.refresh(staff)
    codes = _renew(staff)
    closing.end_all(staff.id, keep=session_id, by=by)
    if another:
        notices.tell(staff, "staff/new_phone")
    return codes


def spend(staff: StaffUser, code: str) -> str | None:
    """Takes a code of the phone or of the paper: "totp" or "recovery" the first time it is right, else None.

    A code of the phone counts once: only a later step than the last one taken is taken, whoever races.
    """
    typed = "".join(letter for letter in code.upper() if letter.isalnum())[:64]
    if typed.isdecimal() and len(typed) == 6:
        return "totp" if _spend_step(staff, typed) else None
    return "recovery" if _spend_paper(staff, typed) else None


def left(staff: StaffUser) -> int:
    """How many recovery codes are not used yet."""
    row = StaffRecoveryCode
    query = select(func.count()).select_from(row).where(row.staff_id == staff.id, row.used_at.is_(None))
    return db.session.scalar(query) or 0


def renew_codes(staff: StaffUser, *, by: Actor) -> list[str]:
    """Ten new recovery codes, told once; the old ones are worth nothing. Raises Conflict without a second factor,
    Unknown for a session that has ended."""
    staff = closing.hold(staff.id, by.session)  # two at once would leave twenty
    if not is_on(staff):
        raise Conflict(_("Primero activa el segundo paso."))
    codes = _renew(staff)
    trail.note("recovery_codes", StaffUser.__tablename__, staff.id, by=by, new={"codes": len(codes)})
    return codes


def reset(staff: StaffUser, *, by: Actor) -> None:
    """Takes somebody's second factor away, whose phone is lost: all their sessions end, and who signs in next with
    their password sets up a new one. Raises Denied for oneself, and for whoever is not responsible."""
    rights.refuse_unless_responsible(by, staff.id)
    if by.staff_id == staff.id:
        raise Denied(_("Nadie se quita su propio segundo paso. Pídeselo a otra persona responsable."))
    gone = {"totp_secret": None, "totp_confirmed_at": None, "totp_last_step": None}
    mine = update(StaffUser).where(StaffUser.id == staff.id).values(gone)
    db.session.execute(mine, execution_options=NOTED)
    db.session.execute(delete(StaffRecoveryCode).where(StaffRecoveryCode.staff_id == staff.id))
    trail.note("second_factor_reset", StaffUser.__tablename__, staff.id, by=by, new=gone)
    db.session.refresh(staff)
    closing.end_all(staff.id, by=by)
    notices.tell(staff, "staff/second_factor")


def now_shown(secret: str) -> str:
    """The code that a phone with this secret shows now."""
    return pyotp.TOTP(secret).at(now())


def secret_of(staff: StaffUser) -> str | None:
    """Their secret, opened; None while there is none, or when no key of ours opens it."""
    try:
        return decrypt(staff.totp_secret) if staff.totp_secret else None
    except ValueError:
        return None


def _step(secret: str, code: str) -> int | None:
    """Which step of time a code belongs to; None for one that does not fit now."""
    typed, moment = "".join(code.split()), int(now().timestamp()) // PERIOD
    clock = pyotp.TOTP(secret)
    fits = [step for step in (moment - 1, moment, moment + 1) if _same(clock.generate_otp(step), typed)]
    return fits[-1] if fits else None


def _same(right: str, typed: str) -> bool:
    return hmac.compare_digest(right.encode(), typed.encode())


def _spend_step(staff: StaffUser, code: str) -> bool:
    secret = secret_of(staff)
    step = _step(secret, code) if secret is not None and is_on(staff) else None
    if step is None:
        return False
    later = (StaffUser.totp_last_step.is_(None)) | (StaffUser.totp_last_step < step)
    mine = update(StaffUser).where(StaffUser.id == staff.id, StaffUser.totp_secret == staff.totp_secret, later)
    done = db.session.execute(mine.values(totp_last_step=step), execution_options=NOTED)
    return bool(done.rowcount)  # type: ignore[attr-defined]


def _spend_paper(staff: StaffUser, typed: str) -> bool:
    row = StaffRecoveryCode
    mine = [row.staff_id == staff.id, row.locator == typed[:GROUPS], row.code_hash == hash_token(f"{staff.id}:{typed}")]
    used = update(row).where(*mine, row.used_at.is_(None)).values(used_at=now())
    done = db.session.execute(used, execution_options=NOTED)
    return is_on(staff) and bool(done.rowcount)  # type: ignore[attr-defined]


def _renew(staff: StaffUser) -> list[str]:
    db.session.execute(delete(StaffRecoveryCode).where(StaffRecoveryCode.staff_id == staff.id))
    codes = dict(_fresh())
    rows = [
        {"staff_id": staff.id, "locator": locator, "code_hash": hash_token(f"{staff.id}:{code}"), "created_at": now()}
        for locator, code in codes.items()
    ]
    db.session.execute(insert(StaffRecoveryCode), rows)
    return ["-".join(code[at : at + GROUPS] for at in range(0, len(code), GROUPS)) for code in codes.values()]


def _fresh() -> Iterator[tuple[str, str]]:
    """Ten codes of 98 bits, each with the beginning by which it is found; no two begin alike."""
    found: dict[str, str] = {}
    while len(found) < CODES:
        code = "".join(secrets.choice(ALPHABET) for _ in range(GROUPS * 5))
        found.setdefault(code[:GROUPS], code)
    yield from found.items()
