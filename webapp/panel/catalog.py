"""Packages: the list, the form with its live card, publishing, order, pictures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, request, send_file, url_for
from flask.typing import ResponseReturnValue

from webapp.base.db import LARGEST, transaction
from webapp.base.errors import Conflict, Invalid, NotFound
from webapp.base.i18n import _
from webapp.base.web import is_htmx
from webapp.base.words import clean
from webapp.domain.catalog import lists, media, packages
from webapp.domain.catalog.lists import PackageFilter
from webapp.domain.catalog.models import ContentCategory, ContentPackage, PackageType
from webapp.domain.settings import config
from webapp.filters import category_label
from webapp.panel import guard, pages, reading, uploads
from webapp.panel.guard import actor, allow

blueprint = Blueprint("catalog", __name__, url_prefix="/packages")

SORTS = ("position", "updated", "name", "interests")
STATES = ("active", "scheduled", "over", "inactive")


@blueprint.get("/")
@allow("packages", "read")
def page() -> ResponseReturnValue:
    """The list, filtered and sorted as its address says."""
    wanted = _wanted(request.args)
    found = lists.packages(wanted, after=request.args.get("after"))
    return pages.show(
        "panel/catalog/page.html", found=found, count=lists.count_packages(wanted), wanted=wanted, **_words()
    )


@blueprint.get("/new")
@allow("packages", "create")
def new() -> ResponseReturnValue:
    """An empty form."""
    return _form(None, {"category": "free_content", "type": "standard", "currency": config.current().currency})


@blueprint.post("/")
@allow("packages", "create")
def create() -> ResponseReturnValue:
    """Makes a package with its first pictures; shown at once when that is asked for."""
    taken, refused = uploads.sift()
    wrong = {"image": refused} if refused else {}
    try:
        with transaction():
            package = packages.create(request.form, by=actor(), active="publish" in request.form)
            if wrong:
                raise Invalid(fields=wrong)
            for picture in taken:
                media.attach(package, picture, by=actor())
    except Invalid as error:
        return _form(None, request.form, errors=error.fields | wrong, kept=taken, status=422)
    return pages.done(_url(package.id), toast=_("Paquete publicado.") if package.is_active else _("Borrador guardado."))


@blueprint.get("/preview")
@allow("packages", "read")
def preview() -> ResponseReturnValue:
    """The card as members will see it, from what is typed so far."""
    known = request.args.get("id", 0, int)
    package = packages.get_package(known) if 0 < known <= LARGEST else None
    kept = uploads.kept(request.args.getlist("kept"))
    card = reading.card(request.args, package, kept[0].storage_key if kept else None)
    return pages.partial("panel/catalog/_preview.html", card=card)


@blueprint.get("/<int:package_id>")
@allow("packages", "read")
def show(package_id: int) -> ResponseReturnValue:
    """One package: form, pictures, figures, history."""
    package = packages.get_package(package_id)
    return _form(package, reading.typed_of(package))


@blueprint.post("/<int:package_id>")
@allow("packages", "update")
def edit(package_id: int) -> ResponseReturnValue:
    """Saves the form, unless somebody else saved since it was opened."""
    try:
        with transaction():
            package = packages.get_package(package_id)
            packages.edit(package, request.form, version=request.form.get("version", 0, int), by=actor())
    except Invalid as error:
        return _form(packages.get_package(package_id), request.form, errors=error.fields, status=422)
    except Conflict as error:
        return _form(packages.get_package(package_id), request.form, conflict=error.message, status=409)
    return pages.done(_url(package_id), toast=_("Cambios guardados."))


@blueprint.post("/<int:package_id>/publish")
@allow("packages", "update")
def publish(package_id: int) -> ResponseReturnValue:
    """Puts it into the showcase."""
    with transaction():
        package = packages.get_package(package_id)
        packages.publish(package, by=actor())
    undo = url_for(".deactivate", package_id=package_id)
    return _standing(package_id, _("«%(name)s» ya está en la vitrina.", name=package.name), undo)


@blueprint.post("/<int:package_id>/deactivate")
@allow("packages", "update")
def deactivate(package_id: int) -> ResponseReturnValue:
    """Takes it down."""
    with transaction():
        package = packages.get_package(package_id)
        packages.deactivate(package, by=actor())
    undo = url_for(".publish", package_id=package_id)
    return _standing(package_id, _("«%(name)s» ya no está en la vitrina.", name=package.name), undo)


@blueprint.post("/<int:package_id>/duplicate")
@allow("packages", "create")
def duplicate(package_id: int) -> ResponseReturnValue:
    """Makes a copy and opens it."""
    with transaction():
        copy = packages.duplicate(packages.get_package(package_id), by=actor())
    return pages.done(_url(copy.id), toast=_("Esta es la copia. Todavía no está publicada."))


@blueprint.post("/<int:package_id>/first")
@allow("packages", "update")
def first(package_id: int) -> ResponseReturnValue:
    """Moves it to the top of the showcase."""
    with transaction():
        packages.put_first(packages.get_package(package_id), by=actor())
    return pages.done(_back(), toast=_("Ahora es el primero de la vitrina."))


@blueprint.post("/arrange")
@allow("packages", "update")
def arrange() -> ResponseReturnValue:
    """Puts the packages of a page into this order."""
    with transaction():
        packages.arrange(_ids(), by=actor())
    if is_htmx():
        return Response(status=204)
    return pages.done(_back(), toast=_("Orden guardado."))


@blueprint.post("/<int:package_id>/media")
@allow("packages", "update")
def upload(package_id: int) -> ResponseReturnValue:
    """Adds pictures: all of them, or none when one is refused."""
    package = packages.get_package(package_id)
    try:
        taken = uploads.pictures()
        if not taken:
            raise Invalid(fields={"image": _("Elige una imagen.")})
    except Invalid as error:
        return _pictures(package_id, error=error.fields["image"])
    with transaction():
        for picture in taken:
            media.attach(package, picture, by=actor())
    return _pictures(package_id, toast=_("Imágenes añadidas: %(n)s.", n=len(taken)))


@blueprint.post("/<int:package_id>/media/arrange")
@allow("packages", "update")
def arrange_media(package_id: int) -> ResponseReturnValue:
    """Puts the pictures into this order."""
    with transaction():
        media.arrange(packages.get_package(package_id), _ids(), by=actor())
    return _pictures(package_id)


@blueprint.post("/<int:package_id>/media/<int:media_id>/cover")
@allow("packages", "update")
def cover(package_id: int, media_id: int) -> ResponseReturnValue:
    """Makes a picture the cover."""
    with transaction():
        media.make_cover(media.get_picture(package_id, media_id), by=actor())
    return _pictures(package_id, toast=_("Portada cambiada."))


@blueprint.post("/<int:package_id>/media/<int:media_id>/describe")
@allow("packages", "update")
def describe(package_id: int, media_id: int) -> ResponseReturnValue:
    """Sets a picture's words."""
    with transaction():
        media.describe(media.get_picture(package_id, media_id), request.form.get("alt", ""), by=actor())
    return _pictures(package_id, toast=_("Descripción guardada."))


