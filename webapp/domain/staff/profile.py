"""One's own account: name, language, time zone; another e-mail, which counts once it is confirmed."""

import uuid
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from webapp.base import outbox, texts
from webapp.base.clock import now
from webapp.base.crypto import hash_token
from webapp.base.db import db
from webapp.base.errors import Conflict, Invalid, NotFound, all_fit
from webapp.base.i18n import LOCALES, _, speaking
from webapp.domain.audit import trail
from webapp.domain.audit.actors import Actor
from webapp.domain.settings import config
from webapp.domain.staff import accounts, closing, codes, notices, rights
from webapp.domain.staff.models import StaffCode, StaffUser

CONFIRMATION = timedelta(hours=24)
QUIET = {"synchronize_session": False}


def change(staff: StaffUser, *, full_name: str, locale: str, time_zone: str, by: Actor) -> None:
    """What somebody is called, what they read, where their clock runs ("": the creator's). Raises Invalid (fields)."""
    name, language, zone = all_fit(
        lambda: accounts.read_name(full_name), lambda: _locale(locale), lambda: _zone(time_zone.strip())
    )
    with trail.watch(staff, "update", by=by):
        staff.full_name, staff.locale, staff.time_zone = name, language, zone


def ask_email(staff: StaffUser, email: str, *, address: str, by: Actor) -> None:
    """Another e-mail, which counts once its link is opened; until then the old one does.

    The link (`address` and a code) goes to the Telegram that is linked; without one a responsible hands it over.
    Raises Invalid for an address that does not do, Unknown for a session that has ended.
    """
    staff = closing.hold(staff.id, by.session)
    wanted = accounts.read_email(email)
    if wanted == staff.email:
        raise Invalid(fields={"email": _("Ese ya es tu correo.")})
    code = codes.keep(staff.id, "email", CONFIRMATION, by=by, email=accounts.refuse_taken(wanted))
    if staff.telegram_user_id is None:
        return
    with speaking(staff.locale):
        words = texts.render("staff/email", email=wanted, link=f"{address}{code}")
    key = f"secret:staff-email:{hash_token(code)}"  # not kept once it was sent
    outbox.promise("sendMessage", staff.telegram_user_id, texts.payload(words), dedupe_key=key, priority=2)


def hand_over(staff_id: uuid.UUID, *, by: Actor) -> str:
    """A fresh code for an e-mail that waits, told to a responsible who hands its link over; the last one is worthless.

    Raises Denied for who is not one, NotFound when nothing waits.
    """
    waiting = waiting_email(staff_id)
    if waiting is None:
        raise NotFound(_("Ese cambio de correo ya no está pendiente."))
    rights.refuse_unless_responsible(by, staff_id)
    return codes.keep(staff_id, "email", CONFIRMATION, by=by, email=waiting.email)


def waiting_email(staff_id: uuid.UUID) -> StaffCode | None:
    """The e-mail that somebody asked for and has not confirmed."""
    return db.session.scalar(select(StaffCode).where(StaffCode.staff_id == staff_id, *codes.still_open("email")))


def cancel_email(staff: StaffUser, *, by: Actor) -> None:
    """Lets the other e-mail be; its link is worthless. Raises NotFound when nothing waits."""
    statement = (
        update(StaffCode).where(StaffCode.staff_id == staff.id, *codes.still_open("email")).values(used_at=now())
    )
    found = db.session.scalar(statement.returning(StaffCode.id), execution_options=QUIET)
    if found is None:
        raise NotFound(_("Ese cambio de correo ya no está pendiente."))
    trail.note("update", StaffCode.__tablename__, found, by=by, new={"cancelled": True})


def asked_email(code: str) -> tuple[StaffUser, str]:
    """(whose, which e-mail) a link would confirm. Raises NotFound when it was used, is over, or never was."""
    asked = select(StaffUser, StaffCode.email).join(StaffCode, StaffCode.staff_id == StaffUser.id)
    query = asked.where(StaffCode.code_hash == hash_token(code), StaffUser.is_active, *codes.still_open("email"))
    found = db.session.execute(query).one_or_none()
    if found is None:
        raise NotFound(_("Este enlace ya se usó o venció. Pide el cambio otra vez desde Mi cuenta."))
    return found[0], str(found[1])


def confirm_email(code: str, *, by: Actor) -> StaffUser:
    """Makes the e-mail theirs, once whoever races. Raises NotFound as above, Conflict when somebody has it by now."""
    staff, email = asked_email(code)
    codes.use(hash_token(code), "email")
    old = staff.email
    try:
        with trail.watch(staff, "update", by=by):
            staff.email = email
    except IntegrityError:
        raise Conflict(_("Otra cuenta tiene ya ese correo.")) from None
    notices.tell(staff, "staff/email_changed", old=old)
    return staff


def _locale(locale: str) -> str:
    if locale not in LOCALES:
        raise Invalid(fields={"locale": _("No hablamos ese idioma todavía.")})
    return locale


def _zone(zone: str) -> str | None:
    if zone and not config.is_zone(zone):
        raise Invalid(fields={"time_zone": _("No conocemos esa zona horaria.")})
    return zone or None
