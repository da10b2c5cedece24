"""Packages of the showcase: making, editing, publishing, taking down, ordering.

Nothing is deleted: a package is taken down. Two editors never overwrite each other: who saves says which version they
saw. The order is `position`, highest first; ordering and publishing leave the version alone, since they touch nothing
that an open editor holds. Every deed takes the catalogue version's row first, so that no two can wait for each other.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import joinedload, selectinload

from webapp.base.db import db, get, upsert
from webapp.base.errors import Conflict, Invalid, NotFound
from webapp.base.i18n import _
from webapp.base.search import plain
from webapp.domain.audit import trail
from webapp.domain.audit.actors import Actor
from webapp.domain.catalog import drafts, versions
from webapp.domain.catalog.models import ContentPackage, PackageMedia, Provider
from webapp.domain.settings import config

NOTED = {"noted": True, "synchronize_session": False}
COPIED = ("provider_id", "description", "body", "category", "type", "price", "currency", "price_stars", "price_points")
PICTURE = ("position", "kind", "storage_key", "file_id", "alt", "width", "height")
MOST_ARRANGED = 200


def create(typed: Mapping[str, Any], *, by: Actor, active: bool = False) -> ContentPackage:
    """A new package at the top of the showcase, shown when `active`. Raises Invalid naming the fields that do not fit.

    `typed`: see `drafts.read`; name and category are asked for.
    """
    asked = {"name": "", "category": ""}
    values = drafts.read({**asked, **typed})
    values.setdefault("currency", config.current().currency)
    versions.bump()  # the row's lock also keeps two new packages from taking the same place
    provider = _provider(values.pop("provider", ""), by=by)
    package = ContentPackage(**values, provider_id=provider.id if provider else None, is_active=active, position=_top())
    package.search_text = _searched(package, provider)
    with trail.watch(package, "create", by=by):
        db.session.add(package)
    return package


def edit(package: ContentPackage, typed: Mapping[str, Any], *, version: int, by: Actor) -> ContentPackage:
    """Changes what is in `typed` of a package that its editor saw as `version`.

    Raises Invalid naming the fields that do not fit, Conflict when somebody else saved in between.
    """
    values = drafts.read(typed)
    versions.bump()
    db.session.refresh(package)
    if package.version != version:
        raise Conflict(_("Alguien guardó cambios en este paquete mientras lo editabas."))
    begin = values.get("published_from", package.published_from)
    end = values.get("published_until", package.published_until)
    if begin and end and end <= begin:
        raise Invalid(fields={"published_until": _("Debe ser después de la fecha de publicación.")})
    with trail.watch(package, "update", by=by):
        if "provider" in values:
            provider = _provider(values.pop("provider"), by=by)
            package.provider_id = provider.id if provider else None
        for name, value in values.items():
            setattr(package, name, value)
        package.search_text = _searched(package, db.session.get(Provider, package.provider_id or 0))
    db.session.expire(package, ["provider"])
    return package


def publish(package: ContentPackage, *, by: Actor) -> bool:
    """Puts a package into the showcase; False when it is there already."""
    return _show(package, True, by=by)


def deactivate(package: ContentPackage, *, by: Actor) -> bool:
    """Takes a package down; its interests stay. False when it is down already."""
    return _show(package, False, by=by)


def duplicate(package: ContentPackage, *, by: Actor) -> ContentPackage:
    """A copy with the same pictures, on top and not shown yet."""
    name = _("%(name)s (copia)", name=package.name[: drafts.NAME - 12])
    versions.bump()
    copy = ContentPackage(name=name, is_active=False, position=_top())
    for column in COPIED:
        setattr(copy, column, getattr(package, column))
    copy.search_text = _searched(copy, db.session.get(Provider, copy.provider_id or 0))
    copy.media = [
        PackageMedia(**{name: getattr(picture, name) for name in PICTURE}) for picture in pictures_of(package.id)
    ]
    with trail.watch(copy, "create", by=by, copy_of=package.id, pictures=len(copy.media)):
        db.session.add(copy)
    return copy


def arrange(ids: Sequence[int], *, by: Actor) -> int:
    """Puts these packages into this order, the first one highest, among the places that they hold now.

    Packages that are not named stay where they are. Returns how many moved. Raises Invalid for too many or repeated.
    """
    if len(set(ids)) != len(ids) or len(ids) > MOST_ARRANGED:
        raise Invalid(_("Ese orden no se entiende. Recarga la página e inténtalo de nuevo."))
    versions.bump()
    places = _places(ids)
    if len(set(places.values())) < len(places):
        _spread(by=by)
        places = _places(ids)
    wanted = zip([one for one in ids if one in places], sorted(places.values(), reverse=True), strict=True)
    moves = [(one, place) for one, place in wanted if places[one] != place]
    for one, place in moves:
        _put(one, places[one], place, by=by)
    return len(moves)


def put_first(package: ContentPackage, *, by: Actor) -> None:
    """Moves a package to the top of the showcase."""
    versions.bump()
    old = _places([package.id])[package.id]
    if old < (top := _top()) - 1:
        _put(package.id, old, top, by=by)


def is_first(package: ContentPackage) -> bool:
    """Whether a package stands at the top of the showcase."""
    return package.position >= _top() - 1


def get_package(package_id: int) -> ContentPackage:
    """One package with its provider and pictures. Raises NotFound."""
    query = select(ContentPackage).where(ContentPackage.id == package_id)
    query = query.options(joinedload(ContentPackage.provider), selectinload(ContentPackage.media))
    package = db.session.scalar(query, execution_options={"populate_existing": True})
    if package is None:
        raise NotFound(_("Ese paquete no existe."))
    return package


def pictures_of(package_id: int) -> Sequence[PackageMedia]:
    """The pictures of a package, the cover first."""
    query = select(PackageMedia).where(PackageMedia.package_id == package_id)
    return db.session.scalars(query.order_by(PackageMedia.position, PackageMedia.id)).all()


def providers() -> Sequence[str]:
    """The names to choose a provider from."""
    query = select(Provider.display_name).where(Provider.is_active).order_by(Provider.name).limit(500)
    return db.session.scalars(query).all()


def _show(package: ContentPackage, shown: bool, *, by: Actor) -> bool:
    versions.bump()
    statement = update(ContentPackage).where(ContentPackage.id == package.id, ContentPackage.is_active.is_not(shown))
    done = db.session.scalar(statement.values(is_active=shown).returning(ContentPackage.id), execution_options=NOTED)
    db.session.refresh(package, ["is_active", "updated_at"])
    if done is None:
        return False
    trail.note(
        "update", ContentPackage.__tablename__, done, by=by, old={"is_active": not shown}, new={"is_active": shown}
    )
    return True


def _provider(name: str, *, by: Actor) -> Provider | None:
    """The provider called so, whatever the case and accents, made when there is none; None for no name."""
    key = plain(name)[: drafts.PROVIDER] or name.casefold()
    if not name:
        return None
    statement = upsert(Provider).values(name=key, display_name=name).on_conflict_do_nothing(index_elements=["name"])
    made = db.session.scalar(statement.returning(Provider.id), execution_options=NOTED)
    if made is not None:
        trail.note("create", Provider.__tablename__, made, by=by, new={"name": key, "display_name": name})
    return get(Provider, None, name=key)


def _searched(package: ContentPackage, provider: Provider | None) -> str:
    return plain(f"{package.name} {package.description or ''} {provider.display_name if provider else ''}")


def _top() -> int:
    return (db.session.scalar(select(func.max(ContentPackage.position))) or 0) + 1


def _places(ids: Sequence[int]) -> dict[int, int]:
    query = select(ContentPackage.id, ContentPackage.position).where(ContentPackage.id.in_(ids))
    return {row.id: row.position for row in db.session.execute(query)}


def _put(package_id: int, old: int, place: int, *, by: Actor) -> None:
    kept = {"position": place, "updated_at": ContentPackage.updated_at}
    statement = update(ContentPackage).where(ContentPackage.id == package_id).values(kept)
    db.session.execute(statement, execution_options=NOTED)
    trail.note(
        "update", ContentPackage.__tablename__, package_id, by=by, old={"position": old}, new={"position": place}
    )


def _spread(*, by: Actor) -> None:
    """Gives every package a place of its own, in the order they stand in; needed only after rows came from outside."""
    order = func.row_number().over(order_by=(ContentPackage.position, ContentPackage.id))
    ranks = select(ContentPackage.id, order.label("place")).subquery()
    places = {"position": ranks.c.place, "updated_at": ContentPackage.updated_at}
    statement = update(ContentPackage).where(ContentPackage.id == ranks.c.id).values(places)
    db.session.execute(statement, execution_options=NOTED)
    trail.note("update", ContentPackage.__tablename__, "*", by=by, new={"position": "1…n"})