@blueprint.post("/<int:package_id>/media/<int:media_id>/remove")
@allow("packages", "update")
def remove(package_id: int, media_id: int) -> ResponseReturnValue:
    """Takes a picture out."""
    with transaction():
        media.remove(media.get_picture(package_id, media_id), by=actor())
    return _pictures(package_id, toast=_("Imagen quitada."))


@blueprint.get("/media/<path:key>")
@allow("packages", "read")
def picture(key: str) -> ResponseReturnValue:
    """A stored picture, for staff."""
    try:
        path: Path = uploads.storage().path(key)
    except ValueError:
        raise NotFound() from None
    if not path.is_file():
        raise NotFound()
    answer = send_file(path, conditional=True)
    answer.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    return answer


def _form(
    package: ContentPackage | None,
    typed: Mapping[str, Any],
    *,
    errors: Mapping[str, str] | None = None,
    conflict: str = "",
    kept: Sequence[media.Picture] = (),
    status: int = 200,
) -> Response:
    """The form with what is typed and the pictures kept: its partial for htmx, the whole page for a plain browser."""
    typed = {name: clean(value, lines=name == "body") if value else value for name, value in typed.items()}
    context: dict[str, Any] = {
        "package": package,
        "typed": typed,
        "errors": errors or {},
        "conflict": conflict,
        "labels": reading.labels(),
        "kept": [(uploads.note(picture), reading.picture_url(picture.storage_key, "thumb")) for picture in kept],
        **_choices(),
    }
    if conflict and package is not None:
        context["theirs"] = reading.theirs(package, typed)
    if is_htmx():
        return pages.partial("panel/catalog/_form.html", status=status, **context)
    if package is not None:
        context |= _beside(package)
    return pages.show(
        "panel/catalog/form.html",
        status=status,
        card=reading.card(typed, package, kept[0].storage_key if kept else None),
        picture_url=reading.picture_url,
        **context,
    )


