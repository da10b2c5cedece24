"""Suscriptores: who has access and until when, found and sorted; gifts, pauses, corrections, revocations; the brake."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.conftest import count
from tests.factories import UserFactory
from tests.panel.conftest import Browser
from tests.panel.members import a_plan, of, open_channels, subscribe
from webapp.base.clock import now
from webapp.base.db import db, transaction
from webapp.domain.channels import expiry
from webapp.domain.channels.models import ExpulsionRun, Status, SubscriptionPeriod, VIPSubscriber

LIST = "/panel/vip/"


@pytest.fixture
def plan(app):
    open_channels()
    return a_plan()


@pytest.fixture
def vip(ana, plan):
    """Ana's VIP ends in ten days."""
    return subscribe(ana, plan, days=10)


def shown(page: str) -> list[str]:
    return re.findall(r"data-open[^>]*><bdi>(\w+)", page)


def test_the_list_filters_by_state_end_and_name(panel, plan, vip, bea, dora):
    subscribe(dora, plan, days=25), subscribe(bea, plan, hours=1)
    panel.post(f"{LIST}{dora.user_id}/revoke", {"reason": "spam"})
    for query, who in (
        ("", ["Bea", "Dora", "Ana"]),
        ("?sort=expiry", ["Dora", "Bea", "Ana"]),
        ("?sort=-expiry", ["Ana", "Bea", "Dora"]),
        ("?state=open", ["Bea", "Ana"]),
        ("?state=revoked", ["Dora"]),
        ("?ends=7", ["Bea"]),
        ("?ends=30", ["Bea", "Ana"]),
        ("?q=torres", ["Ana"]),
        ("?channel=member", []),
        ("?failed=1", []),
        ("?state=x&ends=x&channel=x&sort=x&size=x&after=x", ["Bea", "Dora", "Ana"]),
    ):
        assert shown(panel.get(LIST + query).text) == who, query


def test_a_failed_expulsion_is_seen_with_its_reason(panel, vip, ana):
    with transaction():
        row = db.session.get(VIPSubscriber, vip.id)
        row.last_error, row.attempts = "not enough rights", 4
    for path in (LIST + "?failed=1", f"{LIST}{ana.user_id}"):
        page = panel.get(path).text
        assert "not enough rights" in page and "(4)" in page


def test_with_nobody_the_list_leads_to_tokens(panel):
    assert 'href="/panel/tokens/new"' in panel.get(LIST).text


def test_the_page_tells_terms_and_history_in_the_creators_time(panel, vip, ana):
    with transaction():
        db.session.get(VIPSubscriber, vip.id).expiry_date = datetime(2030, 3, 4, 3, tzinfo=UTC)
    page = panel.get(f"{LIST}{ana.user_id}").text
    for words in ("Ana Torres", "Mensual", "$350", "3 mar 2030, 21:00", "Empezó", "Caio Lima", "paso 1 de 3"):
        assert words in page, words
    assert f'href="/panel/users/{ana.user_id}"' in page


def test_the_persons_page_and_the_subscription_lead_to_each_other(panel, vip, ana, bea):
    assert f'href="/panel/vip/{ana.user_id}"' in panel.get(f"/panel/users/{ana.user_id}").text
    page = panel.get(f"/panel/users/{bea.user_id}").text
    assert "Nunca ha tenido una." in page and f'href="/panel/vip/{bea.user_id}"' in page


@pytest.mark.parametrize("htmx", [True, False])
def test_days_are_given_to_somebody_who_never_was_vip(panel, plan, bea, htmx):
    there = f"{LIST}{bea.user_id}"
    assert "Todavía no es VIP" in panel.get(there).text
    answer = panel.post(there + "/gift", {"days": "7", "reason": "Ganó el sorteo"}, htmx=htmx)
    assert (answer.headers["HX-Redirect"] if htmx else answer.location) == there
    assert (of(bea).expiry_date - now()).days == 6
    assert "Ganó el sorteo" in panel.get(there).text


