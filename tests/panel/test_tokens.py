"""Tokens: codes told once and kept by nobody, lists by state, plan and batch, revoking, who used which."""

import re

import pytest
import segno
from sqlalchemy import select

from tests.conftest import count
from tests.panel.members import CAIO, a_plan
from webapp.base.crypto import hash_token
from webapp.base.db import db, transaction
from webapp.domain.audit.models import AuditLog
from webapp.domain.channels import tokens
from webapp.domain.channels.models import InvitationToken
from webapp.domain.channels.records import ManualPayment
from webapp.domain.settings import config
from webapp.domain.users.people import as_actor
from webapp.panel import cards

LIST = "/panel/tokens/"


def typed(plan, **more):
    return {"plan": str(plan.id), "count": "1", "shelf_hours": "24", "unit": "hours", "max_uses": "1"} | more


def issue(plan, **how):
    with transaction():
        return tokens.issue(plan, by=CAIO, **how)


@pytest.fixture
def plan(app):
    with transaction():
        config.current().bot_username = "luna_bot"
    return a_plan()


@pytest.mark.parametrize("htmx", [True, False])
def test_codes_are_told_once_with_their_links_and_nobody_keeps_them(panel, plan, htmx):
    answer = panel.post(LIST, typed(plan, count="3"), htmx=htmx)
    codes = re.findall(r"<code>([\w-]+)</code>", answer.text)
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    assert len(codes) == 3 and f"https://t.me/luna_bot?start=vip_{codes[0]}" in answer.text
    assert ("<html" in answer.text) is not htmx
    db.session.rollback()
    kept = db.session.scalars(select(InvitationToken)).all()
    assert {token.token_hash for token in kept} == {hash_token(code) for code in codes}
    shown = [panel.get(path).text for path in (LIST, f"{LIST}{kept[0].id}", LIST + f"?batch={kept[0].batch_id}")]
    told = "".join(shown) + "".join(str(row.new_values) for row in db.session.scalars(select(AuditLog)))
    assert not any(code in told for code in codes)


def test_without_a_bot_the_codes_stand_alone(panel):
    page = panel.post(LIST, typed(a_plan())).text
    assert "<code>" in page and "t.me" not in page.partition('id="issued"')[2]


def test_the_shelf_is_typed_in_hours_or_days(panel, plan):
    panel.post(LIST, typed(plan, shelf_hours="3", unit="days"))
    db.session.rollback()
    assert db.session.scalars(select(InvitationToken.shelf_hours)).all() == [72]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("count", "0"),
        ("count", "1001"),
        ("count", "mil"),
        ("shelf_hours", "0"),
        ("shelf_hours", "9" * 19),
        ("max_uses", "0"),
        ("plan", "999"),
        ("plan", ""),
    ],
)
@pytest.mark.parametrize("htmx", [True, False])
def test_what_does_not_fit_is_said_and_nothing_is_made(panel, plan, field, value, htmx):
    answer = panel.post(LIST, typed(plan) | {field: value}, htmx=htmx)
    assert answer.status_code == 422 and ("<html" in answer.text) is not htmx
    assert (f'id="f-{field}-error"' if field != "plan" else 'id="plan-error"') in answer.text
    assert count(InvitationToken) == 0


def test_a_plan_that_is_off_makes_no_tokens(panel, plan):
    panel.post(f"/panel/plans/{plan.id}/off")
    assert panel.post(LIST, typed(plan)).status_code == 422
    assert "No hay ningún plan activo" in panel.get(LIST + "new").text


