"""The months ahead: a range with what it assumes, and one's own what-if."""

from decimal import Decimal

import pytest

from tests.factories import UserFactory
from webapp.domain.insights.projection import projections, what_if


def test_nobody_pays_nothing_to_expect(story):
    assert projections() == []


def test_the_worst_and_the_best_thirty_days_are_the_edges(story):
    # On 1 Jul, looking back: 2 Apr–2 May, 2 May–1 Jun, 1 Jun–1 Jul.
    # Four buy 120 d on 15 Mar (→ 13 Jul) and are there all along; one buys 30 d on 20 Mar (→ 19 Apr): she ends in the
    # first stretch, 1 of 5 = 20 %; the others see 0 of 4 and 0 of 6: worst 20 %, mean 6.67 %, best 0 %.
    # Begun: 0, then 2 on 10 May, then 1 on 10 Jun: worst 0, mean 1, best 2.
    # Payers 4 + 2 + 1 = 7, each 300 for 120 days → 75 a month.
    for _number in range(4):
        story.buys("2026-03-15", UserFactory(), days=120)
    story.buys("2026-03-20", UserFactory(), days=30)
    for _number in range(2):
        story.buys("2026-05-10", UserFactory(), days=120)
    story.buys("2026-06-10", UserFactory(), days=120)
    story.on("2026-07-01")
    found = projections()[0]
    bad, middle, good = found.courses
    assert (found.payers, found.arpu) == (7, Decimal(75))
    assert ((bad.churn, bad.new), (good.churn, good.new)) == ((0.2, 0), (0.0, 2))
    assert (middle.churn, middle.new) == (pytest.approx(0.2 / 3), 1)
    first, second = found.months[:2]
    # 7 × 0.8 = 5.6 → 420; 7 × 0.9333 + 1 = 7.5333 → 565; 7 + 2 = 9 → 675.  Then 5.6 × 0.8 = 4.48 → 336; 11 → 825.
    assert first.amount == (Decimal(420), Decimal(565), Decimal(675))
    assert (second.amount[0], second.amount[2]) == (Decimal(336), Decimal(825))


def test_two_currencies_have_each_their_own(story, ana, bea):
    story.buys("2026-03-15", ana, 300)
    story.buys("2026-03-15", bea, 20, currency="EUR")
    assert [(one.currency, one.arpu) for one in projections()] == [("EUR", 20), ("MXN", 300)]


def test_the_bad_course_is_never_above_the_good_one(story, ana):
    story.buys("2026-03-15", ana)
    story.on("2026-04-01")
    assert all(month.amount[0] <= month.amount[1] <= month.amount[2] for month in projections()[0].months)


def test_what_if_is_plain_arithmetic():
    # 100 people, 10 % end, 5 begin: 100 × 0.9 + 5 = 95; 95 × 0.9 + 5 = 90.5. At 200 each: 19,000; 18,100.
    assert what_if(100, Decimal(200), 0.1, 5, 2) == [(1, 95.0, Decimal(19_000)), (2, 90.5, Decimal(18_100))]
    assert what_if(0, Decimal(200), 1.0, 0)[-1] == (12, 0.0, Decimal(0))
