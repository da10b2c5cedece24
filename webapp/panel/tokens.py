"""Tokens: the list, making one or many, the codes told once, who used which, revoking."""

import csv
import io
import re
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from webapp.base.crypto import new_token
from webapp.base.db import get, transaction
from webapp.base.errors import Invalid, NotFound, all_fit
from webapp.base.i18n import _
from webapp.domain.channels import lists, payments, plans, tokens
from webapp.domain.channels.lists import TokenFilter
from webapp.domain.channels.models import TOKEN_STATES, InvitationToken, SubscriptionPlan
from webapp.panel import cards, exports, guard, pages, paying
from webapp.panel.guard import actor, allow, sudo

blueprint = Blueprint("tokens", __name__, url_prefix="/tokens")
STATES = ("active", "exhausted", "expired", "revoked")
SIZES = (25, 50, 100)
BATCH = re.compile(r"[A-Za-z0-9_-]{1,16}")
CODE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{19,59}")


@blueprint.get("/")
@allow("tokens", "read")
def page() -> ResponseReturnValue:
    """The list, filtered as its address says."""
    wanted, size = _wanted(), pages.size(SIZES)
    found = lists.tokens(wanted, after=request.args.get("after"), size=size)
    told: dict[str, Any] = {
        "found": found,
        "count": lists.count_tokens(wanted),
        "wanted": wanted,
        "size": size,
        "states": TOKEN_STATES,
    }
    left = lists.batch_left(wanted.batch_id) if wanted.batch_id else 0
    return pages.show("panel/tokens/page.html", **told, left=left, plans=plans.every())


@blueprint.post("/export/<sheet>")
@allow("tokens", "read")
@sudo
def export(sheet: str) -> ResponseReturnValue:
    """The whole list as a file, filtered as its address says; codes are in none."""
    return exports.give("tokens", sheet, _wanted())


@blueprint.get("/new")
@allow("tokens", "create")
def new() -> ResponseReturnValue:
    """The form: of which plan, how many, until when."""
    typed = {"plan": request.args.get("plan", ""), "count": "1", "shelf_hours": "24", "unit": "hours", "max_uses": "1"}
    typed |= {"paying": "plan", "currency": pages.settings().currency}
    return pages.show("panel/tokens/new.html", **_form(typed))


@blueprint.post("/")
@allow("tokens", "create")
def create() -> ResponseReturnValue:
    """Makes them, and tells their codes: here, and nowhere again."""
    hours = _number("shelf_hours") * (24 if request.form.get("unit") == "days" else 1)
    many: dict[str, Any] = {"count": _number("count"), "shelf_hours": hours, "max_uses": _number("max_uses")}
    try:
        plan, paid, _fits = all_fit(_plan, lambda: paying.typed("plan"), lambda: tokens.check(**many))
        if paid.sum is not None and many["max_uses"] != 1:
            raise Invalid(fields={"max_uses": _("Con un pago registrado, cada código es para una persona.")})
        with transaction():
            how = {"paid": paid.sum, "free": paid.way == "none", "once": payments.once(request.form)}
            made = tokens.issue(get(SubscriptionPlan, plan.id), by=actor(), **many, **how)
    except Invalid as error:
        return pages.wrong(error, "panel/tokens/_form.html", "panel/tokens/new.html", **_form({}))
    bot = pages.settings().bot_username
    link = f"https://t.me/{bot}?start=vip_" if bot else ""
    told: dict[str, Any] = {"issued": made, "link": link, "token": made[0].token}
    return pages.told_once("panel/tokens/_issued.html", "panel/tokens/issued.html", **told)


