"""The people behind a figure, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, aliased, joinedload

from webapp.base.db import Page, db, page
from webapp.base.errors import NotFound
from webapp.base.i18n import _
from webapp.domain.channels.models import (
    OPEN,
    FreeChannelRequest,
    RequestStatus,
    Status,
    SubscriptionPeriod,
    VIPSubscriber,
)
from webapp.domain.insights import members
from webapp.domain.insights.flows import flagged, is_one_of
from webapp.domain.insights.ranges import Range
from webapp.domain.users.models import User

Row = SubscriptionPeriod
STATES = {"open": OPEN, "paused": (Status.PAUSED,), "expired": (Status.EXPIRED,), "revoked": (Status.REVOKED,)}
ENDING = {"ending-1": 1, "ending-7": 7, "ending-30": 30}
BEGUN = (Row.what == "start") | (Row.what.in_(("gift", "correct")) & (flagged() == 1))
_Earlier = aliased(Row)
SEEN = (
    select(_Earlier.id).where(_Earlier.subscriber_id == Row.subscriber_id, _Earlier.id < Row.id).correlate(Row).exists()
)
EVENTS: dict[str, tuple[Any, ...]] = {
    "started": (BEGUN,),
    "returned": (BEGUN, SEEN),
    "renewed": (Row.what == "extend", Row.price > 0),
    "ended": (Row.what.in_(("expire", "revoke")),),
    "resumed": (Row.what == "resume",),
    "paused-then": (Row.what == "pause",),
    "gifts": (Row.what == "gift",),
    "paid": (Row.price > 0,),
}
REQUESTS = {
    "free-waiting": (RequestStatus.PENDING, RequestStatus.APPROVING),
    "free-approved": (RequestStatus.APPROVED,),
}


@dataclass(frozen=True)
class Person:
    """One row of the list: who, when, and the row that made them count."""

    user: User
    at: datetime
    row: Any


def people(figure: str, wanted: Range, *, after: str | None = None, size: int = 50, currency: str = "") -> Page:
    """A page of the people whom a figure counts; `currency` keeps those who paid in it. Two queries.

    Raises NotFound for a figure that has no people.
    """
    query, at, subscriber = _query(figure, wanted, currency)
    if not subscriber:
        query = query.options(joinedload(at.class_.user))
    found = page(query, at, at.class_.id, after=after, size=size, scalars=True)
    users = _users(found.rows) if subscriber else {}
    rows = [
        Person(users[row.subscriber_id] if subscriber else row.user, getattr(row, at.key), row) for row in found.rows
    ]
    return Page(rows, found.after)


def count_people(figure: str, wanted: Range, *, currency: str = "", most: int = 10_001) -> int:
    """How many there are, counted up to `most`. Raises NotFound for a figure that has no people."""
    query, at, _subscriber = _query(figure, wanted, currency)
    some = query.with_only_columns(at.class_.id).limit(most).subquery()
    return db.session.scalar(select(func.count()).select_from(some)) or 0


def _query(figure: str, wanted: Range, currency: str) -> tuple[Select[Any], InstrumentedAttribute[datetime], bool]:
    """Its rows, the moment that orders them, and whether they are of a subscription rather than of a person."""
    here, request = VIPSubscriber, FreeChannelRequest
    everybody = select(here)
    if figure in STATES:
        return everybody.where(is_one_of(here.status, STATES[figure])), here.expiry_date, False
    if figure in ENDING:
        return everybody.where(*members.ending(ENDING[figure], wanted.zone)), here.expiry_date, False
    if figure == "new":
        return everybody.where(*_inside(here.created_at, wanted)), here.created_at, False
    if figure in EVENTS:
        paid = [Row.currency == currency] if currency else []
        return select(Row).where(*EVENTS[figure], *paid, *_inside(Row.created_at, wanted)), Row.created_at, True
    asked = select(request).where(request.status.in_(REQUESTS.get(figure, ())))
    if figure == "free-waiting":
        return asked, request.request_date, False
    if figure == "free-approved":
        return asked.where(*_inside(request.processed_at, wanted)), request.processed_at, False  # type: ignore[return-value]
    raise NotFound(_("Esa cifra no tiene una lista de personas."))


def _inside(at: Any, wanted: Range) -> tuple[Any, ...]:
    return at >= wanted.span.starts, at < wanted.span.ends


def _users(rows: Sequence[SubscriptionPeriod]) -> dict[int, User]:
    """Subscription → its person."""
    ids = {row.subscriber_id for row in rows}
    query = select(VIPSubscriber).where(VIPSubscriber.id.in_(ids)).options(joinedload(VIPSubscriber.user))
    return {row.id: row.user for row in db.session.scalars(query)}
