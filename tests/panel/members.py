"""Plans, subscribers and join requests for the panel's tests."""

from datetime import timedelta

from webapp.base.clock import now
from webapp.base.db import db, transaction
from webapp.domain.audit.actors import Actor
from webapp.domain.channels import plans, requests, subscriptions
from webapp.domain.channels.models import SubscriptionPlan, VIPSubscriber
from webapp.domain.settings import config
from webapp.domain.users.models import RoleChangeReason, User

CAIO = Actor("staff", "caio", "Caio Lima", source="ADMIN_PANEL")
VIP, FREE = -1001000000002, -1001000000001


def open_channels() -> None:
    """Both channels are set."""
    with transaction():
        settings = config.current()
        settings.vip_channel_id, settings.free_channel_id = VIP, FREE


def a_plan(name: str = "Mensual", **more: object) -> SubscriptionPlan:
    """A plan of thirty days for 350 pesos."""
    values = {"name": name, "duration_days": 30, "price": "350", "currency": "MXN"} | more
    with transaction():
        return plans.create(values, by=CAIO)


def subscribe(user: User, plan: SubscriptionPlan, **left: float) -> VIPSubscriber:
    """Sells somebody a plan; `left`: when it is over, from now."""
    with transaction():
        row = subscriptions.add(user, plans.sale(plan), by=CAIO, reason=RoleChangeReason.ADMIN_GRANTED)
        if left:
            row.expiry_date = now() + timedelta(**left)
    return row


def ask_to_join(user: User) -> None:
    """Telegram tells that somebody asks to join the Free channel."""
    told = {"id": user.user_id, "is_bot": False, "first_name": user.first_name, "username": user.username}
    with transaction():
        requests.receive(FREE, told, user.user_id)


def of(user: User) -> VIPSubscriber:
    """Somebody's subscription as the database has it."""
    db.session.rollback()
    db.session.expire_all()
    found = subscriptions.of(user.user_id)
    assert found is not None
    return found
