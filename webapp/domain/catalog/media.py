"""The pictures of packages: adding, ordering, describing, taking out.

One key names all sizes of a picture (`variant`). `prepare` decodes and stores, outside of any transaction; `attach`
makes the picture a package's. Files are named by their content and stay, since copies of a package share them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select

from webapp.base.db import db
from webapp.base.errors import Conflict
from webapp.base.i18n import _
from webapp.base.storage import Storage
from webapp.domain.audit import trail
from webapp.domain.audit.actors import Actor
from webapp.domain.catalog import drafts, drawing, versions
from webapp.domain.catalog.models import ContentPackage, PackageMedia

MOST_PICTURES = 20


@dataclass(frozen=True)
class Picture:
    """A picture that lies in the storage, in all its sizes; measures of the large one, in pixels."""

    storage_key: str
    width: int
    height: int


def variant(storage_key: str, size: str) -> str:
    """The storage key of a picture's size.

    large (≤ 1600 a side), card (720×315), thumb (160×160), photo (JPEG for Telegram, ≤ 1600 a side).
    """
    stem = storage_key.rsplit(".", 1)[0]
    return {"large": storage_key, "photo": f"{stem}-photo.jpg"}.get(size) or f"{stem}-{size}.webp"


def prepare(content: bytes, storage: Storage) -> Picture:
    """Reads an upload and stores it in every size. Raises Invalid (field `image`) for what is no picture we take."""
    image = drawing.read(content)
    key = storage.put(drawing.webp(image), "webp")
    storage.put_as(variant(key, "card"), drawing.webp(drawing.card(image)))
    storage.put_as(variant(key, "thumb"), drawing.webp(drawing.thumb(image)))
    storage.put_as(variant(key, "photo"), drawing.jpeg(image))
    return Picture(key, image.width, image.height)


def attach(package: ContentPackage, picture: Picture, *, by: Actor, alt: str = "") -> PackageMedia:
    """Adds a prepared picture at the end of a package's gallery; the first one is the cover.

    Raises Conflict above 20 pictures, Invalid for a description that is too long.
    """
    words = drafts.alt(alt)
    shown = _held(package.id)
    if len(shown) >= MOST_PICTURES:
        raise Conflict(_("Un paquete lleva como máximo %(most)s imágenes.", most=MOST_PICTURES))
    media = PackageMedia(package_id=package.id, position=len(shown), alt=words, **vars(picture))
    with trail.watch(media, "create", by=by):
        db.session.add(media)
    return media


def remove(media: PackageMedia, *, by: Actor) -> None:
    """Takes a picture out of its package; the next one becomes the cover."""
    shown = [one for one in _held(media.package_id) if one.id != media.id]
    statement = delete(PackageMedia).where(PackageMedia.id == media.id)
    with trail.watch(media, "delete", by=by):
        db.session.execute(statement, execution_options={"noted": True, "synchronize_session": False})
    db.session.expunge(media)
    _number(shown, by=by)


def arrange(package: ContentPackage, ids: Sequence[int], *, by: Actor) -> None:
    """Puts the pictures into this order, the first is the cover; those not named follow as they stand."""
    shown = {one.id: one for one in _held(package.id)}
    named = [shown[one] for one in dict.fromkeys(ids) if one in shown]
    _number([*named, *(one for one in shown.values() if one not in named)], by=by)


def make_cover(media: PackageMedia, *, by: Actor) -> None:
    """Puts a picture first."""
    shown = _held(media.package_id)
    _number(sorted(shown, key=lambda one: one.id != media.id), by=by)


def describe(media: PackageMedia, alt: str, *, by: Actor) -> None:
    """Sets the words read to those who do not see the picture. Raises Invalid when too long."""
    words = drafts.alt(alt)
    versions.bump()
    with trail.watch(media, "update", by=by):
        media.alt = words


def get_picture(package_id: int, media_id: int) -> PackageMedia:
    """One picture of one package. Raises Conflict when it is gone."""
    query = select(PackageMedia).where(PackageMedia.id == media_id, PackageMedia.package_id == package_id)
    media = db.session.scalar(query)
    if media is None:
        raise Conflict(_("Esa imagen ya no está en el paquete."))
    return media


def cover_key(package: ContentPackage) -> str | None:
    """The storage key of a loaded package's cover; None when it has none of ours."""
    return package.media[0].storage_key if package.media else None


def _held(package_id: int) -> list[PackageMedia]:
    """The pictures of a package as they are now; nobody else changes them until the deed is over."""
    versions.bump()
    query = select(PackageMedia).where(PackageMedia.package_id == package_id)
    query = query.order_by(PackageMedia.position, PackageMedia.id)
    return list(db.session.scalars(query, execution_options={"populate_existing": True}))


def _number(shown: Sequence[PackageMedia], *, by: Actor) -> None:
    for position, media in enumerate(shown):
        with trail.watch(media, "update", by=by):
            media.position = position
