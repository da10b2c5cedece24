"""A subscription's life: entry, end, return, pause, revocation; and what the channel does about it."""

from datetime import timedelta

import pytest

from tests.conftest import count
from tests.domain.channels.conftest import CAIO, VIP, now_of, person
from tests.factories import UserFactory
from webapp.base.clock import now
from webapp.base.db import db, get, transaction
from webapp.base.errors import Conflict, Invalid
from webapp.domain.channels import expiry, invites, members, subscriptions
from webapp.domain.channels.models import ChannelInvite, ChannelState, ExpulsionRun, Status, SubscriptionPeriod
from webapp.domain.settings import config
from webapp.domain.users.models import RoleChangeReason, User, UserRole, UserRoleChangeLog
from webapp.domain.users.people import as_actor


@pytest.fixture
def ana(ana, telegram):
    """Ana, who has started the bot."""
    telegram.do("start", person="ana")
    return ana


def enter(user):
    with transaction():
        return invites.enter(user, by=as_actor(user))


def calls(telegram, method):
    return [one["params"] for one in telegram.see("calls", method=method)["calls"]]


def test_the_entry_makes_a_link_for_one_person_and_ends_when_she_is_in(ana, given, worker, telegram):
    given(ana)
    enter(ana)
    assert now_of(ana).vip_entry_stage == 2
    worker.turn()
    assert (now_of(ana).vip_entry_stage, now_of(ana).channel_state) == (3, ChannelState.INVITED)
    made = calls(telegram, "createChatInviteLink")
    assert [int(one["member_limit"]) for one in made] == [1]
    link = invites.current(ana.user_id).link
    with transaction():
        members.note(VIP, person(ana), "member", link=link)
    found = now_of(ana)
    assert (found.status, found.vip_entry_stage, found.channel_state) == (Status.ACTIVE, None, ChannelState.MEMBER)
    assert count(UserRoleChangeLog, UserRoleChangeLog.reason == RoleChangeReason.VIP_ENTRY_COMPLETED) == 1


def test_asking_again_for_the_link_gives_the_same_one(ana, given, worker):
    given(ana)
    enter(ana)
    worker.turn()
    assert enter(ana).link == enter(ana).link
    assert count(ChannelInvite) == 1


def test_a_link_that_telegram_would_not_make_can_be_asked_for_again(ana, given, worker, telegram):
    given(ana)
    telegram.fault("error", code=400, method="createChatInviteLink", description="Bad Request: not enough rights")
    enter(ana)
    worker.turn()
    assert invites.current(ana.user_id).error
    enter(ana)
    worker.turn()
    assert invites.current(ana.user_id).link


def test_a_stranger_behind_anas_link_is_put_out_and_the_admins_read_of_it(ana, dora, given, worker, telegram):
    given(ana)
    enter(ana)
    worker.turn()
    link = invites.current(ana.user_id).link
    eve = {"id": 710_000_005, "is_bot": False, "first_name": "Eve <b>"}
    with transaction():
        members.note(VIP, eve, "member", link=link)
    worker.turn()
    assert [int(one["user_id"]) for one in calls(telegram, "banChatMember")] == [eve["id"]]
    assert len(calls(telegram, "unbanChatMember")) == 1
    assert now_of(ana).channel_state is ChannelState.INVITED


def test_at_the_end_she_is_demoted_put_out_once_and_told_once(ana, given, worker, telegram, clock):
    given(ana, inside=True)
    clock.forward(days=30, seconds=1)
    for _twice in range(2):
        worker.turn()
    found = now_of(ana)
    assert (found.status, found.channel_state) == (Status.EXPIRED, ChannelState.EXPELLED)
    assert get(User, ana.user_id).role is UserRole.FREE
    assert (len(calls(telegram, "banChatMember")), len(calls(telegram, "unbanChatMember"))) == (1, 1)
    assert count(SubscriptionPeriod, SubscriptionPeriod.what == "expire") == 1
    assert sum("terminó" in text for text in telegram.texts("ana")) == 1


def test_a_person_renewed_before_the_call_left_is_not_put_out(ana, given, worker, telegram, clock):
    given(ana, inside=True)
    clock.forward(days=31)
    with transaction():
        expiry.sweep()
    given(ana)
    worker.turn()
    assert calls(telegram, "banChatMember") == []
    assert now_of(ana).status is Status.ACTIVE


def test_grace_keeps_her_in_until_it_is_over(ana, given, worker, clock):
    with transaction():
        config.current().grace_hours = 48
    given(ana, inside=True)
    clock.forward(days=30, hours=1)
    worker.turn()
    assert (now_of(ana).status, get(User, ana.user_id).role) == (Status.GRACE, UserRole.VIP)
    clock.forward(hours=48)
    worker.turn()
    assert now_of(ana).status is Status.EXPIRED


def test_days_bought_in_grace_count_from_the_moment_they_are_bought(ana, given, worker, clock):
    with transaction():
        config.current().grace_hours = 48
    given(ana, inside=True)
    clock.forward(days=30, hours=10)
    worker.turn()
    given(ana)
    assert now_of(ana).status is Status.ACTIVE
    assert now_of(ana).expiry_date == now() + timedelta(days=30)


