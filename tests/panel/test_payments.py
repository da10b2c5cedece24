"""Money received by hand, in the panel: with an extension, with codes, recorded later, taken back; and by whom not."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.conftest import count
from tests.panel.members import a_plan, of, open_channels, subscribe
from webapp.base.clock import now
from webapp.base.db import db, transaction
from webapp.domain.channels import members, subscriptions
from webapp.domain.channels.models import ChannelState, InvitationToken, Status, SubscriptionPeriod
from webapp.domain.channels.records import ManualPayment
from webapp.domain.insights.ranges import choose
from webapp.domain.insights.revenue import revenue

LIST, VIP = "/panel/vip/", -1001000000002
PAID = {"paying": "paid", "amount": "299,90", "currency": "mxn", "method": "transfer", "note": "Ref. 12"}


@pytest.fixture
def plan(app):
    open_channels()
    return a_plan()


@pytest.fixture
def vip(ana, plan):
    return subscribe(ana, plan, days=10)


def extension(of_plan, row=None, **more):
    return {"plan": str(of_plan.id), "was": row.expiry_date.isoformat() if row else "", **PAID, **more}


def latest(user) -> SubscriptionPeriod:
    return subscriptions.latest_period(of(user))


def earned() -> Decimal:
    db.session.rollback()
    return sum((one.sales.amount for one in revenue(choose("today", "America/Mexico_City")).money), Decimal(0))


@pytest.mark.parametrize("htmx", [True, False])
def test_an_extension_counts_what_was_paid_for_it(panel, vip, ana, plan, htmx):
    before, until = earned(), vip.expiry_date
    answer = panel.post(f"{LIST}{ana.user_id}/extend", extension(plan, vip), htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    assert of(ana).expiry_date == until + timedelta(days=30)
    assert (latest(ana).price, earned() - before) == (Decimal("299.90"), Decimal("299.90"))
    assert "$299.90" in panel.get(f"{LIST}{ana.user_id}").text


def test_somebody_who_never_was_vip_begins_by_hand_without_paying(panel, plan, bea):
    assert "Extender" in panel.get(f"{LIST}{bea.user_id}").text
    panel.post(f"{LIST}{bea.user_id}/extend", extension(plan, paying="none", note="Trueque"))
    assert of(bea).has_access and (latest(bea).price, latest(bea).reason) == (0, "Trueque")
    assert earned() == count(ManualPayment) == 0


def test_the_same_form_sent_twice_extends_once(panel, vip, ana, plan):
    form = extension(plan, vip)
    assert panel.post(f"{LIST}{ana.user_id}/extend", form).status_code == 303
    assert panel.post(f"{LIST}{ana.user_id}/extend", form).status_code == 409
    assert count(ManualPayment) == 1


WRONG = [
    ({"plan": "999"}, "extend-plan"),
    ({"amount": "1,200.50"}, "extend-f-amount"),
    ({"amount": ""}, "extend-f-amount"),
]
WRONG += [({"currency": "pesos"}, "extend-f-currency"), ({"method": "trueque"}, "extend-f-method")]


@pytest.mark.parametrize(("typed", "field"), WRONG)
@pytest.mark.parametrize("htmx", [True, False])
def test_what_does_not_fit_is_said_where_it_stands_and_kept(panel, vip, ana, plan, typed, field, htmx):
    until = vip.expiry_date
    answer = panel.post(f"{LIST}{ana.user_id}/extend", extension(plan, vip, **typed), htmx=htmx)
    assert answer.status_code == 422 and f'id="{field}-error"' in answer.text and "Ref. 12" in answer.text
    assert of(ana).expiry_date == until and count(ManualPayment) == 0


def test_a_payment_is_recorded_later_once_and_taken_back_with_a_reason(panel, vip, ana):
    there = f"/panel/payments/periods/{latest(ana).id}"
    page = panel.get(there).text
    assert "Sin pagos registrados" in page and "$350" in page
    once = re.search(r'name="once" value="([\w-]+)"', page)[1]
    for _twice in range(2):
        assert panel.post(there, {**PAID, "once": once}).location == there
    assert latest(ana).price == Decimal("299.90") and count(ManualPayment) == 1
    number = db.session.scalar(db.select(ManualPayment.id))
    assert panel.post(f"/panel/payments/{number}/reverse", {"reason": " "}).status_code == 422
    assert panel.post(f"/panel/payments/{number}/reverse", {"reason": "No llegó"}).location == there
    assert panel.post(f"/panel/payments/{number}/reverse", {"reason": "No llegó"}).status_code == 409
    page = panel.get(there).text
    assert "-$299.90" in page and "Anulado" in page and "No llegó" in page and latest(ana).price == 0


@pytest.mark.parametrize("htmx", [True, False])
def test_a_wrong_sum_is_said_at_its_field(panel, vip, ana, htmx):
    answer = panel.post(f"/panel/payments/periods/{latest(ana).id}", PAID | {"amount": "mil"}, htmx=htmx)
    assert answer.status_code == 422 and 'id="f-amount-error"' in answer.text
    assert ("<html" in answer.text) is not htmx


def test_a_gift_that_somebody_else_paid_for_counts(panel, vip, ana):
    before, until = earned(), vip.expiry_date
    panel.post(f"{LIST}{ana.user_id}/gift", {"days": "9", "reason": "De su hermana", **PAID})
    assert (of(ana).expiry_date - until).days == 9 and earned() - before == Decimal("299.90")
    assert (latest(ana).what, of(ana).plan_name) == ("extend", "Mensual")
    for wrong in ({"days": "0"}, {"reason": " "}, {"amount": "x"}):
        typed = {"days": "9", "reason": "x", **PAID, **wrong}
        assert panel.post(f"{LIST}{ana.user_id}/gift", typed, htmx=True).status_code == 422
    assert count(ManualPayment) == 1


def test_for_a_gift_there_is_nothing_to_pay(panel, vip, ana):
    panel.post(f"{LIST}{ana.user_id}/gift", {"days": "3", "reason": "x"})
    there = f"/panel/payments/periods/{latest(ana).id}"
    assert "Esto no se paga" in panel.get(there).text and panel.post(there, PAID).status_code == 409


def issue(panel, plan, **more):
    typed = {"plan": str(plan.id), "count": "2", "shelf_hours": "24", "unit": "hours", "max_uses": "1"}
    return panel.post("/panel/tokens/", typed | more)


def tokens() -> list[InvitationToken]:
    db.session.rollback()
    return list(
        db.session.scalars(
            db.select(InvitationToken).order_by(InvitationToken.id).execution_options(populate_existing=True)
        )
    )


def test_codes_carry_what_was_paid_for_each(panel, plan):
    issue(panel, plan, **PAID)
    assert [token.price for token in tokens()] == [Decimal("299.90")] * 2 and count(ManualPayment) == 2
    there = f"/panel/tokens/{tokens()[0].id}"
    assert "$299.90" in panel.get(there).text
    number = db.session.scalar(db.select(ManualPayment.id).where(ManualPayment.token_id == tokens()[0].id))
    assert panel.post(f"/panel/payments/{number}/reverse", {"reason": "x", "next": there}).location == there
    assert [token.price for token in tokens()] == [0, Decimal("299.90")]


def test_codes_at_the_plans_price_or_for_nothing(panel, plan):
    issue(panel, plan, count="1"), issue(panel, plan, count="1", paying="none")
    assert sorted(token.price for token in tokens()) == [0, 350] and count(ManualPayment) == 0


@pytest.mark.parametrize("more", [{"max_uses": "2"}, {"amount": "0"}, {"paying": "x"}])
def test_codes_with_a_payment_that_does_not_fit_are_not_made(panel, plan, more):
    assert issue(panel, plan, **PAID | more).status_code == 422
    assert tokens() == []


def told(user):
    return {"id": user.user_id, "is_bot": False, "first_name": user.first_name}


def test_an_expulsion_is_taken_back_with_a_date_and_a_reason(panel, vip, ana):
    there = f"{LIST}{ana.user_id}"
    panel.post(there + "/revoke", {"reason": "error"})
    with transaction():
        members.note(VIP, told(ana), "kicked")
    assert "Dejar volver" in panel.get(there).text
    for typed, field in (
        ({"until": "", "reason": "x"}, "until"),
        ({"until": "2036-01-01T10:00", "reason": ""}, "reason"),
    ):
        answer = panel.post(there + "/readmit", typed, htmx=True)
        assert answer.status_code == 422 and f'id="readmit-{field}-error"' in answer.text
    until = (now() + timedelta(days=9)).strftime("%Y-%m-%dT%H:%M")
    assert panel.post(there + "/readmit", {"until": until, "reason": "Fue un error"}).status_code == 303
    assert of(ana).status is Status.PENDING_ENTRY and "Fue un error" in panel.get(there).text


def test_who_is_still_inside_is_put_out_at_once_by_hand(panel, vip, ana):
    there = f"{LIST}{ana.user_id}"
    with transaction():
        members.note(VIP, told(ana), "member")
    assert panel.post(there + "/expel").status_code == 409
    panel.post(there + "/revoke", {"reason": "x"})
    assert "Expulsar ahora" in panel.get(there).text
    assert panel.post(there + "/expel").status_code == 303 and of(ana).channel_state is ChannelState.MEMBER


def test_the_team_and_nobody_touch_no_money(as_staff, helper, eve, vip, ana, plan):
    there, number = f"/panel/payments/periods/{latest(ana).id}", latest(ana).id
    for path in (f"{LIST}{ana.user_id}/extend", f"{LIST}{ana.user_id}/readmit", f"{LIST}{ana.user_id}/expel", there,
                 f"/panel/payments/{number}/reverse"):  # fmt: skip
        assert as_staff(helper).post(path, extension(plan, vip)).status_code == 403
        assert eve.post(path, extension(plan, vip)).status_code == 303
    assert as_staff(helper).get(there).status_code == 403 and count(ManualPayment) == 0
