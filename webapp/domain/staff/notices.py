"""What somebody of the team is told in their Telegram about their own account, in their language: fixed texts.

Only an account that is linked is told; the others see it in the panel.
"""

import uuid
from typing import Any

from webapp.base import outbox, texts
from webapp.base.agents import device
from webapp.base.clock import now
from webapp.base.db import db
from webapp.base.i18n import speaking
from webapp.domain.audit.actors import Actor
from webapp.domain.settings import config
from webapp.domain.staff.models import StaffUser


def tell(staff: StaffUser, template: str, *, once: str | None = None, to: int | None = None, **told: Any) -> None:
    """Promises one of the fixed texts of `templates/bot/staff/`, told also when it is now, in their time zone.

    `once`: what makes a second promise of it the same one. `to`: another Telegram than the one that is linked now.
    """
    person = to or staff.telegram_user_id
    if person is None:
        return
    zone = staff.time_zone or config.current().time_zone
    with speaking(staff.locale):
        words = texts.render(template, staff=staff, at=now(), zone=zone, **told)
    outbox.promise("sendMessage", person, texts.payload(words), dedupe_key=once, priority=2)


def new_browser(staff: StaffUser, here: Actor) -> None:
    """Tells of a way in from a browser in which they never signed in before; `here`: from where."""
    tell(staff, "staff/new_device", device=device(here.agent), ip=here.ip or "?")


def slowed(staff_id: uuid.UUID) -> None:
    """Tells, once an hour, that somebody tries passwords on their account and has to wait."""
    staff = db.session.get(StaffUser, staff_id)
    if staff is not None:
        tell(staff, "staff/slowed", once=f"staff:slowed:{staff_id}:{now():%Y%m%d%H}")