WRONG = [("gift", {"days": "0", "reason": "x"}, "gift-days"), ("gift", {"days": "9" * 30, "reason": "x"}, "gift-days")]
WRONG += [("gift", {"days": "3", "reason": " "}, "gift-reason"), ("pause", {"reason": ""}, "pause-reason")]
WRONG += [("revoke", {"reason": ""}, "revoke-reason"), ("correct", {"until": "mañana", "reason": "x"}, "correct-until")]
WRONG += [("correct", {"until": "2026-13-40T10:00", "reason": "x"}, "correct-until")]
WRONG += [("correct", {"until": "2150-01-01T10:00", "reason": "x"}, "correct-until")]


@pytest.mark.parametrize(("deed", "typed", "field"), WRONG)
@pytest.mark.parametrize("htmx", [True, False])
def test_what_does_not_fit_is_said_in_the_dialog_and_kept(panel, vip, ana, deed, typed, field, htmx):
    before = of(ana).expiry_date
    answer = panel.post(f"{LIST}{ana.user_id}/{deed}", typed, htmx=htmx)
    assert answer.status_code == 422 and f'id="{field}-error"' in answer.text
    assert ("<html" in answer.text) is not htmx
    assert all(value.strip() in answer.text for value in typed.values())
    assert (
        answer.text.lstrip().startswith(f'<form id="{deed}-form"')
        or f'id="{deed}" class="sheet" aria-labelledby="{deed}-title" open' in answer.text
    )
    assert (of(ana).expiry_date, of(ana).status) == (before, Status.PENDING_ENTRY)


def test_a_pause_can_be_undone_and_leaves_what_was_left(panel, vip, ana, traveller):
    panel.post(f"{LIST}{ana.user_id}/pause", {"reason": "Viaje"})
    assert of(ana).status is Status.PAUSED and "Reanudar" in panel.get(f"{LIST}{ana.user_id}").text
    left = of(ana).expiry_date
    traveller.shift(3600)
    assert panel.post(f"{LIST}{ana.user_id}/resume", htmx=True).status_code == 200
    assert of(ana).expiry_date == left + timedelta(hours=1)


@pytest.mark.parametrize(
    ("deed", "typed"),
    [
        ("gift", {"days": "5", "reason": "x"}),
        ("revoke", {"reason": "spam"}),
        ("correct", {"until": "2026-12-24T20:00", "reason": "x"}),
    ],
)
def test_a_deed_on_the_date_offers_its_undo(panel, vip, ana, deed, typed):
    there, before = f"{LIST}{ana.user_id}", of(ana).expiry_date
    panel.post(f"{there}/{deed}", typed)
    assert of(ana).expiry_date != before
    undo = re.search(r'data-undo="(/panel/vip/[^"]+)"', panel.get(there).text)[1]
    assert panel.post(undo).status_code == 303
    assert of(ana).expiry_date == before and of(ana).has_access


def test_an_undo_that_came_too_late_changes_nothing(panel, vip, ana, traveller):
    there = f"{LIST}{ana.user_id}"
    panel.post(f"{there}/gift", {"days": "5", "reason": "x"})
    undo = re.search(r'data-undo="(/panel/vip/[^"]+)"', panel.get(there).text)[1]
    panel.post(f"{there}/gift", {"days": "1", "reason": "x"})
    kept = of(ana).expiry_date
    assert panel.post(undo).status_code == 409
    traveller.shift(1000)
    assert panel.post(undo).status_code == panel.post(f"{there}/restore/forged").status_code == 409
    assert of(ana).expiry_date == kept


def test_an_undo_is_good_for_one_person_only(panel, vip, ana, bea, plan):
    subscribe(bea, plan)
    panel.post(f"{LIST}{ana.user_id}/gift", {"days": "5", "reason": "x"})
    undo = re.search(r'data-undo="(/panel/vip/[^"]+)"', panel.get(LIST).text)[1]
    assert panel.post(undo.replace(str(ana.user_id), str(bea.user_id))).status_code == 409


def test_a_deed_that_cannot_be_is_refused_in_words(panel, vip, ana, bea):
    assert panel.post(f"{LIST}{ana.user_id}/resume", htmx=True).status_code == 409
    for deed in ("pause", "resume", "revoke", "correct"):
        answer = panel.post(f"{LIST}{bea.user_id}/{deed}", {"reason": "x", "until": "2026-12-24T20:00"})
        assert answer.status_code == 404 and "nunca ha sido VIP" in answer.text
    assert (
        panel.get(LIST + "999").status_code
        == panel.post(LIST + "999/gift", {"days": "1", "reason": "x"}).status_code
        == 404
    )


