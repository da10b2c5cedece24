"""Suscriptores → Importar: a list of members sold before is sent, looked at, made step by step, and adopted."""

from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from webapp.base.db import get, transaction
from webapp.base.i18n import _
from webapp.domain.channels import imports, lines
from webapp.domain.channels.records import MemberImport, RowState
from webapp.domain.insights.channel_listings import LinesFilter
from webapp.panel import exports, pages, sent_lists, uploads
from webapp.panel.guard import actor, allow, sudo

blueprint = Blueprint("imports", __name__, url_prefix="/vip/imports")
SIZES = (50, 100)
PAGE, STANDING = "panel/imports/page.html", "panel/imports/_standing.html"


@blueprint.get("/")
@allow("vip", "create")
def page() -> ResponseReturnValue:
    """The form, and the lists that were sent before."""
    return pages.show(PAGE, **_all())


@blueprint.post("/")
@allow("vip", "create")
def create() -> ResponseReturnValue:
    """Reads a list and keeps it to be looked at."""
    return sent_lists.take(imports, PAGE, _all())


@blueprint.get("/example")
@allow("vip", "create")
def example() -> ResponseReturnValue:
    """A sheet to fill in."""
    heads = ["usuario", "id", "hasta", "dias", "plan"]
    return uploads.example([heads, ["@carla_m", "", "31/12/2030", "", ""], ["", "710000001", "", "30", ""]])


@blueprint.get("/<int:import_id>")
@allow("vip", "create")
def show(import_id: int) -> ResponseReturnValue:
    """One list: what will be made, or was; each line with what is wrong of it."""
    told = _one(get(MemberImport, import_id))
    wanted = request.args.get("state", "")
    state = RowState(wanted) if wanted in [one.value for one in RowState] else None
    found = imports.rows_of(told["made"], state, after=request.args.get("after"), size=pages.size(SIZES))
    return pages.show("panel/imports/show.html", **told, found=found, wanted=state.value if state else "",
                      size=pages.size(SIZES), problems=lines.PROBLEMS)  # fmt: skip


@blueprint.post("/<int:import_id>/run")
@allow("vip", "create")
def run(import_id: int) -> ResponseReturnValue:
    """The next lines; the first time, with what to do about those who have access already."""
    with transaction():
        made = get(MemberImport, import_id)
        if "existing" in request.form:
            imports.begin(made, request.form["existing"], by=actor())
        more = imports.step(made, by=actor())
    there = url_for(".show", import_id=import_id)
    return sent_lists.stepped(there, more, STANDING, lambda: _one(get(MemberImport, import_id)))


@blueprint.post("/<int:import_id>/cancel")
@allow("vip", "create")
def cancel(import_id: int) -> ResponseReturnValue:
    """Makes nothing more of it."""
    with transaction():
        done = imports.cancel(get(MemberImport, import_id), by=actor())
    return sent_lists.stopped(url_for(".show", import_id=import_id), done)


@blueprint.post("/<int:import_id>/problems")
@allow("vip", "create")
@sudo
def problems(import_id: int) -> ResponseReturnValue:
    """The lines that cannot be made, as they came, with why: to be mended and sent again."""
    return exports.give("import-errors", "csv", LinesFilter(get(MemberImport, import_id).id))


@blueprint.post("/<int:import_id>/results")
@allow("vip", "create")
@sudo
def results(import_id: int) -> ResponseReturnValue:
    """Every line with what became of it."""
    return exports.give("import-results", "csv", LinesFilter(get(MemberImport, import_id).id))


@blueprint.post("/<int:import_id>/links")
@allow("vip", "create")
@sudo
def links(import_id: int) -> ResponseReturnValue:
    """Whom the bot has not met, each with a personal link that is good once."""
    return exports.give("import-links", "csv", LinesFilter(get(MemberImport, import_id).id))


def _one(made: MemberImport) -> dict[str, Any]:
    counts, bot = imports.counts(made), pages.settings().bot_username
    link = f"https://t.me/{bot}?start=alta" if bot else ""
    return {
        "made": made,
        "counts": counts,
        "states": {one.value: one.display_name for one in RowState},
        "link": link,
        "errors": {},
        "step": imports.STEP,
    }


def _all() -> dict[str, Any]:
    promise = _("Primero la revisas; nadie recibe nada todavía.")
    return sent_lists.before(imports, back=url_for("panel.vip.page"), promise=promise)
