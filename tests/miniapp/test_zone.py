"""The member's time zone: as their phone says when we know none, theirs to change, and in every date they read."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.miniapp.conftest import launch, phone
from tests.panel.members import a_plan, subscribe
from webapp.base.db import db, transaction
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.audit.models import AuditLog
from webapp.domain.channels import reminders, subscriptions
from webapp.domain.settings import config
from webapp.domain.users.models import User
from webapp.domain.users.people import zone_of


def enter(client, user, zone):
    data = {"init_data": launch(user), "path": "/miniapp/", "time_zone": zone}
    return client.post("/miniapp/session", data=data, headers={"HX-Request": "true"})


def zone(user):
    db.session.rollback()
    return db.session.get(User, user.user_id, populate_existing=True).time_zone


def test_the_phones_zone_is_believed_while_we_know_none(client, ana):
    enter(client, ana, "Asia/Kolkata")
    assert zone(ana) == "Asia/Kolkata"
    enter(client, ana, "Europe/Madrid")
    assert zone(ana) == "Asia/Kolkata"


@pytest.mark.parametrize("said", ["", "Marte/Olimpo", "../../etc/passwd", "<script>", "x" * 4000, "Asia/Kolkata\0"])
def test_a_zone_that_is_none_lets_people_in_all_the_same(client, ana, said):
    assert enter(client, ana, said).status_code == 200
    assert zone(ana) is None


def test_dates_follow_the_members_own_clock(client, ana):
    subscribe(ana, a_plan())
    with transaction():
        subscriptions.of(ana.user_id).expiry_date = datetime(2036, 3, 3, 21, 30, tzinfo=UTC)
    opened = phone(client, ana)
    assert "3 de marzo" in opened.get("/miniapp/access").text or "3 mar 2036" in opened.get("/miniapp/access").text
    opened.post("/miniapp/profile/zone", time_zone="Asia/Kolkata")
    page = opened.get("/miniapp/access").text
    assert "4 de marzo" in page or "4 mar 2036" in page


def test_another_zone_counts_at_once_and_is_noted(anas, ana):
    answer = anas.post("/miniapp/profile/zone", time_zone="America/Bogota")
    assert "Bogotá, Colombia" in answer.text and zone(ana) == "America/Bogota"
    noted = db.session.scalars(db.select(AuditLog).where(AuditLog.resource_type == "users")).all()
    assert any((row.new_values or {}).get("time_zone") == "America/Bogota" for row in noted)


@pytest.mark.parametrize("said", ["", "Marte/Olimpo", "<script>", "America/Bogota "])
def test_a_zone_that_is_none_is_refused(anas, ana, said):
    assert anas.post("/miniapp/profile/zone", time_zone=said).status_code == 422
    assert zone(ana) is None


def test_a_city_is_found_by_its_name_its_country_and_without_accents(anas):
    for words, found in (
        ("bogota", "America/Bogota"),
        ("colombia", "America/Bogota"),
        ("new york", "America/New_York"),
    ):
        assert f'value="{found}"' in anas.get(f"/miniapp/profile/zones?q={words}").text
    assert "No conocemos esa ciudad" in anas.get("/miniapp/profile/zones?q=atlantis").text


def test_admins_read_the_creators_clock(client, dora):
    with transaction():
        config.current().time_zone = "Europe/Madrid"
    enter(client, dora, "Asia/Kolkata")
    dora = db.session.get(User, dora.user_id, populate_existing=True)
    assert (dora.time_zone, zone_of(dora)) == ("Asia/Kolkata", "Europe/Madrid")


def test_a_new_zone_wakes_nobody_at_night(client, ana):
    with transaction():
        config.change({"quiet_from": 22, "quiet_until": 8, "time_zone": "UTC"}, by=SYSTEM)
    subscribe(ana, a_plan())
    with transaction():
        row = subscriptions.of(ana.user_id)
        row.expiry_date = datetime(2036, 3, 4, 23, tzinfo=UTC)
        reminders.plan(row)
    assert subscriptions.of(ana.user_id).next_reminder_at == datetime(2036, 3, 2, 8, tzinfo=UTC)
    phone(client, ana).post("/miniapp/profile/zone", time_zone="Asia/Kolkata")
    db.session.expire_all()
    at = subscriptions.of(ana.user_id).next_reminder_at.astimezone(ZoneInfo("Asia/Kolkata"))
    assert (at.day, at.hour) == (2, 8)


def test_eve_sets_nothing(client, ana):
    assert client.post("/miniapp/profile/zone", data={"time_zone": "Europe/Madrid"}).status_code == 401
    assert zone(ana) is None
