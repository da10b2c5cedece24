"""Diferencias: where the VIP channel and the subscriptions say different things, mended one or many."""

from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from webapp.base.db import transaction
from webapp.base.errors import Denied, NotFound
from webapp.base.i18n import _
from webapp.domain.channels import differences, places
from webapp.domain.channels.differences import Difference
from webapp.panel import guard, pages
from webapp.panel.guard import actor, allow, sudo

blueprint = Blueprint("differences", __name__, url_prefix="/differences")
SIZES, FIRST = (25, 50, 100), Difference.INSIDE_WITHOUT_RIGHT


@blueprint.get("/")
@allow("vip", "read")
def page() -> ResponseReturnValue:
    """One kind of difference, and how many there are of each."""
    counts, size = differences.counts(), pages.size(SIZES)
    kind = _kind(request.args.get("kind", "")) or next((one for one in Difference if counts[one]), FIRST)
    found = differences.found(kind, after=request.args.get("after"), size=size)
    options = [(one.value, one.display_name, counts[one]) for one in Difference]
    told: dict[str, Any] = {"kind": kind, "options": options, "counts": counts, "lacking": places.lacking()}
    return pages.show("panel/differences/page.html", found=found, size=size, **told)


@blueprint.post("/<kind>/mend")
@allow("vip", "update")
@sudo
def mend(kind: str) -> ResponseReturnValue:
    """Mends those that were chosen, as far as they still differ so."""
    chosen = _mended(kind)
    ids = [number for text in request.form.getlist("ids") if (number := pages.number(text)) is not None]
    with transaction():
        done = differences.mend(chosen, ids, by=actor())
    return pages.done(url_for(".page", kind=chosen.value), toast=_("En camino: %(n)s.", n=done))


def _kind(said: str) -> Difference | None:
    return next((one for one in Difference if one.value == said), None)


def _mended(said: str) -> Difference:
    """What is to be mended, for who may do by it what it does to one person. Raises NotFound, Denied."""
    kind = _kind(said)
    if kind is None:
        raise NotFound(_("No lo encontramos. Puede que ya no exista."))
    if not guard.allowed("vip", kind.act):
        raise Denied(_("Tu cuenta no tiene permiso para esto."))
    return kind
