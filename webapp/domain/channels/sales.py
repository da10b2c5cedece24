"""Sales by hand: staff give somebody the days of a plan, with what was paid for them."""

from decimal import Decimal

from webapp.base.errors import Conflict, Invalid
from webapp.base.i18n import _
from webapp.base.words import clean
from webapp.domain.audit.actors import Actor
from webapp.domain.channels import payments, plans, subscriptions
from webapp.domain.channels.models import SubscriptionPlan, VIPSubscriber
from webapp.domain.channels.payments import Paid
from webapp.domain.channels.plans import GIFT, MAX_DAYS, Sale
from webapp.domain.users import people
from webapp.domain.users.models import RoleChangeReason, User


def sell(
    user: User, plan: SubscriptionPlan, *, by: Actor, paid: Paid | None = None, note: str | None = None
) -> VIPSubscriber:
    """Starts or extends a subscription by the days of a plan. `paid`: what was received for it; None: nothing was, and
    the statistics of money count nothing. Raises Conflict for a plan that is not offered, and for a payment that was
    recorded before; Denied for a blocked person.
    """
    people.refuse_giving(user)
    if not plan.is_active:
        raise Conflict(_("Ese plan está desactivado."))
    terms, reason = plans.sale(plan), RoleChangeReason.VIP_PURCHASED
    subscriber = subscriptions.add(user, terms, by=by, reason=reason, note=note, paid=Decimal(0))
    if paid is not None:
        _record(subscriber, paid, by=by)
    subscriptions.tell_given(subscriber, plan.duration_days)
    return subscriber


def give(user: User, days: int, *, by: Actor, reason: str, paid: Paid | None = None) -> VIPSubscriber:
    """Gives days of no plan, for a `reason` in words; `paid`: what somebody else paid for them, so that they count as
    sold. Raises like `subscriptions.gift`, and Conflict for a payment that was recorded before."""
    if paid is None:
        return subscriptions.gift(user, days, by=by, reason=reason)
    wrong = {} if clean(reason) else {"reason": _("Escribe por qué.")}
    if not 1 <= days <= MAX_DAYS:
        wrong["days"] = _("Escribe un número de días entre 1 y %(most)s.", most=MAX_DAYS)
    if wrong:
        raise Invalid(fields=wrong)
    terms, note, why = Sale(GIFT, days, currency=paid.currency), clean(reason)[:500], RoleChangeReason.ADMIN_GRANTED
    people.refuse_giving(user)
    subscriber = subscriptions.add(user, terms, by=by, reason=why, note=note, paid=paid.amount)
    _record(subscriber, paid, by=by)
    subscriptions.tell_given(subscriber, days)
    return subscriber


def _record(subscriber: VIPSubscriber, paid: Paid, *, by: Actor) -> None:
    """What was received for what a subscription has just got; days come with their payment, or not at all."""
    if not payments.record(subscriptions.latest_period(subscriber), paid, by=by):
        raise Conflict(_("Ese pago ya estaba registrado."))
