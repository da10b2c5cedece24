"""Subscriptions to the VIP channel: start, extend, gift, pause, resume, revoke, correct.

Whoever changes one holds its row first, so that of two who do, the second sees what the first did. Each change leaves a
period, a row of the role log and an audit row. What the channel must do about it is promised, never awaited.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import select

from webapp.base import texts
from webapp.base.clock import now
from webapp.base.db import db, upsert
from webapp.base.errors import Conflict, Invalid, NotFound
from webapp.base.i18n import _, speaking
from webapp.base.words import clean
from webapp.domain.audit import trail
from webapp.domain.audit.actors import Actor
from webapp.domain.channels import expulsions, invites, reminders
from webapp.domain.channels.models import ENDED, OPEN, ChannelState, Status, SubscriptionPeriod, VIPSubscriber
from webapp.domain.channels.plans import GIFT, MAX_DAYS, Sale
from webapp.domain.settings import config
from webapp.domain.users import people, roles
from webapp.domain.users.models import RoleChangeReason, User, UserRole


def add(
    user: User,
    terms: Sale,
    *,
    by: Actor,
    reason: RoleChangeReason,
    token_id: int | None = None,
    note: str | None = None,
    paid: Decimal | None = None,
    until: datetime | None = None,
) -> VIPSubscriber:
    """Gives `user` the days of `terms`: starts a subscription, or adds them to what is left of one.

    Somebody who still stands in the channel stays in it; anybody else begins the entry in three steps. `paid`: what it
    really cost, where that is not the terms' price; `until`: the end, where days do not tell it; never an earlier one.
    """
    subscriber, born = _own(user)
    fresh = born or subscriber.status in ENDED
    begins = now() if fresh else max(subscriber.expiry_date, subscriber.paused_at or now())
    with trail.watch(subscriber, "create" if born else "update", by=by, reason=note):
        subscriber.expiry_date = max(until, begins) if until else ends(begins, terms.duration_days)
        if fresh or terms.plan_name != GIFT:  # a gift leaves what somebody pays as it is
            subscriber.plan_id, subscriber.plan_name = terms.plan_id, terms.plan_name
            subscriber.duration_days = terms.duration_days
            subscriber.price, subscriber.currency = terms.price, terms.currency
        if fresh:
            _open(subscriber)
        elif subscriber.status is Status.GRACE:
            subscriber.status = Status.ACTIVE
        reminders.plan(subscriber)
    free = terms.plan_name == GIFT and not paid
    what = "gift" if free else "start" if fresh else "extend"
    sold = replace(terms, price=terms.price if paid is None else paid)
    _period(subscriber, what, sold, begins, by=by, note=note, token_id=token_id)
    _enrol(user, by=by, reason=reason if fresh else RoleChangeReason.VIP_EXTENDED)
    expulsions.take_back(subscriber)
    return subscriber


def tell_given(subscriber: VIPSubscriber, days: int) -> None:
    """Promises its holder word of the `days` that staff have just given or sold them by hand."""
    _tell(subscriber, "vip_given", dias=days)


def gift(user: User, days: int, *, by: Actor, reason: str) -> VIPSubscriber:
    """Gives days for nothing, for a `reason` in words. Raises Invalid for no reason, or days out of 1 to 3,650;
    Denied for a blocked person."""
    note = _words(reason)
    people.refuse_giving(user)
    if not 1 <= days <= MAX_DAYS:
        raise Invalid(fields={"days": _("Escribe un número de días entre 1 y %(most)s.", most=MAX_DAYS)})
    terms = Sale(GIFT, days, Decimal(0), config.current().currency)
    subscriber = add(user, terms, by=by, reason=RoleChangeReason.ADMIN_GRANTED, note=note)
    tell_given(subscriber, days)
    return subscriber


def pause(subscriber: VIPSubscriber, *, by: Actor, reason: str) -> None:
    """Stops the time of an active subscription; its holder leaves the channel until `resume`. Raises Conflict for one
    that is not active, Invalid without a reason."""
    note, subscriber = _words(reason), _hold(subscriber)
    if subscriber.status not in (Status.ACTIVE, Status.PENDING_ENTRY):
        raise Conflict(_("Solo se puede pausar una suscripción activa."))
    with trail.watch(subscriber, "update", by=by, reason=note):
        subscriber.status, subscriber.paused_at = Status.PAUSED, now()
        subscriber.vip_entry_stage = None
        reminders.plan(subscriber)
    _period(subscriber, "pause", None, now(), by=by, note=note)
    _leave(subscriber, by=by, reason=RoleChangeReason.MANUAL_CHANGE)
    _tell(subscriber, "vip_paused")


def resume(subscriber: VIPSubscriber, *, by: Actor) -> None:
    """Lets the time run again; what was left when it stopped is left now. Raises Conflict for one not paused."""
    subscriber = _hold(subscriber)
    if subscriber.status is not Status.PAUSED or subscriber.paused_at is None:
        raise Conflict(_("Esa suscripción no está en pausa."))
    with trail.watch(subscriber, "update", by=by):
        subscriber.expiry_date += now() - subscriber.paused_at
        subscriber.paused_at = None
        _open(subscriber)
        reminders.plan(subscriber)
    _period(subscriber, "resume", None, now(), by=by)
    _enrol(subscriber.user, by=by, reason=RoleChangeReason.MANUAL_CHANGE)
    expulsions.take_back(subscriber)
    _tell(subscriber, "vip_resumed")


def revoke(subscriber: VIPSubscriber, *, by: Actor, reason: str) -> None:
    """Ends a subscription before its time, for a `reason` in words. Raises Conflict for one that is over, Invalid
    without a reason."""
    note, subscriber = _words(reason), _hold(subscriber)
    if subscriber.status in ENDED:
        raise Conflict(_("Esa suscripción ya terminó."))
    with trail.watch(subscriber, "update", by=by, reason=note):
        subscriber.status, subscriber.paused_at, subscriber.vip_entry_stage = Status.REVOKED, None, None
        subscriber.expiry_date = min(subscriber.expiry_date, now())
        reminders.plan(subscriber)
    _period(subscriber, "revoke", None, now(), by=by, note=note)
    _leave(subscriber, by=by, reason=RoleChangeReason.ADMIN_REVOKED)
    _tell(subscriber, "vip_revoked")


def correct(subscriber: VIPSubscriber, until: datetime, *, by: Actor, reason: str) -> None:
    """Sets by hand until when somebody has access (aware; future opens an ended one, past lets the sweep end it).

    Raises Invalid without a reason or more than ten years ahead, Conflict while paused.
    """
    note, subscriber = _words(reason), _hold(subscriber)
    if until > now() + timedelta(days=MAX_DAYS):
        raise Invalid(fields={"until": _("Elige una fecha dentro de los próximos diez años.")})
    if subscriber.status is Status.PAUSED:
        raise Conflict(_("Esa suscripción está en pausa; reanúdala primero."))
    opens = subscriber.status in ENDED and until > now()
    with trail.watch(subscriber, "update", by=by, reason=note):
        subscriber.expiry_date = until
        if opens:
            _open(subscriber)
        elif subscriber.status is Status.GRACE and until > now():
            subscriber.status = Status.ACTIVE
        reminders.plan(subscriber)
    _period(subscriber, "correct", None, now(), by=by, note=note)
    if opens:
        _enrol(subscriber.user, by=by, reason=RoleChangeReason.MANUAL_CHANGE)
        expulsions.take_back(subscriber)
    if until > now():
        _tell(subscriber, "vip_changed")


def of(user_id: int) -> VIPSubscriber | None:
    """Somebody's subscription, whatever its state; None when there never was one."""
    return db.session.scalar(select(VIPSubscriber).where(VIPSubscriber.user_id == user_id))


