"""The catalogue and the interests in short pages with a way forward and a way back: what a chat has room for."""

from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import joinedload

from webapp.base.clock import now
from webapp.base.db import db
from webapp.base.errors import NotFound
from webapp.base.i18n import _
from webapp.base.stretches import Place, Stretch, number_of, stretch
from webapp.domain.catalog.models import ContentCategory, ContentPackage, PackageMedia, UserInterest
from webapp.domain.users.models import User


def categories() -> list[tuple[ContentCategory, int]]:
    """The categories that have something to show now, with how much (at most 1,000 are counted)."""
    found = []
    for category in ContentCategory:
        some = select(ContentPackage.id).where(_shown(), ContentPackage.category == category).limit(1_000).subquery()
        found.append((category, db.session.scalar(select(func.count()).select_from(some)) or 0))
    return [(category, count) for category, count in found if count]


def packages(category: ContentCategory | None, place: Place | None = None, *, back: bool = False) -> Stretch:
    """What members see of a category (None: staff's view of all packages, hidden ones too), in showcase order."""
    row = ContentPackage
    query = select(row) if category is None else select(row).where(_shown(), row.category == category)
    return stretch(query, (row.position, row.id), place, lambda one: (one.position, one.id), back=back)


def package(public_id: str) -> ContentPackage:
    """The package of a link, shown or not. Raises NotFound."""
    found = db.session.scalar(select(ContentPackage).where(ContentPackage.public_id == public_id[:16]))
    if found is None:
        raise NotFound(_("Este paquete ya no está disponible."))
    return found


def cover(package_id: int) -> PackageMedia | None:
    """The first image of a package."""
    query = select(PackageMedia).where(PackageMedia.package_id == package_id, PackageMedia.kind == "image")
    return db.session.scalars(query.order_by(PackageMedia.position, PackageMedia.id).limit(1)).first()


def interest_in(user: User, package_id: int | None) -> UserInterest | None:
    """The person's interest in a package or (None) in the VIP subscription; withdrawn ones count as none."""
    row = UserInterest
    of = row.package_id.is_(None) if package_id is None else row.package_id == package_id
    return db.session.scalar(select(row).where(row.user_id == user.user_id, of, row.withdrawn_at.is_(None)))


def interests_of(user: User, place: Place | None = None, *, back: bool = False) -> Stretch:
    """What a person is interested in, newest first, each with its package."""
    row = UserInterest
    query = select(row).where(row.user_id == user.user_id, row.withdrawn_at.is_(None)).options(joinedload(row.package))
    return stretch(query, (row.created_at, row.id), place, _when, back=back)


def interests_in_state(state: str, place: Place | None = None, *, back: bool = False) -> Stretch:
    """Everybody's interests that are `pending` or `attended`, newest first, each with its person and package."""
    row = UserInterest
    query = select(row).where(row.withdrawn_at.is_(None), row.is_attended.is_(state == "attended"))
    query = query.options(joinedload(row.package), joinedload(row.user))
    return stretch(query, (row.created_at, row.id), place, _when, back=back)


def _shown() -> Any:
    row, moment = ContentPackage, now()
    begun = or_(row.published_from.is_(None), row.published_from <= moment)
    return and_(row.is_active, begun, or_(row.published_until.is_(None), row.published_until > moment))


def _when(interest: UserInterest) -> Place:
    return number_of(interest.created_at), interest.id
