"""The chat's desk for admins, one subscriber: how their access stands, and the same deeds on it as in the panel.

Each deed is asked for first. What its question was asked of (`seen`: the end of the access, in seconds) goes along with
the answer, so that a button pressed twice, or an old message, does nothing a second time.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from webapp.base import texts
from webapp.base.clock import now
from webapp.base.db import get
from webapp.base.errors import Conflict, NotFound
from webapp.base.i18n import _, money, ngettext
from webapp.bot import guard
from webapp.bot.admin_vip import kind_of
from webapp.bot.guard import allow
from webapp.bot.links import rows, short
from webapp.bot.replies import Reply
from webapp.bot.routes import on
from webapp.domain.audit.actors import Actor
from webapp.domain.channels import expulsions, plans, returns, sales, subscriptions
from webapp.domain.channels.models import ChannelState, Status, SubscriptionPlan, VIPSubscriber
from webapp.domain.channels.payments import Paid
from webapp.domain.channels.records import Method
from webapp.domain.settings import config
from webapp.domain.staff.rights import Act
from webapp.domain.users import people
from webapp.domain.users.models import User
from webapp.domain.users.people import as_actor

DAYS = (1, 7, 30, 90)
# The rights that a deed needs, where changing subscriptions is not it.
CHANGE: Sequence[tuple[str, Act]] = [("vip", "update")]
NEEDS: Mapping[str, Sequence[tuple[str, Act]]] = {
    "revoke": [("vip", "delete")],
    "expel": [("vip", "delete")],
    "extend": [*CHANGE, ("payments", "create")],
}


@dataclass(frozen=True)
class Deed:
    """What can be done to a subscription: its question (told a number: days, or a plan), the deed, its toast."""

    ask: Callable[[int], str]
    do: Callable[[User, VIPSubscriber | None, int, Actor], Any]
    done: str


@on.button("sub")
@allow("vip", "read")
def card(user: User, user_id: int) -> Reply:
    """One person's subscription, with the deeds that it allows."""
    return _card(user, user_id)


@on.button("subpick")
@allow("vip", "update")
def pick(user: User, deed: str, user_id: int) -> Reply:
    """How many days, or which plan."""
    other, choices = people.get_user(user_id), []
    if deed == "extend":
        offered = plans.offered()[:8]
        choices = [[texts.button(_terms(plan), f"subask:extend:{user_id}:{plan.id}")] for plan in offered]
        question = _("¿Qué plan?") if offered else _("Todavía no hay planes. Se crean en el panel.")
    elif deed in ("gift", "readmit"):
        question = _("¿Cuántos días?")
        found = [texts.button(_days(days), f"subask:{deed}:{user_id}:{days}") for days in DAYS]
        choices = [found[:2], found[2:]]
    else:
        raise NotFound(_("Eso ya no está aquí."))
    up = [texts.button(_("Cancelar"), f"sub:{user_id}")]
    return Reply("admin/ask", person=other, question=question, buttons=rows(*choices, up))


@on.button("subask")
@allow("vip", "read")
def ask(user: User, deed: str, user_id: int, number: int) -> Reply:
    """Asks before a deed."""
    other, wanted = people.get_user(user_id), _deeds().get(deed)
    if wanted is None:
        raise NotFound(_("Eso ya no está aquí."))
    data = f"subdo:{deed}:{user_id}:{number}:{_seen(subscriptions.of(user_id))}"
    ways = [[texts.button(_("Sí"), data)]]
    if deed == "extend":
        price = get(SubscriptionPlan, number)
        words = _("Sí, pagó %(price)s", price=money(price.price, price.currency))
        gratis = texts.button(_("Sí, sin pago"), data.replace("extend", "grant", 1))
        ways = [*([[texts.button(words, data)]] if price.price else []), [gratis]]
    no = [texts.button(_("No"), f"sub:{user_id}")]
    return Reply("admin/ask", person=other, question=wanted.ask(number), buttons=[*ways, no])


@on.button("subdo")
@allow("vip", "read")
def do(user: User, deed: str, user_id: int, number: int, seen: int) -> Reply:
    """Does it, unless it was done before or the access was changed since the question."""
    wanted, other = _deeds().get(deed), people.get_user(user_id)
    if wanted is None:
        raise NotFound(_("Eso ya no está aquí."))
    for section, act in NEEDS.get(deed, CHANGE):
        guard.require(user, section, act)
    row = subscriptions.held(user_id)
    if _seen(row) != seen:
        raise Conflict(_("Ya se hizo, o alguien lo cambió. Mira cómo está ahora."))
    wanted.do(other, row, number, as_actor(user))
    return _card(user, user_id).toasting(wanted.done)


