""" "Me interesa": pressing, withdrawing, attending, reopening.

One row per person and package, whoever races. Each press is one INSERT … ON CONFLICT; each change of state one
conditional UPDATE, so doing it again changes nothing. Each says `notice_due` where staff should read of it; the worker
writes the notices (see notices.py).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Protocol

from sqlalchemy import and_, bindparam, case, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import joinedload

from webapp.base import outbox
from webapp.base.clock import now
from webapp.base.db import AwareUTC, connection, db
from webapp.base.errors import Denied, Invalid, NotFound
from webapp.base.i18n import _
from webapp.base.words import clean
from webapp.domain.audit import trail
from webapp.domain.audit.actors import Actor
from webapp.domain.catalog.models import ContentCategory, InterestNote, UserInterest

DEBOUNCE = timedelta(minutes=5)
NOTED = {"noted": True, "synchronize_session": False}


class Asker(Protocol):
    """Somebody who presses: a User, or a visitor of the Mini App."""

    @property
    def user_id(self) -> int: ...

    @property
    def sees_vip(self) -> bool: ...


class Offer(Protocol):
    """What is pressed: a package, or the columns of one that decide whether it may be."""

    @property
    def id(self) -> int: ...

    @property
    def category(self) -> ContentCategory: ...

    @property
    def is_active(self) -> bool: ...

    @property
    def published_from(self) -> datetime | None: ...

    @property
    def published_until(self) -> datetime | None: ...


@dataclass(frozen=True)
class Press:
    """What one press did: the interest's row id, how often it was pressed by now, and whether staff are told."""

    interest_id: int
    click_count: int
    noticed: bool


def press(user: Asker, package: Offer | None, *, by: Actor) -> Press:
    """Somebody says "me interesa" of a package, or of the VIP subscription itself (None).

    A press on an existing interest renews it and counts; after attended or withdrawn it opens it again. Staff get one
    notice, unless they got one of this interest within five minutes. Raises Denied for a VIP package and a FREE person,
    NotFound for one that is not shown.
    """
    if package is not None:
        refuse_hidden(package)
        if package.category.for_vip and not user.sees_vip:
            raise Denied(_("Este paquete es para miembros VIP."))
    moment = now()
    asked: dict[str, Any] = {"user": user.user_id, "moment": moment, "before": moment - DEBOUNCE}
    if package is not None:
        asked["package"] = package.id
    here = connection()
    row = here.execute(_pressing(here.dialect.name, package is None), asked).one()
    told = {"click_count": row.click_count, "created_at": moment}
    trail.note("create" if row.click_count == 1 else "update", UserInterest.__tablename__, row.id, by=by, new=told)
    if row.notice_due:
        outbox.wake()
    return Press(row.id, row.click_count, row.noticed_at == moment)


@cache
def _pressing(dialect: str, vip: bool) -> Any:
    """The one statement of a press, built once: parameters user, package (not for VIP), moment, before."""
    engine: Any = postgresql if dialect == "postgresql" else sqlite
    row: Any = UserInterest.__table__
    moment = bindparam("moment", type_=AwareUTC)
    fresh = engine.insert(row).values(
        user_id=bindparam("user"),
        package_id=None if vip else bindparam("package"),
        created_at=moment,
        noticed_at=moment,
        notice_count=1,
        notice_due=True,
    )
    silent = or_(row.c.noticed_at.is_(None), row.c.noticed_at <= bindparam("before", type_=AwareUTC))
    again = {
        "created_at": moment,
        "click_count": row.c.click_count + 1,
        "is_attended": False,
        "attended_at": None,
        "attended_by": None,
        "attended_by_label": None,
        "withdrawn_at": None,
        "noticed_at": case((silent, moment), else_=row.c.noticed_at),
        "notice_count": case((silent, row.c.notice_count + 1), else_=row.c.notice_count),
        # Told anew, or told that it is open again; a press on an open one changes nothing that a notice says.
        "notice_due": or_(silent, row.c.is_attended, row.c.withdrawn_at.is_not(None), row.c.notice_due),
    }
    target: dict[str, Any] = {"index_elements": ["user_id", "package_id"]}
    if vip:
        target = {"index_elements": ["user_id"], "index_where": row.c.package_id.is_(None)}
    told = (row.c.id, row.c.click_count, row.c.noticed_at, row.c.notice_due)
    return fresh.on_conflict_do_update(**target, set_=again).returning(*told)


def withdraw(user: Asker, package: Offer | None, *, by: Actor) -> bool:
    """Somebody is no longer interested; False when they were not."""
    mine = [UserInterest.user_id == user.user_id, _of(package)]
    here = [*mine, UserInterest.withdrawn_at.is_(None)]
    return _turn(here, {"withdrawn_at": now()}, by=by, old={"withdrawn_at": None})


