"""The member's questions of the showcase: what is shown, one package, what is like it, what they are interested in.

The listing stands by `position`, highest first. Publish dates hold to the moment: whatever is kept of an answer is good
only until `Listing.until`, when the next package appears or goes.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from webapp.base import reads
from webapp.base.clock import now
from webapp.base.db import db, page
from webapp.base.errors import NotFound
from webapp.base.i18n import _
from webapp.base.search import matching, plain
from webapp.domain.catalog.models import (
    ContentCategory,
    ContentPackage,
    PackageMedia,
    PackageType,
    Provider,
    UserInterest,
)

PAGE = 20
NEW_FOR = timedelta(days=7)
KEPT_FOR = timedelta(minutes=5)
MOST_NEWS = 100
MOST_MINE = 200

_OFFER = (
    "SELECT p.id, p.public_id, p.name, p.category, p.is_active, p.published_from, p.published_until"
    " FROM content_packages p WHERE p.public_id = :public_id"
)
_MARKS = {
    "sqlite": "SELECT i.package_id, i.is_attended FROM user_interests i WHERE i.user_id = :user"
    " AND i.package_id IN (SELECT value FROM json_each(:ids)) AND i.withdrawn_at IS NULL",
    "postgresql": "SELECT i.package_id, i.is_attended FROM user_interests i WHERE i.user_id = :user"
    " AND i.package_id = ANY(:ids) AND i.withdrawn_at IS NULL",
}


@dataclass(frozen=True, slots=True)
class Item:
    """A package as lists show it."""

    id: int
    public_id: str
    name: str
    description: str
    category: ContentCategory
    type: PackageType
    price: Decimal | None
    currency: str
    price_stars: int | None
    price_points: int | None
    provider: str | None
    cover: str | None
    is_new: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """A package as a press sees it."""

    id: int
    public_id: str
    name: str
    category: ContentCategory
    is_active: bool
    published_from: datetime | None
    published_until: datetime | None


@dataclass(frozen=True, slots=True)
class Listing:
    """Some packages of the showcase: the cursor after them, how many are new this week, and until when this is true.

    `marks`: package id → interest attended? for those that the asker is interested in.
    """

    items: Sequence[Item]
    after: str | None
    news: int
    until: datetime
    marks: Mapping[int, bool]


def listing(
    user_id: int, *, category: ContentCategory | None = None, words: str = "", after: str | None = None
) -> Listing:
    """The next twenty packages shown, of a `category`, matching `words`, after a cursor; one query."""
    moment = now()
    query = _items(user_id, moment).where(shown(moment))
    if category is not None:
        query = query.where(ContentPackage.category == category)
    if plain(words):
        query = query.where(matching(ContentPackage, words))
    found = page(query, ContentPackage.position, ContentPackage.id, after=after, size=PAGE)
    first = found.rows[0] if found.rows else None
    ends = [moment + KEPT_FOR, *((first.next_from, first.next_until) if first else ())]
    marks = {row.id: row.is_attended for row in found.rows if row.is_attended is not None}
    until = min(end for end in ends if end is not None)
    return Listing([_item(row, moment) for row in found.rows], found.after, first.news if first else 0, until, marks)


def marks(user_id: int, ids: Sequence[int]) -> dict[int, bool]:
    """Which of these packages a person is interested in: id → attended?"""
    if not ids:
        return {}
    engine = reads.engine().dialect.name
    wanted = json.dumps(list(ids)) if engine == "sqlite" else list(ids)
    found = reads.rows(_MARKS[engine], {"user": user_id, "ids": wanted})
    return {package_id: bool(attended) for package_id, attended in found}


def get_shown(public_id: str) -> ContentPackage:
    """A package that members see now, with provider and pictures. Raises NotFound."""
    query = select(ContentPackage).where(ContentPackage.public_id == public_id.replace("\0", ""), shown(now()))
    query = query.options(joinedload(ContentPackage.provider), selectinload(ContentPackage.media))
    package = db.session.scalar(query, execution_options={"populate_existing": True})
    if package is None:
        raise NotFound(_("Este paquete ya no está disponible."))
    return package


def get_offer(public_id: str) -> Offer:
    """What a press must know of a package, shown or not. Raises NotFound when there is none."""
    found = reads.rows(_OFFER, {"public_id": public_id.replace("\0", "")})
    if not found:
        raise NotFound(_("Este paquete ya no está disponible."))
    number, public, name, category, active, begin, end = found[0]
    return Offer(number, public, name, ContentCategory(category), bool(active), reads.moment(begin), reads.moment(end))


def related(package: ContentPackage, limit: int = 8) -> Sequence[Item]:
    """Others of the same category, those of the same provider first."""
    moment = now()
    same = func.coalesce(ContentPackage.provider_id, -1) == (package.provider_id or 0)
    query = _items(0, moment).where(
        shown(moment), ContentPackage.category == package.category, ContentPackage.id != package.id
    )
    query = query.order_by(same.desc(), ContentPackage.position.desc(), ContentPackage.id.desc()).limit(limit)
    return [_item(row, moment) for row in db.session.execute(query)]


def next_change() -> datetime:
    """Until when an answer of now may be kept: the next publish date, or a few minutes."""
    moment = now()
    ends = db.session.execute(select(*_boundaries(moment))).one()
    until: datetime = min(end for end in (moment + KEPT_FOR, *ends) if end is not None)
    return until


def mine(user_id: int) -> Sequence[UserInterest]:
    """What somebody is interested in, with its package (and cover), newest first; at most two hundred."""
    query = select(UserInterest).where(UserInterest.user_id == user_id, UserInterest.withdrawn_at.is_(None))
    query = query.options(joinedload(UserInterest.package))
    return db.session.scalars(query.order_by(UserInterest.created_at.desc(), UserInterest.id).limit(MOST_MINE)).all()


def vip_interest(user_id: int) -> UserInterest | None:
    """Somebody's interest in the VIP subscription itself, unless withdrawn."""
    query = select(UserInterest).where(UserInterest.user_id == user_id, UserInterest.package_id.is_(None))
    return db.session.scalar(query.where(UserInterest.withdrawn_at.is_(None)))