def test_a_pause_stops_the_time_and_resuming_gives_back_what_was_left(ana, given, worker, clock):
    given(ana, inside=True)
    clock.forward(days=10)
    with transaction():
        subscriptions.pause(subscriptions.of(ana.user_id), by=CAIO, reason="viaje")
    worker.turn()
    clock.forward(days=60)
    worker.turn()
    assert (now_of(ana).status, now_of(ana).channel_state) == (Status.PAUSED, ChannelState.EXPELLED)
    with transaction():
        subscriptions.resume(subscriptions.of(ana.user_id), by=CAIO)
    found = now_of(ana)
    assert found.expiry_date - now() == timedelta(days=20)
    assert (found.status, get(User, ana.user_id).role) == (Status.PENDING_ENTRY, UserRole.VIP)


def test_revoking_needs_a_reason_and_ends_it_now(ana, given, worker):
    given(ana, inside=True)
    with pytest.raises(Invalid), transaction():
        subscriptions.revoke(subscriptions.of(ana.user_id), by=CAIO, reason="  ")
    with transaction():
        subscriptions.revoke(subscriptions.of(ana.user_id), by=CAIO, reason="devolución")
    worker.turn()
    assert (now_of(ana).status, now_of(ana).channel_state) == (Status.REVOKED, ChannelState.EXPELLED)
    with pytest.raises(Conflict), transaction():
        subscriptions.revoke(subscriptions.of(ana.user_id), by=CAIO, reason="otra vez")


def test_a_gift_costs_nothing_and_says_why(ana):
    with transaction():
        subscriptions.gift(ana, 7, by=CAIO, reason="sorteo")
    period = subscriptions.history(now_of(ana))[0]
    assert (period.what, period.days, period.price, period.reason) == ("gift", 7, 0, "sorteo")


def test_a_gift_to_somebody_who_pays_leaves_her_plan_as_it_is(ana, given, clock):
    given(ana)
    with transaction():
        subscriptions.gift(ana, 7, by=CAIO, reason="disculpa")
    found = now_of(ana)
    assert (found.plan_name, found.price) == ("Mensual", 350)
    assert found.expiry_date - now() == timedelta(days=37)


def test_a_date_set_by_hand_opens_an_ended_subscription(ana, given, worker, clock):
    given(ana, inside=True)
    clock.forward(days=31)
    worker.turn()
    with transaction():
        subscriptions.correct(
            subscriptions.of(ana.user_id), now() + timedelta(days=3), by=CAIO, reason="pagó en efectivo"
        )
    assert now_of(ana).status is Status.PENDING_ENTRY


def test_a_fixed_hour_ends_it_at_that_hour_of_the_creators_clock(ana, given, clock):
    with transaction():
        config.current().expiry_hour = 9
    given(ana)
    assert now_of(ana).expiry_date.isoformat() == "2026-12-20T15:00:00+00:00"  # 9:00 in Mexico City


def test_the_brake_holds_when_too_many_would_leave_at_once_until_a_person_says_so(dora, given, worker, telegram, clock):
    telegram.do("start", person="dora")
    for _one in range(12):
        given(UserFactory(), inside=True)
    clock.forward(days=31)
    worker.turn()
    assert calls(telegram, "banChatMember") == []
    assert count(ExpulsionRun, ExpulsionRun.state == "braked") == 1
    assert sum("Freno" in text for text in telegram.texts("dora")) == 1
    worker.turn()
    assert sum("Freno" in text for text in telegram.texts("dora")) == 1
    with transaction():
        expiry.release(expiry.braked(), by=CAIO)
    worker.turn()
    assert len(calls(telegram, "banChatMember")) == 12


def test_reminders_come_three_and_one_days_before_and_after_the_end_never_twice(ana, given, worker, telegram, clock):
    given(ana, inside=True)
    for _hour in range(40 * 8):
        clock.forward(hours=3)
        worker.turn()
    said = telegram.texts("ana")
    assert [text for text in said if "termina en" in text and "3 días" in text] != []
    assert sum("Tu VIP termina en" in text for text in said) == 2
    assert sum("te espera" in text for text in said) == 3


def test_who_leaves_by_herself_can_come_in_again(ana, given, worker):
    given(ana, inside=True)
    with transaction():
        members.note(VIP, person(ana), "left")
    found = now_of(ana)
    assert (found.status, found.channel_state) == (Status.PENDING_ENTRY, ChannelState.NONE)
    enter(ana)
    worker.turn()
    assert invites.current(ana.user_id).link
    db.session.rollback()


@pytest.mark.parametrize("days", [1, 60])
def test_days_added_in_a_pause_are_added_to_what_was_left(ana, given, clock, days):
    given(ana)
    clock.forward(days=10)
    with transaction():
        subscriptions.pause(subscriptions.of(ana.user_id), by=CAIO, reason="viaje")
    clock.forward(days=days)
    with transaction():
        subscriptions.gift(get(User, ana.user_id), 5, by=CAIO, reason="x")
    with transaction():
        subscriptions.resume(subscriptions.of(ana.user_id), by=CAIO)
    assert now_of(ana).expiry_date - now() == timedelta(days=25)


@pytest.mark.parametrize("status", ["member", "administrator"])
def test_an_admin_behind_anas_link_is_not_put_out(ana, dora, given, worker, telegram, status):
    given(ana)
    enter(ana)
    worker.turn()
    with transaction():
        members.note(VIP, person(dora), status, link=invites.current(ana.user_id).link)
    worker.turn()
    assert calls(telegram, "banChatMember") == []
