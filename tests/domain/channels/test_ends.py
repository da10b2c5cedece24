"""When access ends: to the minute, or at the creator's fixed hour, whatever the clocks do meanwhile."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from webapp.base.db import transaction
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.channels.subscriptions import ends
from webapp.domain.settings import config


def set_clock(zone, hour):
    with transaction():
        config.change({"time_zone": zone, "expiry_hour": "" if hour is None else hour}, by=SYSTEM)


def local(text, zone):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("zone", "hour", "begins", "days", "over"),
    [
        ("America/Mexico_City", 9, "2026-03-01T15:20", 30, "2026-04-01T09:00"),
        ("America/Mexico_City", 9, "2026-03-01T08:20", 30, "2026-03-31T09:00"),
        ("Europe/Madrid", 9, "2026-03-20T09:00", 30, "2026-04-19T09:00"),  # the clocks go forward in between
        ("Europe/Madrid", 9, "2026-10-10T09:00", 30, "2026-11-09T09:00"),  # and back
        ("Europe/Madrid", 2, "2026-02-27T02:00", 30, "2026-03-29T03:00"),  # two is not struck that night
        ("America/New_York", 1, "2026-10-02T01:00", 30, "2026-11-01T01:00"),  # one is struck twice: the first
        ("Asia/Kolkata", 0, "2026-05-01T00:00", 7, "2026-05-08T00:00"),
    ],
)
def test_a_fixed_hour_is_the_creators_own_in_summer_and_winter(app, zone, hour, begins, days, over):
    set_clock(zone, hour)
    assert ends(local(begins, zone).astimezone(UTC), days) == local(over, zone).astimezone(UTC)


def test_extended_again_and_again_it_stays_at_that_hour_and_drifts_by_no_day(app):
    set_clock("Europe/Madrid", 9)
    at = local("2026-01-05T09:00", "Europe/Madrid").astimezone(UTC)
    for _month in range(24):
        at = ends(at, 30)
    here = at.astimezone(ZoneInfo("Europe/Madrid"))
    assert (here.date(), here.hour) == (date(2026, 1, 5) + timedelta(days=720), 9)


def test_nobody_gets_less_than_they_bought_by_the_calendar(app):
    for zone in ("Europe/Madrid", "America/New_York", "America/Mexico_City", "Australia/Lord_Howe"):
        set_clock(zone, 9)
        moment = datetime(2026, 1, 1, 0, 30, tzinfo=UTC)
        while moment.year == 2026:
            spent = ends(moment, 30) - moment
            assert timedelta(days=30, hours=-1) <= spent <= timedelta(days=31, hours=1)
            moment += timedelta(hours=7)


def test_without_a_fixed_hour_days_are_of_twenty_four_hours(app):
    set_clock("Europe/Madrid", None)
    begins = datetime(2026, 3, 20, 8, tzinfo=UTC)
    assert ends(begins, 30) - begins == timedelta(days=30)