def test_the_sheet_holds_the_codes_of_the_answer_and_no_formula(panel, plan):
    codes = "A" * 32 + "\n=cmd|' /C calc'!A0\n-" + "B" * 31 + "\n" + "C" * 32
    answer = panel.post(LIST + "csv", {"codes": codes, "link": "https://t.me/luna_bot?start=vip_"})
    assert answer.headers["Content-Disposition"] == "attachment; filename=tokens.csv"
    lines = answer.text.lstrip("\ufeff").split()
    assert lines[1:] == [f"{code * 32},https://t.me/luna_bot?start=vip_{code * 32}" for code in "AC"]
    evil = panel.post(LIST + "csv", {"codes": "A" * 32, "link": "=HYPERLINK(1)"})
    assert "HYPERLINK" not in evil.text


def test_lists_by_state_plan_and_batch(panel, plan, ana):
    batch, other = issue(plan, count=2), issue(a_plan("Anual"))
    with transaction():
        tokens.redeem(other[0].code, ana, by=as_actor(ana))
    panel.post(f"{LIST}{batch[0].token.id}/revoke")
    hints = {"active": batch[1], "revoked": batch[0], "exhausted": other[0]}
    for state, one in hints.items():
        page = panel.get(f"{LIST}?state={state}").text
        assert [hint for hint in (b.token.hint for b in (*batch, *other)) if f"…{hint}" in page] == [one.token.hint]
    assert f"…{other[0].token.hint}" not in panel.get(f"{LIST}?plan={plan.id}").text
    assert "queda 1 por canjear" in panel.get(f"{LIST}?batch={batch[0].token.batch_id}").text
    assert panel.get(LIST + "?state=x&plan=x&batch=%00&after=x&size=x").status_code == 200


def test_who_used_it_is_told(panel, plan, ana):
    made = issue(plan)[0]
    with transaction():
        tokens.redeem(made.code, ana, by=as_actor(ana))
    page = panel.get(f"{LIST}{made.token.id}").text
    assert "Ana Torres" in page and f"/panel/vip/{ana.user_id}" in page


@pytest.mark.parametrize("htmx", [True, False])
def test_one_is_revoked_once(panel, plan, htmx):
    made = issue(plan)[0]
    path = f"{LIST}{made.token.id}/revoke"
    first = panel.post(path, htmx=htmx)
    assert (
        (first.text.lstrip().startswith('<section id="token"') and "Anulado" in first.text)
        if htmx
        else first.status_code == 303
    )
    assert "ya no se podía" in panel.post(path, htmx=True).headers["HX-Trigger"].encode().decode("unicode_escape")
    db.session.rollback()
    db.session.expire_all()
    assert db.session.get(InvitationToken, made.token.id).state == "revoked"


def test_what_is_left_of_a_batch_is_revoked(panel, plan):
    batch = issue(plan, count=3)[0].token.batch_id
    answer = panel.post(f"{LIST}batches/{batch}/revoke")
    assert answer.status_code == 303 and "Tokens anulados: 3." in panel.get(answer.location).text
    assert panel.post(f"{LIST}batches/nothing/revoke", htmx=True).status_code == 200


def test_the_list_costs_the_same_whatever_its_length(panel, plan, counted):
    issue(plan)
    few = counted(lambda: panel.get(LIST + "?size=100"))
    issue(plan, count=60)
    assert counted(lambda: panel.get(LIST + "?size=100")) == few <= 9


def test_the_team_and_nobody_make_and_revoke_nothing(as_staff, helper, eve, plan):
    made = issue(plan, count=2)[0].token
    for path in ("", "csv", f"{made.id}/revoke", f"batches/{made.batch_id}/revoke"):
        assert as_staff(helper).post(LIST + path, typed(plan)).status_code == 403
        assert eve.post(LIST + path, typed(plan)).status_code == 303
    for path in ("", "new", f"{made.id}"):
        assert as_staff(helper).get(LIST + path).status_code == 403
    assert count(InvitationToken, InvitationToken.revoked_at.is_(None)) == count(InvitationToken) == 2


def codes_of(panel, plan, **more) -> list[str]:
    return re.findall(r"<code>([\w-]+)</code>", panel.post(LIST, typed(plan, **more)).text)


