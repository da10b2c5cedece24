"""Reminders of an end: before it, at it, and after it to win people back, on the creator's days. Never the same twice.

Each subscription knows its next one (`next_reminder`: days to the end, 0 at it, negative after) and when it is due,
the member's quiet hours left out. What the creator changes counts for what is planned already: `reminder_rules` says
by which state of the settings a subscription was planned; the worker plans the others anew before it sends.
"""

from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import contains_eager

from webapp.base import outbox, texts
from webapp.base.clock import now
from webapp.base.db import db
from webapp.base.i18n import _, moment, ngettext, speaking
from webapp.domain.audit.actors import Actor
from webapp.domain.channels.models import OPEN, Status, VIPSubscriber
from webapp.domain.channels.quiet import awake
from webapp.domain.settings import config
from webapp.domain.settings import texts as creator_texts
from webapp.domain.settings.models import BotConfig
from webapp.domain.users import people
from webapp.domain.users.models import Reach, User

LATE = timedelta(hours=12)  # a reminder that could not be sent for longer than this is not sent any more
BATCH = 200
AT_THE_END = 0


class Dated(Protocol):
    """What of a subscription says when its reminders are due."""

    @property
    def status(self) -> Status: ...
    @property
    def expiry_date(self) -> datetime: ...


def plan(subscriber: VIPSubscriber, *, pending: int | None = None, said: int | None = None) -> None:
    """Sets which reminder comes next and when, from how a subscription stands now; its row must be held.

    `pending`: one whose own moment may be past and that was not said yet. `said`: the one that was just dealt with;
    those after it count, also when they are somewhat late.
    """
    settings, zone = config.current(), people.zone_of(subscriber.user)
    subscriber.next_reminder, subscriber.next_reminder_at = planned(subscriber, settings, zone, pending, said)
    subscriber.reminder_rules = settings.reminder_rules


def planned(
    standing: Dated, settings: BotConfig, zone: str, pending: int | None = None, said: int | None = None
) -> tuple[int, datetime] | tuple[None, None]:
    """Which reminder comes next to somebody whose clock is `zone`, and when; see `plan`."""
    moment_now, wanted = now(), _wanted(standing.status, settings)
    recent = moment_now - LATE

    def due(days: int) -> datetime:
        if days != pending:
            return awake(_of(standing, days), zone, settings)
        own = moment_now if days == AT_THE_END else max(moment_now, awake(_of(standing, days), zone, settings))
        return awake(own, zone, settings)

    ahead = [
        days
        for days in wanted
        if days == pending
        or (days != AT_THE_END and _of(standing, days) > moment_now)
        or (said is not None and days < said and due(days) >= recent)
    ]
    next_one = max(ahead, default=None)
    return (None, None) if next_one is None else (next_one, due(next_one))


def plan_due(limit: int = BATCH) -> int:
    """Plans anew, in the current transaction, what was planned by earlier settings; returns of how many."""
    settings, row = _settings(), VIPSubscriber
    query = _some(limit).where(row.reminder_rules < settings.reminder_rules).order_by(row.reminder_rules, row.id)
    found = db.session.scalars(query).all()
    for subscriber in found:
        plan(subscriber, pending=_pending(subscriber))
    return len(found)


def move(user: User, zone: str, *, by: Actor) -> bool:
    """Somebody's clock is another one now, and with it the hours at which they are reminded; False when it is not.

    Their subscription is held before they are, as by everybody who changes both. Raises Invalid for no time zone.
    """
    subscriber = db.session.scalar(_some(1, skip=False).where(VIPSubscriber.user_id == user.user_id))
    if not people.choose_time_zone(user, zone, by=by):
        return False
    if subscriber is not None:
        plan(subscriber, pending=_pending(subscriber))
    return True


def send_due(limit: int = BATCH) -> int:
    """Promises the reminders that are due, in the current transaction; returns of how many subscriptions."""
    settings, row = _settings(), VIPSubscriber
    query = _some(limit).where(row.next_reminder_at <= now(), row.reminder_rules == settings.reminder_rules)
    found = db.session.scalars(query.order_by(row.next_reminder_at)).all()
    for subscriber in found:
        waits = subscriber.next_reminder
        if waits is not None and not _is_late(subscriber):
            _remind(subscriber, waits)
        plan(subscriber, said=waits)
    return len(found)


