"""Demo data, small and large: again changes nothing, what was cut off is made whole, and never among real members."""

import pytest
from sqlalchemy import func, select

from tests.conftest import count
from webapp import cli, demo
from webapp.base.clock import now
from webapp.base.db import Base, db
from webapp.config import settings
from webapp.demo import crowd
from webapp.domain.audit.models import AuditLog
from webapp.domain.catalog.models import ContentPackage, UserInterest
from webapp.domain.channels import differences
from webapp.domain.channels.models import ChannelState, Status, SubscriptionPeriod, VIPSubscriber
from webapp.domain.channels.records import ManualPayment
from webapp.domain.users import roles
from webapp.domain.users.models import User, UserRole, UserRoleChangeLog


def everything() -> dict[str, int]:
    """How many rows each table has."""
    db.session.rollback()
    tables = Base.metadata.sorted_tables
    return {table.name: db.session.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


def test_the_small_demo_again_changes_nothing(app):
    assert demo.seed() == len(demo.PACKAGES)
    first = everything()
    assert demo.seed() == 0
    assert everything() == first


def test_the_large_demo_again_changes_nothing(app):
    demo.seed()
    assert crowd.fill(people=700, packages=30) == 700
    first = everything()
    assert crowd.fill(people=700, packages=30) == 0
    assert everything() == first


def test_a_large_demo_that_was_cut_off_is_made_whole(app, monkeypatch):
    demo.seed()

    def cut(*_told):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(crowd, "_roles", cut)
        with pytest.raises(KeyboardInterrupt):
            crowd.fill(people=40, packages=10)
    assert count(User, User.user_id >= crowd.FIRST) == count(UserInterest, UserInterest.user_id >= crowd.FIRST) == 0
    assert crowd.fill(people=40, packages=10) == 40
    assert crowd.fill(people=60, packages=10) == 20
    assert count(ContentPackage) == len(demo.PACKAGES) + 10


def test_the_story_of_its_people_adds_up(app):
    demo.seed()
    wrong = differences.counts()
    crowd.fill(people=400, packages=30)
    one = User.user_id >= crowd.FIRST
    inside = VIPSubscriber.expiry_date > now()
    vip = count(User, one, User.role == UserRole.VIP)
    theirs = VIPSubscriber.user_id >= crowd.FIRST
    assert 20 < vip == count(VIPSubscriber, theirs, inside, VIPSubscriber.status == Status.ACTIVE)
    assert count(VIPSubscriber, ~inside) == count(VIPSubscriber, VIPSubscriber.status == Status.EXPIRED) > 20
    starts, ends = (count(SubscriptionPeriod, SubscriptionPeriod.what == what) for what in ("start", "expire"))
    assert starts - ends == vip
    assert count(UserRoleChangeLog, UserRoleChangeLog.user_id >= crowd.FIRST) == starts + ends
    assert 0 < count(ManualPayment) < count(SubscriptionPeriod)
    last = {user.user_id: roles.history(user, 1)[0].new_role for user in db.session.scalars(select(User).where(one))
            if roles.history(user, 1)}  # fmt: skip
    assert all(db.session.get_one(User, user_id).role is role for user_id, role in last.items())
    assert differences.counts() == wrong
    assert count(AuditLog, AuditLog.resource_type == "users", AuditLog.resource_id >= str(crowd.FIRST)) == 400


def test_demo_data_is_refused_in_production(app, monkeypatch):
    monkeypatch.setattr(cli, "settings", lambda: settings().model_copy(update={"vitrina_env": "production"}))
    for scale in ("small", "large"):
        told = app.test_cli_runner().invoke(args=["demo", "seed", "--scale", scale])
        assert told.exit_code == 1 and "refused in production" in told.output
    assert count(User) == count(ContentPackage) == 0


def test_bea_is_inside_and_nothing_differs_in_the_small_showcase(app):
    demo.seed()
    inside = VIPSubscriber.channel_state == ChannelState.MEMBER
    assert count(VIPSubscriber, VIPSubscriber.status == Status.ACTIVE, inside) == 1
    assert sum(differences.counts().values()) == 0
