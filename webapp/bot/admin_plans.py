"""The chat's desk for admins, plans: what is offered, switched on and off. They are made and changed in the panel."""

from webapp.base import texts
from webapp.base.db import get
from webapp.base.i18n import _, money
from webapp.bot.admin import sure
from webapp.bot.guard import allow
from webapp.bot.links import rows, short
from webapp.bot.replies import Reply
from webapp.bot.routes import on
from webapp.domain.channels import lists, plans
from webapp.domain.channels.models import SubscriptionPlan
from webapp.domain.users.models import User
from webapp.domain.users.people import as_actor

MOST = 20


@on.button("plandesk")
@allow("vip", "read")
def every(user: User) -> Reply:
    """All plans in their order."""
    found = plans.every()[:MOST]
    choices = [[texts.button(_label(one), f"plan:{one.id}")] for one in found]
    up = [texts.button(_("‹ Administración"), "admin")]
    return Reply("admin/plans", plans=found, buttons=rows(*choices, up))


@on.button("plan")
@allow("vip", "read")
def plan(user: User, plan_id: int) -> Reply:
    """One plan, with how many have it, and its switch."""
    return _plan(get(SubscriptionPlan, plan_id))


@on.button("planoff")
@allow("vip", "update")
def ask_off(user: User, plan_id: int) -> Reply:
    """Taking a plan down asks first."""
    question = _("¿Dejar de ofrecerlo? Sus códigos no se podrán canjear; quien ya lo tiene lo conserva.")
    return sure(question, f"planset:{plan_id}:0", f"plan:{plan_id}")


@on.button("planset")
@allow("vip", "update")
def switch(user: User, plan_id: int, active: int) -> Reply:
    """Offers a plan, or no longer."""
    found = get(SubscriptionPlan, plan_id)
    done = plans.switch(found, bool(active), by=as_actor(user))
    words = _("Se ofrece.") if active else _("Ya no se ofrece.")
    return _plan(found).toasting(words if done else _("Ya estaba así."))


def _label(plan: SubscriptionPlan) -> str:
    price = money(plan.price, plan.currency) if plan.price else _("Gratis")
    return f"{'✅' if plan.is_active else '🚫'} {short(plan.name)} · {price}"


def _plan(found: SubscriptionPlan) -> Reply:
    off = texts.button(_("Dejar de ofrecer"), f"planoff:{found.id}")
    verb = off if found.is_active else texts.button(_("Ofrecer"), f"planset:{found.id}:1")
    up = [texts.button(_("‹ Planes"), "plandesk")]
    sold = lists.sold([found.id]).get(found.id, 0)
    return Reply("admin/plan", plan=found, sold=sold, buttons=rows([verb], up))