def write(user: User, template: str, key: str, buttons: texts.Buttons | None = None, **told: Any) -> None:
    """Promises somebody a message in their language, once under this key; nobody who cannot be reached is written to.
    The template is told the person's time zone as `zone`."""
    if user.reach is not Reach.OK:
        return
    with speaking(user.locale):
        words = texts.render(template, user=user, zone=people.zone_of(user), **told)
        outbox.promise("sendMessage", user.user_id, texts.payload(words, buttons), dedupe_key=key)


def say(user: User, name: str, key: str, buttons: texts.Buttons | None = None, **told: Any) -> None:
    """The same with a text of the creator's; what it is told is worded for the person by `worded`."""
    if user.reach is not Reach.OK:
        return
    with speaking(user.locale):
        words = creator_texts.render(name, **worded(user, **told))
        outbox.promise("sendMessage", user.user_id, texts.payload(words, buttons), dedupe_key=key)


def worded(user: User, **told: Any) -> dict[str, str]:
    """What a creator's text says of a person, in the language in force: moments by their clock, numbers as days."""
    zone = people.zone_of(user)
    named = {"nombre": user.first_name or user.full_name}
    return named | {name: _worded(value, zone) for name, value in told.items()}


def _worded(value: Any, zone: str) -> str:
    if isinstance(value, datetime):
        return moment(value, zone)
    return str(ngettext("%(num)s día", "%(num)s días", value)) if isinstance(value, int) else str(value)


def _wanted(status: Status, settings: BotConfig) -> list[int]:
    """Every reminder that a subscription gets as it stands: days to the end, negative after it."""
    if status in OPEN:
        return list(settings.reminder_days) if settings.remind_before else []
    if status is not Status.EXPIRED:
        return []
    after = [-days for days in settings.comeback_days] if settings.remind_after else []
    return ([AT_THE_END] if settings.remind_end else []) + after


def _of(standing: Dated, days: int) -> datetime:
    """The moment of one reminder, quiet hours or not."""
    return standing.expiry_date - timedelta(days=days)


def _pending(subscriber: VIPSubscriber) -> int | None:
    """The reminder that waits, when its own moment is past and only quiet hours (or we) keep it back."""
    waits, due = subscriber.next_reminder, subscriber.next_reminder_at
    if due is None or _is_late(subscriber):
        return None
    if waits is None:  # planned before reminders were numbered: the one of that very moment
        away = subscriber.expiry_date - due
        waits = round(away / timedelta(days=1)) if due <= now() else None
    past = waits == AT_THE_END or (waits is not None and _of(subscriber, waits) <= now())
    return waits if past else None


def _is_late(subscriber: VIPSubscriber) -> bool:
    return subscriber.next_reminder_at is None or now() - subscriber.next_reminder_at > LATE


def _remind(subscriber: VIPSubscriber, days: int) -> None:
    user = subscriber.user
    end = int(subscriber.expiry_date.timestamp())
    if days == AT_THE_END:
        with speaking(user.locale):
            renew = [[texts.button(_("Ver mi acceso"), "access")]]
        say(user, "ended", f"ended:{subscriber.id}:{end}", renew, fecha=subscriber.expiry_date)
        return
    name = f"ends_soon_{days}" if days > 0 else f"come_back_{-days}"
    key = f"remind:{subscriber.id}:{end}:{days}"
    say(user, name, key, dias=abs(days), fecha=subscriber.expiry_date)


def _settings() -> BotConfig:
    """The settings as the database has them now; a worker lives long."""
    return db.session.get_one(BotConfig, 1, populate_existing=True)


def _some(limit: int, *, skip: bool = True) -> Any:
    """Subscriptions with their people, held; those that another worker holds are left to it."""
    query = select(VIPSubscriber).join(VIPSubscriber.user).options(contains_eager(VIPSubscriber.user)).limit(limit)
    return query.with_for_update(of=VIPSubscriber, skip_locked=skip).execution_options(populate_existing=True)
