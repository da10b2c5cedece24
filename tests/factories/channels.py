"""Plans, tokens, subscriptions, join requests, and what Telegram told of channels, as rows.

These are bare rows for what only reads them; tests of a deed go through the deed, which leaves all that belongs to it.
"""

from datetime import timedelta
from decimal import Decimal

import factory

from tests.factories.base import Factory
from tests.factories.people import UserFactory
from webapp.base.clock import now
from webapp.base.crypto import hash_token, new_token
from webapp.domain.channels.checks import TelegramCheck
from webapp.domain.channels.models import (
    RIGHTS,
    BotChannel,
    Channel,
    ChannelInvite,
    ChannelMember,
    ChannelState,
    ExpulsionRun,
    FreeChannelRequest,
    InvitationToken,
    Status,
    SubscriptionPeriod,
    SubscriptionPlan,
    TokenRedemption,
    VIPSubscriber,
)
from webapp.domain.channels.records import ImportedMember, ManualPayment, MemberImport, Method, RowState

VIP, FREE = -1001000000002, -1001000000001
BY, BY_LABEL = "staff:caio", "Caio Lima"


class _Sold(Factory):
    """The terms of a plan, copied."""

    class Meta:
        abstract = True

    plan_name = "Mensual"
    duration_days = 30
    price = Decimal(350)
    currency = "MXN"


class PlanFactory(Factory):
    class Meta:
        model = SubscriptionPlan

    name = factory.Sequence(lambda n: f"Mensual {n + 1}")
    duration_days = 30
    price = Decimal(350)
    currency = "MXN"
    price_stars = 500
    position = factory.Sequence(lambda n: n + 1)
    created_by = BY


class TokenFactory(_Sold):
    """A code that nobody knows; its hash may be given."""

    class Meta:
        model = InvitationToken

    plan_id = factory.LazyFunction(lambda: PlanFactory().id)
    token_hash = factory.LazyFunction(lambda: hash_token(new_token()))
    hint = "K7QX"
    generated_by = BY
    generated_by_label = BY_LABEL
    expires_at = factory.LazyFunction(lambda: now() + timedelta(hours=24))


class RedemptionFactory(Factory):
    class Meta:
        model = TokenRedemption

    token_id = factory.LazyFunction(lambda: TokenFactory(uses=1).id)
    user_id = factory.LazyFunction(lambda: UserFactory().user_id)


class SubscriberFactory(_Sold):
    """Inside the channel for ten days, for twenty more."""

    class Meta:
        model = VIPSubscriber

    user_id = factory.LazyFunction(lambda: UserFactory().user_id)
    plan_id = factory.LazyFunction(lambda: PlanFactory().id)
    status = Status.ACTIVE
    channel_state = ChannelState.MEMBER
    join_date = factory.LazyFunction(lambda: now() - timedelta(days=10))
    expiry_date = factory.LazyFunction(lambda: now() + timedelta(days=20))


class PeriodFactory(Factory):
    class Meta:
        model = SubscriptionPeriod

    subscriber_id = factory.LazyFunction(lambda: SubscriberFactory().id)
    what = "start"
    plan_name = "Mensual"
    days = 30
    price = Decimal(350)
    currency = "MXN"
    by = BY
    by_label = BY_LABEL
    starts_at = factory.LazyFunction(lambda: now() - timedelta(days=10))
    ends_at = factory.LazyFunction(lambda: now() + timedelta(days=20))


class PaymentFactory(Factory):
    class Meta:
        model = ManualPayment

    period_id = factory.LazyFunction(lambda: PeriodFactory().id)
    amount = Decimal(350)
    currency = "MXN"
    method = Method.TRANSFER
    by = BY
    by_label = BY_LABEL


class ImportFactory(Factory):
    class Meta:
        model = MemberImport

    file_name = "socias.csv"
    total = 1
    by = BY
    by_label = BY_LABEL


class ImportedMemberFactory(Factory):
    class Meta:
        model = ImportedMember

    import_id = factory.LazyFunction(lambda: ImportFactory().id)
    line = factory.Sequence(lambda n: n + 2)
    state = RowState.WAITING
    typed = factory.LazyAttribute(lambda row: [f"@{row.username}", "", "30", ""])
    username = factory.Sequence(lambda n: f"socia{n}")
    days = 30


class InviteFactory(Factory):
    class Meta:
        model = ChannelInvite

    user_id = factory.LazyFunction(lambda: UserFactory().user_id)
    link = factory.Sequence(lambda n: f"https://t.me/+enlace{n}")
    expires_at = factory.LazyFunction(lambda: now() + timedelta(hours=24))


class MemberFactory(Factory):
    class Meta:
        model = ChannelMember

    channel_id = VIP
    user_id = factory.LazyFunction(lambda: UserFactory().user_id)
    status = "member"


class BotChannelFactory(Factory):
    class Meta:
        model = BotChannel

    chat_id = factory.Sequence(lambda n: VIP - n)
    title = "Luna · Canal VIP"
    status = "administrator"
    can_invite_users = can_restrict_members = can_post_messages = True


class RequestFactory(Factory):
    class Meta:
        model = FreeChannelRequest

    user_id = factory.LazyFunction(lambda: UserFactory().user_id)
    chat_id = FREE
    user_chat_id = factory.SelfAttribute("user_id")
    approve_after = factory.LazyFunction(lambda: now() + timedelta(minutes=5))


class RunFactory(Factory):
    """A sweep that went its way: of those that wait for a person there is one at most."""

    class Meta:
        model = ExpulsionRun

    state = "released"
    due, members = 60, 100
    decided_by = BY
    decided_at = factory.LazyFunction(now)


class CheckFactory(Factory):
    class Meta:
        model = TelegramCheck

    name = factory.Sequence(lambda n: f"{Channel.VIP.value}-{n}")
    target = str(VIP)
    answer = factory.LazyFunction(lambda: {"status": "administrator", **dict.fromkeys(RIGHTS, True)})
    answered_at = factory.LazyFunction(now)
