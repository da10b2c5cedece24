"""Estadísticas: members, money, cohorts, what is ahead and what is asked for, with the people behind each figure."""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from webapp.base import workbooks
from webapp.base.clock import now
from webapp.base.errors import Denied, NotFound
from webapp.base.i18n import _
from webapp.domain.insights import behind, cohorts, projection
from webapp.domain.insights.demand import demand
from webapp.domain.insights.members import members
from webapp.domain.insights.people_listings import BehindFilter
from webapp.domain.insights.ranges import KEYS, USUAL, Range, choose
from webapp.domain.insights.revenue import revenue
from webapp.domain.settings import config
from webapp.panel import exports, figures, guard, pages, tables
from webapp.panel.guard import allow, sudo

blueprint = Blueprint("stats", __name__, url_prefix="/stats")
RANGE = ("range", "first", "last")
ASKED = (*RANGE, "currency", "payers", "price", "churn", "new")


@blueprint.get("/")
@allow("reports_analysis", "read")
def page() -> ResponseReturnValue:
    """VIP members in the range."""
    wanted = _range()
    found = members(wanted)
    return _show("members", wanted, figures.of_members(found, wanted.span.ends > now()), figures.member_tables(found))


@blueprint.get("/money")
@allow("reports_analysis", "read")
def money() -> ResponseReturnValue:
    """What was paid in the range, currency by currency."""
    wanted = _range()
    found = revenue(wanted)
    return _show("money", wanted, figures.of_money(found), figures.money_tables(found))


@blueprint.get("/demand")
@allow("reports_analysis", "read")
def asked() -> ResponseReturnValue:
    """Free requests, codes and interests in the range."""
    wanted = _range()
    found = demand(wanted)
    return _show("demand", wanted, figures.of_demand(found), figures.demand_tables(found))


@blueprint.get("/cohorts")
@allow("reports_analysis", "read")
def by_month() -> ResponseReturnValue:
    """Who stayed, by the month in which they came."""
    table = figures.cohort_table(cohorts.cohorts(pages.creator_zone()))
    return _show("cohorts", None, [], [table])


@blueprint.get("/projection")
@allow("reports_analysis", "read")
def ahead() -> ResponseReturnValue:
    """What may come, and what if."""
    found = projection.projections()
    told = _what_if(found)
    shown = [*figures.projection_tables(found), figures.what_if_table(**told)]
    return _show("projection", None, [], shown, projections=found, typed=told)


@blueprint.get("/export/<name>.<kind>")
@allow("reports_analysis", "read")
def export(name: str, kind: str) -> ResponseReturnValue:
    """One table as a file."""
    found = next((table for table in _tables(name.partition("-")[0]) if table.name == name), None)
    if kind not in workbooks.KINDS or found is None:
        raise NotFound(_("No lo encontramos. Puede que ya no exista."))
    return tables.download(found, kind)


@blueprint.post("/people/<figure>/export/<sheet>")
@allow("reports_analysis", "read")
@sudo
def take_people(figure: str, sheet: str) -> ResponseReturnValue:
    """The people behind a figure as a file."""
    if not guard.allowed("users"):
        raise Denied(_("Tu cuenta no tiene permiso para esto."))
    wanted = _range()
    return exports.give("people", sheet, BehindFilter(figure, wanted.first, wanted.last, _currency()))


@blueprint.get("/people/<figure>")
@allow("reports_analysis", "read")
def people(figure: str) -> ResponseReturnValue:
    """The people behind a figure; for those who may see people."""
    if not guard.allowed("users"):
        raise Denied(_("Tu cuenta no tiene permiso para esto."))
    wanted, currency = _range(), _currency()
    found = behind.people(figure, wanted, after=request.args.get("after"), currency=currency)
    title = figures.people_title(figure)
    dated = figure not in (*behind.STATES, *behind.ENDING, "free-waiting")
    context: dict[str, Any] = {"found": found, "figure": figure, "wanted": wanted, "dated": dated, "currency": currency}
    return pages.show("panel/stats/people.html", title=title, **context)


def _show(tab: str, wanted: Range | None, told: Any, shown: list[tables.Table], **more: Any) -> ResponseReturnValue:
    asked = {name: request.args[name] for name in ASKED if request.args.get(name)}
    kept = {name: asked[name] for name in RANGE if name in asked}
    context = {"tab": tab, "wanted": wanted, "told": told, "tables": shown, "kept": kept, "asked": asked, **more}
    return pages.show("panel/stats/page.html", tabs=_tabs(kept), ranges=figures.range_names(), **context)


def _tabs(kept: dict[str, str]) -> list[tuple[str, str, str]]:
    """(name, label, address) of each part; the range goes along."""
    labels = (
        ("members", _("Miembros VIP"), ".page"),
        ("money", _("Dinero"), ".money"),
        ("demand", _("Demanda"), ".asked"),
        ("cohorts", _("Permanencia"), ".by_month"),
        ("projection", _("Proyección"), ".ahead"),
    )
    return [(name, label, url_for(f"panel.stats{end}", **kept)) for name, label, end in labels]  # type: ignore[arg-type]


def _tables(tab: str) -> list[tables.Table]:
    """The tables of one part, in the range that is asked for."""
    if tab == "members":
        return figures.member_tables(members(_range()))
    if tab == "money":
        return figures.money_tables(revenue(_range()))
    if tab == "demand":
        return figures.demand_tables(demand(_range()))
    if tab == "cohorts":
        return [figures.cohort_table(cohorts.cohorts(pages.creator_zone()))]
    if tab == "projection":
        found = projection.projections()
        return [*figures.projection_tables(found), figures.what_if_table(**_what_if(found))]
    return []


def _range() -> Range:
    """The range that the address asks for."""
    key = request.args.get("range", USUAL)
    return choose(key if key in KEYS else USUAL, pages.creator_zone(), _day("first"), _day("last"))


def _currency() -> str:
    return request.args.get("currency", "")[:3].replace("\0", "")


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(request.args.get(name, "")[:10])
    except ValueError:
        return None


def _what_if(found: list[projection.Projection]) -> dict[str, Any]:
    """What is typed into the form, within bounds; else what is so today, in the currency asked for."""
    code = request.args.get("currency", "")[:3]
    base = next((one for one in found if one.currency == code), found[0] if found else None)
    currency = base.currency if base else config.current().currency
    middle = base.courses[1] if base else None
    return {
        "currency": currency,
        "payers": int(_number("payers", base.payers if base else 0, 10_000_000)),
        "price": _number("price", base.arpu if base else 0, 1_000_000),
        "churn": _number("churn", round(middle.churn * 100, 1) if middle else 0, 100),
        "new": int(_number("new", round(middle.new) if middle else 0, 1_000_000)),
    }


def _number(name: str, usual: Any, most: int) -> Decimal:
    try:
        told = Decimal(request.args.get(name, "").replace(",", "."))
    except InvalidOperation:
        told = Decimal(str(usual))
    told = told if told.is_finite() else Decimal(0)
    return min(max(told, Decimal(0)), Decimal(most))
