"""One's own account: sessions, password, language."""

import pytest

from tests.panel.conftest import sessions
from tests.panel.test_signin import PHRASE, give_password, try_in
from webapp.base.db import db

NEW = "otra frase, todavía mejor"


@pytest.fixture
def mine(as_staff, caio):
    """Two browsers of caio's, who has a password."""
    give_password(caio)
    return as_staff(caio), as_staff(caio)


def test_the_list_says_which_session_is_this_one(mine):
    page = mine[0].get("/panel/account/").text
    assert page.count('/revoke" hx-post') == 1
    assert page.count('class="tag green">esta<') == 1


@pytest.mark.parametrize("htmx", [True, False])
def test_one_session_is_ended(mine, htmx):
    here, there = mine
    answer = here.post(f"/panel/account/sessions/{there.session.id}/revoke", htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    assert there.get("/panel/").status_code == 303
    assert here.get("/panel/").status_code == 200


def test_the_others_are_ended_and_this_one_stays(mine):
    mine[0].post("/panel/account/sessions/revoke-others")
    assert [browser.get("/panel/").status_code for browser in mine] == [200, 303]


def test_somebody_elses_session_is_not_found(panel, as_staff, root):
    theirs = as_staff(root)
    assert panel.post(f"/panel/account/sessions/{theirs.session.id}/revoke").status_code == 404
    assert theirs.get("/panel/").status_code == 200


def test_a_new_password_ends_the_other_sessions_and_serves(mine, eve, caio):
    here, _there = mine
    assert here.post("/panel/account/password", {"old": PHRASE, "new": NEW}, htmx=True).status_code == 200
    assert [browser.get("/panel/").status_code for browser in mine] == [200, 303]
    assert try_in(eve, caio.email, PHRASE).status_code == 401
    assert try_in(eve, caio.email, NEW).status_code == 303


@pytest.mark.parametrize(
    ("old", "new", "field"), [("no", NEW, "old"), (PHRASE, "corta", "new"), (PHRASE, "caio@vitrina.example", "new")]
)
def test_a_password_that_does_not_do_is_refused_in_place(mine, old, new, field):
    answer = mine[0].post("/panel/account/password", {"old": old, "new": new}, htmx=True)
    assert answer.status_code == 422 and f'id="f-{field}-error"' in answer.text
    assert old not in answer.text.replace("no", "") or old == "no"
    assert sessions() == 2


def test_the_language_is_kept(panel, caio):
    panel.post("/panel/account/language", {"locale": "pt_BR"})
    assert '<html lang="pt-BR"' in panel.get("/panel/").text
    assert panel.post("/panel/account/language", {"locale": "xx"}).status_code == 422
    db.session.refresh(caio)
    assert caio.locale == "pt_BR"


def test_at_most_five_sessions_live(as_staff, caio):
    browsers = [as_staff(caio) for _ in range(7)]
    assert sessions() == 5
    assert browsers[0].get("/panel/").status_code == 303


def test_a_language_just_chosen_is_the_one_it_is_confirmed_in(panel, caio):
    panel.post("/panel/account/language", {"locale": "en"}, htmx=True)
    assert "Language saved" in panel.get("/panel/account/").text


def test_everything_that_is_wrong_with_a_new_password_is_said_at_once(mine):
    answer = mine[0].post("/panel/account/password", {"old": "no", "new": "corta"}, htmx=True)
    assert 'id="f-old-error"' in answer.text and 'id="f-new-error"' in answer.text
