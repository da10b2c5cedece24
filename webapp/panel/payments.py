"""Payments received by hand: those of one period, recorded and reversed; each is a row that is never changed."""

from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from webapp.base.crypto import new_token
from webapp.base.db import get, transaction
from webapp.base.errors import Invalid
from webapp.base.i18n import _
from webapp.domain.channels import payments
from webapp.domain.channels.models import SubscriptionPeriod, VIPSubscriber
from webapp.domain.channels.records import ManualPayment
from webapp.domain.users import people
from webapp.panel import guard, pages, paying, telling
from webapp.panel.guard import actor, allow

blueprint = Blueprint("payments", __name__, url_prefix="/payments")


@blueprint.get("/periods/<int:period_id>")
@allow("payments", "read")
def period(period_id: int) -> ResponseReturnValue:
    """What was received for one start or extension."""
    return pages.show("panel/payments/page.html", **_told(period_id))


@blueprint.post("/periods/<int:period_id>")
@allow("payments", "create")
def record(period_id: int) -> ResponseReturnValue:
    """Records a sum that was received."""
    try:
        paid = payments.read(request.form)
        with transaction():
            done = payments.record(get(SubscriptionPeriod, period_id), paid, by=actor())
    except Invalid as error:
        return pages.wrong(error, "panel/payments/_form.html", "panel/payments/page.html", **_told(period_id))
    words = _("Pago registrado.") if done else _("Ese pago ya estaba registrado.")
    return pages.done(url_for(".period", period_id=period_id), toast=words)


@blueprint.post("/<int:payment_id>/reverse")
@allow("payments", "delete")
def reverse(payment_id: int) -> ResponseReturnValue:
    """Takes one back; both rows stay."""
    with transaction():
        payment = get(ManualPayment, payment_id)
        payments.reverse(payment, by=actor(), reason=request.form.get("reason", ""))
    there = request.form.get("next") or request.referrer or ""
    home = url_for(".period", period_id=payment.period_id) if payment.period_id else url_for("panel.tokens.page")
    back = guard.safe_next(there) if there.startswith("/panel/") else home
    return pages.done(back, toast=_("Pago anulado."))


def _told(period_id: int) -> dict[str, Any]:
    found = get(SubscriptionPeriod, period_id)
    user = people.get_user(get(VIPSubscriber, found.subscriber_id).user_id)
    rows = payments.of([period_id]).get(period_id, [])
    told: dict[str, Any] = {"period": found, "user": user, "rows": rows, "ways": paying.ways(), "errors": {}}
    told |= {"undone": {row.reverses_id for row in rows}, "period_words": telling.periods()}
    typed = {"currency": found.currency or pages.settings().currency, "method": "cash"}
    return told | {"typed": typed, "once": new_token()[:24], "payable": found.what in payments.PAYABLE}
