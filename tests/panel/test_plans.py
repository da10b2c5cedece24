"""Planes: made, changed, switched off and on, moved; what does not fit is said at its field."""

import pytest

from tests.conftest import count
from tests.panel.members import a_plan, subscribe
from webapp.base.db import db, get
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.channels import plans
from webapp.domain.channels.models import SubscriptionPlan

LIST = "/panel/plans/"
MONTH = {
    "name": "Mensual",
    "duration_days": "30",
    "price": "350",
    "currency": "mxn",
    "price_stars": "",
    "eligibility": "new",
}


def names() -> list[str]:
    db.session.rollback()
    db.session.expire_all()
    return [plan.name for plan in plans.every()]


def test_with_no_plan_the_page_leads_to_the_first(panel):
    assert 'href="/panel/plans/new"' in panel.get(LIST).text
    assert "Crear el primer plan" in panel.get(LIST).text


@pytest.mark.parametrize("htmx", [True, False])
def test_a_plan_is_made_and_the_list_says_so(panel, htmx):
    answer = panel.post(LIST, MONTH, htmx=htmx)
    assert (answer.status_code, answer.headers.get("HX-Redirect") or answer.location) == (200 if htmx else 303, LIST)
    page = panel.get(LIST).text
    assert "El plan «Mensual» ya se ofrece." in page and "$350" in page and "A quien nunca fue VIP" in page


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("duration_days", "0"),
        ("duration_days", "un mes"),
        ("price", "-1"),
        ("price", "1,200"),
        ("currency", "pesos"),
        ("price_stars", "0"),
        ("eligibility", "king"),
    ],
)
@pytest.mark.parametrize("htmx", [True, False])
def test_what_does_not_fit_is_said_at_its_field_and_kept(panel, field, value, htmx):
    answer = panel.post(LIST, MONTH | {field: value}, htmx=htmx)
    assert answer.status_code == 422 and f'id="f-{field}-error"' in answer.text
    assert 'value="Mensual"' in answer.text or field == "name"
    assert ("<html" in answer.text) is not htmx and count(SubscriptionPlan) == 0


def test_a_change_is_saved_and_a_wrong_one_shown(panel):
    path = f"{LIST}{a_plan().id}"
    assert 'value="350"' in panel.get(path).text
    assert panel.post(path, MONTH | {"name": "Treinta días"}).status_code == 303
    assert panel.post(path, MONTH | {"duration_days": "4000"}, htmx=True).status_code == 422
    assert names() == ["Treinta días"]


def test_a_plan_is_switched_off_with_an_undo_and_on_again(panel):
    plan = a_plan()
    answer = panel.post(f"{LIST}{plan.id}/off", htmx=True)
    assert answer.text.lstrip().startswith('<div id="plans"') and "Desactivado" in answer.text
    assert f"/panel/plans/{plan.id}/on" in answer.headers["HX-Trigger"]
    assert panel.post(f"{LIST}{plan.id}/on").status_code == 303
    assert "Desactivado" not in panel.get(LIST).text


def test_plans_move_up_and_down_and_stop_at_the_ends(panel):
    first, _second, third = a_plan("Uno"), a_plan("Dos"), a_plan("Tres")
    for path in (f"{third.id}/up", f"{first.id}/up", f"{first.id}/down"):
        assert panel.post(LIST + path, htmx=True).status_code == 200
    assert names() == ["Tres", "Uno", "Dos"]
    assert panel.post(f"{LIST}{first.id}/down").status_code == 303
    assert panel.post(f"{LIST}{first.id}/down").status_code == 303
    assert names() == ["Tres", "Dos", "Uno"]


def test_two_moves_at_once_are_one_after_the_other(app, at_once):
    third = [a_plan(name).id for name in ("Uno", "Dos", "Tres")][2]

    def up():
        plans.move(get(SubscriptionPlan, third), -1, by=SYSTEM)

    at_once(up, up)
    assert names() == ["Tres", "Uno", "Dos"]


def test_the_list_says_how_many_have_each_plan(panel, ana, bea):
    plan = a_plan()
    subscribe(ana, plan), subscribe(bea, plan)
    assert '<b class="num">2</b>' in panel.get(LIST).text


def test_the_list_costs_the_same_whatever_its_length(panel, counted):
    a_plan()
    few = counted(lambda: panel.get(LIST))
    for number in range(10):
        a_plan(f"Plan {number}")
    assert counted(lambda: panel.get(LIST)) == few <= 8


def test_a_plan_that_does_not_exist_is_not_found(panel):
    for verb in ("", "/on", "/off", "/up", "/down"):
        assert panel.post(f"{LIST}999{verb}", MONTH).status_code == 404
    assert panel.get(f"{LIST}999").status_code == 404


def test_the_team_and_nobody_change_nothing(as_staff, helper, eve):
    path = f"{LIST}{a_plan().id}"
    for verb in ("", "/on", "/off", "/up", "/down"):
        assert as_staff(helper).post(path + verb, MONTH).status_code == 403
        assert eve.post(path + verb, MONTH).status_code == 303
    assert as_staff(helper).post(LIST, MONTH).status_code == as_staff(helper).get(LIST).status_code == 403
    assert names() == ["Mensual"] and plans.every()[0].is_active
