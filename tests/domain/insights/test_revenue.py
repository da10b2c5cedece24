"""Money: what was really paid, per currency; paid time spread over its days, whatever interrupts it."""

from datetime import date
from decimal import Decimal

import pytest

from tests.domain.insights.conftest import ZONE
from tests.factories import UserFactory
from webapp.domain.insights import behind, paid
from webapp.domain.insights.ranges import choose
from webapp.domain.insights.revenue import revenue


def own(first, last):
    return choose("own", ZONE, date.fromisoformat(first), date.fromisoformat(last))


def money(wanted, currency="MXN"):
    return next(one for one in revenue(wanted).money if one.currency == currency)


def mrr(story, *days):
    """What is paid for 30 days at each of these moments, in MXN."""
    told = paid.running([story.at(day) for day in days])
    return [paid.monthly(terms).get("MXN", (0, 0))[0] for terms in told]


def test_nothing_sold_makes_no_currency(story):
    found = revenue(choose("30", ZONE))
    assert (found.money, found.churn) == ([], None)


def test_one_persons_month(story, ana):
    # 450 for 45 days: 10 a day, 300 in 30 days; one payer; nobody there on the 1st, so no churn and no lifetime value.
    story.buys("2026-02-01", ana, 450, days=45)
    story.on("2026-02-10")
    found = money(own("2026-02-01", "2026-02-10"))
    assert (found.sales.amount, found.mrr, found.payers, found.arpu, found.ltv) == (450, 300, 1, 300, None)


def test_two_currencies_are_never_mixed(story, ana, bea):
    story.buys("2026-02-01", ana, 300)
    story.buys("2026-02-01", bea, "19.90", currency="EUR")
    story.on("2026-02-10")
    wanted = own("2026-02-01", "2026-02-10")
    assert [(one.currency, one.sales.amount, one.mrr, one.payers) for one in revenue(wanted).money] == [
        ("EUR", Decimal("19.90"), Decimal("19.90"), 1),
        ("MXN", Decimal(300), Decimal(300), 1),
    ]
    assert [one.user.first_name for one in behind.people("paid", wanted, currency="EUR").rows] == ["Bea"]


def test_a_gift_brings_nothing_while_it_lasts(story, ana):
    story.is_given("2026-02-01", ana, 60)
    story.on("2026-02-10")
    assert revenue(own("2026-02-01", "2026-02-10")).money == []


def test_an_early_renewal_is_sold_today_and_counts_one_at_a_time(story, ana):
    # 1 Feb: 300 for 30 d. 10 Feb: 600 for 30 d, which run from 3 Mar. Sold in February: 900; MRR 300, then 600.
    story.buys("2026-02-01", ana, 300)
    story.buys("2026-02-10", ana, 600)
    story.on("2026-03-10")
    assert mrr(story, "2026-02-15", "2026-03-10") == [300, 600]
    found = money(own("2026-02-01", "2026-02-28"))
    assert (found.sales.amount, found.sales.starts, found.sales.extensions) == (900, 1, 1)


def test_paid_time_includes_its_first_moment_and_not_its_last(story, ana):
    story.buys("2026-02-01 12:00", ana, days=10)
    story.on("2026-02-20")
    moments = ("2026-02-01 11:59", "2026-02-01 12:00", "2026-02-11 11:59", "2026-02-11 12:00")
    assert mrr(story, *moments) == [0, 900, 900, 0]  # 300 for 10 days are 900 for 30


def test_a_pause_stops_paid_time_and_what_was_left_runs_on(story, ana):
    # 1 Feb, 30 d → 3 Mar. Paused 11–21 Feb: 20 d are left, so they run from 21 Feb to 13 Mar.
    story.buys("2026-02-01", ana)
    story.pauses("2026-02-11", ana)
    story.resumes("2026-02-21", ana)
    story.on("2026-03-20")
    days = ("2026-02-10", "2026-02-15", "2026-02-21", "2026-03-12", "2026-03-13")
    assert mrr(story, *days) == [300, 0, 300, 300, 0]


def test_a_revocation_ends_what_is_paid(story, ana):
    story.buys("2026-02-01", ana)
    story.is_revoked("2026-02-10", ana)
    story.on("2026-02-20")
    assert mrr(story, "2026-02-09", "2026-02-10", "2026-02-20") == [300, 0, 0]


def test_days_added_by_hand_were_not_paid_and_days_taken_are_gone(story, ana, bea):
    story.buys("2026-02-01", ana)  # → 3 Mar, corrected to 1 May: paid until 3 Mar
    story.buys("2026-02-01", bea)  # → 3 Mar, corrected to 15 Feb: paid until 15 Feb
    story.is_corrected("2026-02-05", ana, "2026-05-01")
    story.is_corrected("2026-02-05", bea, "2026-02-15")
    story.on("2026-03-20")
    assert mrr(story, "2026-02-14", "2026-02-15", "2026-03-02", "2026-03-03") == [600, 300, 300, 0]


def test_who_comes_back_pays_from_that_day(story, ana):
    story.buys("2026-01-01", ana)
    story.buys("2026-02-10", ana, 600)
    story.on("2026-02-20")
    assert mrr(story, "2026-01-30", "2026-02-05", "2026-02-10") == [300, 0, 600]


def test_a_sale_counts_on_its_day_though_its_days_reach_over_the_edge(story, ana):
    story.buys("2026-01-31 23:30", ana)
    story.on("2026-03-01")
    assert money(own("2026-01-31", "2026-01-31")).sales.amount == 300
    february = money(own("2026-02-01", "2026-02-28"))
    assert (february.sales.amount, february.mrr_before, february.mrr) == (0, 300, 300)  # it runs until 2 Mar


def test_churn_and_lifetime_value(story):
    # Ten pay 300 each from 1 Jan for 40 days (→ 10 Feb); nine of them renew on 5 Feb; one ends on 10 Feb.
    # 1–28 Feb: 10 open at its begin, 1 ended: 10 % in 28 days → 0.1 × 30 ÷ 28 = 10.714 % in 30.
    # MRR 9 × 300 × 30 ÷ 40 = 2025; ARPU 2025 ÷ 9 = 225; LTV 225 ÷ 0.10714… = 2100.
    everyone = [UserFactory() for _number in range(10)]
    for one in everyone:
        story.buys("2026-01-01", one, days=40)
    for one in everyone[:9]:
        story.buys("2026-02-05", one, days=40)
    story.on("2026-03-01")
    wanted = own("2026-02-01", "2026-02-28")
    found = money(wanted)
    assert revenue(wanted).churn == pytest.approx(0.107142857)
    assert (found.mrr, found.payers, found.arpu, found.ltv) == (2025, 9, 225, Decimal("2100.00"))


def test_queries_do_not_grow_with_sales(story, ana, queries):
    story.buys("2026-01-01", ana)
    few = queries(lambda: revenue(choose("90", ZONE)))
    for number in range(12):
        story.buys("2026-02-01", UserFactory(), 100 + number, currency="EUR" if number % 2 else "MXN")
    assert queries(lambda: revenue(choose("90", ZONE))) == few <= 13  # SQLite counts BEGIN
