"""Lists given away as files: short ones at once, long ones by the worker, on a page that shows how far it is.

Each leaves an audit row of who asked for what, and one of who took the file.
"""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, request, url_for
from flask.typing import ResponseReturnValue

from webapp.base import workbooks
from webapp.base.clock import now
from webapp.base.db import transaction
from webapp.base.errors import Denied, NotFound
from webapp.base.files import Files
from webapp.base.i18n import _
from webapp.base.workbooks import Line
from webapp.domain.audit import trail
from webapp.domain.clients import cpf
from webapp.domain.insights import exports
from webapp.domain.insights.listings import LISTINGS
from webapp.panel import guard, pages, tables
from webapp.panel.guard import actor, allow, sudo

blueprint = Blueprint("exports", __name__, url_prefix="/exports")
FEW = 2000  # lines that are not worth waiting for on a page of their own


def give(name: str, kind: str, wanted: Any, *, noted: Mapping[str, str] | None = None) -> ResponseReturnValue:
    """The list called so (see LISTINGS) as a file of this kind: at once when it is short, else the page that tells how
    far it is. `noted`: what the audit tells beside the filters. Raises NotFound for a kind of file that we do not make.
    """
    _refuse_unknown(kind)
    listing, filters = LISTINGS[name], {**_filters(), **(noted or {})}
    if listing.count(wanted, FEW + 1) > FEW:
        with transaction():
            made = exports.ask(name, wanted, kind, by=actor(), zone=pages.zone(), filters=filters)
        return pages.done(url_for("panel.exports.show", export_id=made.id))
    lines = listing.lines(wanted, pages.zone())
    return send(listing.name, kind, listing.resource, listing.heads(wanted), lines, noted=noted)


def send(
    name: str,
    kind: str,
    resource: str,
    heads: Line,
    lines: Iterable[Line],
    *,
    noted: Mapping[str, str] | None = None,
) -> Response:
    """A file called `name` with a few `lines` under `heads`; noted as taken from the table `resource`.

    Raises NotFound for a kind of file that we do not make.
    """
    _refuse_unknown(kind)
    body = workbooks.whole(kind, name, heads, lines)
    with transaction():
        trail.note("export", resource, kind, by=actor(), new={"filters": {**_filters(), **(noted or {})}})
    return tables.attachment(body, _file_name(name, kind), kind)


def url(endpoint: str, kind: str, **values: Any) -> str:
    """Where to post for this list as a file, with its filters and order."""
    asked, where = _asked(), url_for(endpoint, sheet=kind, **values)
    return f"{where}?{urlencode(asked)}" if asked else where


@blueprint.get("/")
@allow("account", "read")
def page() -> ResponseReturnValue:
    """The files that one asked for in the last day."""
    return pages.show("panel/exports/page.html", found=exports.recent(by=actor()), listings=LISTINGS)


@blueprint.get("/<uuid:export_id>")
@allow("account", "read")
def show(export_id: uuid.UUID) -> ResponseReturnValue:
    """One file: how far it is, or the way to take it."""
    return pages.show("panel/exports/show.html", **_told(export_id))


@blueprint.get("/<uuid:export_id>/progress")
@allow("account", "read")
def progress(export_id: uuid.UUID) -> ResponseReturnValue:
    """The same, for the page that looks again every second."""
    return pages.partial("panel/exports/_export.html", **_told(export_id))


@blueprint.post("/<uuid:export_id>/cancel")
@allow("account", "update")
def cancel(export_id: uuid.UUID) -> ResponseReturnValue:
    """Wants it no longer."""
    with transaction():
        done = exports.cancel(exports.mine(export_id, by=actor()), by=actor())
    words = _("Archivo cancelado.") if done else _("Ya había terminado.")
    return pages.done(url_for(".show", export_id=export_id), toast=words)


@blueprint.post("/<uuid:export_id>/download")
@allow("account", "read")
@sudo
def download(export_id: uuid.UUID) -> ResponseReturnValue:
    """The file, for the one who asked for it and still may see what is in it."""
    with transaction():
        made = exports.mine(export_id, by=actor())
        listing = exports.listing(made)
        if not guard.allowed(listing.section, listing.act):
            raise Denied(_("Tu cuenta no tiene permiso para esto."))
        exports.take(made, by=actor())
        try:
            blocks = _files().read(made.file)
        except OSError:
            raise NotFound(_("Ese archivo ya no está. Vuelve a pedirlo.")) from None
    answer = tables.attachment(blocks, _file_name(listing.name, made.format), made.format)
    answer.headers["Content-Length"] = str(made.size)
    return answer


def _told(export_id: uuid.UUID) -> dict[str, Any]:
    made = exports.mine(export_id, by=actor())
    return {"export": made, "listing": exports.listing(made)}


def _files() -> Files:
    files: Files = current_app.extensions["files"]
    return files


def _file_name(name: str, kind: str) -> str:
    return f"{name}-{now():%Y-%m-%d}.{kind}"


def _refuse_unknown(kind: str) -> None:
    if kind not in workbooks.KINDS:
        raise NotFound(_("No lo encontramos. Puede que ya no exista."))


def _filters() -> dict[str, str]:
    """The same, as the audit can keep it: no CPF in clear."""
    return {key.replace("\0", ""): cpf.hidden(value.replace("\0", "")) for key, value in _asked().items()}


def _asked() -> dict[str, str]:
    """What the address says of the whole list, not of one page of it."""
    return {key: value for key, value in request.args.to_dict().items() if key not in ("after", "size")}