def shown(moment: datetime) -> Any:
    """Condition: the package stands in the showcase at this moment."""
    begun = or_(ContentPackage.published_from.is_(None), ContentPackage.published_from <= moment)
    going = or_(ContentPackage.published_until.is_(None), ContentPackage.published_until > moment)
    return and_(ContentPackage.is_active.is_(True), begun, going)


def _items(user_id: int, moment: datetime) -> Select[Any]:
    """The columns of `Item`, the asker's mark, and what bounds the truth of the answer."""
    cover = (
        select(PackageMedia.storage_key)
        .where(PackageMedia.package_id == ContentPackage.id, PackageMedia.kind == "image")
        .order_by(PackageMedia.position, PackageMedia.id)
        .limit(1)
        .correlate(ContentPackage)
        .scalar_subquery()
    )
    since = func.coalesce(ContentPackage.published_from, ContentPackage.created_at)
    begin, end = _boundaries(moment)
    mark = and_(
        UserInterest.package_id == ContentPackage.id,
        UserInterest.user_id == user_id,
        UserInterest.withdrawn_at.is_(None),
    )
    columns = (
        ContentPackage.id,
        ContentPackage.public_id,
        ContentPackage.name,
        ContentPackage.description,
        ContentPackage.category,
        ContentPackage.type,
        ContentPackage.price,
        ContentPackage.currency,
        ContentPackage.price_stars,
        ContentPackage.price_points,
        ContentPackage.position,
        Provider.display_name.label("provider"),
        cover.label("cover"),
        since.label("since"),
        UserInterest.is_attended,
        _news(moment).label("news"),
        begin.label("next_from"),
        end.label("next_until"),
    )
    query = select(*columns).select_from(ContentPackage)
    return query.outerjoin(Provider, Provider.id == ContentPackage.provider_id).outerjoin(UserInterest, mark)


def _boundaries(moment: datetime) -> tuple[Any, Any]:
    begins, ends = ContentPackage.published_from, ContentPackage.published_until
    active = ContentPackage.is_active.is_(True)
    other = select(func.min(begins)).where(active, begins > moment)
    return other.scalar_subquery(), select(func.min(ends)).where(active, ends > moment).scalar_subquery()


def _news(moment: datetime) -> Any:
    since = func.coalesce(ContentPackage.published_from, ContentPackage.created_at)
    fresh = select(ContentPackage.id).where(shown(moment), since > moment - NEW_FOR).limit(MOST_NEWS).subquery()
    return select(func.count()).select_from(fresh).scalar_subquery()


def _item(row: Any, moment: datetime) -> Item:
    return Item(
        id=row.id,
        public_id=row.public_id,
        name=row.name,
        description=row.description,
        category=row.category,
        type=row.type,
        price=row.price,
        currency=row.currency,
        price_stars=row.price_stars,
        price_points=row.price_points,
        provider=row.provider,
        cover=row.cover,
        is_new=row.since > moment - NEW_FOR,
    )
