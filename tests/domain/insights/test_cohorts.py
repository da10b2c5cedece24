"""Cohorts: of those who came in a month, who is still there at the end of each."""

import pytest

from tests.domain.insights.conftest import ZONE
from tests.factories import UserFactory
from webapp.domain.insights.cohorts import cohorts


def table(count=3):
    return [(cohort.month.month, cohort.size, list(cohort.open)) for cohort in cohorts(ZONE, count)]


def test_nobody_yet_makes_empty_cohorts(story):
    assert table() == [(11, 0, [0, 0, 0]), (12, 0, [0, 0]), (1, 0, [0])]
    assert cohorts(ZONE, 1)[0].shares == []


def test_who_leaves_is_missing_from_then_and_who_comes_back_is_there_again(story, ana, bea):
    # ana  10 Jan, 30 d → 9 Feb; back on 5 Mar.   bea  20 Jan, 90 d → 20 Apr; paused 15 Feb, resumed 10 Mar.
    # January's two: both at the end of January; neither at the end of February; both in March.
    # cora 1 Feb, 10 d → 11 Feb: gone by the end of her month; dani 28 Feb by a gift of 30 d: there.
    cora, dani = UserFactory(), UserFactory()
    story.buys("2026-01-10", ana)
    story.buys("2026-01-20", bea, days=90)
    story.buys("2026-02-01", cora, days=10)
    story.pauses("2026-02-15", bea)
    story.is_given("2026-02-28", dani, 30)
    story.buys("2026-03-05", ana)
    story.resumes("2026-03-10", bea)
    story.on("2026-03-15")
    assert table() == [(1, 2, [2, 0, 2]), (2, 2, [1, 1]), (3, 0, [0])]
    assert cohorts(ZONE, 3)[1].shares == [0.5, 0.5]


def test_the_month_is_the_creators(story, ana):
    story.buys("2026-01-31 23:30", ana)  # 1 Feb, 05:30 UTC
    story.on("2026-02-10")
    assert table(2) == [(1, 1, [1, 1]), (2, 0, [0])]


def test_a_revocation_takes_away_once_even_from_a_pause(story, ana):
    story.buys("2026-01-05", ana, days=90)
    story.pauses("2026-01-10", ana)
    story.is_revoked("2026-02-05", ana)
    story.on("2026-03-01")
    assert table()[0] == (1, 1, [0, 0, 0])


@pytest.mark.parametrize("count", [1, 12])
def test_two_queries_whatever_the_months(story, ana, queries, count):
    story.buys("2026-01-05", ana)
    assert queries(lambda: cohorts(ZONE, count)) <= 3
