"""What the months ahead may bring: a range between a bad and a good course, with the assumptions it is made of.

The assumptions come from the last three stretches of 30 days: the worst and the best of them are the edges. It is
arithmetic on the past, not a promise; what-if is the same arithmetic on one's own numbers.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from webapp.base.clock import now
from webapp.domain.insights import paid
from webapp.domain.insights.flows import Sales
from webapp.domain.insights.members import open_at_starts
from webapp.domain.insights.ranges import Span
from webapp.domain.insights.revenue import round_cents

STRETCHES, STRETCH, AHEAD, YEAR = 3, 30, 6, 12


@dataclass(frozen=True)
class Course:
    """What one course assumes: the share that ends each month, and how many begin to pay."""

    churn: float
    new: float


@dataclass(frozen=True)
class Month:
    """One month ahead: how many pay at its end and what they pay in it, on the bad, the middle and the good course."""

    number: int
    people: tuple[float, float, float]
    amount: tuple[Decimal, Decimal, Decimal]


@dataclass(frozen=True)
class Projection:
    """One currency's months ahead, from `payers` who each bring `arpu` a month. `courses`: bad, middle, good."""

    currency: str
    payers: int
    arpu: Decimal
    courses: tuple[Course, Course, Course]
    months: Sequence[Month]


def projections() -> list[Projection]:
    """What is to be expected of each currency in which somebody pays now. At most ten queries."""
    moment = now()
    edges = [moment - timedelta(days=STRETCH * back) for back in range(STRETCHES, -1, -1)]
    edges[-1] += timedelta(days=1)  # what happens this very moment counts
    told = open_at_starts([Span(*pair) for pair in itertools.pairwise(edges)])
    churns = sorted((flow.ended / first for flow, first in told if first), reverse=True)
    found = []
    for code, (mrr, payers) in sorted(paid.monthly(paid.running([moment])[0]).items()):
        news = sorted(flow.sales.get(code, Sales()).starts for flow, _first in told)
        courses = _courses([min(churn, 1.0) for churn in churns], news)
        found.append(_projection(code, payers, round_cents(mrr / payers), courses))
    return found


def what_if(
    payers: int, price: Decimal, churn: float, new: int, months: int = YEAR
) -> list[tuple[int, float, Decimal]]:
    """(month, who pays at its end, what they pay in it) when each pays `price` a month, the share `churn` of them ends
    each month and `new` begin."""
    found, people = [], float(payers)
    for number in range(1, months + 1):
        people = people * (1 - churn) + new
        found.append((number, people, _amount(people, price)))
    return found


def _courses(churns: Sequence[float], news: Sequence[int]) -> tuple[Course, Course, Course]:
    """Bad, middle and good: the worst, the mean and the best of what was seen; nobody ended where nobody was."""
    seen = churns or [0.0]
    middle = Course(sum(seen) / len(seen), sum(news) / len(news))
    return Course(max(seen), news[0]), middle, Course(min(seen), news[-1])


def _projection(code: str, payers: int, arpu: Decimal, courses: tuple[Course, Course, Course]) -> Projection:
    people = [float(payers)] * 3
    ahead = []
    for number in range(1, AHEAD + 1):
        people = [one * (1 - course.churn) + course.new for one, course in zip(people, courses, strict=True)]
        low, middle, high = (_amount(one, arpu) for one in people)
        ahead.append(Month(number, (people[0], people[1], people[2]), (low, middle, high)))
    return Projection(code, payers, arpu, courses, ahead)


def _amount(people: float, price: Decimal) -> Decimal:
    return round_cents(Decimal(str(round(people, 6))) * price)
