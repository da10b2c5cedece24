"""Clientes: the list, one client's page with their form, CPF, member and history; put away and brought back.

A CPF never stands in an address: what is looked for is posted, and only names go on as the address of a list.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from webapp.base import tries
from webapp.base.db import Page, transaction
from webapp.base.errors import Conflict, Denied, Invalid, TooMany
from webapp.base.i18n import _
from webapp.base.web import is_htmx
from webapp.base.words import clean
from webapp.domain.clients import clients, cpf, lists
from webapp.domain.clients.clients import Duplicate
from webapp.domain.clients.lists import SORTS, ClientFilter
from webapp.domain.clients.models import Client
from webapp.domain.users import people
from webapp.domain.users.models import User
from webapp.panel import client_words, exports, guard, pages
from webapp.panel.guard import actor, allow, sudo

blueprint = Blueprint("clients", __name__, url_prefix="/clients")
SIZES = (25, 50, 100)
MISSES, HOUR = "30 per hour", 3600
FORM, SHOW, NEW = "panel/clients/_form.html", "panel/clients/show.html", "panel/clients/new.html"


@blueprint.get("/")
@allow("client_management", "read")
def page() -> ResponseReturnValue:
    """The list, filtered and sorted as its address says."""
    wanted, size = _wanted(request.args), pages.size(SIZES)
    found = lists.search(wanted, after=request.args.get("after"), size=size)
    told: dict[str, Any] = {"found": found, "count": lists.count(wanted), "wanted": wanted, "size": size}
    answer = pages.show("panel/clients/page.html", **told, asked=None)
    if is_htmx():
        answer.headers["HX-Replace-Url"] = pages.url_with()
    return answer


@blueprint.post("/search")
@allow("client_management", "read")
def search() -> ResponseReturnValue:
    """Whoever has the CPF that was typed; words are a list's, and have its address."""
    q = pages.words(request.form)
    if not cpf.may_be(q):
        told = {"q": q, **{name: request.form.get(name, "")[:100] for name in ("deleted", "sort", "size")}}
        return redirect(f"{url_for('.page')}?{urlencode({name: text for name, text in told.items() if text})}", 303)
    try:
        found, wrong = with_cpf(cpf.find(q) or cpf.read(q)), ""
    except ValueError as fault:
        found, wrong = [], str(fault)
    shown: dict[str, Any] = {"found": Page(found, None), "count": len(found), "wanted": ClientFilter(), "size": None}
    return pages.show("panel/clients/page.html", **shown, asked=q, wrong=wrong)


@blueprint.post("/export/<sheet>")
@allow("client_management", "read")
@sudo
def export(sheet: str) -> ResponseReturnValue:
    """The whole list as a file, every CPF masked."""
    return exports.give("clients", sheet, _wanted(request.args))


@blueprint.post("/export-clear/<sheet>")
@allow("client_management", "update")
@sudo
def export_clear(sheet: str) -> ResponseReturnValue:
    """The same with every CPF in clear, which the audit notes."""
    return exports.give("clients-clear", sheet, _wanted(request.args), noted={"cpf": "clear"})


@blueprint.get("/new")
@allow("client_management", "create")
def new() -> ResponseReturnValue:
    """An empty form; for a member's client when the address names one."""
    user = _member(request.args.get("user", ""))
    name = user.full_name if user is not None else ""
    return pages.show(NEW, **_form(None, {"name": name, "user_id": user.user_id if user is not None else ""}))


@blueprint.post("/")
@allow("client_management", "create")
def create() -> ResponseReturnValue:
    """Makes a client; who has the CPF already is shown to whoever may see them."""
    try:
        user = _member(request.form.get("user_id", ""))
        with transaction():
            client = clients.create(_typed(), by=actor(), user=user)
    except Invalid as error:
        return pages.wrong(error, FORM, NEW, **_form(None, {}, other=_other(error)))
    return pages.done(_url(client.id), toast=_("Cliente guardado: %(name)s.", name=client.name))


@blueprint.get("/<uuid:client_id>")
@allow("client_management", "read")
def show(client_id: uuid.UUID) -> ResponseReturnValue:
    """One client."""
    client = clients.get_client(client_id)
    return pages.show(SHOW, **_one(client, client_words.typed_of(client)))


@blueprint.post("/<uuid:client_id>")
@allow("client_management", "update")
def edit(client_id: uuid.UUID) -> ResponseReturnValue:
    """Saves the form, unless somebody else saved since it was opened."""
    try:
        with transaction():
            version = pages.number(request.form.get("version")) or 0
            done = clients.edit(clients.get_client(client_id), _typed(), version=version, by=actor())
    except Invalid as error:
        client = clients.get_client(client_id)
        return pages.wrong(error, FORM, SHOW, **_one(client, {}, other=_other(error)))
    except Conflict as error:
        client = clients.get_client(client_id)
        if not client.is_active:
            raise
        told = _one(client, request.form, conflict=error.message, theirs=client_words.theirs(client, request.form))
        return pages.partial(FORM, status=409, **told) if is_htmx() else pages.show(SHOW, status=409, **told)
    return pages.done(_url(client_id), toast=_("Cambios guardados.") if done else _("No había nada que cambiar."))


@blueprint.post("/<uuid:client_id>/remove")
@allow("client_management", "delete")
def remove(client_id: uuid.UUID) -> ResponseReturnValue:
    """Puts a client away."""
    with transaction():
        client = clients.get_client(client_id)
        done = clients.remove(client, by=actor())
    words = _("«%(name)s» ya no está en la lista.", name=client.name) if done else _("Ya estaba así.")
    undo = url_for(".restore", client_id=client_id) if done and guard.allowed("client_management", "delete") else ""
    return pages.done(url_for(".page"), toast=words, undo=undo)