@pytest.fixture
def braked(plan):
    """Twelve were to leave at once; the sweep stopped before the first."""
    for _ in range(12):
        subscribe(UserFactory(), plan, hours=-1)
    with transaction():
        assert expiry.sweep() == 0
    return db.session.scalars(select(ExpulsionRun)).one()


def test_the_brake_shows_who_would_leave_and_lets_them_go(panel, braked):
    page = panel.get(LIST).text
    assert "tendrían que salir 12 de 12" in page and f'name="run" value="{braked.id}"' in page
    assert len(shown(panel.get(LIST + "?ends=over").text)) == 12
    assert panel.post(LIST + "release", {"run": str(braked.id)}).status_code == 303
    assert "tendrían que salir" not in panel.get(LIST).text
    with transaction():
        assert expiry.sweep() == 12


def test_it_is_released_once(panel, braked):
    assert panel.post(LIST + "release", {"run": str(braked.id)}, htmx=True).headers["HX-Redirect"] == LIST
    assert panel.post(LIST + "release", {"run": str(braked.id)}).status_code == 409
    assert panel.post(LIST + "release", {"run": "x"}).status_code == 404


def test_list_and_page_cost_the_same_whatever_their_size(panel, plan, vip, ana, counted):
    few, one = counted(lambda: panel.get(LIST + "?size=100")), counted(lambda: panel.get(f"{LIST}{ana.user_id}"))
    for _ in range(30):
        subscribe(UserFactory(), plan)
        subscribe(ana, plan)
    assert counted(lambda: panel.get(LIST + "?size=100")) == few <= 10
    assert counted(lambda: panel.get(f"{LIST}{ana.user_id}")) == one <= 10


@pytest.mark.parametrize("deed", ["gift", "pause", "resume", "revoke", "correct", "restore/x"])
def test_the_team_and_nobody_change_nothing(as_staff, helper, eve, vip, ana, deed):
    path, typed = f"{LIST}{ana.user_id}/{deed}", {"days": "5", "reason": "x", "until": "2026-12-24T20:00"}
    before = count(SubscriptionPeriod)
    assert as_staff(helper).post(path, typed).status_code == 403
    assert eve.post(path, typed).status_code == 303
    assert as_staff(helper).get(f"{LIST}{ana.user_id}").status_code == 403
    assert count(SubscriptionPeriod) == before


@pytest.mark.parametrize("deed", ["extend", "gift"])
@pytest.mark.parametrize("known", [True, False])
def test_one_form_that_is_sent_four_times_at_once_gives_its_days_once(app, panel, plan, ana, deed, known):
    if known:
        subscribe(ana, plan, days=10)
    was = of(ana).expiry_date.isoformat() if known else ""
    typed = {"plan": str(plan.id), "paying": "none", "days": "30", "reason": "Ganó el sorteo", "was": was}
    doors = [Browser(app.test_client(), panel.staff) for _ in range(4)]

    def press(door):
        with app.app_context():
            return door.post(f"{LIST}{ana.user_id}/{deed}", typed).status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(press, doors)) == [303] + [409] * 3
    assert count(SubscriptionPeriod) == 1 + known


def test_the_form_of_a_gift_says_which_date_was_seen(panel, vip, ana):
    page = panel.get(f"{LIST}{ana.user_id}").text
    assert page.count(f'name="was" value="{of(ana).expiry_date.isoformat()}"') == 2


def test_what_was_released_lets_no_others_go(panel, plan, braked):
    panel.post(LIST + "release", {"run": str(braked.id)})
    for _ in range(40):
        subscribe(UserFactory(), plan, hours=-1)
    with transaction():
        assert expiry.sweep() == 0
    assert "tendrían que salir 52 de 52" in panel.get(LIST).text


def test_what_was_seen_is_what_is_released(panel, plan, braked):
    seen = re.search(r'name="seen" value="(\d+)"', panel.get(LIST).text)[1]
    for _ in range(40):
        subscribe(UserFactory(), plan, hours=-1)
    assert panel.post(LIST + "release", {"run": str(braked.id), "seen": seen}).status_code == 409
    assert panel.post(LIST + "release", {"run": str(braked.id), "seen": "52"}).status_code == 303
    with transaction():
        assert expiry.sweep() == 52