def attend(interest: UserInterest, *, by: Actor) -> bool:
    """Marks an interest as attended by whoever acts; False when it already was, or withdrawn."""
    done = _turn(
        [UserInterest.id == interest.id, UserInterest.is_attended.is_(False), UserInterest.withdrawn_at.is_(None)],
        {"is_attended": True, "attended_at": now(), "attended_by": by.ref, "attended_by_label": by.label},
        by=by,
        old={"is_attended": False},
    )
    db.session.refresh(interest)
    return done


def attend_many(ids: Iterable[int], *, by: Actor) -> list[int]:
    """Marks several as attended; returns those that were not before."""
    return [interest.id for interest in _several(ids) if attend(interest, by=by)]


def reopen_many(ids: Iterable[int], *, by: Actor) -> list[int]:
    """Takes several *attended* back; returns those that were."""
    return [interest.id for interest in _several(ids) if reopen(interest, by=by)]


def reopen(interest: UserInterest, *, by: Actor) -> bool:
    """Takes an *attended* back; False when it is open already."""
    done = _turn(
        [UserInterest.id == interest.id, UserInterest.is_attended.is_(True)],
        {"is_attended": False, "attended_at": None, "attended_by": None, "attended_by_label": None},
        by=by,
        old={"is_attended": True, "attended_at": interest.attended_at, "attended_by": interest.attended_by},
    )
    db.session.refresh(interest)
    return done


def add_note(interest: UserInterest, text: str, *, by: Actor) -> InterestNote:
    """Writes a note on an interest. Raises Invalid when it says nothing or more than 2,000 characters."""
    text = clean(text, lines=True)
    if not 1 <= len(text) <= 2000:
        raise Invalid(fields={"text": _("Escribe una nota de entre 1 y 2000 caracteres.")})
    note = InterestNote(interest_id=interest.id, author=by.ref, author_label=by.label, text=text)
    with trail.watch(note, "create", by=by):
        db.session.add(note)
    return note


def get_interest(interest_id: int) -> UserInterest:
    """One interest with its person and package. Raises NotFound."""
    query = select(UserInterest).where(UserInterest.id == interest_id)
    query = query.options(joinedload(UserInterest.user), joinedload(UserInterest.package))
    interest = db.session.scalar(query)
    if interest is None:
        raise NotFound(_("Ese interés ya no existe."))
    return interest


def waiting() -> tuple[int, Any]:
    """(how many wait to be attended, capped at 10,001; since when the oldest does)."""
    pending = and_(UserInterest.is_attended.is_(False), UserInterest.withdrawn_at.is_(None))
    capped = select(UserInterest.id).where(pending).limit(10_001).subquery()
    count = db.session.scalar(select(func.count()).select_from(capped)) or 0
    oldest = select(UserInterest.created_at).where(pending).order_by(UserInterest.created_at, UserInterest.id).limit(1)
    return count, db.session.scalar(oldest)


def notes_of(interest_id: int) -> Sequence[InterestNote]:
    """The notes on an interest, oldest first."""
    query = select(InterestNote).where(InterestNote.interest_id == interest_id).order_by(InterestNote.id)
    return db.session.scalars(query).all()


def refuse_hidden(package: Offer) -> None:
    """Raises NotFound for a package that members do not see now."""
    moment = now()
    begun = package.published_from is None or package.published_from <= moment
    over = package.published_until is not None and package.published_until <= moment
    if not package.is_active or not begun or over:
        raise NotFound(_("Este paquete ya no está disponible."))


def _several(ids: Iterable[int]) -> Sequence[UserInterest]:
    """At most 1,000, always in the same order, so that two people who mark the same ones never deadlock."""
    query = select(UserInterest).where(UserInterest.id.in_(list(ids)[:1000])).order_by(UserInterest.id)
    return db.session.scalars(query).all()


def _turn(conditions: list[Any], values: dict[str, Any], *, by: Actor, old: dict[str, Any]) -> bool:
    """One conditional change of state, with its audit row; False when no row was in the state it starts from."""
    statement = update(UserInterest).where(*conditions).values(**values, notice_due=True).returning(UserInterest.id)
    interest_id = db.session.scalar(statement, execution_options=NOTED)
    if interest_id is None:
        return False
    trail.note("update", UserInterest.__tablename__, interest_id, by=by, old=old, new=values)
    outbox.wake()
    return True


def _of(package: Offer | None) -> Any:
    return UserInterest.package_id.is_(None) if package is None else UserInterest.package_id == package.id
