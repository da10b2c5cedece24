"""Suscriptores: the list, one person's subscription and what can be done to it, and the brake on many leaving."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from webapp.base.crypto import sign, unsign
from webapp.base.db import get, transaction
from webapp.base.errors import Conflict, Invalid, NotFound, all_fit
from webapp.base.i18n import _
from webapp.base.words import clean
from webapp.domain.channels import expiry, expulsions, lists, plans, returns, sales, subscriptions
from webapp.domain.channels.lists import SubscriberFilter
from webapp.domain.channels.models import OPEN, ChannelState, ExpulsionRun, Status, SubscriptionPlan, VIPSubscriber
from webapp.domain.channels.payments import PAYABLE
from webapp.domain.users import people
from webapp.panel import exports, guard, pages, paying, telling
from webapp.panel.guard import actor, allow, sudo

blueprint = Blueprint("vip", __name__, url_prefix="/vip")
STATES = ("open", *(one.value for one in Status))
ENDS = ("today", "7", "30", "over")
SORTS = ("expiry", "-expiry", "joined", "-joined")
SIZES = (25, 50, 100)
UNDO_SECONDS = 600


@blueprint.get("/")
@allow("vip", "read")
def page() -> ResponseReturnValue:
    """The list, as its address says; with the brake on, who waits to leave."""
    wanted, size, _held = _wanted(), pages.size(SIZES), pages.settings()
    found = lists.subscribers(wanted, after=request.args.get("after"), size=size)
    run = expiry.braked()
    told: dict[str, Any] = {"found": found, "count": lists.count_subscribers(wanted), "wanted": wanted, "size": size}
    told |= {"run": run, "due": expiry.due() if run else None}
    return pages.show("panel/vip/page.html", **told, channel_words=telling.channel_states())


@blueprint.post("/export/<sheet>")
@allow("vip", "read")
@sudo
def export(sheet: str) -> ResponseReturnValue:
    """The whole list as a file, filtered and sorted as its address says."""
    return exports.give("vip", sheet, _wanted())


@blueprint.post("/release")
@allow("vip", "update")
@sudo
def release() -> ResponseReturnValue:
    """A person has looked: those may leave."""
    number = pages.number(request.form.get("run"))
    with transaction():
        run = get(ExpulsionRun, number if number is not None else 0)
        expiry.release(run, by=actor(), seen=pages.number(request.form.get("seen")))
    return pages.done(url_for(".page"), toast=_("Liberado. Las expulsiones siguen en el próximo minuto."))


@blueprint.get("/<int:user_id>")
@allow("vip", "read")
def show(user_id: int) -> ResponseReturnValue:
    """One person's subscription: terms, state, history, deeds."""
    return pages.show("panel/vip/show.html", **_told(user_id))


@blueprint.post("/<int:user_id>/gift")
@allow("vip", "update")
def gift(user_id: int) -> ResponseReturnValue:
    """Gives days for nothing, or paid for by somebody else."""
    days = pages.number(request.form.get("days"))

    def deed(row: VIPSubscriber | None) -> None:
        if "was" in request.form:
            _refuse_changed(row)
        many = days if days is not None and days < 1_000_000 else 0
        paid = paying.typed("none").sum
        sales.give(people.get_user(user_id), many, by=actor(), reason=_reason(), paid=paid)

    free = request.form.get("paying", "none") == "none"  # the date can be set back, money cannot
    return _do(user_id, "gift", deed, _("Días regalados: %(n)s.", n=days), new=True, undoes=free)


@blueprint.post("/<int:user_id>/extend")
@allow("vip", "update")
def extend(user_id: int) -> ResponseReturnValue:
    """Sells the days of a plan by hand, with what was paid for them."""

    def deed(row: VIPSubscriber | None) -> None:
        plan, paid = all_fit(_plan, lambda: paying.typed("none"))
        _refuse_changed(row)
        note = clean(request.form.get("note"))[:500] or None
        sales.sell(people.get_user(user_id), plan, by=actor(), paid=paid.sum, note=note)

    return _do(user_id, "extend", deed, _("Extendida."), new=True, undoes=False)


@blueprint.post("/<int:user_id>/expel")
@allow("vip", "delete")
def expel(user_id: int) -> ResponseReturnValue:
    """Puts out now somebody without access who is still inside."""
    return _do(user_id, "", lambda row: expulsions.expel(row, by=actor()),
               _("Sale del canal en unos segundos."), undoes=False)  # fmt: skip


@blueprint.post("/<int:user_id>/readmit")
@allow("vip", "update")
def readmit(user_id: int) -> ResponseReturnValue:
    """Takes an expulsion back: access, no ban, a fresh link."""

    def deed(row: VIPSubscriber) -> None:
        until = _until() if not row.has_access or request.form.get("until") else None
        returns.readmit(row, by=actor(), reason=_reason(), until=until)

    return _do(user_id, "readmit", deed, _("Puede volver: le llega un enlace nuevo."), undoes=False)


@blueprint.post("/<int:user_id>/pause")
@allow("vip", "update")
def pause(user_id: int) -> ResponseReturnValue:
    """Stops the time."""
    undo = url_for(".resume", user_id=user_id)
    return _do(user_id, "pause", lambda row: subscriptions.pause(row, by=actor(), reason=_reason()),
               _("En pausa. Sale del canal hasta que la reanudes."), undo=undo)  # fmt: skip


