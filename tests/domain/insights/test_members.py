"""Members: who came, stayed and left, on small histories whose sums stand beside them."""

from datetime import date

import pytest

from tests.domain.insights.conftest import ZONE
from tests.factories import UserFactory
from webapp.domain.channels.models import Status
from webapp.domain.insights import behind
from webapp.domain.insights.members import members, standing
from webapp.domain.insights.ranges import choose


def own(first, last):
    return choose("own", ZONE, date.fromisoformat(first), date.fromisoformat(last))


def names(figure, wanted):
    return [person.user.first_name for person in behind.people(figure, wanted).rows]


@pytest.fixture
def year(story, ana, bea):
    """Two people's spring.

    ana  1 Jan buys 30 d → 31 Jan; 25 Jan renews → 2 Mar; 2 Mar expires; 10 Mar comes back, 30 d → 9 Apr
    bea  5 Feb is given 10 d → 15 Feb; 14 Feb buys 30 d → 17 Mar; 20 Feb pauses; 2 Mar resumes → 27 Mar
    """
    story.buys("2026-01-01", ana)
    story.buys("2026-01-25", ana)
    story.is_given("2026-02-05", bea, 10)
    story.buys("2026-02-14", bea)
    story.pauses("2026-02-20", bea)
    story.resumes("2026-03-02", bea)
    story.buys("2026-03-10", ana)
    story.on("2026-03-15")
    return story


def test_nothing_yet_is_all_zeros(story):
    found = members(choose("30", ZONE))
    assert (found.open_first, found.open_last, found.flow.new, found.flow.ended) == (0, 0, 0, 0)
    assert found.churn is None


def test_january_has_one_new_and_one_early_renewal(year):
    found = members(own("2026-01-01", "2026-01-31"))
    assert (found.flow.new, found.flow.renewed, found.flow.ended) == (1, 1, 0)
    assert (found.open_first, found.open_last) == (0, 1)


def test_a_gift_makes_a_member_but_no_renewal_and_what_follows_is_one(year):
    # February: bea begins by gift (new 1), then pays while it lasts (renewed 1), then pauses: 1 + 1 − 1 open.
    found = members(own("2026-02-01", "2026-02-28"))
    assert (found.flow.new, found.flow.gifts, found.flow.renewed, found.flow.paused) == (1, 1, 1, 1)
    assert (found.open_first, found.open_last) == (1, 1)


def test_who_lapses_and_comes_back_counts_as_ended_and_as_returned(year):
    # March: ana ends on the 2nd (at noon, 30 days after 31 Jan noon) and returns on the 10th; bea resumes on the 2nd.
    found = members(own("2026-03-01", "2026-03-15"))
    assert (found.flow.new, found.flow.returned, found.flow.ended, found.flow.resumed) == (0, 1, 1, 1)
    assert (found.open_first, found.open_last) == (1, 2)  # 1 + 1 returned + 1 resumed − 1 ended
    assert found.churn == 1.0  # 1 ended of 1 open at the begin


def test_the_range_before_is_told_beside(year):
    found = members(own("2026-02-01", "2026-02-28"))
    assert (found.before.new, found.before.renewed) == (0, 1)  # 4–31 Jan: not the 1st, when ana began


def test_what_opened_and_closed_adds_up_to_who_is_there(year):
    for key in ("today", "7", "30", "90", "month", "year"):
        found = members(choose(key, ZONE))
        assert found.open_first + found.flow.net == found.open_last == found.standing.open == 2
        assert found.bars[-1].open == 2


def test_a_moment_on_the_edge_belongs_to_the_range_that_begins_there(story, ana):
    story.buys("2026-02-01 00:00", ana)
    assert members(own("2026-01-31", "2026-01-31")).flow.new == 0
    assert members(own("2026-02-01", "2026-02-01")).flow.new == 1


def test_an_end_at_midnight_belongs_to_the_day_that_begins(story, ana):
    story.buys("2026-01-01 00:00", ana, days=31)
    story.on("2026-02-10")
    assert members(own("2026-01-01", "2026-01-31")).flow.ended == 0
    assert members(own("2026-02-01", "2026-02-01")).flow.ended == 1