@blueprint.post("/<uuid:client_id>/restore")
@allow("client_management", "delete")
def restore(client_id: uuid.UUID) -> ResponseReturnValue:
    """Brings a client back, unless their CPF is another's by now."""
    try:
        with transaction():
            client = clients.get_client(client_id)
            done = clients.restore(client, by=actor())
    except Duplicate as error:
        client = clients.get_client(client_id)
        told = _one(client, client_words.typed_of(client), other=_other(error)) | {"errors": error.fields}
        return pages.show(SHOW, status=409, **told)
    words = _("«%(name)s» está otra vez en la lista.", name=client.name) if done else _("Ya estaba así.")
    return pages.done(_url(client_id), toast=words)


@blueprint.post("/<uuid:client_id>/link")
@allow("client_management", "update")
def link(client_id: uuid.UUID) -> ResponseReturnValue:
    """Says whose member this client is."""
    client, context = clients.get_client(client_id), "panel/clients/_member.html"
    try:
        user = _named(request.form.get("member", ""))
        with transaction():
            clients.link(clients.get_client(client_id), user, by=actor())
    except Invalid as error:
        return pages.wrong(error, context, SHOW, **_one(client, client_words.typed_of(client), form="member"))
    told = _("Ahora es la ficha de %(name)s.", name=user.full_name)
    return pages.done(_url(client_id), context, toast=told, **_one(clients.get_client(client_id), {}))


@blueprint.post("/<uuid:client_id>/unlink")
@allow("client_management", "update")
def unlink(client_id: uuid.UUID) -> ResponseReturnValue:
    """Says so no longer."""
    with transaction():
        client = clients.get_client(client_id)
        done = clients.unlink(client, by=actor())
    words = _("Ya no está vinculado a un miembro.") if done else _("Ya estaba así.")
    return pages.done(_url(client_id), "panel/clients/_member.html", toast=words, **_one(client, {}))


@blueprint.post("/<uuid:client_id>/reveal")
@allow("client_management", "read")
@sudo
def reveal(client_id: uuid.UUID) -> ResponseReturnValue:
    """The CPF in clear, for half a minute and for nobody's cache; the audit notes who saw it."""
    with transaction():
        client = clients.get_client(client_id)
        shown = clients.reveal(client, by=actor())
    if is_htmx():
        return pages.partial("panel/clients/_cpf.html", client=client, shown=shown)
    return pages.show(SHOW, **_one(client, client_words.typed_of(client), shown=shown))


@blueprint.get("/<uuid:client_id>/cpf")
@allow("client_management", "read")
def hide(client_id: uuid.UUID) -> ResponseReturnValue:
    """The CPF masked again."""
    return pages.partial("panel/clients/_cpf.html", client=clients.get_client(client_id), shown="")


def with_cpf(digits: str) -> Sequence[Client]:
    """Whoever has this CPF. Raises TooMany for who asks for too many that nobody has: of each that we mask, so few
    could be meant that they could all be tried."""
    who = ("cpf-nobody-has", str(g.staff.id))
    if not tries.left(MISSES, *who):
        raise TooMany(_("Buscaste demasiados CPF que no son de nadie. Espera un rato."), retry_after=HOUR)
    found = lists.with_cpf(digits)
    if not found:
        tries.hit(MISSES, *who)
    return found


def _form(client: Client | None, typed: Mapping[str, Any], *, other: uuid.UUID | None = None) -> dict[str, Any]:
    labels = client_words.labels()
    return {"client": client, "typed": typed, "labels": labels, "errors": {}, "other": other, "conflict": ""}


def _one(client: Client, typed: Mapping[str, Any], *, form: str = "", **more: Any) -> dict[str, Any]:
    """What the page of a client shows; `form`: which of its forms was refused."""
    told = _form(client, typed, other=more.pop("other", None)) | {"shown": "", "form": form}
    known = client_words.typed_of(client) if form else typed
    told |= {"known": known, "member": people.met(client.user_id) if guard.allowed("users") else None}
    return told | {"born": client_words.born(client), "history": client_words.history(client)} | more


def _typed() -> dict[str, str]:
    """The form's own fields; others that came along are left out."""
    return {name: request.form[name] for name in client_words.FIELDS if name in request.form}


def _wanted(args: Mapping[str, str]) -> ClientFilter:
    """The filters of the address; what makes no sense counts as not there, and a number is no name."""
    words = pages.words(args)
    sort = args.get("sort", "")
    return ClientFilter(
        "" if cpf.may_be(words) else words, args.get("deleted") == "1", sort if sort in SORTS else SORTS[0]
    )


def _member(text: str) -> User | None:
    """The member with this id. Raises NotFound for nobody, Denied for whoever may not see members."""
    user_id = pages.number(text)
    if user_id is None:
        return None
    _refuse_who_sees_no_members()
    return people.get_user(user_id)


def _named(text: str) -> User:
    """The member whom somebody named. Raises Invalid (member), Denied."""
    _refuse_who_sees_no_members()
    user = people.find(clean(text))
    if user is None:
        raise Invalid(fields={"member": _("No conocemos a nadie con ese @usuario o id.")})
    return user


def _refuse_who_sees_no_members() -> None:
    if not guard.allowed("users"):
        raise Denied(_("Tu cuenta no tiene permiso para esto."))


def _other(error: Invalid) -> uuid.UUID | None:
    """Who has the CPF already, for whoever may see them."""
    return error.other if isinstance(error, Duplicate) and guard.allowed("client_management") else None


def _url(client_id: uuid.UUID) -> str:
    return url_for("panel.clients.show", client_id=client_id)
