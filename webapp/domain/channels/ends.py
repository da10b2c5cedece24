"""Ends, many at once: the time of these subscriptions is over, and what that leaves is written set by set.

Each is marked and noted as if it were alone: its own period, row of the role log, audit rows, expulsion and reminder.
The rows are held by whoever calls (see expiry.py).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from webapp.base.bulk import insert_many, update_many
from webapp.base.clock import now
from webapp.domain.audit import trail
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.channels import expulsions, invites, reminders
from webapp.domain.channels.models import ChannelState, Status, SubscriptionPeriod, VIPSubscriber
from webapp.domain.settings import config
from webapp.domain.settings.models import BotConfig
from webapp.domain.users import people, roles
from webapp.domain.users.models import RoleChangeReason, UserRole


class Over(NamedTuple):
    """One subscription whose time is over, and its person, as one row of columns; first those that an end changes."""

    status: Status
    vip_entry_stage: int | None
    next_reminder: int | None
    next_reminder_at: datetime | None
    reminder_rules: int
    updated_at: datetime
    id: int
    user_id: int
    channel_state: ChannelState
    attempts: int
    expiry_date: datetime
    role: UserRole
    time_zone: str | None


CHANGED = Over._fields[:6]
OWN = ("next_reminder", "next_reminder_at", "reminder_rules")  # what may be another for each


def into_grace(found: Sequence[Over]) -> None:
    """Their time is over, their grace is not: they stay inside."""
    moment = now()
    _change(found, [one._replace(status=Status.GRACE, vip_entry_stage=None, updated_at=moment) for one in found])


def end(found: Sequence[Over]) -> None:
    """Demoted, noted, on the way out of the channel, and soon told: the message of the end is the next reminder."""
    moment, settings = now(), config.current()
    became: dict[str, Any] = {"status": Status.EXPIRED, "vip_entry_stage": None, "updated_at": moment}
    became["reminder_rules"] = settings.reminder_rules
    ended = [_planned(one._replace(**became), settings) for one in found]
    _change(found, ended)
    _note(ended, moment)
    user_ids = [one.user_id for one in ended]
    roles.demote_many_to_free(user_ids, by=SYSTEM, reason=RoleChangeReason.VIP_EXPIRED)
    invites.revoke_open(user_ids)
    expulsions.begin_many(ended)


def _planned(one: Over, settings: BotConfig) -> Over:
    zone = people.zone_for(one.role, one.time_zone, settings.time_zone)
    number, due = reminders.planned(one, settings, zone, reminders.AT_THE_END)
    return one._replace(next_reminder=number, next_reminder_at=due)


def _change(before: Sequence[Over], after: Sequence[Over]) -> None:
    """Writes what became of them, with an audit row of what is different for each."""
    if not after:
        return
    rows = [{"id": one.id, **{name: getattr(one, name) for name in OWN}} for one in after]
    shared = {name: getattr(after[0], name) for name in CHANGED if name not in OWN}
    update_many(VIPSubscriber, rows, **shared)
    changes = []
    for old, new in zip(before, after, strict=True):
        told = [one for one in zip(CHANGED, old, new, strict=False) if one[1] != one[2]]
        changes.append((old.id, {name: was for name, was, _is in told}, {name: is_ for name, _was, is_ in told}))
    trail.note_many("update", VIPSubscriber.__tablename__, changes, by=SYSTEM)


def _note(ended: Sequence[Over], moment: datetime) -> None:
    """Their periods."""
    rows = [{"subscriber_id": one.id, "starts_at": one.expiry_date, "ends_at": one.expiry_date} for one in ended]
    shared: dict[str, Any] = {"what": "expire", "days": 0, "price": 0, "by": SYSTEM.ref, "by_label": SYSTEM.label}
    insert_many(SubscriptionPeriod, rows, **shared, created_at=moment)