@blueprint.post("/<int:user_id>/resume")
@allow("vip", "update")
def resume(user_id: int) -> ResponseReturnValue:
    """Lets the time run again."""
    return _do(user_id, "", lambda row: subscriptions.resume(row, by=actor()), _("El tiempo corre otra vez."))


@blueprint.post("/<int:user_id>/revoke")
@allow("vip", "delete")
def revoke(user_id: int) -> ResponseReturnValue:
    """Ends it before its time."""
    return _do(user_id, "revoke", lambda row: subscriptions.revoke(row, by=actor(), reason=_reason()),
               _("Suscripción retirada."))  # fmt: skip


@blueprint.post("/<int:user_id>/correct")
@allow("vip", "update")
def correct(user_id: int) -> ResponseReturnValue:
    """Sets by hand until when."""
    return _do(user_id, "correct", lambda row: subscriptions.correct(row, _until(), by=actor(), reason=_reason()),
               _("Fecha corregida."))  # fmt: skip


@blueprint.post("/<int:user_id>/restore/<sealed>")
@allow("vip", "update")
def restore(user_id: int, sealed: str) -> ResponseReturnValue:
    """Takes a gift, a correction or a revocation back: the date as it was, unless somebody changed it since."""
    try:
        told = unsign(sealed, f"vip-undo:{user_id}", UNDO_SECONDS)
    except ValueError:
        raise Conflict(_("Ya es tarde para deshacerlo desde aquí: corrige la fecha a mano.")) from None

    def deed(row: VIPSubscriber) -> None:
        if row.expiry_date.isoformat() != told["is"]:
            raise Conflict(_("Alguien la cambió después: corrige la fecha a mano."))
        subscriptions.correct(row, datetime.fromisoformat(told["was"]), by=actor(), reason=_("Deshacer"))

    return _do(user_id, "", deed, _("Deshecho: la fecha es la de antes."), undoes=False)


def _do(
    user_id: int, form: str, deed: Callable[[Any], None], toast: str, *, undo: str = "", new: bool = False,
    undoes: bool = True,
) -> ResponseReturnValue:  # fmt: skip
    """One deed on somebody's subscription; `form`: the dialog that is shown again when what was typed does not fit."""
    there = url_for(".show", user_id=user_id)
    try:
        with transaction():
            row = subscriptions.held(user_id)
            if row is None and not new:
                raise NotFound(_("Esa persona nunca ha sido VIP."))
            before = (row.status, row.expiry_date) if row is not None else None
            deed(row)
            changed = subscriptions.of(user_id)
            undo = undo or (_undo(changed, before) if undoes and before and changed else "")
    except Invalid as error:
        context = {**_told(user_id), "opened": form, "deed": form}
        return pages.wrong(error, "panel/vip/_deed.html", "panel/vip/show.html", **context)
    return pages.done(there, toast=toast, undo=undo)


def _refuse_changed(row: VIPSubscriber | None) -> None:
    """Raises Conflict when the date is not the one that the form was shown with: a form sent twice, or an old one."""
    if request.form.get("was", "") != (row.expiry_date.isoformat() if row else ""):
        raise Conflict(_("Alguien la cambió mientras tanto. Mira cómo está ahora."))


def _undo(row: VIPSubscriber, before: tuple[Status, datetime]) -> str:
    """Where to post to set the date back; empty where that would not bring back what was."""
    status, was = before
    if was == row.expiry_date or (status not in OPEN and row.status is Status.REVOKED):
        return ""
    told = {"is": row.expiry_date.isoformat(), "was": was.isoformat()}
    return url_for(".restore", user_id=row.user_id, sealed=sign(told, f"vip-undo:{row.user_id}"))


def _told(user_id: int) -> dict[str, Any]:
    """What the page of a subscription shows; `subscriber` is None for somebody who never had one."""
    user, row = people.get_user(user_id), subscriptions.of(user_id)
    told: dict[str, Any] = {"user": user, "subscriber": row, "opened": "", "deed": "", "errors": {}, "typed": {}}
    told |= {"periods": subscriptions.history(row) if row else [], "period_words": telling.periods()}
    told |= {"plans": plans.offered(), "ways": paying.ways(), "PAYABLE": PAYABLE}
    told |= {"leaving": row is not None and expulsions.is_leaving(row), "currency": pages.settings().currency}
    return told | {"channel_words": telling.channel_states(), "sees_people": guard.allowed("users")}


def _wanted() -> SubscriberFilter:
    """The filters of the address; what makes no sense counts as not there."""
    told = request.args
    channel = told.get("channel", "")
    state = told.get("state", "") if told.get("state") in STATES else ""
    ends = told.get("ends", "") if told.get("ends") in ENDS else ""
    # Unasked, what matters comes first: who has access, by their end; who is among all, by when they came.
    usual = "expiry" if state or ends else "-joined"
    return SubscriberFilter(
        words=pages.words(),
        state=state,
        ends=ends,
        channel=ChannelState(channel) if channel in [one.value for one in ChannelState] else None,
        failed=told.get("failed") == "1",
        sort=told.get("sort", "") if told.get("sort") in SORTS else usual,
    )


def _reason() -> str:
    return request.form.get("reason", "")


def _until() -> datetime:
    return telling.moment(request.form.get("until", ""), "until")


def _plan() -> SubscriptionPlan:
    return plans.get_offered(pages.number(request.form.get("plan")))
