"""Money received by hand: what a period really cost, to the cent, changed only by a reversal."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from sqlalchemy import select

from tests.conftest import count
from tests.domain.channels.conftest import CAIO
from webapp.base.db import db, get, transaction
from webapp.base.errors import Conflict, Denied, Invalid
from webapp.domain.audit.models import AuditLog
from webapp.domain.channels import payments, plans, sales, subscriptions, tokens
from webapp.domain.channels.models import InvitationToken, SubscriptionPeriod
from webapp.domain.channels.payments import Paid
from webapp.domain.channels.records import ManualPayment, Method
from webapp.domain.insights.ranges import choose
from webapp.domain.insights.revenue import revenue
from webapp.domain.users import people
from webapp.domain.users.models import User
from webapp.domain.users.people import as_actor

CASH = Paid(Decimal("299.90"), "MXN", Method.CASH, "En persona")


def money(currency="MXN"):
    db.session.rollback()
    found = {one.currency: one for one in revenue(choose("today", "America/Mexico_City")).money}
    return found[currency].sales.amount if currency in found else Decimal(0)


def sell(user, plan, paid=CASH):
    with transaction():
        sales.sell(user, plan, by=CAIO, paid=paid)
    return latest(user)


def latest(user) -> SubscriptionPeriod:
    db.session.rollback()
    db.session.expire_all()
    return subscriptions.latest_period(subscriptions.of(user.user_id))


def payment_of(period) -> ManualPayment:
    return payments.of([period.id])[period.id][0]


def test_what_ana_paid_counts_and_not_what_the_plan_costs(ana, plan):
    period = sell(ana, plan)
    assert (period.what, period.price, period.days) == ("start", Decimal("299.90"), 30)
    assert money() == Decimal("299.90")
    assert sell(ana, plan).what == "extend" and money() == Decimal("599.80")
    assert (subscriptions.of(ana.user_id).expiry_date - period.starts_at).days == 60


def test_days_that_nobody_paid_for_count_nothing(ana, plan):
    assert sell(ana, plan, paid=None).price == 0
    assert money() == 0 and count(ManualPayment) == 0


def test_a_payment_recorded_later_takes_the_place_of_the_plans_price(ana, given):
    given(ana)
    assert money() == 350
    period = latest(ana)
    with transaction():
        assert payments.record(period, Paid(Decimal("20.05"), "USD", Method.TRANSFER), by=CAIO)
    assert (money(), money("USD")) == (0, Decimal("20.05"))


def test_two_halves_are_added_up(ana, plan):
    period = sell(ana, plan)
    with transaction():
        payments.record(period, Paid(Decimal("0.10"), "MXN", Method.CARD), by=CAIO)
    assert latest(ana).price == Decimal("300.00") == money()


def test_a_reversal_leaves_both_rows_and_takes_the_money_out(ana, plan):
    period = sell(ana, plan)
    with transaction():
        payments.reverse(payment_of(period), by=CAIO, reason="Billete falso")
    assert latest(ana).price == money() == 0
    rows = payments.of([period.id])[period.id]
    assert [row.amount for row in rows] == [Decimal("299.90"), Decimal("-299.90")]
    assert (rows[1].reverses_id, rows[1].note) == (rows[0].id, "Billete falso")
    assert count(AuditLog, AuditLog.resource_type == "manual_payments") == 2


def test_after_a_reversal_the_right_sum_is_recorded(ana, plan):
    period = sell(ana, plan)
    with transaction():
        payments.reverse(payment_of(period), by=CAIO, reason="Era en dólares")
    with transaction():
        payments.record(period, Paid(Decimal(20), "USD", Method.CASH), by=CAIO)
    assert (latest(ana).price, latest(ana).currency, money("USD")) == (20, "USD", 20)


def test_it_is_reversed_once_whoever_races(app, ana, plan):
    number = payment_of(sell(ana, plan)).id

    def race(_round):
        with app.app_context():
            try:
                with transaction():
                    payments.reverse(get(ManualPayment, number), by=CAIO, reason="Error")
            except Conflict as error:
                return str(error)
            return "done"

    with ThreadPoolExecutor(6) as pool:
        told = list(pool.map(race, range(6)))
    assert sorted(told)[-1] == "done" and told.count("Ese pago ya está anulado.") == 5
    assert latest(ana).price == 0


def test_the_same_form_sent_twice_is_one_payment(ana, plan):
    period, paid = sell(ana, plan, None), Paid(Decimal(5), "MXN", Method.CASH, once="a" * 16)
    with transaction():
        assert payments.record(period, paid, by=CAIO) is True
    with transaction():
        assert payments.record(period, paid, by=CAIO) is False
    assert latest(ana).price == 5


def test_a_code_carries_what_was_paid_for_it_to_whoever_redeems_it(ana, plan):
    with transaction():
        issued = tokens.issue(plan, by=CAIO, count=2, paid=CASH)
    assert [one.token.price for one in issued] == [Decimal("299.90")] * 2 and money() == 0
    with transaction():
        tokens.redeem(issued[0].code, ana, by=as_actor(ana))
    payment = payment_of(latest(ana))
    assert payment.token_id == issued[0].token.id and money() == Decimal("299.90")
    with transaction():
        payments.reverse(payment, by=CAIO, reason="No llegó")
    assert money() == 0


def test_a_payment_of_a_code_is_reversed_before_it_is_redeemed(ana, plan):
    with transaction():
        issued = tokens.issue(plan, by=CAIO, paid=CASH)[0]
    with transaction():
        payments.reverse(payments.of_token(issued.token)[0], by=CAIO, reason="No llegó")
    with transaction():
        tokens.redeem(issued.code, ana, by=as_actor(ana))
    assert latest(ana).price == money() == 0
    assert db.session.get(InvitationToken, issued.token.id).price == 0


def test_a_code_for_nothing_counts_nothing(ana, plan):
    with transaction():
        code = tokens.issue(plan, by=CAIO, free=True)[0].code
    with transaction():
        tokens.redeem(code, ana, by=as_actor(ana))
    assert latest(ana).price == money() == 0


def test_what_cannot_be_paid_for_is_refused(ana, bea, plan):
    with transaction():
        subscriptions.gift(bea, 3, by=CAIO, reason="Premio")
    with pytest.raises(Conflict), transaction():
        payments.record(latest(bea), CASH, by=CAIO)
    with pytest.raises(Conflict), transaction():
        tokens.issue(plan, by=CAIO, max_uses=2, paid=CASH)
    period = sell(ana, plan)
    with pytest.raises(Invalid), transaction():
        payments.record(period, Paid(Decimal(5), "EUR", Method.CASH), by=CAIO)
    with pytest.raises(Invalid), transaction():
        payments.reverse(payment_of(period), by=CAIO, reason=" ")
    with transaction():
        payments.reverse(payment_of(period), by=CAIO, reason="x")
    with pytest.raises(Conflict), transaction():
        payments.reverse(payments.of([period.id])[period.id][1], by=CAIO, reason="x")
    assert latest(ana).price == 0


def test_nothing_is_sold_to_the_blocked_nor_of_a_plan_taken_down(ana, bea, plan):
    with transaction():
        people.block(get(User, ana.user_id), by=CAIO, reason="x")
        plans.switch(plan, False, by=CAIO)
    with pytest.raises(Denied), transaction():
        sales.sell(get(User, ana.user_id), plan, by=CAIO)
    with pytest.raises(Conflict), transaction():
        sales.sell(bea, plan, by=CAIO)
    assert db.session.scalar(select(db.func.count(SubscriptionPeriod.id))) == 0


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        *(({"amount": text}, "amount") for text in ("", "0", "-5", "1,200.50", "NaN", "1e5", "5.001", "9" * 12, "٣")),
        ({"currency": "pesos"}, "currency"),
        ({"currency": ""}, "currency"),
        ({"method": "trueque"}, "method"),
    ],
)
def test_a_sum_that_does_not_fit_is_said_so(app, typed, field):
    with pytest.raises(Invalid) as refusal:
        payments.read({"amount": "350,50", "currency": "mxn", "method": "cash"} | typed)
    assert list(refusal.value.fields) == [field]


def test_a_sum_is_read_exactly(app):
    paid = payments.read({"amount": "350,5", "currency": "mxn", "method": "card", "note": " a\u202eb ", "once": "x"})
    assert paid == Paid(Decimal("350.50"), "MXN", Method.CARD, "ab", None)


def test_one_sale_sent_twice_gives_its_days_once(ana, plan):
    paid = Paid(Decimal(350), "MXN", Method.CASH, once="a" * 24)
    with transaction():
        until = sales.sell(get(User, ana.user_id), plan, by=CAIO, paid=paid).expiry_date
    with pytest.raises(Conflict), transaction():
        sales.sell(get(User, ana.user_id), plan, by=CAIO, paid=paid)
    assert subscriptions.of(ana.user_id).expiry_date == until and count(SubscriptionPeriod) == count(ManualPayment) == 1


def test_one_gift_that_somebody_paid_for_sent_twice_counts_once(ana, plan):
    paid, by = Paid(Decimal(350), "MXN", Method.CASH, once="a" * 24), {"by": CAIO, "reason": "Se lo regala Bea"}
    with transaction():
        sales.give(get(User, ana.user_id), 30, paid=paid, **by)
    with pytest.raises(Conflict), transaction():
        sales.give(get(User, ana.user_id), 30, paid=paid, **by)
    assert money() == 350 and count(SubscriptionPeriod) == count(ManualPayment) == 1
