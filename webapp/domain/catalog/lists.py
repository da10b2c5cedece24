"""What staff ask of the catalogue: lists of packages and of interests, counts, figures per package.

Columns instead of entities: first which ids are on the page, then all that is shown of them, so that per-row counts are
made for those rows only. Counts stop at 10,001. A list is two or three queries, whatever its size.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, String, and_, case, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from webapp.base.clock import now
from webapp.base.db import Page, db, page
from webapp.base.search import matching
from webapp.domain.audit.models import AuditLog
from webapp.domain.catalog.models import (
    ContentCategory,
    ContentPackage,
    InterestNote,
    PackageMedia,
    PackageType,
    Provider,
    UserInterest,
)
from webapp.domain.users.models import User

CAP = 10_001
PACKAGE, INTEREST = ContentPackage, UserInterest
PENDING = and_(INTEREST.is_attended.is_(False), INTEREST.withdrawn_at.is_(None))
ATTENDED = and_(INTEREST.is_attended.is_(True), INTEREST.withdrawn_at.is_(None))
WITHDRAWN = INTEREST.withdrawn_at.is_not(None)
SORTED_NAME = func.substr(PACKAGE.search_text, 1, 100, type_=String()).label("sorted_name")
STATES = {"pending": PENDING, "attended": ATTENDED, "withdrawn": WITHDRAWN}
VIP: Literal["vip"] = "vip"
_PRESSED = (
    select(INTEREST.package_id, func.count().label("pressed"))
    .where(INTEREST.package_id.is_not(None))
    .group_by(INTEREST.package_id)
    .subquery()
)


@dataclass(frozen=True)
class PackageFilter:
    """Which packages, in which order.

    `state`: active, scheduled, over, inactive or all; `sort`: position, updated, name, interests.
    """

    words: str = ""
    category: ContentCategory | None = None
    type: PackageType | None = None
    state: str = ""
    sort: str = "position"


@dataclass(frozen=True)
class InterestFilter:
    """Which interests. `state`: pending, attended, withdrawn or all; `package`: an id, "vip" for the subscription."""

    state: str = ""
    category: ContentCategory | None = None
    package: int | Literal["vip"] | None = None
    user_id: int | None = None
    older_than: timedelta | None = None
    oldest_first: bool = False


@dataclass(frozen=True)
class Figures:
    """How much a package is wanted: people by state, and when somebody last pressed."""

    interested: int
    pending: int
    attended: int
    withdrawn: int
    last: Any


def packages(wanted: PackageFilter, *, after: str | None = None, size: int = 25) -> Page:
    """Packages with their cover, provider and how many are interested (`interests`, at most 10,001)."""
    pressed = func.coalesce(_PRESSED.c.pressed, 0).label("pressed")
    keys: dict[str, tuple[Any, ...]] = {
        "position": (PACKAGE.position, PACKAGE.id),
        "updated": (PACKAGE.updated_at, PACKAGE.id),
        "name": (SORTED_NAME, PACKAGE.id),
        "interests": (pressed, PACKAGE.id),
    }
    order = keys.get(wanted.sort, keys["position"])
    columns: list[Any] = [PACKAGE.id, *order[:-1]]
    query: Select[Any] = select(*columns).where(*_package_conditions(wanted))
    if wanted.sort == "interests":
        query = query.outerjoin(_PRESSED, _PRESSED.c.package_id == PACKAGE.id)
    found = page(query, *order, after=after, size=size, descending=wanted.sort != "name")
    return _filled(found, _package_rows(), PACKAGE.id)


def count_packages(wanted: PackageFilter) -> int:
    """How many packages fit, at most 10,001."""
    return _capped(select(PACKAGE.id).where(*_package_conditions(wanted)))


def package_state(row: Any) -> str:
    """active, scheduled (not shown yet), over (no longer shown) or inactive: of a package or a row of `packages`."""
    moment = now()
    if not row.is_active:
        return "inactive"
    if row.published_from is not None and row.published_from > moment:
        return "scheduled"
    return "over" if row.published_until is not None and row.published_until <= moment else "active"


def package_name(package_id: int) -> str | None:
    """The name of a package, for a filter's chip; None when there is none."""
    return db.session.scalar(select(PACKAGE.name).where(PACKAGE.id == package_id))


def person_name(user_id: int) -> str | None:
    """What somebody is called, for a filter's chip; None when we do not know them."""
    user = db.session.get(User, user_id)
    return user.full_name if user else None


def interests(wanted: InterestFilter, *, after: str | None = None, size: int = 25) -> Page:
    """Interests with their person and package (its columns are None for the VIP subscription)."""
    columns: list[Any] = [INTEREST.id, INTEREST.created_at]
    query: Select[Any] = select(*columns).where(*_interest_conditions(wanted))
    if wanted.category is not None:
        query = query.join(PACKAGE, PACKAGE.id == INTEREST.package_id)
        if count_interests(wanted) < CAP:  # few: found through their packages, since the walk by time would find none
            few = query.with_only_columns(INTEREST.id).limit(CAP).subquery()
            query = select(*columns).where(INTEREST.id.in_(select(few.c.id)))
    found = page(query, INTEREST.created_at, INTEREST.id, after=after, size=size, descending=not wanted.oldest_first)
    return _filled(found, _interest_rows(), INTEREST.id)


def interest_row(interest_id: int) -> Any:
    """One interest as the list shows it; None when it is gone."""
    return db.session.execute(_interest_rows().where(INTEREST.id == interest_id)).one_or_none()


def count_interests(wanted: InterestFilter, *, most: int = CAP) -> int:
    """How many interests fit, counted up to `most`."""
    query = select(INTEREST.id).where(*_interest_conditions(wanted))
    return _capped(query.outerjoin(PACKAGE, PACKAGE.id == INTEREST.package_id) if wanted.category else query, most)


