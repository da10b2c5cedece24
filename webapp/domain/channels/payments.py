"""Money that staff received by hand: recorded for a period or for a code, never changed, only reversed.

A period's price is what the statistics of money count. It is the plan's price as it was sold, until somebody records
what was really paid: from then on it is the sum of what was recorded for it, less what was reversed. A payment recorded
with a code becomes its period's when the code is redeemed.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from babel.numbers import list_currencies
from sqlalchemy import exists, func, insert, select, update
from sqlalchemy.orm import aliased

from webapp.base.db import db, upsert
from webapp.base.errors import Conflict, Invalid
from webapp.base.i18n import _
from webapp.base.words import clean
from webapp.domain.audit import trail
from webapp.domain.audit.actors import Actor
from webapp.domain.channels.models import InvitationToken, SubscriptionPeriod
from webapp.domain.channels.plans import MAX_PRICE, PRICE
from webapp.domain.channels.records import ManualPayment, Method

PAYABLE = ("start", "extend")
QUIET = {"synchronize_session": False}
NOTED = {"noted": True, **QUIET}


@dataclass(frozen=True)
class Paid:
    """A sum received: `amount` > 0 in `currency`, how, and a note. `once` makes a second try do nothing."""

    amount: Decimal
    currency: str
    method: Method
    note: str = ""
    once: str | None = None


def read(typed: Mapping[str, Any]) -> Paid:
    """What was typed: amount, currency, method, note, once. Raises Invalid with a message for each field that does not
    fit."""
    wrong = {}
    told = str(typed.get("amount") or "").strip()
    amount = Decimal(told.replace(",", ".")) if PRICE.fullmatch(told) else Decimal(0)
    if not 0 < amount <= MAX_PRICE:
        wrong["amount"] = _("Escribe lo que se pagó, como 350 o 350,50.")
    currency = str(typed.get("currency") or "").strip().upper()
    if len(currency) != 3 or currency not in list_currencies():
        wrong["currency"] = _("Escribe el código de una moneda, como MXN, EUR o BRL.")
    if typed.get("method") not in [method.value for method in Method]:
        wrong["method"] = _("Elige cómo se pagó.")
    if wrong:
        raise Invalid(fields=wrong)
    note = clean(typed.get("note"))[:500]
    return Paid(amount.quantize(Decimal("0.01")), currency, Method(typed["method"]), note, once(typed))


def once(typed: Mapping[str, Any]) -> str | None:
    """The word that a form carries so that it counts once however often it is sent; None for what is no such word."""
    told = str(typed.get("once") or "")
    return told if re.fullmatch(r"[A-Za-z0-9_-]{8,32}", told) else None


def record(period: SubscriptionPeriod, paid: Paid, *, by: Actor) -> bool:
    """Records what was received for a start or an extension; False when this very payment was recorded before.

    Raises Conflict for what nobody pays for (a gift, a pause …), Invalid when the sum would be in two currencies.
    """
    period = _hold(period.id)
    if period.what not in PAYABLE:
        raise Conflict(_("Eso no se paga: registra el pago donde empezó o se extendió."))
    _refuse_mixing(period.id, paid.currency)
    if _insert(paid, by=by, period_id=period.id) is None:
        return False
    _settle(period)
    return True


def record_for_token(tokens: Sequence[InvitationToken], paid: Paid, *, by: Actor) -> None:
    """Records what was received for each of these new codes, which are good for one person each; that is what the
    period of whoever redeems it will have cost. Raises Conflict for a code of several uses, and for what was recorded
    before."""
    if any(token.max_uses != 1 for token in tokens):
        raise Conflict(_("Un código para varias personas no lleva un pago: regístralo en cada suscripción."))
    facts = {**_facts(paid), "by": by.ref, "by_label": by.label[:150]}
    first = upsert(ManualPayment).values({**facts, "token_id": tokens[0].id, "once": paid.once})
    if db.session.scalar(first.on_conflict_do_nothing().returning(ManualPayment.id)) is None:
        raise Conflict(_("Ese pago ya estaba registrado."))
    if others := [{**facts, "token_id": token.id} for token in tokens[1:]]:
        db.session.execute(insert(ManualPayment), others)
    for token in tokens:
        token.price, token.currency = paid.amount, paid.currency
    new = {**_facts(paid), "tokens": len(tokens)}
    trail.note("create", ManualPayment.__tablename__, tokens[0].batch_id or tokens[0].id, by=by, new=new)


def carry(token: InvitationToken, subscriber_id: int) -> None:
    """A code was redeemed: what was received for it is, from now on, for what the redeeming began or extended."""
    row, period = ManualPayment, SubscriptionPeriod
    newest = select(func.max(period.id)).where(period.subscriber_id == subscriber_id).scalar_subquery()
    moved = update(row).where(row.token_id == token.id, row.period_id.is_(None)).values(period_id=newest)
    db.session.execute(moved, execution_options=NOTED)


def reverse(payment: ManualPayment, *, by: Actor, reason: str) -> None:
    """Takes a payment back, for a `reason` in words: the period (or the code) cost that much less. Raises Invalid
    without a reason, Conflict for one that was reversed before, or is a reversal itself."""
    words = clean(reason)[:500]
    if not words:
        raise Invalid(fields={"reason": _("Escribe por qué.")})
    token = _held_token(payment.token_id)
    db.session.refresh(payment)  # its code may have been redeemed a moment ago
    period = _hold(payment.period_id) if payment.period_id is not None else None
    if payment.amount < 0:
        raise Conflict(_("Eso ya es una anulación."))
    back = Paid(-payment.amount, payment.currency, payment.method, words)
    places = {"token_id": payment.token_id, "period_id": payment.period_id, "reverses_id": payment.id}
    if _insert(back, by=by, **places) is None:
        raise Conflict(_("Ese pago ya está anulado."))
    if period is not None:
        _settle(period)
    elif token is not None:
        with trail.watch(token, "update", by=by, reason=words):
            token.price = Decimal(0)


def of(period_ids: Iterable[int]) -> dict[int, list[ManualPayment]]:
    """The payments of these periods, oldest first. One query."""
    row = ManualPayment
    found: dict[Any, list[ManualPayment]] = {}
    query = select(row).where(row.period_id.in_(list(period_ids))).order_by(row.id)
    for payment in db.session.scalars(query):
        found.setdefault(payment.period_id, []).append(payment)
    return found


def of_token(token: InvitationToken) -> Sequence[ManualPayment]:
    """The payments of a code, oldest first."""
    row = ManualPayment
    return db.session.scalars(select(row).where(row.token_id == token.id).order_by(row.id)).all()


def _refuse_mixing(period_id: int, currency: str) -> None:
    """What counts for one period is in one currency."""
    row, undone = ManualPayment, aliased(ManualPayment)
    stands = (row.period_id == period_id, row.amount > 0, ~exists().where(undone.reverses_id == row.id))
    other = db.session.scalar(select(row.currency).where(*stands, row.currency != currency).limit(1))
    if other is not None:
        raise Invalid(fields={"currency": _("Ya hay un pago en %(code)s: anúlalo o usa esa moneda.", code=other)})


def _insert(paid: Paid, *, by: Actor, **places: int | None) -> int | None:
    """The new row's id; None when it was there before."""
    facts = _facts(paid)
    values = facts | {"once": paid.once, "by": by.ref, "by_label": by.label[:150], **places}
    made = upsert(ManualPayment).values(values).on_conflict_do_nothing().returning(ManualPayment.id)
    payment_id: int | None = db.session.scalar(made)
    if payment_id is not None:
        trail.note("create", ManualPayment.__tablename__, payment_id, by=by, new=facts | places)
    return payment_id


def _facts(paid: Paid) -> dict[str, Any]:
    return {"amount": paid.amount, "currency": paid.currency, "method": paid.method, "note": paid.note or None}


def _settle(period: SubscriptionPeriod) -> None:
    """A period costs what was received for it."""
    row = ManualPayment
    mine = select(func.sum(row.amount), func.max(row.id)).where(row.period_id == period.id)
    total, last = db.session.execute(mine).one()
    if total > MAX_PRICE:
        raise Invalid(fields={"amount": _("Es demasiado para un solo periodo.")})
    period.price = total
    period.currency = db.session.scalar(select(row.currency).where(row.id == last))
    db.session.flush()


def _hold(period_id: int) -> SubscriptionPeriod:
    query = select(SubscriptionPeriod).where(SubscriptionPeriod.id == period_id).with_for_update()
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def _held_token(token_id: int | None) -> InvitationToken | None:
    """A code, held, so that nobody redeems it meanwhile."""
    query = select(InvitationToken).where(InvitationToken.id == token_id).with_for_update()
    return db.session.scalar(query.execution_options(populate_existing=True))
