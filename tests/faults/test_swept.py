"""The worker is killed while it ends thousands of subscriptions: each end is written once, whole or not at all."""

from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select

from tests.conftest import count
from tests.faults.conftest import until
from tests.faults.test_drain import LONG
from tests.faults.test_killed import nursery as nursery
from webapp.base.clock import now
from webapp.base.db import db, transaction
from webapp.base.outbox import OutboxMessage
from webapp.domain.audit.models import AuditLog
from webapp.domain.channels.models import ChannelState, Status, SubscriptionPeriod, VIPSubscriber
from webapp.domain.settings import config
from webapp.domain.users.models import Reach, User, UserRole, UserRoleChangeLog

pytestmark = pytest.mark.processes
OVER, KILLS = 4000, 3
FIRST = 740_000_001
VIP = -1001000000002
EXPIRED = VIPSubscriber.status == Status.EXPIRED


@pytest.fixture
def crowd(house):
    """Thousands whose month ended a minute ago; Telegram is away, so that the worker has nothing else to do."""
    house.environment["TELEGRAM_API_URL"] = "http://127.0.0.1:9"
    month, minute = now() - timedelta(days=30), now() - timedelta(minutes=1)
    people = [{"user_id": FIRST + one, "role": UserRole.VIP, "reach": Reach.OK} for one in range(OVER)]
    shared = {"plan_name": "Mensual", "duration_days": 30, "price": 350, "currency": "MXN", "status": Status.ACTIVE}
    shared |= {"channel_state": ChannelState.MEMBER, "join_date": month, "expiry_date": minute}
    with transaction():
        settings = config.current()
        settings.vip_channel_id, settings.brake_most, settings.brake_share = VIP, OVER, 100
        db.session.execute(insert(User), people)
        db.session.execute(insert(VIPSubscriber), [shared | {"user_id": one["user_id"]} for one in people])


def promised(kind):
    return count(OutboxMessage, OutboxMessage.dedupe_key.like(f"{kind}:%"))


def doubled(column):
    """How many things have more than one row."""
    twice = select(column).group_by(column).having(func.count() > 1).subquery()
    return db.session.scalar(select(func.count()).select_from(twice))


def test_a_worker_killed_between_and_within_batches_ends_each_once(crowd, house, nursery):
    for _kill in range(KILLS):
        before = count(VIPSubscriber, EXPIRED)
        worker = nursery.start("worker")
        until(lambda: count(VIPSubscriber, EXPIRED) > before, "it is in the middle of its work", LONG)  # noqa: B023
        nursery.kill(worker)
    ended = count(VIPSubscriber, EXPIRED)
    assert ended == count(SubscriptionPeriod) == count(UserRoleChangeLog) == count(User, User.role == UserRole.FREE)
    for _two in range(2):
        nursery.start("worker")
    until(lambda: count(VIPSubscriber, EXPIRED) == OVER, "all are over", LONG)
    assert count(SubscriptionPeriod) == count(UserRoleChangeLog) == OVER
    assert count(AuditLog, AuditLog.resource_type.in_(("users", "vip_subscribers"))) == 2 * OVER
    assert promised("expel") == OVER
    until(lambda: promised("ended") == OVER, "each is promised the message of the end", LONG)
    assert (doubled(SubscriptionPeriod.subscriber_id), doubled(UserRoleChangeLog.user_id)) == (0, 0)
    print(f"{ended} of {OVER} were over after {KILLS} kills")
