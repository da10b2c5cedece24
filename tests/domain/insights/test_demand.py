"""What people ask for: Free requests and their wait, codes, interests."""

from datetime import date, timedelta

from tests.domain.insights.conftest import CAIO, ZONE
from tests.factories import InterestFactory, PackageFactory, UserFactory
from webapp.base.clock import now
from webapp.base.db import db, transaction
from webapp.domain.catalog.models import ContentCategory
from webapp.domain.channels import plans, tokens
from webapp.domain.channels.models import FreeChannelRequest, RequestStatus
from webapp.domain.insights import behind
from webapp.domain.insights.demand import demand
from webapp.domain.insights.ranges import choose
from webapp.domain.users.people import as_actor


def asked(minutes, status=RequestStatus.APPROVED):
    """Somebody asked so long ago, and it is settled now."""
    moment = now()
    begun = moment - timedelta(minutes=minutes)
    with transaction():
        row = FreeChannelRequest(user_id=UserFactory().user_id, chat_id=-1, user_chat_id=1, status=status)
        row.request_date, row.approve_after = begun, begun
        row.processed_at = None if status is RequestStatus.PENDING else moment
        db.session.add(row)


def test_nothing_asked_has_no_wait(story):
    found = demand(choose("30", ZONE))
    assert (found.waiting, found.requests.approved, found.requests.average, found.requests.median) == (0, 0, None, None)
    assert (found.codes.made, found.codes.conversion, found.packages) == (0, None, [])


def test_the_average_and_the_median_wait(story):
    # 5, 5, 6 and 44 minutes: average 60 ÷ 4 = 15; median between 5 and 6: 5½.
    for minutes in (5, 44, 5, 6):
        asked(minutes)
    asked(300, RequestStatus.DECLINED)
    asked(900, RequestStatus.PENDING)
    found = demand(choose("today", ZONE))
    assert (found.waiting, found.requests.approved) == (1, 4)
    assert found.requests.by_status[RequestStatus.DECLINED] == 1
    assert (found.requests.average, found.requests.median) == (timedelta(minutes=15), timedelta(minutes=5, seconds=30))
    assert len(behind.people("free-approved", choose("today", ZONE)).rows) == 4
    assert len(behind.people("free-waiting", choose("today", ZONE)).rows) == 1


def test_an_odd_number_has_its_middle_as_median(story):
    for minutes in (1, 2, 60):
        asked(minutes)
    assert demand(choose("today", ZONE)).requests.median == timedelta(minutes=2)


def test_codes_made_used_expired_revoked_and_converted(story, ana):
    # 1 Feb: five made for 24 h; one used on the 1st, one revoked, three expire on the 2nd. 1 ÷ 5 = 20 %.
    story.on("2026-02-01")
    with transaction():
        plan = plans.create({"name": "Mensual", "duration_days": 30, "price": "300", "currency": "MXN"}, by=CAIO)
        made = tokens.issue(plan, by=CAIO, count=5)
    with transaction():
        tokens.redeem(made[0].code, db.session.merge(ana), by=as_actor(ana))
        tokens.revoke(made[1].token, by=CAIO)
    story.on("2026-02-10")
    found = demand(choose("month", ZONE)).codes
    assert (found.made, found.used, found.expired, found.revoked, found.conversion) == (5, 1, 3, 1, 0.2)
    first = demand(choose("own", ZONE, date(2026, 2, 1), date(2026, 2, 1))).codes
    assert (first.made, first.used, first.expired, first.conversion) == (5, 1, 0, 0.2)


def test_interests_by_package_and_category(story, ana, bea):
    promo = PackageFactory(name="Azotea", category=ContentCategory.FREE_CONTENT)
    locked = PackageFactory(name="Lluvia", category=ContentCategory.VIP_CONTENT)
    for user in (ana, bea):
        InterestFactory(user_id=user.user_id, package_id=promo.id, is_attended=user is bea)
    InterestFactory(user_id=ana.user_id, package_id=locked.id, withdrawn_at=now())
    InterestFactory(user_id=ana.user_id, package_id=None)
    found = demand(choose("today", ZONE))
    told = [(one.name, one.count, one.attended) for one in found.packages]
    assert told == [("Azotea", 2, 1), (None, 1, 0)]
    assert found.categories == {ContentCategory.FREE_CONTENT: (2, 1), None: (1, 0)}
    assert not found.capped


def test_queries_do_not_grow_with_demand(story, queries):
    few = queries(lambda: demand(choose("30", ZONE)))
    for minutes in range(12):
        asked(minutes)
        InterestFactory()
    assert queries(lambda: demand(choose("30", ZONE))) == few <= 13
