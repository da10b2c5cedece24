"""What was paid, as a part of other forms: nothing, what the plan costs, or a sum received by hand."""

from dataclasses import dataclass

from flask import request

from webapp.base.errors import Denied, Invalid
from webapp.base.i18n import _
from webapp.domain.channels import payments
from webapp.domain.channels.payments import Paid
from webapp.domain.channels.records import Method
from webapp.panel import guard

WAYS = ("plan", "paid", "none")


@dataclass(frozen=True)
class Told:
    """What a form says was paid: by which of WAYS, and the `sum` of "paid"."""

    way: str
    sum: Paid | None = None


def typed(usual: str) -> Told:
    """What the form says; one that says nothing means the `usual` way. Raises Invalid for what does not fit, Denied
    for who may not record payments."""
    way = request.form.get("paying", usual)
    if way not in WAYS:
        raise Invalid(fields={"paying": _("Elige si se pagó.")})
    if way != "paid":
        return Told(way)
    if not guard.allowed("payments", "create"):
        raise Denied(_("Tu cuenta no puede registrar pagos."))
    return Told(way, payments.read(request.form))


def ways() -> list[tuple[str, str]]:
    """How money changes hands, for a choice."""
    return [(method.value, method.display_name) for method in Method]


def labels() -> dict[str, str]:
    """What each field of a payment is called."""
    return {"amount": _("Cuánto"), "currency": _("Moneda"), "method": _("Cómo"), "note": _("Nota")}
