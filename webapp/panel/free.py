"""Solicitudes: the queue of the Free channel; approving and declining one, some, or all that match, step by step."""

from dataclasses import asdict, dataclass
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from webapp.base.db import get, transaction
from webapp.base.errors import Invalid
from webapp.base.i18n import _
from webapp.base.web import is_htmx
from webapp.domain.channels import lists, requests
from webapp.domain.channels.lists import RequestFilter
from webapp.domain.channels.models import FreeChannelRequest, RequestStatus
from webapp.panel import exports, guard, pages
from webapp.panel.guard import actor, allow, sudo

blueprint = Blueprint("free", __name__, url_prefix="/free")
STATES = ("waiting", *(one.value for one in RequestStatus))
SIZES = (25, 50, 100)
STEP = requests.MOST
DECIDABLE = ("waiting", "pending", "error")
DEEDS = {"approve": requests.approve_many, "decline": requests.decline_many}


@dataclass(frozen=True)
class Run:
    """One long deed on all that match, a step at a time: how far it is. Everything lies in the page's own form."""

    deed: str
    state: str
    q: str
    since: int
    up_to: int
    done: int
    total: int


@blueprint.get("/")
@allow("free_channel", "read")
def page() -> ResponseReturnValue:
    """The queue in the order of its turns, or those that ended."""
    wanted, size = _wanted(request.args), pages.size(SIZES)
    found = lists.requests(wanted, after=request.args.get("after"), size=size)
    told: dict[str, Any] = {"found": found, "count": lists.count_requests(wanted), "wanted": wanted, "size": size}
    places = lists.places(row.id for row in found.rows) if wanted.state in ("waiting", "pending") else {}
    return pages.show("panel/free/page.html", **told, places=places, ready=pages.settings().free_channel_id is not None)


@blueprint.post("/export/<sheet>")
@allow("free_channel", "read")
@sudo
def export(sheet: str) -> ResponseReturnValue:
    """The whole list as a file, filtered and sorted as its address says."""
    return exports.give("free", sheet, _wanted(request.args))


@blueprint.post("/<int:request_id>/approve")
@allow("free_channel", "update")
def approve(request_id: int) -> ResponseReturnValue:
    """Lets one in without waiting further."""
    with transaction():
        done = requests.approve(get(FreeChannelRequest, request_id), by=actor())
    return _one(request_id, _("Aprobada: entra en unos segundos.") if done else _("Ya estaba decidida."))


@blueprint.post("/<int:request_id>/decline")
@allow("free_channel", "update")
def decline(request_id: int) -> ResponseReturnValue:
    """Declines one."""
    with transaction():
        done = requests.decline(get(FreeChannelRequest, request_id), by=actor())
    return _one(request_id, _("Rechazada.") if done else _("Ya estaba decidida."))


@blueprint.post("/approve")
@allow("free_channel", "update")
def approve_many() -> ResponseReturnValue:
    """Lets those in that were chosen."""
    with transaction():
        number = requests.approve_many(_ids(), by=actor())
    return pages.done(_back(), toast=_("Solicitudes aprobadas: %(n)s.", n=number))


@blueprint.post("/decline")
@allow("free_channel", "update")
def decline_many() -> ResponseReturnValue:
    """Declines those that were chosen."""
    with transaction():
        number = requests.decline_many(_ids(), by=actor())
    return pages.done(_back(), toast=_("Solicitudes rechazadas: %(n)s.", n=number))


@blueprint.get("/run")
@allow("free_channel", "update")
def running() -> ResponseReturnValue:
    """How far a long deed is, with the button that goes on (pressed by the script where there is one)."""
    return pages.show("panel/free/run.html", run=_run(request.args), step=STEP)


@blueprint.post("/run")
@allow("free_channel", "update")
def run() -> ResponseReturnValue:
    """The next thousand of a long deed; the first step finds out how many there are."""
    told = _run(request.form)
    wanted = _wanted({"state": told.state, "q": told.q})
    up_to = told.up_to or lists.newest_request()
    total = told.total or lists.count_requests(wanted)
    ids = lists.next_step(wanted, since=told.since, up_to=up_to, limit=STEP)
    with transaction():
        number = DEEDS[told.deed](ids, by=actor()) if ids else 0
    since, done = ids[-1] if ids else told.since, told.done + number
    if len(ids) < STEP:
        words = (
            _("Solicitudes aprobadas: %(n)s.", n=done)
            if told.deed == "approve"
            else _("Solicitudes rechazadas: %(n)s.", n=done)
        )
        return pages.done(url_for(".page"), toast=words)
    on = Run(told.deed, told.state, told.q, since, up_to, done, max(total, done))
    if is_htmx():
        return pages.partial("panel/free/_run.html", run=on, step=STEP)
    return pages.done(url_for(".running", **asdict(on)))


def _one(request_id: int, toast: str) -> ResponseReturnValue:
    """One request after a deed, as a row of the list."""
    row = lists.request_row(request_id)
    context = {"row": row, "places": lists.places([request_id])}
    return pages.done(_back(), "panel/free/_request.html", toast=toast, **context)


def _run(told: Any) -> Run:
    """Raises Invalid when it says nothing to do, or with requests that are decided already."""
    wanted = _wanted(told)
    if told.get("deed") not in DEEDS or wanted.state not in DECIDABLE:
        raise Invalid(_("Elige qué hacer con cuáles."))
    numbers = [pages.number(told.get(name)) or 0 for name in ("since", "up_to", "done", "total")]
    return Run(told["deed"], wanted.state, wanted.words, *numbers)


def _wanted(told: Any) -> RequestFilter:
    """The filters asked for; what makes no sense counts as not there."""
    state = told.get("state") or "waiting"
    return RequestFilter(
        state="" if state == "all" else state if state in STATES else "waiting", words=pages.words(told)
    )


def _ids() -> list[int]:
    return [number for text in request.form.getlist("ids") if (number := pages.number(text)) is not None]


def _back() -> str:
    there = request.form.get("next")
    return guard.safe_next(there) if there else url_for(".page")