@blueprint.post("/csv")
@allow("tokens", "create")
def download() -> ResponseReturnValue:
    """The codes of one answer, given back by its page, as a sheet; nothing is looked up or kept."""
    codes = _codes()
    link, sheet = request.form.get("link", ""), io.StringIO()
    start = link if re.fullmatch(r"https://t\.me/\w{3,64}\?start=vip_", link) else ""
    writer = csv.writer(sheet)
    writer.writerow([_("Código"), _("Enlace")])
    writer.writerows([code, f"{start}{code}" if start else ""] for code in codes)
    answer = Response("\ufeff" + sheet.getvalue(), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = "attachment; filename=tokens.csv"
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.post("/cards")
@allow("tokens", "create")
def print_cards() -> ResponseReturnValue:
    """The codes of one answer, given back by its page, as cards to print, some on a page; nothing of them is kept."""
    codes, bot = _codes(), pages.settings().bot_username
    first = min(pages.number(request.form.get("first")) or 0, len(codes))
    found = cards.draw(codes[first : first + cards.SHEET], f"https://t.me/{bot}?start=vip_" if bot else "")
    told: dict[str, Any] = {"cards": found, "codes": codes, "first": first, "size": cards.SHEET}
    told["creator"] = pages.settings().creator_name
    return pages.told_once("panel/tokens/_cards.html", "panel/tokens/cards.html", **told)


@blueprint.get("/<int:token_id>")
@allow("tokens", "read")
def show(token_id: int) -> ResponseReturnValue:
    """One token: its terms, and who used it."""
    return pages.show("panel/tokens/show.html", **_one(token_id))


@blueprint.post("/<int:token_id>/revoke")
@allow("tokens", "delete")
def revoke(token_id: int) -> ResponseReturnValue:
    """Makes one worthless."""
    with transaction():
        done = tokens.revoke(get(InvitationToken, token_id), by=actor())
    told = _("Token anulado: ya nadie puede canjearlo.") if done else _("Ese token ya no se podía canjear.")
    there = url_for(".show", token_id=token_id)
    return pages.done(there, "panel/tokens/_token.html", toast=told, **_one(token_id))


@blueprint.post("/batches/<batch_id>/revoke")
@allow("tokens", "delete")
def revoke_batch(batch_id: str) -> ResponseReturnValue:
    """Makes what is left of a batch worthless."""
    if not BATCH.fullmatch(batch_id):
        raise NotFound(_("No lo encontramos. Puede que ya no exista."))
    with transaction():
        number = tokens.revoke_batch(batch_id, by=actor())
    return pages.done(url_for(".page", batch=batch_id), toast=_("Tokens anulados: %(n)s.", n=number))


def _codes() -> list[str]:
    """The codes that a page gives back, each once."""
    given = [code for code in request.form.get("codes", "").split() if CODE.fullmatch(code)]
    return list(dict.fromkeys(given))[: tokens.MOST]


def _one(token_id: int) -> dict[str, Any]:
    token = get(InvitationToken, token_id)
    used, paid = lists.redemptions(token), payments.of_token(token)
    return {"token": token, "used": used, "paid": paid, "states": TOKEN_STATES, "sees_people": guard.allowed("users")}


def _wanted() -> TokenFilter:
    """The filters of the address; what makes no sense counts as not there."""
    told = request.args
    state, batch = told.get("state", ""), told.get("batch", "")
    return TokenFilter(
        state=state if state in STATES else "",
        plan_id=pages.number(told.get("plan")),
        batch_id=batch if BATCH.fullmatch(batch) else "",
    )


def _number(name: str) -> int:
    """What was typed; 0, which fits nowhere, for what is no number."""
    found = pages.number(request.form.get(name))
    return found if found is not None and found < 10_000_000 else 0


def _form(typed: dict[str, str]) -> dict[str, Any]:
    labels = {
        "plan": _("Plan"),
        "count": _("Cuántos"),
        "shelf_hours": _("Canjeable durante"),
        "max_uses": _("Usos"),
    }
    offered = plans.offered()
    labels |= paying.labels()
    return {"typed": typed, "errors": {}, "labels": labels, "plans": offered, "ways": paying.ways(),
            "once": new_token()[:24]}  # fmt: skip


def _plan() -> SubscriptionPlan:
    return plans.get_offered(pages.number(request.form.get("plan")))