def unchanged(seen: Mapping[int, datetime]) -> Sequence[VIPSubscriber]:
    """The subscriptions of these people (by user id) that still end when somebody saw them end; held until the
    transaction is over."""
    query = select(VIPSubscriber).where(VIPSubscriber.user_id.in_(seen)).order_by(VIPSubscriber.id).with_for_update()
    found = db.session.scalars(query.execution_options(populate_existing=True))
    return [row for row in found if row.expiry_date == seen[row.user_id]]


def open_until(user_id: int) -> datetime | None:
    """Until when somebody has access; None for who has none."""
    row = VIPSubscriber
    return db.session.scalar(select(row.expiry_date).where(row.user_id == user_id, row.status.in_(OPEN)))


def history(subscriber: VIPSubscriber, limit: int = 100) -> Sequence[SubscriptionPeriod]:
    """What happened to a subscription, newest first."""
    row = SubscriptionPeriod
    query = select(row).where(row.subscriber_id == subscriber.id).order_by(row.id.desc()).limit(limit)
    return db.session.scalars(query).all()


def latest_period(subscriber: VIPSubscriber) -> SubscriptionPeriod:
    """What happened to it last."""
    return history(subscriber, 1)[0]


def hold(user_id: int) -> VIPSubscriber:
    """Somebody's subscription as it is now, held until the transaction ends. Raises NotFound for who never had one."""
    query = select(VIPSubscriber).where(VIPSubscriber.user_id == user_id).with_for_update()
    found = db.session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NotFound(_("Esa persona nunca ha sido VIP."))
    return found


