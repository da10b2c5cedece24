"""Solicitudes: the queue with place and time, deciding one, some, or all that match, in steps that end."""

import re

import pytest

from tests.conftest import count
from tests.factories import UserFactory
from tests.panel.members import CAIO, ask_to_join, open_channels
from webapp.base.db import db, transaction
from webapp.base.settling import Outcome
from webapp.domain.channels import requests
from webapp.domain.channels.models import FreeChannelRequest, RequestStatus
from webapp.panel import free

LIST = "/panel/free/"
REQUEST = FreeChannelRequest


@pytest.fixture(autouse=True)
def channels(app):
    open_channels()


@pytest.fixture
def queue(ana, bea, dora, traveller):
    """Ana asked first, then Bea, then Dora."""
    for user in (ana, bea, dora):
        ask_to_join(user)
        traveller.shift(60)
    db.session.rollback()
    return [row.id for row in db.session.scalars(db.select(REQUEST).order_by(REQUEST.id))]


def shown(page: str) -> list[str]:
    return re.findall(r"data-open[^>]*><bdi>(\w+)", page)


def standing(status: RequestStatus) -> int:
    return count(REQUEST, REQUEST.status == status)


def test_the_queue_shows_each_ones_place_and_turn(panel, queue):
    page = panel.get(LIST).text
    assert shown(page) == ["Ana", "Bea", "Dora"]
    assert [int(place) for place in re.findall(r"Lugar (\d)", page)] == [1, 2, 3]
    one = panel.get(LIST + "?q=bea").text
    assert shown(one) == ["Bea"] and "Lugar 2" in one


def test_nobody_waiting_and_no_channel_are_said(panel):
    assert "Nadie espera" in panel.get(LIST).text
    panel.post("/panel/channels/which", dict.fromkeys(("vip_channel_id", "free_channel_id"), ""))
    assert "Todavía no hay canal Free" in panel.get(LIST).text


@pytest.mark.parametrize(
    ("deed", "status"), [("approve", RequestStatus.APPROVING), ("decline", RequestStatus.DECLINED)]
)
@pytest.mark.parametrize("htmx", [True, False])
def test_one_is_decided_once(panel, queue, deed, status, htmx):
    path = f"{LIST}{queue[1]}/{deed}"
    answer = panel.post(path, {"next": LIST + "?q=x"}, htmx=htmx)
    if htmx:
        assert answer.text.lstrip().startswith(f'<li id="request-{queue[1]}"')
    else:
        assert (answer.status_code, answer.location) == (303, LIST + "?q=x")
    assert "Ya estaba decidida." in panel.post(path, htmx=True).headers["HX-Trigger"]
    assert standing(status) == 1


def test_those_that_were_chosen_are_decided(panel, queue):
    assert panel.post(LIST + "approve", {"ids": queue[:2]}).status_code == 303
    assert panel.post(LIST + "decline", {"ids": [queue[2], "x", "9" * 30]}, htmx=True).headers["HX-Redirect"] == LIST
    assert (standing(RequestStatus.APPROVING), standing(RequestStatus.DECLINED)) == (2, 1)


def test_ended_ones_tell_why(panel, queue):
    with transaction():
        requests.decline_many([queue[0]], by=CAIO)
        row = db.session.get(REQUEST, queue[1])
        row.status, row.error = RequestStatus.ERROR, "CHAT_ADMIN_REQUIRED"
    assert shown(panel.get(LIST + "?state=declined").text) == ["Ana"]
    page = panel.get(LIST + "?state=error").text
    assert shown(page) == ["Bea"] and "CHAT_ADMIN_REQUIRED" in page and "Reintentar" in page
    assert shown(panel.get(LIST + "?state=all").text) == ["Dora", "Bea", "Ana"]
    assert shown(panel.get(LIST + "?state=king&size=x&after=x").text) == ["Dora"]


def fields(page: str) -> dict[str, str]:
    form = page.partition('id="run"')[2]
    return dict(re.findall(r'name="(deed|state|q|since|up_to|done|total)" value="([^"]*)"', form))


def refuse_all() -> None:
    """Telegram refuses everybody who is on the way in."""
    with transaction():
        for row in db.session.scalars(db.select(REQUEST).where(REQUEST.status == RequestStatus.APPROVING)):
            requests.settled(Outcome(1, None, "failed", "CHAT_ADMIN_REQUIRED", dedupe_key=f"free:{row.id}:9"))


def follow(panel, first: dict, htmx: bool, meanwhile=lambda: None) -> int:
    """Presses *Continuar* until there is nothing to press; returns how many steps it took."""
    told, steps = first, 0
    while told:
        answer, steps = panel.post(LIST + "run", told, htmx=htmx), steps + 1
        meanwhile()
        told = fields(answer.text if htmx else panel.get(answer.location).text)
        assert steps < 20
    return steps


