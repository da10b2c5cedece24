"""Money, per currency, from what people really paid; never mixed, gifts count nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from webapp.domain.insights import paid
from webapp.domain.insights.flows import Sales
from webapp.domain.insights.members import Members, members
from webapp.domain.insights.ranges import Range

CENT = Decimal("0.01")
MONTH = 30


@dataclass(frozen=True)
class Money:
    """One currency's figures of a range. `mrr` and `payers` at its end, `mrr_before` at the end of the one before."""

    currency: str
    sales: Sales
    before: Sales
    mrr: Decimal
    mrr_before: Decimal
    payers: int
    ltv: Decimal | None

    @property
    def arpu(self) -> Decimal | None:
        """What one who pays brings in 30 days; None when nobody does."""
        return round_cents(self.mrr / self.payers) if self.payers else None


@dataclass(frozen=True)
class Revenue:
    """A range's money: each currency, and the members that its rates come from."""

    members: Members
    churn: float | None
    money: Sequence[Money]


def revenue(wanted: Range) -> Revenue:
    """The money of a range. At most thirteen queries."""
    found = members(wanted)
    now_, then = (paid.monthly(terms) for terms in paid.running([wanted.at, wanted.before.ends]))
    churn = monthly_churn(found, wanted.span.days)
    codes = sorted({*found.flow.sales, *found.before.sales, *now_, *then})
    return Revenue(found, churn, [_money(code, found, now_, then, churn) for code in codes])


def monthly_churn(found: Members, days: float) -> float | None:
    """The share that ends in 30 days: the range's, per day, times 30; None when nobody was there at its begin.

    `days`: how long the range has lasted; less than one counts as one.
    """
    return None if found.churn is None else found.churn * MONTH / max(days, 1)


def round_cents(amount: Decimal) -> Decimal:
    """An amount in whole cents."""
    return amount.quantize(CENT)


def _money(
    code: str,
    found: Members,
    now_: dict[str, tuple[Decimal, int]],
    then: dict[str, tuple[Decimal, int]],
    churn: float | None,
) -> Money:
    mrr, payers = now_.get(code, (Decimal(0), 0))
    earlier, _people = then.get(code, (Decimal(0), 0))
    ltv = round_cents(mrr / payers / Decimal(str(churn))) if payers and churn else None
    sales, before = found.flow.sales.get(code, Sales()), found.before.sales.get(code, Sales())
    return Money(code, sales, before, round_cents(mrr), round_cents(earlier), payers, ltv)
