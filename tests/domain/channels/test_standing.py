"""The stored role and the subscription never disagree: VIP comes with days, and nobody is VIP without."""

import pytest

from tests.domain.channels.conftest import CAIO
from webapp.base.db import get, transaction
from webapp.base.errors import Invalid
from webapp.domain.channels import standing, subscriptions
from webapp.domain.users import roles
from webapp.domain.users.models import User, UserRole


def set_role(user, role):
    with transaction():
        standing.set_role(get(User, user.user_id), role, by=CAIO, reason="porque sí")
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