def _deeds() -> Mapping[str, Deed]:
    return {
        "gift": Deed(lambda days: _("¿Regalarle %(days)s?", days=_days(days)),
                     lambda other, _row, days, by: subscriptions.gift(other, days, by=by, reason=_why()),
                     _("Regalado.")),
        "extend": Deed(_ask_extend, lambda other, _row, plan, by: _sell(other, plan, by, paid=True),
                       _("Extendida, con su pago.")),
        "grant": Deed(_ask_extend, lambda other, _row, plan, by: _sell(other, plan, by, paid=False),
                      _("Extendida, sin pago.")),
        "pause": Deed(lambda _n: _("¿Pausar su suscripción? Sale del canal y su tiempo deja de correr."),
                      lambda _other, row, _n, by: subscriptions.pause(_own(row), by=by, reason=_why()),
                      _("En pausa.")),
        "resume": Deed(lambda _n: _("¿Reanudar? Tendrá los días que le quedaban."),
                       lambda _other, row, _n, by: subscriptions.resume(_own(row), by=by), _("Reanudada.")),
        "revoke": Deed(lambda _n: _("¿Retirarle el acceso? Pierde lo que le queda y sale del canal."),
                       lambda _other, row, _n, by: subscriptions.revoke(_own(row), by=by, reason=_why()),
                       _("Retirado.")),
        "expel": Deed(lambda _n: _("¿Expulsar ahora? No tiene acceso y sigue dentro del canal."),
                      lambda _other, row, _n, by: expulsions.expel(_own(row), by=by), _("Sale en unos segundos.")),
        "readmit": Deed(_ask_readmit, lambda _other, row, days, by: _readmit(_own(row), days, by),
                        _("De vuelta: le llega un enlace nuevo.")),
    }  # fmt: skip


def _card(user: User, user_id: int) -> Reply:
    other, row = people.get_user(user_id), subscriptions.of(user_id)
    up = [texts.button(_("Ver a la persona"), f"user:{user_id}"), texts.button(_("‹ VIP"), f"subs:{kind_of(row)}")]
    named = [texts.button(label, f"{verb}:{user_id}" if verb.startswith("subpick") else f"{verb}:{user_id}:0")
             for label, verb in _possible(row) if _allows(user, verb.partition(":")[2])]  # fmt: skip
    pairs = [named[place : place + 2] for place in range(0, len(named), 2)]
    places = {
        ChannelState.NONE: _("Fuera del canal"),
        ChannelState.INVITED: _("Con enlace"),
        ChannelState.MEMBER: _("Dentro del canal"),
        ChannelState.EXPELLED: _("Expulsado"),
    }
    return Reply("admin/subscriber", person=other, subscriber=row, places=places, zone=config.current().time_zone,
                 buttons=rows(*pairs, up))  # fmt: skip


def _possible(row: VIPSubscriber | None) -> list[tuple[str, str]]:
    """(label, what its button says) of what can be done to a subscription as it stands."""
    found = [(_("Extender"), "subpick:extend"), (_("Regalar días"), "subpick:gift")]
    if row is None:
        return found
    if row.status in (Status.ACTIVE, Status.PENDING_ENTRY):
        found.append((_("Pausar"), "subask:pause"))
    if row.status is Status.PAUSED:
        found.append((_("Reanudar"), "subask:resume"))
    if row.has_access or row.status is Status.PAUSED:
        found.append((_("Retirar acceso"), "subask:revoke"))
    if expulsions.is_leaving(row):
        found.append((_("Expulsar ahora"), "subask:expel"))
    if row.channel_state is ChannelState.EXPELLED and row.status is not Status.PAUSED:
        found.append((_("Dejar volver"), "subask:readmit" if row.has_access else "subpick:readmit"))
    return found


def _allows(user: User, deed: str) -> bool:
    held = guard.held(user)
    return all(held.may(section, act) for section, act in NEEDS.get(deed, CHANGE))


def _own(row: VIPSubscriber | None) -> VIPSubscriber:
    if row is None:
        raise NotFound(_("Esa persona nunca ha sido VIP."))
    return row


def _sell(other: User, plan_id: int, by: Actor, *, paid: bool) -> None:
    plan = get(SubscriptionPlan, plan_id)
    sum_ = Paid(plan.price, plan.currency, Method.OTHER, _why()) if paid and plan.price else None
    sales.sell(other, plan, by=by, paid=sum_, note=_why())


def _readmit(row: VIPSubscriber, days: int, by: Actor) -> None:
    until = now() + timedelta(days=min(days, plans.MAX_DAYS + 1)) if days > 0 else None
    returns.readmit(row, by=by, reason=_why(), until=until)


def _ask_extend(plan_id: int) -> str:
    return str(_("¿Extender con %(plan)s?", plan=_terms(get(SubscriptionPlan, plan_id))))


def _ask_readmit(days: int) -> str:
    if not days:
        return str(_("¿Dejarle volver? Conserva su fecha y le llega un enlace nuevo."))
    return str(_("¿Dejarle volver por %(days)s? Le llega un enlace nuevo.", days=_days(days)))


def _terms(plan: SubscriptionPlan) -> str:
    return f"{short(plan.name, 24)} · {_days(plan.duration_days)}"


def _days(days: int) -> str:
    return str(ngettext("%(n)s día", "%(n)s días", days, n=days))


def _seen(row: VIPSubscriber | None) -> int:
    """What tells one state of a subscription from the next: its end, and whether time runs."""
    return 0 if row is None else int(row.expiry_date.timestamp()) * 10 + list(Status).index(row.status)


def _why() -> str:
    return str(_("Desde el bot"))
