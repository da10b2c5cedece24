"""Clientes → Importar: a list of clients is sent, looked at, and made step by step."""

from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from webapp.base.db import get, transaction
from webapp.base.i18n import _
from webapp.domain.clients import imports
from webapp.domain.clients.models import ClientImport
from webapp.panel import pages, sent_lists, uploads
from webapp.panel.guard import actor, allow

blueprint = Blueprint("client_imports", __name__, url_prefix="/clients/imports")
SIZES = (50, 100)
PAGE, STANDING = "panel/client-imports/page.html", "panel/client-imports/_standing.html"


@blueprint.get("/")
@allow("client_management", "create")
def page() -> ResponseReturnValue:
    """The form, and the lists that were sent before."""
    return pages.show(PAGE, **_all())


@blueprint.post("/")
@allow("client_management", "create")
def create() -> ResponseReturnValue:
    """Reads a list and keeps it, encrypted, to be looked at."""
    return sent_lists.take(imports, PAGE, _all())


@blueprint.get("/example")
@allow("client_management", "create")
def example() -> ResponseReturnValue:
    """A sheet to fill in."""
    heads = ["nombre", "cpf", "nacimiento", "correo", "telefono", "notas"]
    one = ["Inês Carvalho", "529.982.247-25", "31/12/1990", "ines@example.com", "+55 11 90000-0001", ""]
    return uploads.example([heads, one])


@blueprint.get("/<int:import_id>")
@allow("client_management", "create")
def show(import_id: int) -> ResponseReturnValue:
    """One list: who will be made a client, or was; each line with what is wrong of it."""
    listed, wrong = get(ClientImport, import_id), request.args.get("state") == "wrong"
    after, size = pages.number(request.args.get("after")) or 0, pages.size(SIZES)
    lines, more = imports.lines_of(listed, wrong=wrong, after=after, size=size)
    told: dict[str, Any] = {"lines": lines, "more": more, "wanted": "wrong" if wrong else "", "size": size}
    return pages.show("panel/client-imports/show.html", **_one(listed), **told, problems=imports.PROBLEMS)


@blueprint.post("/<int:import_id>/run")
@allow("client_management", "create")
def run(import_id: int) -> ResponseReturnValue:
    """The next lines."""
    with transaction():
        listed = get(ClientImport, import_id)
        imports.begin(listed, by=actor())
        more = imports.step(listed, by=actor())
    there = url_for(".show", import_id=import_id)
    return sent_lists.stepped(there, more, STANDING, lambda: _one(get(ClientImport, import_id)))


@blueprint.post("/<int:import_id>/cancel")
@allow("client_management", "create")
def cancel(import_id: int) -> ResponseReturnValue:
    """Makes nobody more of it a client."""
    with transaction():
        done = imports.cancel(get(ClientImport, import_id), by=actor())
    return sent_lists.stopped(url_for(".show", import_id=import_id), done)


def _one(listed: ClientImport) -> dict[str, Any]:
    wrong = len(listed.problems)
    known = sum(problem == "known" for _line, problem in listed.problems)
    return {
        "listed": listed,
        "wrong": wrong - known,
        "known": known,
        "ready": listed.total - wrong,
        "step": imports.STEP,
    }


def _all() -> dict[str, Any]:
    promise = _("Primero la revisas; nadie es cliente todavía.")
    return sent_lists.before(imports, back=url_for("panel.clients.page"), promise=promise)