def test_a_batch_becomes_cards_with_the_link_as_a_qr_code(panel, plan):
    codes = codes_of(panel, plan, count="3")
    answer = panel.post(LIST + "cards", {"codes": "\n".join([*codes, codes[0], "A" * 32, "<script>"])})
    page = answer.text
    assert re.findall(r"<code>([\w-]+)</code>", page) == codes and answer.headers["Cache-Control"] == "no-store"
    drawn = segno.make_qr(f"https://t.me/luna_bot?start=vip_{codes[0]}", error="m", boost_error=False)
    path = re.search(r' d="([^"]+)"', drawn.svg_inline(border=2, omitsize=True))[1]
    assert path in page and page.count('class="qr"') == 3 and "style=" not in page
    assert "Mensual" in page and "30 días de VIP" in page


def test_cards_of_many_come_some_on_a_page(panel, plan, monkeypatch):
    monkeypatch.setattr(cards, "SHEET", 2)
    codes = codes_of(panel, plan, count="5")
    for first, shown in (("0", codes[:2]), ("2", codes[2:4]), ("4", codes[4:]), ("99", []), ("x", codes[:2])):
        page = panel.post(LIST + "cards", {"codes": " ".join(codes), "first": first}).text
        assert re.findall(r"<code>([\w-]+)</code>", page) == shown
    assert "Aquí no hay códigos" in panel.post(LIST + "cards", {}).text


def test_the_sheet_of_a_batch_holds_a_thousand(panel, plan):
    codes = codes_of(panel, plan, count="1000")
    sheet = panel.post(LIST + "csv", {"codes": "\n".join(codes), "link": "https://t.me/luna_bot?start=vip_"}).text
    assert len(codes) == 1000 == sheet.count("https://t.me/luna_bot?start=vip_")


def test_the_team_and_nobody_print_nothing(as_staff, helper, eve, plan):
    assert as_staff(helper).post(LIST + "cards", {"codes": "x"}).status_code == 403
    assert eve.post(LIST + "cards", {"codes": "x"}).status_code == 303


@pytest.mark.parametrize("batch", ["%00", "x" * 5000, "%ED%A0%80"])
def test_a_batch_that_cannot_be_has_nothing_to_revoke(panel, batch):
    assert panel.post(f"/panel/tokens/batches/{batch}/revoke").status_code in (303, 404)


def test_a_form_sent_twice_makes_its_codes_once(panel, plan):
    once = re.search(r'name="once" value="([^"]+)"', panel.get("/panel/tokens/new").text)[1]
    typed = {"plan": str(plan.id), "count": "3", "shelf_hours": "24", "unit": "hours", "max_uses": "1", "once": once}
    assert panel.post(LIST, typed).status_code == 200
    again = panel.post(LIST, typed)
    assert again.status_code == 409 and "ya se crearon" in again.text
    assert count(InvitationToken) == 3
    for _form in range(2):  # one that carries no such word makes them each time
        assert panel.post(LIST, typed | {"once": "!"}).status_code == 200
    assert count(InvitationToken) == 9


def test_a_form_with_a_payment_sent_twice_counts_it_once(panel, plan):
    once = re.search(r'name="once" value="([^"]+)"', panel.get("/panel/tokens/new").text)[1]
    typed = {"plan": str(plan.id), "count": "2", "shelf_hours": "24", "unit": "hours", "max_uses": "1", "once": once}
    typed |= {"paying": "paid", "amount": "350", "currency": "MXN", "method": "cash"}
    told = [panel.post("/panel/tokens/", typed).status_code for _ in range(2)]
    assert told == [200, 409] and count(ManualPayment) == count(InvitationToken) == 2


def test_the_plan_is_marked_as_needed_like_every_field_that_is(panel):
    a_plan()
    page = panel.get("/panel/tokens/new").text
    assert '<legend class="form-label required">' in page.partition('id="token-form"')[2].partition("</fieldset>")[0]
