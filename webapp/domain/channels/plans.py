"""Plans: what is offered, to whom, in which order."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from babel.numbers import list_currencies
from sqlalchemy import func, select, update

from webapp.base.db import db
from webapp.base.errors import Invalid
from webapp.base.i18n import _
from webapp.base.words import clean
from webapp.domain.audit import trail
from webapp.domain.audit.actors import Actor
from webapp.domain.channels.models import ENDED, Eligibility, SubscriptionPlan, VIPSubscriber
from webapp.domain.users.models import User

GIFT = "—"  # the plan's name of days that are of no plan; `label` is what people read
MAX_DAYS = 3650
MAX_PRICE = Decimal("99999999.99")
MAX_STARS = 100_000
PRICE = re.compile(r"[0-9]{1,9}([.,][0-9]{1,2})?")  # "1,200" is refused: nobody knows whether it has cents


@dataclass(frozen=True)
class Sale:
    """Terms on their own. `price` in `currency`; `duration_days` whole days; `plan_id` None for days without a plan."""

    plan_name: str
    duration_days: int
    price: Decimal = Decimal(0)
    currency: str = "MXN"
    plan_id: int | None = None


def label(plan_name: str | None) -> str:
    """How the name of what was sold reads, in the asker's language: days of no plan are a gift."""
    return str(_("Regalo")) if plan_name in (None, "", GIFT) else str(plan_name)


def sale(plan: SubscriptionPlan) -> Sale:
    """The terms of a plan as they are now."""
    return Sale(plan.name, plan.duration_days, plan.price, plan.currency, plan.id)


def create(values: Mapping[str, Any], *, by: Actor) -> SubscriptionPlan:
    """A new plan at the end of the list; `values` as typed: name, duration_days, price, currency, price_stars,
    eligibility. Raises Invalid with a message for each field that does not fit."""
    fitted = _fitted(values)
    last = db.session.scalar(select(func.max(SubscriptionPlan.position))) or 0
    plan = SubscriptionPlan(**fitted, position=last + 1, created_by=by.ref)
    with trail.watch(plan, "create", by=by):
        db.session.add(plan)
    return plan


def change(plan: SubscriptionPlan, values: Mapping[str, Any], *, by: Actor) -> None:
    """Changes a plan; what was sold before keeps its terms. Raises like `create`."""
    fitted = _fitted(values)
    with trail.watch(plan, "update", by=by):
        for name, value in fitted.items():
            setattr(plan, name, value)


def switch(plan: SubscriptionPlan, active: bool, *, by: Actor) -> bool:
    """Offers a plan, or no longer; False when it was so already. Its tokens cannot be redeemed meanwhile."""
    changed = db.session.execute(
        update(SubscriptionPlan)
        .where(SubscriptionPlan.id == plan.id, SubscriptionPlan.is_active.is_not(active))
        .values(is_active=active),
        execution_options={"noted": True, "synchronize_session": False},
    )
    db.session.refresh(plan)
    if not changed.rowcount:  # type: ignore[attr-defined]
        return False
    trail.note("update", plan.__tablename__, plan.id, by=by, old={"is_active": not active}, new={"is_active": active})
    return True


def move(plan: SubscriptionPlan, step: int, *, by: Actor) -> None:
    """So many places nearer to the end, or to the top (negative); it stops there."""
    found = _held()
    others = [one for one in found if one.id != plan.id]
    index = max(0, found.index(plan) + step)
    for position, one in enumerate([*others[:index], plan, *others[index:]], start=1):
        with trail.watch(one, "update", by=by):
            one.position = position


def _held() -> Sequence[SubscriptionPlan]:
    """All plans in their order, held until the transaction ends: two moves at once are one after the other."""
    db.session.execute(select(SubscriptionPlan.id).order_by(SubscriptionPlan.id).with_for_update())
    query = select(SubscriptionPlan).order_by(SubscriptionPlan.position, SubscriptionPlan.id)
    return db.session.scalars(query.execution_options(populate_existing=True)).all()


def every() -> Sequence[SubscriptionPlan]:
    """All plans in their order."""
    query = select(SubscriptionPlan).order_by(SubscriptionPlan.position, SubscriptionPlan.id)
    return db.session.scalars(query).all()


def offered() -> list[SubscriptionPlan]:
    """The plans that are sold now, in their order."""
    return [plan for plan in every() if plan.is_active]


def get_offered(plan_id: int | None) -> SubscriptionPlan:
    """The plan with this id, if it is sold now. Raises Invalid (plan)."""
    found = db.session.get(SubscriptionPlan, plan_id) if plan_id is not None else None
    if found is None or not found.is_active:
        raise Invalid(fields={"plan": _("Elige un plan de los que se ofrecen.")})
    return found


def offered_to(user: User) -> list[SubscriptionPlan]:
    """The plans this person may buy now, in their order."""
    status = db.session.scalar(select(VIPSubscriber.status).where(VIPSubscriber.user_id == user.user_id))
    kind = Eligibility.NEW if status is None else Eligibility.PAST if status in ENDED else Eligibility.ACTIVE
    return [plan for plan in offered() if plan.eligibility in (Eligibility.EVERYONE, kind)]


def _fitted(values: Mapping[str, Any]) -> dict[str, Any]:
    fitted: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for name, rule in _RULES.items():
        try:
            fitted[name] = rule(str(values.get(name) if values.get(name) is not None else "").strip())
        except ValueError as fault:
            wrong[name] = str(fault)
    if wrong:
        raise Invalid(fields=wrong)
    return fitted


def _name(text: str) -> str:
    name = clean(text)
    if not 1 <= len(name) <= 100 or name == GIFT:
        raise ValueError(_("Escribe un nombre de entre 1 y 100 caracteres."))
    return name


def _days(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= MAX_DAYS:
        raise ValueError(_("Escribe un número de días entre 1 y %(most)s.", most=MAX_DAYS))
    return int(text)


def _price(text: str) -> Decimal:
    price = Decimal(text.replace(",", ".") or "0") if not text or PRICE.fullmatch(text) else MAX_PRICE + 1
    if price > MAX_PRICE:
        raise ValueError(_("Escribe un precio entre 0 y %(most)s.", most=f"{MAX_PRICE:,}"))
    return price.quantize(Decimal("0.01"))


def _currency(text: str) -> str:
    code = text.upper()
    if len(code) != 3 or code not in list_currencies():
        raise ValueError(_("Escribe el código de una moneda, como MXN, EUR o BRL."))
    return code


def _stars(text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:8]) <= MAX_STARS:
        raise ValueError(_("Escribe un número de Stars entre 1 y %(most)s.", most=MAX_STARS))
    return int(text)


def _eligibility(text: str) -> Eligibility:
    try:
        return Eligibility(text or "everyone")
    except ValueError:
        raise ValueError(_("Elige a quién se ofrece.")) from None


_RULES = {
    "name": _name,
    "duration_days": _days,
    "price": _price,
    "currency": _currency,
    "price_stars": _stars,
    "eligibility": _eligibility,
}
