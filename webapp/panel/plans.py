"""Planes: what is offered, in order, with how many have it; made, changed, switched off, moved."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from webapp.base import workbooks
from webapp.base.db import get, transaction
from webapp.base.errors import Invalid
from webapp.base.i18n import _
from webapp.domain.channels import lists, plans
from webapp.domain.channels.models import SubscriptionPlan
from webapp.domain.settings import config
from webapp.panel import exports, pages, reading
from webapp.panel.guard import actor, allow, sudo

blueprint = Blueprint("plans", __name__, url_prefix="/plans")
FIELDS = ("name", "duration_days", "price", "currency", "price_stars", "eligibility")


@blueprint.get("/")
@allow("vip", "read")
def page() -> ResponseReturnValue:
    """All plans in their order."""
    return pages.show("panel/plans/page.html", **_all())


@blueprint.post("/export/<sheet>")
@allow("vip", "read")
@sudo
def export(sheet: str) -> ResponseReturnValue:
    """All plans as a file, with how many have each."""
    found, for_whom = plans.every(), _for_whom()
    sold = lists.sold(plan.id for plan in found)
    heads = [_("Nombre"), _("Días"), _("Precio"), _("Moneda"), _("Precio en Stars"), _("A quién se ofrece")]
    heads += [_("Se ofrece"), _("Con acceso ahora"), _("Creado")]

    def line(plan: SubscriptionPlan) -> list[Any]:
        terms = [plan.name, plan.duration_days, plan.price, plan.currency, plan.price_stars]
        state = [for_whom[plan.eligibility.value], _("sí") if plan.is_active else _("no")]
        return [*terms, *state, sold.get(plan.id, 0), workbooks.local_text(plan.created_at, pages.zone())]

    return exports.send("planes", sheet, SubscriptionPlan.__tablename__, heads, map(line, found))


@blueprint.get("/new")
@allow("vip", "create")
def new() -> ResponseReturnValue:
    """An empty form."""
    blank = {"duration_days": "30", "currency": config.current().currency, "eligibility": "everyone"}
    return pages.show("panel/plans/form.html", **_form(None, blank))


@blueprint.post("/")
@allow("vip", "create")
def create() -> ResponseReturnValue:
    """Makes a plan, at the end of the list."""
    try:
        with transaction():
            plan = plans.create(_typed(), by=actor())
    except Invalid as error:
        return pages.wrong(error, "panel/plans/_form.html", "panel/plans/form.html", **_form(None, {}))
    return pages.done(url_for(".page"), toast=_("El plan «%(name)s» ya se ofrece.", name=plan.name))


@blueprint.get("/<int:plan_id>")
@allow("vip", "read")
def show(plan_id: int) -> ResponseReturnValue:
    """One plan in its form."""
    plan = get(SubscriptionPlan, plan_id)
    return pages.show("panel/plans/form.html", **_form(plan, _as_typed(plan)))


@blueprint.post("/<int:plan_id>")
@allow("vip", "update")
def edit(plan_id: int) -> ResponseReturnValue:
    """Saves the form; what was sold keeps its terms."""
    try:
        with transaction():
            plans.change(get(SubscriptionPlan, plan_id), _typed(), by=actor())
    except Invalid as error:
        plan = get(SubscriptionPlan, plan_id)
        return pages.wrong(error, "panel/plans/_form.html", "panel/plans/form.html", **_form(plan, {}))
    return pages.done(url_for(".page"), toast=_("Plan guardado."))


@blueprint.post("/<int:plan_id>/on")
@allow("vip", "update")
def switch_on(plan_id: int) -> ResponseReturnValue:
    """Offers it again."""
    return _switch(plan_id, True, _("«%(name)s» se ofrece otra vez."), url_for(".switch_off", plan_id=plan_id))


@blueprint.post("/<int:plan_id>/off")
@allow("vip", "update")
def switch_off(plan_id: int) -> ResponseReturnValue:
    """Offers it no longer."""
    return _switch(plan_id, False, _("«%(name)s» ya no se ofrece."), url_for(".switch_on", plan_id=plan_id))


@blueprint.post("/<int:plan_id>/up")
@allow("vip", "update")
def move_up(plan_id: int) -> ResponseReturnValue:
    """One place nearer to the top."""
    return _move(plan_id, -1)


@blueprint.post("/<int:plan_id>/down")
@allow("vip", "update")
def move_down(plan_id: int) -> ResponseReturnValue:
    """One place nearer to the end."""
    return _move(plan_id, 1)


def _switch(plan_id: int, active: bool, words: str, undo: str) -> ResponseReturnValue:
    with transaction():
        plan = get(SubscriptionPlan, plan_id)
        done = plans.switch(plan, active, by=actor())
    told = words % {"name": plan.name} if done else _("Ya estaba así.")
    return pages.done(url_for(".page"), "panel/plans/_list.html", toast=told, undo=undo if done else "", **_all())


def _move(plan_id: int, step: int) -> ResponseReturnValue:
    with transaction():
        plans.move(get(SubscriptionPlan, plan_id), step, by=actor())
    return pages.done(url_for(".page"), "panel/plans/_list.html", **_all())


def _all() -> dict[str, Any]:
    found = plans.every()
    return {"plans": found, "sold": lists.sold(plan.id for plan in found), "for_whom": _for_whom()}


def _form(plan: SubscriptionPlan | None, typed: Mapping[str, Any]) -> dict[str, Any]:
    labels = {
        "name": _("Nombre"),
        "duration_days": _("Días"),
        "price": _("Precio"),
        "currency": _("Moneda"),
        "price_stars": _("Precio en Stars"),
        "eligibility": _("A quién se ofrece"),
    }
    options = list(_for_whom().items())
    return {"plan": plan, "typed": typed, "errors": {}, "labels": labels, "options": options}


def _for_whom() -> dict[str, str]:
    """How each eligibility reads."""
    return {
        "everyone": _("A todos"),
        "new": _("A quien nunca fue VIP"),
        "active": _("A quien es VIP ahora"),
        "past": _("A quien fue VIP"),
    }


def _typed() -> dict[str, str]:
    """The form's own fields; others that came along are left out."""
    return {name: request.form.get(name, "") for name in FIELDS}


def _as_typed(plan: SubscriptionPlan) -> dict[str, Any]:
    values = {name: getattr(plan, name) for name in FIELDS}
    return values | {"price": reading.amount(plan.price), "eligibility": plan.eligibility.value}