def test_the_creators_day_counts_not_utcs(story, ana):
    story.buys("2026-02-01 23:30", ana)  # 2 Feb, 05:30 UTC
    assert members(own("2026-02-01", "2026-02-01")).flow.new == 1


def test_a_day_of_23_hours_keeps_its_own(story, ana, bea):
    story.zone = "Europe/Madrid"
    story.buys("2026-03-29 00:10", ana)
    story.buys("2026-03-29 23:50", bea)
    story.on("2026-04-02")
    day = choose("own", "Europe/Madrid", date(2026, 3, 29), date(2026, 3, 29))
    assert members(day).flow.new == 2 and day.span.days == pytest.approx(23 / 24)


def test_a_revoked_pause_is_an_end_that_closes_nothing(story, ana):
    story.buys("2026-02-01", ana)
    story.pauses("2026-02-05", ana)
    story.is_revoked("2026-02-10", ana)
    story.on("2026-02-28")
    found = members(own("2026-02-01", "2026-02-28"))
    assert (found.flow.ended, found.flow.net, found.open_last) == (1, 0, 0)  # +1 began −1 paused; −1 +1


def test_a_correction_that_opens_an_ended_one_is_a_return(story, ana):
    story.buys("2026-01-01", ana, days=10)
    story.is_corrected("2026-01-20", ana, "2026-03-01")
    story.on("2026-01-25")
    found = members(own("2026-01-01", "2026-01-25"))
    assert (found.flow.new, found.flow.returned, found.flow.ended, found.open_last) == (1, 1, 1, 1)


def test_a_correction_of_what_is_open_moves_nobody(story, ana):
    story.buys("2026-01-01", ana)
    story.is_corrected("2026-01-05", ana, "2026-03-01")
    assert members(own("2026-01-01", "2026-01-05")).flow.started == 1


def test_gifts_open_only_what_had_ended(story, ana, bea):
    story.buys("2026-01-01", ana, days=5)
    story.is_given("2026-01-03", ana, 2)  # open: adds days
    story.is_given("2026-01-20", ana, 10)  # ended on the 8th: a return
    story.buys("2026-01-21", bea)
    story.pauses("2026-01-22", bea)
    story.is_given("2026-01-23", bea, 5)  # paused: stays so
    found = members(own("2026-01-01", "2026-01-23"))
    assert (found.flow.new, found.flow.returned, found.flow.gifts) == (2, 1, 3)
    assert found.open_last == found.standing.open == 1


def test_those_that_end_soon_are_counted_by_midnights(story, ana, bea):
    cora = UserFactory(first_name="Cora")
    story.buys("2026-02-01 18:00", ana, days=1)  # ends tomorrow at 18:00
    story.buys("2026-02-01 18:00", bea, days=6)  # ends on the 7th: the seventh day from today
    story.buys("2026-02-01 18:00", cora, days=7)  # ends on the 8th
    assert standing(ZONE).ending == {1: 0, 7: 2, 30: 3}
    story.on("2026-02-02 09:00")
    assert standing(ZONE).ending == {1: 1, 7: 3, 30: 3}


def test_states_are_counted_as_they_are(year):
    assert standing(ZONE).by_status == {Status.PENDING_ENTRY: 2}


def test_behind_each_figure_stand_as_many_people(year):
    month = own("2026-03-01", "2026-03-15")
    assert names("open", month) == ["Ana", "Bea"]
    assert names("ended", month) == ["Ana"]
    assert names("started", month) == names("returned", month) == ["Ana"]
    assert names("returned", own("2026-01-01", "2026-02-28")) == []
    assert names("resumed", month) == ["Bea"]
    assert names("new", own("2026-02-01", "2026-02-28")) == ["Bea"]
    assert names("renewed", own("2026-01-01", "2026-02-28")) == ["Bea", "Ana"]


def test_queries_do_not_grow_with_people(year, queries):
    few = queries(lambda: members(choose("year", ZONE)))
    for _number in range(12):
        year.buys("2026-03-15", UserFactory())
    assert queries(lambda: members(choose("year", ZONE))) == few <= 9  # SQLite counts BEGIN
