"""The stored role and the subscription never disagree: VIP comes with days, and nobody is VIP without."""

import pytest

from tests.domain.channels.conftest import CAIO
from tests.factories import StaffFactory, helper
from webapp.base.db import db, get, transaction
from webapp.base.errors import Denied, Invalid
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.channels import standing, subscriptions
from webapp.domain.staff import accounts, team
from webapp.domain.staff.models import StaffRole, StaffUser
from webapp.domain.users import roles
from webapp.domain.users.models import User, UserRole


def set_role(user, role):
    with transaction():
        standing.set_role(get(User, user.user_id), role, by=SYSTEM, reason="porque sí")
    return get(User, user.user_id).role


def give_days(user):
    with transaction():
        subscriptions.gift(get(User, user.user_id), 30, by=CAIO, reason="regalo")


def test_nobody_becomes_vip_by_hand_without_days(ana):
    with pytest.raises(Invalid) as refusal:
        set_role(ana, UserRole.VIP)
    assert "con sus días" in refusal.value.fields["role"]
    assert get(User, ana.user_id).role is UserRole.FREE


def test_nobody_loses_vip_by_hand_while_they_have_days(ana):
    give_days(ana)
    with pytest.raises(Invalid):
        set_role(ana, UserRole.FREE)
    assert get(User, ana.user_id).role is UserRole.VIP


def test_who_is_no_admin_any_more_is_what_their_subscription_says(ana, bea):
    give_days(ana)
    for person in (ana, bea):
        assert set_role(person, UserRole.ADMIN) is UserRole.ADMIN
    assert set_role(ana, UserRole.VIP) is UserRole.VIP
    assert set_role(bea, UserRole.FREE) is UserRole.FREE
    assert standing.choices(get(User, ana.user_id)) == [UserRole.ADMIN]


def test_who_is_listed_no_longer_keeps_the_days_they_have(ana):
    give_days(ana)
    with transaction():
        roles.sync_listed_admins([ana.user_id], standing.of)
    assert get(User, ana.user_id).role is UserRole.ADMIN
    with transaction():
        roles.sync_listed_admins([], standing.of)
    assert get(User, ana.user_id).role is UserRole.VIP


@pytest.mark.parametrize("role", [UserRole.ADMIN, UserRole.FREE])
def test_an_admin_of_the_bot_is_made_and_unmade_only_by_who_may_everything(app, ana, dora, role):
    person = dora if role is UserRole.FREE else ana
    hugo, caio = helper("full", "users"), StaffFactory()
    for giver, refused in ((hugo, True), (caio, False)):
        try:
            with transaction():
                done = standing.set_role(get(User, person.user_id), role, by=accounts.as_actor(giver), reason="x")
        except Denied:
            done = False
        assert done is not refused
    assert get(User, person.user_id).role is role


def test_whoever_ceases_to_be_an_administrator_this_moment_makes_nobody_an_admin_of_the_bot(at_once, ana):
    caio, person = StaffFactory(), ana.user_id
    by, staff_id = accounts.as_actor(caio), caio.id

    def late():
        with pytest.raises(Denied):
            standing.set_role(get(User, person), UserRole.ADMIN, by=by, reason="x")

    at_once(lambda: team.change_role(staff_id, StaffRole.USER, by=SYSTEM), late)
    assert db.session.get(User, person, populate_existing=True).role is UserRole.FREE


def test_whoever_becomes_an_admin_of_the_bot_this_moment_keeps_the_limits_of_their_account(at_once, ana):
    hugo, person = helper("read", "users", telegram_user_id=ana.user_id), ana.user_id
    by, staff_id = accounts.as_actor(hugo), hugo.id

    def late():
        with pytest.raises(Denied):
            standing.unlink(get(StaffUser, staff_id), by=by)

    at_once(lambda: standing.set_role(get(User, person), UserRole.ADMIN, by=SYSTEM, reason="x"), late)
    assert db.session.get(StaffUser, staff_id, populate_existing=True).telegram_user_id == person
