"""Members and their sessions, as rows."""

from datetime import timedelta

import factory

from tests.factories.base import LOCALE, Factory
from webapp.base.clock import now
from webapp.base.crypto import hash_token, new_token
from webapp.base.search import plain
from webapp.domain.sessions.models import UserSession
from webapp.domain.users.models import Reach, RoleChangeReason, User, UserRole, UserRoleChangeLog


class UserFactory(Factory):
    class Meta:
        model = User

    user_id = factory.Sequence(lambda n: 720_000_000 + n)
    username = factory.LazyAttribute(lambda user: f"persona{user.user_id}")
    first_name = factory.Faker("first_name", locale=LOCALE)
    last_name = factory.Faker("last_name", locale=LOCALE)
    language_code = "es"
    role = UserRole.FREE
    reach = Reach.OK
    search_text = factory.LazyAttribute(lambda user: plain(f"{user.first_name} {user.last_name} {user.username}"))


class RoleChangeFactory(Factory):
    class Meta:
        model = UserRoleChangeLog

    user_id = factory.LazyFunction(lambda: UserFactory().user_id)
    previous_role = UserRole.FREE
    new_role = UserRole.VIP
    changed_by = 0
    reason = RoleChangeReason.VIP_REDEEMED
    change_source = "SYSTEM"


class SessionFactory(Factory):
    """A member's device; `staff_id=…, user_id=None, kind="panel"` makes a staff account's."""

    class Meta:
        model = UserSession

    user_id = factory.LazyFunction(lambda: UserFactory().user_id)
    kind = "miniapp"
    token_hash = factory.LazyFunction(lambda: hash_token(new_token()))
    ip_address = "203.0.113.7"
    user_agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X)"
    expires_at = factory.LazyFunction(lambda: now() + timedelta(hours=12))
    absolute_expires_at = factory.LazyFunction(lambda: now() + timedelta(days=7))
