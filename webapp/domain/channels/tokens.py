"""Tokens: codes that turn into days of VIP.

The code is told once, to whoever makes it; the row keeps its hash. How long a token may be redeemed (`shelf_hours`) and
how many days it grants are two things. Redeeming is one conditional UPDATE: of many who race, the last use goes to one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, select, update

from webapp.base import tries
from webapp.base.clock import now
from webapp.base.crypto import hash_token, new_token, public_id
from webapp.base.db import db, upsert
from webapp.base.errors import Conflict, Invalid, NotFound, TooMany
from webapp.base.i18n import _
from webapp.domain.audit import trail
from webapp.domain.audit.actors import Actor
from webapp.domain.channels import payments, plans, subscriptions
from webapp.domain.channels.models import InvitationToken, SubscriptionPlan, TokenRedemption, VIPSubscriber
from webapp.domain.channels.payments import Paid
from webapp.domain.users import people
from webapp.domain.users.models import RoleChangeReason, User

MOST = 1000
GUESSES = "20 per hour"  # wrong codes of one person; the chat handles a refused update twice
MAX_SHELF_HOURS = 24 * 365
MAX_USES = 100_000
LENGTH = 32  # of the 43 characters of a new token: 192 bits, and "vip_" + code fits in a deep link's 64
NOTED = {"noted": True, "synchronize_session": False}


@dataclass(frozen=True)
class Issued:
    """A token just made, with its code, which nobody can read again."""

    code: str
    token: InvitationToken


def issue(
    plan: SubscriptionPlan,
    *,
    by: Actor,
    count: int = 1,
    shelf_hours: int = 24,
    max_uses: int = 1,
    paid: Paid | None = None,
    free: bool = False,
    once: str | None = None,
) -> list[Issued]:
    """Makes `count` tokens (1 to 1,000) of a plan, its terms copied, redeemable for `shelf_hours`, `max_uses` times.

    `paid`: what was received for each of them already; `free`: nothing is paid. Several at once share a batch and one
    audit row; `once` makes a second try a Conflict. Raises Invalid for numbers out of range, Conflict when the plan is
    not offered or when a payment comes with tokens of several uses.
    """
    check(count, shelf_hours, max_uses)
    if not plan.is_active:
        raise Conflict(_("Ese plan está desactivado."))
    moment, batch = now(), public_id() if count > 1 else None
    terms = {"plan_id": plan.id, "plan_name": plan.name, "duration_days": plan.duration_days, "price": plan.price}
    terms |= {"price": Decimal(0)} if free else {}
    terms |= {"currency": plan.currency, "generated_by": by.ref, "generated_by_label": by.label[:150]}
    codes = [new_token().lstrip("-")[:LENGTH] for _one in range(count)]  # no dash first: sheets read it as a formula
    terms |= {"shelf_hours": shelf_hours, "max_uses": max_uses, "expires_at": moment + timedelta(hours=shelf_hours)}
    rows = [terms | {"batch_id": batch, "token_hash": hash_token(code), "hint": code[-4:]} for code in codes]
    first = upsert(InvitationToken).values(rows[0] | {"once": once}).on_conflict_do_nothing(index_elements=["once"])
    begun = db.session.scalar(first.returning(InvitationToken))
    if begun is None:
        raise Conflict(_("Estos códigos ya se crearon: la página se envió dos veces. Búscalos en la lista."))
    made = [begun, *(InvitationToken(**row) for row in rows[1:])]
    db.session.add_all(made[1:])
    db.session.flush()
    if paid is not None:
        payments.record_for_token(made, paid, by=by)
    new = {"plan": plan.name, "count": count, "shelf_hours": shelf_hours, "max_uses": max_uses, "batch_id": batch}
    trail.note("create", InvitationToken.__tablename__, batch or made[0].id, by=by, new=new)
    return [Issued(code, token) for code, token in zip(codes, made, strict=True)]


def check(count: int, shelf_hours: int, max_uses: int) -> None:
    """Raises Invalid, with a message for each number out of range."""
    wrong = {}
    if not 1 <= count <= MOST:
        wrong["count"] = _("Escribe un número entre 1 y %(most)s.", most=MOST)
    if not 1 <= shelf_hours <= MAX_SHELF_HOURS:
        wrong["shelf_hours"] = _("Escribe un número de horas entre 1 y %(most)s.", most=MAX_SHELF_HOURS)
    if not 1 <= max_uses <= MAX_USES:
        wrong["max_uses"] = _("Escribe un número entre 1 y %(most)s.", most=MAX_USES)
    if wrong:
        raise Invalid(fields=wrong)


def redeem(code: str, user: User, *, by: Actor) -> VIPSubscriber:
    """Turns a code into days of VIP for `user`, added to what they have left.

    Raises NotFound for a code we do not know (TooMany after many such), Conflict with the reason for one that is
    spent, expired, revoked, used by this person before, or whose plan is no longer offered, and Denied for a blocked
    person.
    """
    people.refuse_blocked(user)
    hashed = hash_token(code.strip())
    if not tries.left(GUESSES, "redeem", str(user.user_id)):
        raise TooMany(_("Demasiados intentos. Espera una hora y vuelve a probar."), retry_after=3600)
    token = db.session.scalar(_TAKING, {"hash": hashed, "moment": now()}, execution_options=NOTED)
    if token is None:
        raise _why_not(hashed, user)
    plan = db.session.get(SubscriptionPlan, token.plan_id) if token.plan_id is not None else None
    if plan is None or not plan.is_active:
        raise Conflict(_("El plan de este código ya no se ofrece. Escríbenos y te ayudamos."))
    used = upsert(TokenRedemption).values(token_id=token.id, user_id=user.user_id)
    if db.session.scalar(used.on_conflict_do_nothing().returning(TokenRedemption.id)) is None:
        raise Conflict(_("Ya canjeaste este código."))
    trail.note("update", token.__tablename__, token.id, by=by, new={"uses": token.uses, "redeemed_by": user.user_id})
    terms = plans.Sale(token.plan_name, token.duration_days, token.price, token.currency, token.plan_id)
    subscriber = subscriptions.add(user, terms, by=by, reason=RoleChangeReason.VIP_REDEEMED, token_id=token.id)
    payments.carry(token, subscriber.id)
    return subscriber


def revoke(token: InvitationToken, *, by: Actor) -> bool:
    """Makes a token worthless from now on; False when it is over already. Days already granted stay."""
    return bool(_revoke(InvitationToken.id == token.id, by=by))


def revoke_batch(batch_id: str, *, by: Actor) -> int:
    """Revokes what is left of a batch; returns how many tokens."""
    return _revoke(InvitationToken.batch_id == batch_id, by=by)


def known(codes: Iterable[str]) -> dict[str, InvitationToken]:
    """The token of each of these codes that is one of ours."""
    hashes = {hash_token(code): code for code in codes}
    query = select(InvitationToken).where(InvitationToken.token_hash.in_(hashes))
    return {hashes[token.token_hash]: token for token in db.session.scalars(query)}


def redemptions(token: InvitationToken) -> Sequence[TokenRedemption]:
    """Who used a token, oldest first."""
    query = select(TokenRedemption).where(TokenRedemption.token_id == token.id).order_by(TokenRedemption.id)
    return db.session.scalars(query).all()


_TAKING = (
    update(InvitationToken)
    .where(
        InvitationToken.token_hash == bindparam("hash"),
        InvitationToken.revoked_at.is_(None),
        InvitationToken.expires_at > bindparam("moment", type_=InvitationToken.expires_at.type),
        InvitationToken.uses < InvitationToken.max_uses,
    )
    .values(uses=InvitationToken.uses + 1)
    .returning(InvitationToken)
    .execution_options(populate_existing=True)
)


def _why_not(hashed: str, user: User) -> NotFound | Conflict:
    """The reason why no use of a token could be taken."""
    token = db.session.scalar(select(InvitationToken).where(InvitationToken.token_hash == hashed))
    if token is None:
        tries.hit(GUESSES, "redeem", str(user.user_id))
        return NotFound(_("No conocemos ese código. Revisa que esté completo."))
    mine = TokenRedemption.token_id == token.id, TokenRedemption.user_id == user.user_id
    if db.session.scalar(select(TokenRedemption.id).where(*mine)) is not None:
        return Conflict(_("Ya canjeaste este código."))
    words = {
        "revoked": _("Este código fue anulado."),
        "exhausted": _("Este código ya fue usado."),
        "expired": _("Este código caducó. Pide uno nuevo."),
    }
    return Conflict(words.get(token.state, words["exhausted"]))


def _revoke(which: Any, *, by: Actor) -> int:
    row = InvitationToken
    alive = (row.revoked_at.is_(None), row.expires_at > now(), row.uses < row.max_uses)
    moment = now()
    statement = update(row).where(which, *alive).values(revoked_at=moment).returning(row.id)
    ids = db.session.scalars(statement, execution_options=NOTED | {"synchronize_session": "fetch"}).all()
    for token_id in ids:
        trail.note("update", row.__tablename__, token_id, by=by, old={"revoked_at": None}, new={"revoked_at": moment})
    return len(ids)
