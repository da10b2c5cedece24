"""Many ends at once: each is written as if it were alone, whoever races, and whatever the pace of Telegram."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from tests.conftest import PATIENCE, count
from tests.domain.channels.conftest import CAIO, VIP, now_of, person
from tests.factories import UserFactory
from tests.panel.conftest import counted as counted
from webapp.base.clock import now
from webapp.base.db import db, get, transaction
from webapp.base.outbox import OutboxMessage
from webapp.base.pace import Pacer
from webapp.domain.audit.models import AuditLog
from webapp.domain.channels import expiry, members, reminders, subscriptions, tokens
from webapp.domain.channels.models import (
    Channel,
    ChannelInvite,
    ChannelState,
    Status,
    SubscriptionPeriod,
    VIPSubscriber,
)
from webapp.domain.sessions import devices
from webapp.domain.settings import config
from webapp.domain.users import roles
from webapp.domain.users.models import Reach, User, UserRole, UserRoleChangeLog
from webapp.domain.users.people import as_actor

EXPIRED = SubscriptionPeriod.what == "expire"
PACE = 25


@pytest.fixture(autouse=True)
def no_brake(channels):
    with transaction():
        config.current().brake_most, config.current().brake_share = 10_000, 100


@pytest.fixture
def crowd(given, clock):
    """People whose time is over."""

    def gather(size):
        found = [given(UserFactory(), inside=True).user_id for _ in range(size)]
        clock.forward(days=31)
        return found

    return gather


def sweep(limit=expiry.BATCH):
    with transaction():
        return expiry.sweep(limit)


def tell():
    """What the worker does next: the reminders that are due, the one of the end first."""
    with transaction():
        reminders.send_due()


def promised(kind):
    return count(OutboxMessage, OutboxMessage.dedupe_key.like(f"{kind}:%"))


def audited(*resource):
    return count(AuditLog, AuditLog.resource_type.in_(resource))


def test_each_end_leaves_its_own_rows_and_one_audit_row_for_each_write(app, crowd):
    ended = crowd(12)
    before = audited("vip_subscribers", "users")
    assert sweep() == 12
    tell()
    assert count(VIPSubscriber, VIPSubscriber.status == Status.EXPIRED) == count(SubscriptionPeriod, EXPIRED) == 12
    assert count(UserRoleChangeLog, UserRoleChangeLog.new_role == UserRole.FREE) == 12
    assert audited("vip_subscribers", "users") - before == 24
    assert (promised("expel"), promised("ended")) == (12, 12)
    assert count(User, User.user_id.in_(ended), User.role == UserRole.FREE) == 12


def test_the_audit_tells_what_was_and_what_became_of_it(ana, given, clock):
    given(ana, inside=True)
    began = now_of(ana)
    was = {"next_reminder_at": began.next_reminder_at.isoformat(), "updated_at": began.updated_at.isoformat()}
    was["next_reminder"] = began.next_reminder
    clock.forward(days=30)
    sweep()
    query = select(AuditLog).where(AuditLog.resource_type == "vip_subscribers").order_by(AuditLog.id.desc()).limit(1)
    noted, after = db.session.scalars(query).one(), now_of(ana)
    assert noted.old_values == was | {"status": "active"}
    assert noted.new_values == {
        "status": "expired",
        "next_reminder": reminders.AT_THE_END,
        "next_reminder_at": now().isoformat(),
        "updated_at": now().isoformat(),
    }
    assert (noted.actor_type, noted.action, noted.resource_id) == ("system", "update", str(after.id))


def test_an_end_takes_back_the_links_and_the_sessions(ana, given, clock):
    given(ana)
    with transaction():
        devices.start("miniapp", by=as_actor(ana), user_id=ana.user_id)
        invite = {"user_id": ana.user_id, "channel": Channel.VIP, "expires_at": now() + timedelta(days=40)}
        db.session.execute(insert(ChannelInvite).values(invite | {"link": "https://t.me/+ana"}))
    clock.forward(days=30)
    sweep()
    assert promised("revoke") == 1
    assert db.session.scalar(select(ChannelInvite.revoked_at)) is not None
    assert devices.of(user_id=ana.user_id) == []


def test_who_is_an_admin_stays_one_and_the_end_is_in_her_log_all_the_same(dora, given, clock):
    given(dora, inside=True)
    clock.forward(days=30)
    sweep()
    assert get(User, dora.user_id).role is UserRole.ADMIN
    last = roles.history(dora)[0]
    assert (last.previous_role, last.new_role, last.reason.value) == (UserRole.ADMIN, UserRole.ADMIN, "vip_expired")
    assert promised("expel") == 1


def test_each_reads_it_in_her_own_language_and_who_blocked_the_bot_is_not_written_to(given, clock):
    spoken = {"es": "Tu VIP terminó", "en": "Your VIP has ended", "pt-br": "Seu VIP terminou"}
    readers = {code: UserFactory(language_code=code) for code in spoken}
    for user in (*readers.values(), UserFactory(reach=Reach.BLOCKED)):
        given(user, inside=True)
    clock.forward(days=30)
    sweep()
    tell()
    for code, words in spoken.items():
        query = select(OutboxMessage.payload).where(OutboxMessage.chat_id == readers[code].user_id)
        assert words in db.session.scalars(query.where(OutboxMessage.dedupe_key.like("ended:%"))).one()["text"]
    assert promised("ended") == 3


def test_who_stands_outside_is_not_expelled(ana, given, clock):
    given(ana)
    clock.forward(days=30)
    sweep()
    assert (now_of(ana).status, now_of(ana).channel_state) == (Status.EXPIRED, ChannelState.NONE)
    assert promised("expel") == 0


def test_a_few_in_grace_and_a_few_over_part_ways_in_one_sweep(given, clock):
    with transaction():
        config.current().grace_hours = 48
    first = given(UserFactory(), inside=True).user
    clock.forward(hours=50)
    second = given(UserFactory(), inside=True).user
    clock.forward(days=30)
    assert sweep() == 2
    assert (now_of(first).status, now_of(second).status) == (Status.EXPIRED, Status.GRACE)
    assert sweep() == 0


def test_the_statements_of_a_sweep_do_not_grow_with_people(app, crowd, counted):
    crowd(11)
    few = counted(sweep)
    crowd(40)
    assert counted(sweep) <= few
    assert count(SubscriptionPeriod, EXPIRED) == 51


def test_who_is_renewed_while_the_sweep_looks_is_untouched(app, ana, bea, given, plan, clock):
    given(ana, inside=True)
    given(bea, inside=True)
    clock.forward(days=31)
    with transaction():
        code = tokens.issue(plan, by=CAIO)[0].code
    redeemed, go_on = threading.Event(), threading.Event()

    def renew():
        with app.app_context(), transaction():
            tokens.redeem(code, get(User, ana.user_id), by=as_actor(ana))
            redeemed.set()
            go_on.wait(PATIENCE)

    def sweep_apart():
        with app.app_context():
            return sweep()

    with ThreadPoolExecutor(2) as pool:
        renewal = pool.submit(renew)
        assert redeemed.wait(PATIENCE)
        sweeping = pool.submit(sweep_apart)  # SQLite: waits for the renewal; PostgreSQL: leaves ana out
        if db.engine.dialect.name == "postgresql":
            assert sweeping.result(PATIENCE) == 1
        go_on.set()
        renewal.result(PATIENCE)
        assert sweeping.result(PATIENCE) == 1
    assert (now_of(ana).status, get(User, ana.user_id).role) == (Status.ACTIVE, UserRole.VIP)
    assert count(SubscriptionPeriod, EXPIRED, SubscriptionPeriod.subscriber_id == now_of(ana).id) == 0
    assert (promised("expel"), sweep()) == (1, 0)


def test_four_sweeps_at_once_end_each_once(app, crowd):
    crowd(60)

    def until_done(_number):
        ended = 0
        with app.app_context():
            while True:
                done = sweep(7)
                if not done and not count(VIPSubscriber, VIPSubscriber.status != Status.EXPIRED):
                    return ended
                ended += done

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(until_done, range(4))) == 60
    tell()
    assert count(SubscriptionPeriod, EXPIRED) == promised("expel") == promised("ended") == 60
    assert count(UserRoleChangeLog, UserRoleChangeLog.new_role == UserRole.FREE) == 60


def test_what_fails_in_the_middle_of_a_batch_leaves_nothing_of_it(app, crowd):
    crowd(5)
    with pytest.raises(ZeroDivisionError), transaction():
        assert expiry.sweep() == 5
        raise ZeroDivisionError
    tell()
    assert count(SubscriptionPeriod, EXPIRED) == promised("expel") == promised("ended") == 0
    assert count(VIPSubscriber, VIPSubscriber.status == Status.ACTIVE) == 5
    assert sweep() == 5


def test_after_three_days_down_there_is_one_end_of_each(app, crowd, worker, telegram, clock):
    crowd(4)
    clock.forward(days=3)
    for _turn in range(2):
        worker.turn()
    assert len(telegram.see("calls", method="banChatMember")["calls"]) == 4
    assert count(SubscriptionPeriod, EXPIRED) == 4


def test_a_clock_that_jumps_back_ends_and_tells_nobody_twice(ana, given, worker, telegram, clock):
    telegram.do("start", person="ana")
    given(ana, inside=True)
    for hours in (30 * 24 - 25, 2, -1, 25, -1, 1, 1):  # over the last reminder, back, over the end, back
        clock.forward(hours=hours)
        worker.turn()
    told = telegram.texts("ana")
    assert sum("Tu VIP termina en" in text for text in told) == 1
    assert sum("Tu VIP terminó" in text for text in told) == 1
    assert (count(SubscriptionPeriod, EXPIRED), promised("expel")) == (1, 1)


def test_expulsions_never_leave_faster_than_telegram_allows(app, given, worker, telegram):
    """At the pace of the sender's schedule, bans and unbans together, however many are due."""
    for number in range(PACE):
        told = telegram.do("person", first_name=f"P{number}", username=f"lote{number}")["person"]
        telegram.do("member", person=told["id"], chat=VIP)
        user = UserFactory(user_id=told["id"])
        given(user, inside=True)
        with transaction():
            subscriptions.revoke(subscriptions.of(user.user_id), by=CAIO, reason="cierre")
    worker.sender.pacer = Pacer(PACE)
    worker.turn()
    made = [one for method in ("banChatMember", "unbanChatMember") for one in calls(telegram, method)]
    moments = sorted(one["time"] for one in made)
    assert len(moments) == 2 * PACE
    assert (len(moments) - 1) / (moments[-1] - moments[0]) <= PACE * 1.05


def calls(telegram, method):
    return telegram.see("calls", method=method)["calls"]


def test_a_person_put_out_by_hand_before_the_end_is_not_put_out_again(ana, given, worker, telegram, clock):
    given(ana, inside=True)
    with transaction():
        members.note(VIP, person(ana), "kicked")
    clock.forward(days=31)
    worker.turn()
    assert calls(telegram, "banChatMember") == []
    assert now_of(ana).status is Status.EXPIRED