@pytest.mark.parametrize("htmx", [True, False])
@pytest.mark.parametrize(
    ("deed", "status"), [("approve", RequestStatus.APPROVING), ("decline", RequestStatus.DECLINED)]
)
def test_all_that_match_are_decided_step_by_step(panel, queue, monkeypatch, deed, status, htmx):
    monkeypatch.setattr(free, "STEP", 2)
    assert follow(panel, {"deed": deed, "state": "waiting"}, htmx) == 2
    assert standing(status) == 3


def test_a_run_that_is_stopped_leaves_the_rest_waiting_and_can_be_taken_up(panel, queue, monkeypatch):
    monkeypatch.setattr(free, "STEP", 1)
    page = panel.post(LIST + "run", {"deed": "decline", "state": "waiting"}, htmx=True).text
    assert f'href="{LIST}"' in page and "Detener" in page
    assert (standing(RequestStatus.DECLINED), standing(RequestStatus.PENDING)) == (1, 2)
    assert shown(panel.get(LIST).text) == ["Bea", "Dora"]
    follow(panel, fields(page), htmx=True)
    assert (standing(RequestStatus.DECLINED), standing(RequestStatus.PENDING)) == (3, 0)


def test_one_that_telegram_never_declines_ends_as_an_error_and_stops_nobody(panel, queue, monkeypatch):
    monkeypatch.setattr(free, "STEP", 2)
    with transaction():
        asked = db.session.get(REQUEST, queue[0])
        asked.status, asked.error = RequestStatus.ERROR, "CHAT_ADMIN_REQUIRED"
    for _again in range(2):
        steps = follow(panel, {"deed": "decline", "state": "error"}, htmx=True)
        assert steps <= 2 and standing(RequestStatus.DECLINED) == 1
        with transaction():
            requests.settled(Outcome(1, None, "failed", "CHAT_ADMIN_REQUIRED", dedupe_key=f"decline:{queue[0]}:9"))
        assert standing(RequestStatus.ERROR) == 1
    follow(panel, {"deed": "decline", "state": "waiting"}, htmx=True)
    assert (standing(RequestStatus.DECLINED), standing(RequestStatus.ERROR)) == (2, 1)


def test_each_step_says_how_far_it_is(panel, queue, monkeypatch):
    monkeypatch.setattr(free, "STEP", 2)
    page = panel.post(LIST + "run", {"deed": "approve", "state": "waiting"}, htmx=True).text
    assert "2 de 3 hechas" in page and page.lstrip().startswith('<section id="run"')
    assert "hx-trigger" in page and "Continuar" in page


def test_only_those_that_match_are_touched(panel, queue):
    panel.post(LIST + "run", {"deed": "decline", "state": "waiting", "q": "bea"})
    assert standing(RequestStatus.DECLINED) == 1
    assert shown(panel.get(LIST + "?state=declined").text) == ["Bea"]


def test_who_comes_during_a_run_is_not_swept_along_and_a_run_of_errors_ends(panel, queue, monkeypatch):
    monkeypatch.setattr(free, "STEP", 1)
    first = fields(panel.post(LIST + "run", {"deed": "approve", "state": "waiting"}, htmx=True).text)
    ask_to_join(UserFactory())
    follow(panel, first, htmx=True)
    assert standing(RequestStatus.PENDING) == 1
    refuse_all()
    assert standing(RequestStatus.ERROR) == 3
    panel.post(LIST + "run", {"deed": "approve", "state": "waiting"}, htmx=True)
    refuse_all()
    assert follow(panel, {"deed": "approve", "state": "error"}, htmx=True, meanwhile=refuse_all) == 5
    assert standing(RequestStatus.ERROR) == 4


@pytest.mark.parametrize(
    "told", [{}, {"deed": "drop"}, {"deed": "approve", "state": "approved"}, {"deed": "approve", "state": "all"}]
)
def test_a_run_of_nothing_sensible_is_refused(panel, queue, told):
    assert panel.post(LIST + "run", told).status_code == panel.get(LIST + "run", query_string=told).status_code == 422
    assert standing(RequestStatus.PENDING) == 3


def test_the_list_costs_the_same_whatever_its_length(panel, queue, counted):
    few = counted(lambda: panel.get(LIST + "?size=100"))
    for _ in range(30):
        ask_to_join(UserFactory())
    assert counted(lambda: panel.get(LIST + "?size=100")) == few <= 10


def test_the_team_and_nobody_decide_nothing(as_staff, helper, eve, queue):
    for path in (f"{queue[0]}/approve", f"{queue[0]}/decline", "approve", "decline", "run"):
        typed = {"ids": queue, "deed": "approve", "state": "waiting"}
        assert as_staff(helper).post(LIST + path, typed).status_code == 403
        assert eve.post(LIST + path, typed).status_code == 303
    assert as_staff(helper).get(LIST).status_code == as_staff(helper).get(LIST + "run").status_code == 403
    assert standing(RequestStatus.PENDING) == 3
