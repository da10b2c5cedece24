"""Which Telegram belongs to which account: linked by a one-time code that its owner opens in the chat, and confirms."""

import hmac
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from webapp.base.crypto import hash_token, keyed_hash
from webapp.base.db import db
from webapp.base.errors import Conflict, Unknown
from webapp.base.i18n import _
from webapp.domain.audit import trail
from webapp.domain.audit.actors import Actor
from webapp.domain.sessions.models import UserSession
from webapp.domain.staff import closing, codes, notices
from webapp.domain.staff.models import StaffCode, StaffUser

GOOD_FOR = timedelta(minutes=15)


def ask(staff: StaffUser, *, by: Actor) -> str:
    """A code that links the Telegram it is opened from, good once for a quarter of an hour; told once.

    Raises Conflict while another Telegram is linked, Unknown for a session that has ended.
    """
    staff = closing.hold(staff.id, by.session)
    if staff.telegram_user_id is not None:
        raise Conflict(_("Tu cuenta ya está unida a un Telegram. Sepáralo antes de unir otro."))
    return codes.keep(staff.id, "telegram", GOOD_FOR, by=by)


def opened(code: str, person: int) -> tuple[StaffUser, str]:
    """(whose account a code would tie, the proof that this person of Telegram was asked whether they want that).

    Whoever opens a code may have been sent it by somebody else, so opening it ties nothing. Raises NotFound as below.
    """
    found = codes.find("telegram", StaffCode.code_hash == hash_token(code))
    staff = db.session.scalar(select(StaffUser).where(StaffUser.id == found.staff_id, StaffUser.is_active))
    if staff is None:
        raise codes.gone()
    return staff, f"{found.id}:{_proof(found, person)}"


def link(code_id: int, proof: str, person: int, *, by: Actor) -> StaffUser:
    """Ties the account that asked for the code to this person of Telegram, who was asked and says yes (`opened`);
    `person`: their id.

    Raises NotFound for a code that was used, is over, never was, or was opened by another, Conflict for an account or a
    Telegram that is tied.
    """
    found = codes.find("telegram", StaffCode.id == code_id)
    if not hmac.compare_digest(proof.encode(), _proof(found, person).encode()):
        raise codes.gone()
    staff_id = codes.use(found.code_hash, "telegram")
    query = select(StaffUser).where(StaffUser.id == staff_id).with_for_update()
    staff = db.session.scalars(query.execution_options(populate_existing=True)).one()
    if not staff.is_active:
        raise codes.gone()
    if staff.telegram_user_id is not None:
        raise Conflict(_("Esa cuenta ya está unida a un Telegram."))
    _free_of_who_was_let_go(person, by=by)
    try:
        with trail.watch(staff, "update", by=by):
            staff.telegram_user_id = person
    except IntegrityError:
        raise Conflict(_("Tu Telegram ya está unido a otra cuenta del panel. Sepáralo allí primero.")) from None
    return staff


def unlink(staff: StaffUser, *, by: Actor) -> bool:
    """Unties the account from its Telegram, which is told so; False when it was tied to none."""
    was = staff.telegram_user_id
    if was is None:
        return False
    with trail.watch(staff, "update", by=by):
        staff.telegram_user_id = None
    notices.tell(staff, "staff/unlinked", to=was)
    return True


def arriving(person: int, launch: str) -> StaffUser:
    """The account whose owner opened the panel from the chat, held until the transaction ends; `launch` names that
    opening (initdata.py), which lets in once, whoever races. Raises Unknown, whatever the cause.
    """
    query = select(StaffUser).where(StaffUser.telegram_user_id == person, StaffUser.is_active).with_for_update()
    staff = db.session.scalar(query.execution_options(populate_existing=True))
    used = select(UserSession.id).where(UserSession.init_data_hash == launch, UserSession.kind == "panel")
    if staff is None or db.session.scalar(used.limit(1)) is not None:
        raise Unknown()
    return staff


def of_person(person: int) -> StaffUser | None:
    """The account that is tied to this person of Telegram, while it is active."""
    return db.session.scalar(select(StaffUser).where(StaffUser.telegram_user_id == person, StaffUser.is_active))


def _proof(code: StaffCode, person: int) -> str:
    """Of our key, so that nobody makes it, whatever they read of the database or write to the bot."""
    return keyed_hash(f"{code.code_hash}:{person}", "staff-link")[:32]


def _free_of_who_was_let_go(person: int, *, by: Actor) -> None:
    """Unties an account that was let go from this person of Telegram: they have another one now."""
    gone = select(StaffUser).where(StaffUser.telegram_user_id == person, StaffUser.deleted_at.is_not(None))
    earlier = db.session.scalar(gone.with_for_update())
    if earlier is not None:
        with trail.watch(earlier, "update", by=by):
            earlier.telegram_user_id = None
