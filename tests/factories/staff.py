"""Accounts of the panel with their rights, as rows."""

from datetime import timedelta

import factory

from tests.factories.base import LOCALE, Factory
from webapp.base.clock import now
from webapp.base.crypto import hash_token, new_token
from webapp.domain.staff.models import (
    StaffBrowser,
    StaffInvitation,
    StaffRecoveryCode,
    StaffRole,
    StaffUser,
    StaffWait,
    UserAgentPermission,
)


class StaffFactory(Factory):
    class Meta:
        model = StaffUser

    email = factory.Sequence(lambda n: f"equipo{n}@vitrina.example")
    full_name = "Caio Lima"
    role = StaffRole.ADMIN


class HelperFactory(StaffFactory):
    """Somebody who may only what is granted to them: nothing yet."""

    full_name = factory.Faker("name", locale=LOCALE)
    role = StaffRole.USER


class InvitationFactory(Factory):
    class Meta:
        model = StaffInvitation

    token_hash = factory.LazyFunction(lambda: hash_token(new_token()))
    email = factory.Sequence(lambda n: f"invitada{n}@vitrina.example")
    role = StaffRole.USER
    created_by = "operator"
    expires_at = factory.LazyFunction(lambda: now() + timedelta(hours=24))


class RecoveryCodeFactory(Factory):
    class Meta:
        model = StaffRecoveryCode

    staff_id = factory.LazyFunction(lambda: StaffFactory().id)
    locator = factory.Sequence(lambda n: f"{n:04d}")
    code_hash = factory.LazyFunction(lambda: hash_token(new_token()))


class WaitFactory(Factory):
    class Meta:
        model = StaffWait

    staff_id = factory.LazyFunction(lambda: StaffFactory().id)
    origin = factory.Sequence(lambda n: f"network 203.0.{n % 250}.0/24")
    last_failed_at = factory.LazyFunction(now)


class BrowserFactory(Factory):
    class Meta:
        model = StaffBrowser

    staff_id = factory.LazyFunction(lambda: StaffFactory().id)
    token_hash = factory.LazyFunction(lambda: hash_token(new_token()))
    expires_at = factory.LazyFunction(lambda: now() + timedelta(days=30))


class PermissionFactory(Factory):
    """A right to read one section; `full`, `expired` and `revoked` make the others that there are."""

    class Meta:
        model = UserAgentPermission

    class Params:
        full = factory.Trait(can_create=True, can_update=True, can_delete=True)
        expired = factory.Trait(
            granted_at=factory.LazyFunction(lambda: now() - timedelta(days=2)),
            expires_at=factory.LazyFunction(lambda: now() - timedelta(days=1)),
        )
        revoked = factory.Trait(
            is_active=False, revoked_at=factory.LazyFunction(now), revoked_by="staff:caio", can_read=False
        )

    user_id = factory.LazyFunction(lambda: HelperFactory().id)
    agent_name = "packages"
    can_read = True
    granted_by = factory.LazyFunction(lambda: StaffFactory(role=StaffRole.SYSADMIN).id)


SCENARIOS = ("none", "read", "full", "expired", "revoked")


def helper(scenario: str, *sections: str, **more: object) -> StaffUser:
    """Somebody whose rights in these sections are as a scenario says: one of SCENARIOS."""
    if scenario not in SCENARIOS:
        raise ValueError(f"no such scenario: {scenario}")
    staff = HelperFactory(**more)
    if scenario != "none":
        giver = StaffFactory(role=StaffRole.SYSADMIN)
        how = {} if scenario == "read" else {"full": True} | ({scenario: True} if scenario != "full" else {})
        for section in sections:
            PermissionFactory(user_id=staff.id, agent_name=section, granted_by=giver.id, **how)
    return staff