def _standing(package_id: int, toast: str, undo: str) -> ResponseReturnValue:
    package = packages.get_package(package_id)
    told = {"package": package, **_beside(package)}
    return pages.done(_back(package_id), "panel/catalog/_deed.html", toast=toast, undo=undo, **told)


def _beside(package: ContentPackage) -> dict[str, Any]:
    """What stands beside the form: how the package stands, and its story."""
    return {
        "figures": lists.figures(package.id),
        "history": [(row, reading.said(row)) for row in lists.history("content_packages", package.id, size=20)],
        "state": lists.package_state(package),
        "states": reading.states(),
        "is_first": packages.is_first(package),
    }


def _pictures(package_id: int, *, toast: str = "", error: str = "") -> ResponseReturnValue:
    """The gallery after a deed; with a refusal in place."""
    package = packages.get_package(package_id)
    if error and not is_htmx():
        return _form(package, reading.typed_of(package), errors={"image": error}, status=422)
    context: dict[str, Any] = {
        "package": package,
        "errors": {"image": error} if error else {},
        "picture_url": reading.picture_url,
    }
    if error:
        return pages.partial("panel/catalog/_media.html", status=422, **context)
    return pages.done(_url(package_id) + "#package-media", "panel/catalog/_media.html", toast=toast, **context)


def _choices() -> dict[str, Any]:
    """What the form offers to choose from."""
    return {
        "category_options": [(one.value, f"{one.emoji} {category_label(one)}") for one in ContentCategory],
        "type_options": [(one.value, one.display_name) for one in PackageType],
        "providers": packages.providers(),
    }


def _words() -> dict[str, Any]:
    """What the list's template needs besides its rows."""
    states = reading.states()
    return {
        "states": states,
        "state_options": [("", _("Todos")), *states.items()],
        "category_options": [(one.value, f"{one.emoji} {category_label(one)}") for one in ContentCategory],
        "type_options": [(one.value, one.display_name) for one in PackageType],
        "picture_url": reading.picture_url,
        "state_of": lists.package_state,
    }


def _wanted(args: Mapping[str, str]) -> PackageFilter:
    """The filters of the address; what makes no sense counts as not there."""
    category, kind = args.get("category", ""), args.get("type", "")
    return PackageFilter(
        words=pages.words(args),
        category=ContentCategory(category) if category in [one.value for one in ContentCategory] else None,
        type=PackageType(kind) if kind in [one.value for one in PackageType] else None,
        state=args.get("state", "") if args.get("state") in STATES else "",
        sort=args.get("sort", "") if args.get("sort") in SORTS else "position",
    )


def _ids() -> list[int]:
    """The ids in the order that is asked for: one a field, or several in one, with commas."""
    given = ",".join(request.form.getlist("ids")).split(",")
    return [int(text) for text in given if text.isascii() and text.isdigit() and len(text) <= 18]


def _back(package_id: int | None = None) -> str:
    """Where a plain form came from, within the panel."""
    there = request.form.get("next")
    return guard.safe_next(there) if there else _url(package_id) if package_id else url_for(".page")


def _url(package_id: int) -> str:
    return url_for("panel.catalog.show", package_id=package_id)