def held(user_id: int) -> VIPSubscriber | None:
    """The same; None for who never had one, and then the person is held, so that of two who begin one the second sees
    what the first began."""
    for _again in range(2):
        if of(user_id) is not None:
            return hold(user_id)
        db.session.execute(select(User.user_id).where(User.user_id == user_id).with_for_update())
    return None


def ends(begins: datetime, days: int) -> datetime:
    """When `days` from `begins` are over: at that minute, or at the creator's fixed local hour after it, if set.

    With a fixed hour days are those of the creator's calendar, whatever their length: what ends at nine ends at nine
    again after an extension over a change of the clocks.
    """
    settings = config.current()
    if settings.expiry_hour is None:
        return begins + timedelta(days=days)
    over = begins.astimezone(ZoneInfo(settings.time_zone)) + timedelta(days=days)  # by the clock on the wall
    fixed = over.replace(hour=settings.expiry_hour, minute=0, second=0, microsecond=0, fold=0)
    if fixed < over:
        fixed += timedelta(days=1)
    return fixed.astimezone(begins.tzinfo)


def _own(user: User) -> tuple[VIPSubscriber, bool]:
    """The person's row, held until the transaction ends, made when there is none: (row, whether it was made now)."""
    moment = now()
    blank = {"user_id": user.user_id, "status": Status.EXPIRED, "join_date": moment, "expiry_date": moment}
    blank |= {"plan_name": GIFT, "duration_days": 0, "currency": config.current().currency}
    statement = upsert(VIPSubscriber).values(blank).on_conflict_do_nothing(index_elements=["user_id"])
    born = db.session.scalar(statement.returning(VIPSubscriber.id))
    query = select(VIPSubscriber).where(VIPSubscriber.user_id == user.user_id).with_for_update()
    row = db.session.scalars(query.execution_options(populate_existing=True)).one()
    return row, born is not None


def _hold(subscriber: VIPSubscriber) -> VIPSubscriber:
    """The row as it is now, held until the transaction ends."""
    query = select(VIPSubscriber).where(VIPSubscriber.id == subscriber.id).with_for_update()
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def _open(subscriber: VIPSubscriber) -> None:
    """Access begins: those who never left are active at once, the others have the entry before them."""
    inside = subscriber.channel_state is ChannelState.MEMBER
    subscriber.status = Status.ACTIVE if inside else Status.PENDING_ENTRY
    subscriber.vip_entry_stage = None if inside else 1
    subscriber.join_date = now()
    subscriber.attempts, subscriber.last_error, subscriber.next_attempt_at = 0, None, None


def _enrol(user: User, *, by: Actor, reason: RoleChangeReason) -> None:
    """The role that goes with access; who has it already gets the row of the log all the same."""
    if not roles.promote_to_vip(user, by=by, reason=reason):
        roles.log_role(user.user_id, user.role, user.role, by=by, reason=reason)


def _leave(subscriber: VIPSubscriber, *, by: Actor, reason: RoleChangeReason) -> None:
    user = subscriber.user
    if user.role is not UserRole.VIP or not roles.demote_to_free(user, by=by, reason=reason):
        roles.log_role(user.user_id, user.role, user.role, by=by, reason=reason)
    invites.revoke_open([user.user_id])
    expulsions.begin(subscriber)


def _period(
    subscriber: VIPSubscriber,
    what: str,
    terms: Sale | None,
    begins: datetime,
    *,
    by: Actor,
    note: str | None = None,
    token_id: int | None = None,
) -> None:
    row = SubscriptionPeriod(
        subscriber_id=subscriber.id,
        token_id=token_id,
        what=what,
        starts_at=begins,
        ends_at=subscriber.expiry_date,
        reason=note,
        by=by.ref,
        by_label=by.label[:150],
    )
    if terms is not None:
        row.plan_name, row.days, row.price, row.currency = (
            terms.plan_name, terms.duration_days, terms.price, terms.currency,
        )  # fmt: skip
    db.session.add(row)


def _tell(subscriber: VIPSubscriber, name: str, **told: int) -> None:
    """What staff did by hand, in the creator's words, once; with the way in for those who may enter."""
    user = subscriber.user
    with speaking(user.locale):
        outside = subscriber.has_access and subscriber.channel_state is not ChannelState.MEMBER
        door = [[texts.button(_("Entrar al canal VIP"), "enter")]] if outside else None
    key = f"hand:{latest_period(subscriber).id}"
    reminders.say(user, name, key, door, fecha=subscriber.expiry_date, **told)


def _words(reason: str) -> str:
    words = clean(reason)[:500]
    if not words:
        raise Invalid(fields={"reason": _("Escribe por qué.")})
    return words
