"""Ranges: midnights of the creator, half-open, each compared with as much of the one before."""

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from webapp.domain.insights import ranges

MEXICO, MADRID = "America/Mexico_City", "Europe/Madrid"


@pytest.fixture
def noon():
    """Friday 2026-03-20 at noon in Mexico City."""
    with time_machine.travel(datetime(2026, 3, 20, 18, tzinfo=UTC), tick=False):
        yield


def utc(*numbers):
    return datetime(*numbers, tzinfo=UTC)


def test_today_is_from_midnight_to_midnight_there(noon):
    today = ranges.choose("today", MEXICO).span
    assert (today.starts, today.ends) == (utc(2026, 3, 20, 6), utc(2026, 3, 21, 6))


def test_a_range_that_still_runs_is_compared_until_the_same_hour(noon):
    before = ranges.choose("today", MEXICO).before
    assert (before.starts, before.ends) == (utc(2026, 3, 19, 6), utc(2026, 3, 19, 18))


def test_seven_days_count_today_and_are_compared_with_the_seven_before(noon):
    week = ranges.choose("7", MEXICO)
    assert (week.first, week.last) == (date(2026, 3, 14), date(2026, 3, 20))
    assert (week.before.starts, week.before.ends) == (utc(2026, 3, 7, 6), utc(2026, 3, 13, 18))


def test_this_month_is_compared_with_as_much_of_the_last(noon):
    month = ranges.choose("month", MEXICO)
    assert month.span.starts == utc(2026, 3, 1, 6)
    assert (month.before.starts, month.before.ends) == (utc(2026, 2, 1, 6), utc(2026, 2, 20, 18))


def test_a_longer_month_is_compared_with_the_whole_shorter_one():
    with time_machine.travel(datetime(2026, 3, 31, 18, tzinfo=UTC), tick=False):
        before = ranges.choose("month", MEXICO).before
    assert (before.starts, before.ends) == (utc(2026, 2, 1, 6), utc(2026, 2, 28, 18))


def test_a_range_of_ones_own_takes_both_days_whole(noon):
    own = ranges.choose("own", MEXICO, date(2026, 2, 10), date(2026, 2, 1))
    assert (own.span.starts, own.span.ends) == (utc(2026, 2, 1, 6), utc(2026, 2, 11, 6))
    assert (own.before.starts, own.before.ends) == (utc(2026, 1, 22, 6), utc(2026, 2, 1, 6))


@pytest.mark.parametrize(
    ("key", "first", "last"),
    [
        ("own", None, None),
        ("own", date(2026, 5, 1), date(2026, 6, 1)),
        ("own", date(1, 1, 1), date(2026, 1, 1)),
        ("x", None, None),
    ],
)
def test_what_makes_no_range_becomes_the_usual_one(noon, key, first, last):
    assert ranges.choose(key, MEXICO, first, last).key == "30"


def test_the_day_of_the_change_of_clocks_has_23_hours():
    with time_machine.travel(datetime(2026, 3, 29, 12, tzinfo=UTC), tick=False):
        today = ranges.choose("today", MADRID)
    assert (today.span.starts, today.span.ends) == (utc(2026, 3, 28, 23), utc(2026, 3, 29, 22))
    assert today.before.ends == utc(2026, 3, 28, 13)  # 14:00 the day before, still winter time


def test_bars_cover_the_range_without_gap_or_overlap(noon):
    for key in ("today", "7", "30", "90", "month", "year"):
        wanted = ranges.choose(key, MADRID)
        spans = [span for _day, span in ranges.bars(wanted)]
        assert spans[0].starts == wanted.span.starts and spans[-1].ends == wanted.span.ends
        assert all(one.ends == after.starts for one, after in itertools.pairwise(spans))


def test_months_end_with_this_one(noon):
    cuts = ranges.months(3, MEXICO)
    assert [day for day, _span in cuts] == [date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)]
    assert cuts[-1][1].ends - cuts[-1][1].starts == timedelta(days=31)
