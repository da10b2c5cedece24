"""An expulsion taken back, or tried at once; seen at Telegram."""

from datetime import timedelta

import pytest

from tests.conftest import count
from tests.domain.channels.conftest import CAIO, VIP, now_of, person
from webapp.base.clock import now
from webapp.base.db import db, get, transaction
from webapp.base.errors import Conflict, Invalid
from webapp.base.outbox import OutboxMessage
from webapp.domain.audit.models import AuditLog
from webapp.domain.channels import expulsions, members, plans, returns, subscriptions
from webapp.domain.channels.models import ChannelState, Status, SubscriptionPeriod
from webapp.domain.users.models import User, UserRole


def revoke(user):
    with transaction():
        subscriptions.revoke(subscriptions.of(user.user_id), by=CAIO, reason="error")


def readmit(user, days=7, reason="Fue un error"):
    with transaction():
        until = now() + timedelta(days=days) if days else None
        returns.readmit(subscriptions.of(user.user_id), by=CAIO, reason=reason, until=until)


def put_out(user):
    with transaction():
        members.note(VIP, person(user), "kicked")


def promised(method):
    db.session.rollback()
    rows = db.session.scalars(
        db.select(OutboxMessage).where(OutboxMessage.method == method, OutboxMessage.status != "failed")
    )
    return [row.payload for row in rows]


def test_who_was_put_out_by_mistake_comes_back_with_a_fresh_link(ana, given):
    given(ana, inside=True)
    revoke(ana)
    put_out(ana)
    readmit(ana)
    again = now_of(ana)
    assert (again.status, get(User, ana.user_id).role) == (Status.PENDING_ENTRY, UserRole.VIP)
    assert promised("unbanChatMember") and promised("createChatInviteLink")
    assert (
        count(SubscriptionPeriod, SubscriptionPeriod.what == "correct", SubscriptionPeriod.reason == "Fue un error")
        == 1
    )
    assert count(AuditLog, AuditLog.reason == "Fue un error") >= 1


def test_one_on_the_way_out_stays_inside(ana, given):
    given(ana, inside=True)
    revoke(ana)
    assert len(promised("banChatMember")) == 1
    readmit(ana)
    assert promised("banChatMember") == [] == promised("createChatInviteLink")
    assert (now_of(ana).status, now_of(ana).channel_state) == (Status.ACTIVE, ChannelState.MEMBER)


def test_who_was_banned_by_hand_and_still_has_access_needs_no_date(ana, given):
    until = given(ana, inside=True).expiry_date
    put_out(ana)
    readmit(ana, days=0)
    assert now_of(ana).expiry_date == until and promised("createChatInviteLink")


def test_who_was_never_put_out_is_not_readmitted(ana, bea, given):
    given(ana, inside=True), given(bea)
    for user in (ana, bea):
        with pytest.raises(Conflict):
            readmit(user)


def test_a_readmission_says_why_and_until_when(ana, given):
    given(ana, inside=True)
    revoke(ana)
    put_out(ana)
    for days, reason, field in (
        (7, " ", "reason"),
        (0, "Error", "until"),
        (-1, "Error", "until"),
        (4000, "x", "until"),
    ):
        with pytest.raises(Invalid) as refusal:
            readmit(ana, days, reason)
        assert list(refusal.value.fields) == [field]
    assert now_of(ana).status is Status.REVOKED and promised("unbanChatMember") == []


def test_pressed_twice_it_is_done_once(ana, given):
    given(ana, inside=True)
    revoke(ana)
    put_out(ana)
    readmit(ana)
    with pytest.raises(Conflict):  # nobody is out any more once they are inside again
        with transaction():
            members.note(VIP, person(ana), "member")
        readmit(ana)


def test_a_failed_expulsion_is_tried_at_once_by_hand(ana, given):
    given(ana, inside=True)
    revoke(ana)
    with transaction():
        row = now_of(ana)
        row.attempts, row.last_error, row.next_attempt_at = 3, "not enough rights", now() + timedelta(hours=2)
    with transaction():
        expulsions.expel(subscriptions.hold(ana.user_id), by=CAIO)
    assert len(promised("banChatMember")) == 2 and now_of(ana).next_attempt_at is None


def test_with_access_or_outside_nobody_is_expelled(ana, given):
    given(ana, inside=True)
    with pytest.raises(Conflict), transaction():
        expulsions.expel(subscriptions.hold(ana.user_id), by=CAIO)
    revoke(ana)
    put_out(ana)
    with pytest.raises(Conflict), transaction():
        expulsions.expel(subscriptions.hold(ana.user_id), by=CAIO)


def test_days_of_no_plan_read_as_a_gift(ana):
    assert plans.label("—") == plans.label("") == "Regalo"
    assert plans.label("Mensual") == "Mensual"
    with pytest.raises(Invalid), transaction():
        plans.create({"name": " — ", "duration_days": "30", "price": "1", "currency": "MXN"}, by=CAIO)
