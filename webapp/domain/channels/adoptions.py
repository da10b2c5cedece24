"""Adoptions: imported members whom the bot had never met take what is theirs when they open it.

By one link for all, which matches whoever opens it by Telegram id or @username, or by a personal link, good once. The
code of a personal link is made of the line's number and a key, so that staff can have it again; nothing is kept of it.
"""

import hmac

from sqlalchemy import or_, select, update

from webapp.base.clock import now
from webapp.base.crypto import keyed_hash
from webapp.base.db import db
from webapp.base.errors import Conflict, NotFound
from webapp.base.i18n import _
from webapp.base.sheets import ImportState
from webapp.domain.audit import trail
from webapp.domain.audit.actors import Actor
from webapp.domain.channels import imports
from webapp.domain.channels.models import VIPSubscriber
from webapp.domain.channels.records import ImportedMember, MemberImport, RowState
from webapp.domain.users import people
from webapp.domain.users.models import User

BEGUN = (ImportState.RUNNING, ImportState.DONE)
FEW = 5
LENGTH = 32


def code(row_id: int) -> str:
    """What stands in the personal link of a line."""
    return f"{row_id}-{_mac(row_id)}"


def claim(user: User, *, by: Actor) -> VIPSubscriber | None:
    """Gives `user` what lists hold for their id or @username; None when there is nothing, or they keep what they have.

    Raises Denied for a blocked person.
    """
    people.refuse_blocked(user)
    row, name = ImportedMember, (user.username or "").lower()
    mine = row.user_id == user.user_id
    if name:
        mine = or_(mine, row.username == name)
    query = select(row.id).join(MemberImport, MemberImport.id == row.import_id)
    query = query.where(row.state == RowState.WAITING, mine, MemberImport.state.in_(BEGUN))
    found = None
    for row_id in db.session.scalars(query.order_by(row.id).limit(FEW)).all():
        found = _take(row_id, user, by=by) or found
    return found


def claim_by_code(told: str, user: User, *, by: Actor) -> VIPSubscriber | None:
    """Gives `user` what the line of a personal link holds, to the first who opens it; None when they keep what they
    have. Raises NotFound for a link that is none of ours, Conflict for one that was used, is somebody else's or too
    late, Denied for a blocked person."""
    people.refuse_blocked(user)
    row = db.session.get(ImportedMember, _number(told), populate_existing=True)
    made = db.session.get(MemberImport, row.import_id) if row is not None else None
    if row is None or made is None or made.state not in BEGUN:
        raise NotFound(_("No conocemos ese enlace. Revisa que esté completo."))
    if row.state is not RowState.WAITING:
        raise Conflict(_("Este enlace ya se usó."))
    if row.user_id not in (None, user.user_id):
        raise Conflict(_("Este enlace es de otra persona."))
    if row.until is not None and row.until <= now():
        raise Conflict(_("El acceso de este enlace ya terminó. Escríbenos y te ayudamos."))
    found = _take(row.id, user, by=by)
    if found is None and _state(row.id) is not RowState.SKIPPED:
        raise Conflict(_("Este enlace ya se usó."))
    return found


def _take(row_id: int, user: User, *, by: Actor) -> VIPSubscriber | None:
    """Of all who want one line, the first gets it: the row changes hands once."""
    row = ImportedMember
    taken = update(row).where(row.id == row_id, row.state == RowState.WAITING).values(state=RowState.DONE)
    if db.session.scalar(taken.returning(row.id), execution_options={"synchronize_session": False}) is None:
        return None
    mine = db.session.get_one(ImportedMember, row_id, populate_existing=True)
    made = db.session.get_one(MemberImport, mine.import_id)
    given = None if _has_another(mine, user) else imports.give(mine, user, made, by=by)
    db.session.flush()
    trail.note("update", ImportedMember.__tablename__, row_id, by=by, new={"claimed_by": user.user_id})
    return given


def _has_another(mine: ImportedMember, user: User) -> bool:
    """Whether somebody has another line of the same list already, as when it names them by id and by name; this one
    is then left as it is."""
    row = ImportedMember
    theirs = (row.import_id == mine.import_id, row.state == RowState.DONE, row.claimed_by == user.user_id)
    if db.session.scalar(select(row.id).where(*theirs, row.id != mine.id).limit(1)) is None:
        return False
    mine.state, mine.done_at, mine.claimed_by = RowState.SKIPPED, now(), user.user_id
    return True


def _number(told: str) -> int:
    """The line that a code names. Raises NotFound for one that we did not make."""
    number, _line, mac = told.partition("-")
    if not (number.isascii() and number.isdigit()) or len(number) > 18:
        raise NotFound(_("No conocemos ese enlace. Revisa que esté completo."))
    if not hmac.compare_digest(mac.encode(), _mac(int(number)).encode()):
        raise NotFound(_("No conocemos ese enlace. Revisa que esté completo."))
    return int(number)


def _mac(row_id: int) -> str:
    return keyed_hash(str(row_id), "adoption")[:LENGTH]


def _state(row_id: int) -> RowState | None:
    return db.session.scalar(select(ImportedMember.state).where(ImportedMember.id == row_id))