def figures(package_id: int | None) -> Figures:
    """The figures of one package, or of the VIP subscription (None)."""
    mine = INTEREST.package_id.is_(None) if package_id is None else INTEREST.package_id == package_id
    counts: list[Any] = [func.count(case((state, 1))) for state in (PENDING, ATTENDED, WITHDRAWN)]
    query: Select[Any] = select(*counts, *[func.max(INTEREST.created_at)]).where(mine)
    pending, attended, withdrawn, last = tuple(db.session.execute(query).one())
    return Figures(pending + attended, pending, attended, withdrawn, last)


def history(resource: str, resource_id: object, *, size: int = 50) -> list[AuditLog]:
    """The latest audit rows of one thing, newest first."""
    query = select(AuditLog).where(AuditLog.resource_type == resource, AuditLog.resource_id == str(resource_id))
    return list(db.session.scalars(query.order_by(AuditLog.id.desc()).limit(size)))


def _package_conditions(wanted: PackageFilter) -> list[ColumnElement[bool]]:
    moment = now()
    begun = or_(PACKAGE.published_from.is_(None), PACKAGE.published_from <= moment)
    lasts = or_(PACKAGE.published_until.is_(None), PACKAGE.published_until > moment)
    states: dict[str, list[ColumnElement[bool]]] = {
        "active": [PACKAGE.is_active.is_(True), begun, lasts],
        "scheduled": [PACKAGE.is_active.is_(True), PACKAGE.published_from > moment],
        "over": [PACKAGE.is_active.is_(True), PACKAGE.published_until <= moment],
        "inactive": [PACKAGE.is_active.is_(False)],
    }
    conditions = list(states.get(wanted.state, []))
    if wanted.category is not None:
        conditions.append(PACKAGE.category == wanted.category)
    if wanted.type is not None:
        conditions.append(PACKAGE.type == wanted.type)
    if wanted.words.strip():
        conditions.append(matching(PACKAGE, wanted.words))
    return conditions


def _interest_conditions(wanted: InterestFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.state in STATES:
        conditions.append(STATES[wanted.state])
    if wanted.category is not None:
        conditions.append(PACKAGE.category == wanted.category)
    if wanted.package == VIP:
        conditions.append(INTEREST.package_id.is_(None))
    elif wanted.package is not None:
        conditions.append(INTEREST.package_id == wanted.package)
    if wanted.user_id is not None:
        conditions.append(INTEREST.user_id == wanted.user_id)
    if wanted.older_than is not None:
        conditions.append(INTEREST.created_at <= now() - wanted.older_than)
    return conditions


def _filled(found: Page, rows: Select[Any], key: InstrumentedAttribute[int]) -> Page:
    """A page of ids with everything that is shown of them: what is costly per row is asked for these rows only."""
    ids = [row.id for row in found.rows]
    shown = {row.id: row for row in db.session.execute(rows.where(key.in_(ids)))} if ids else {}
    return Page([shown[one] for one in ids if one in shown], found.after)


def _package_rows() -> Select[Any]:
    columns: tuple[Any, ...] = (
        PACKAGE.id,
        PACKAGE.public_id,
        PACKAGE.name,
        PACKAGE.category,
        PACKAGE.type,
        PACKAGE.price,
        PACKAGE.currency,
        PACKAGE.price_stars,
        PACKAGE.price_points,
        PACKAGE.is_active,
        PACKAGE.published_from,
        PACKAGE.published_until,
        PACKAGE.position,
        PACKAGE.updated_at,
        Provider.display_name.label("provider"),
        _cover().label("cover"),
        (_pressed(None) - _pressed(WITHDRAWN)).label("interests"),
    )
    query: Select[Any] = select(*columns)
    return query.outerjoin(Provider, Provider.id == PACKAGE.provider_id)


def _interest_rows() -> Select[Any]:
    notes = select(func.count()).where(InterestNote.interest_id == INTEREST.id).correlate(INTEREST).scalar_subquery()
    columns: tuple[Any, ...] = (
        INTEREST.id,
        INTEREST.user_id,
        INTEREST.package_id,
        INTEREST.is_attended,
        INTEREST.attended_at,
        INTEREST.attended_by_label,
        INTEREST.withdrawn_at,
        INTEREST.click_count,
        INTEREST.created_at,
        User.first_name,
        User.last_name,
        User.username,
        User.role,
        PACKAGE.name.label("package"),
        PACKAGE.category,
        PACKAGE.price,
        PACKAGE.currency,
        PACKAGE.price_stars,
        PACKAGE.price_points,
        notes.label("notes"),
    )
    query: Select[Any] = select(*columns).join(User, User.user_id == INTEREST.user_id)
    return query.outerjoin(PACKAGE, PACKAGE.id == INTEREST.package_id)


def _pressed(state: ColumnElement[bool] | None) -> Any:
    """How many pressed, at most 10,001, from an index alone; `state` narrows it to those withdrawn."""
    mine = select(INTEREST.package_id).where(INTEREST.package_id == PACKAGE.id)
    capped = (mine if state is None else mine.where(state)).correlate(PACKAGE).limit(CAP).subquery()
    return select(func.count()).select_from(capped).scalar_subquery()


def _cover() -> Any:
    first = (
        select(PackageMedia.storage_key).where(PackageMedia.package_id == PACKAGE.id).order_by(PackageMedia.position)
    )
    return first.limit(1).correlate(PACKAGE).scalar_subquery()


def _capped(query: Select[Any], most: int = CAP) -> int:
    return db.session.scalar(select(func.count()).select_from(query.limit(most).subquery())) or 0
