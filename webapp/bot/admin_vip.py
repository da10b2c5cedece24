"""The chat's desk for admins, the VIP channel: invitations to give away, subscribers by how they stand, the brake."""

from typing import Any

from webapp.base import texts
from webapp.base.db import get
from webapp.base.i18n import _
from webapp.bot.admin import capped, sure
from webapp.bot.guard import allow
from webapp.bot.links import rows, short, turning
from webapp.bot.replies import Reply
from webapp.bot.routes import on
from webapp.domain.channels import expiry, lists, plans, tokens
from webapp.domain.channels.lists import SubscriberFilter
from webapp.domain.channels.models import ExpulsionRun, SubscriptionPlan, VIPSubscriber
from webapp.domain.settings import config
from webapp.domain.users.models import User
from webapp.domain.users.people import as_actor

FILTERS = {
    "active": SubscriberFilter(state="open"),
    "soon": SubscriberFilter(state="open", ends="7"),
    "expired": SubscriberFilter(state="ended", sort="-expiry"),
    "paused": SubscriberFilter(state="paused"),
}


@on.button("vipdesk")
@allow("vip", "read")
def vip(user: User) -> Reply:
    """How many have access, whether the brake holds, subscribers by how they stand, and a code of each plan."""
    offered = plans.offered()[:8]
    labels = [texts.button(label, f"subs:{kind}") for kind, label in _labels().items()]
    choices = [[texts.button(short(_("Código: %(plan)s", plan=plan.name)), f"code:{plan.id}")] for plan in offered]
    run = expiry.braked()
    let = [texts.button(_("Soltar el freno"), f"brake:{run.id}")] if run else []
    up = [texts.button(_("‹ Administración"), "admin")]
    soon = capped(lists.count_subscribers(FILTERS["soon"]))
    return Reply("admin/vip", due=expiry.due(), run=run, offered=offered, soon=soon,
                 buttons=rows(let, labels[:2], labels[2:], *choices, up))  # fmt: skip


@on.button("subs")
@allow("vip", "read")
def subscribers(user: User, kind: str, first: int = 0, second: int = 0, back: int = 0) -> Reply:
    """Subscribers of one kind, some at a time."""
    kind = kind if kind in FILTERS else "active"
    found = lists.few_subscribers(FILTERS[kind], (first, second) if second else None, back=bool(back))
    zone, up = config.current().time_zone, [texts.button(_("‹ VIP"), "vipdesk")]
    choices = [[texts.button(short(one.user.full_name), f"sub:{one.user_id}")] for one in found.rows]
    count = capped(lists.count_subscribers(FILTERS[kind]))
    return Reply("admin/subscribers", title=_labels()[kind], found=found, zone=zone, count=count,
                 buttons=rows(*choices, turning(found, f"subs:{kind}"), up))  # fmt: skip


@on.button("code")
@allow("tokens", "create")
def code(user: User, plan_id: int) -> Reply:
    """A code of one plan, as a message of its own to pass on."""
    plan = get(SubscriptionPlan, plan_id)
    issued = tokens.issue(plan, by=as_actor(user))[0]
    name = config.current().bot_username
    link = f"https://t.me/{name}?start=vip_{issued.code}" if name else ""
    told: dict[str, Any] = {"plan": plan, "code": issued.code, "link": link, "zone": config.current().time_zone}
    reply = Reply("admin/code", token=issued.token, edit=False, once=f"secret:code:{issued.token.id}", **told)
    return reply.toasting(_("Código listo."))


@on.button("brake")
@allow("vip", "update")
def ask_release(user: User, run_id: int) -> Reply:
    """Asks before many leave at once."""
    over = expiry.due().over
    question = _("Van a terminar %(over)s suscripciones de golpe. ¿Seguimos?", over=over)
    return sure(question, f"braked:{run_id}:{over}", "vipdesk")


@on.button("braked")
@allow("vip", "update")
def release(user: User, run_id: int, seen: int = 0) -> Reply:
    """A person has looked at `seen` who would leave: the sweep goes on."""
    expiry.release(get(ExpulsionRun, run_id), by=as_actor(user), seen=seen)
    return vip(user).toasting(_("Freno suelto."))


def kind_of(subscriber: VIPSubscriber | None) -> str:
    """The list in which somebody stands."""
    status = subscriber.status.value if subscriber else "active"
    return status if status in FILTERS else "expired" if status == "revoked" else "active"


def _labels() -> dict[str, str]:
    return {"active": _("Con acceso"), "soon": _("Por vencer"), "expired": _("Terminados"), "paused": _("En pausa")}
