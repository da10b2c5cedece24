"""The frame around every page."""

import pytest

from tests.factories import StaffFactory


def test_the_first_page_greets_who_is_signed_in(panel):
    page = panel.get("/panel/")
    assert page.status_code == 200
    assert "Caio" in page.text


def test_nobody_is_sent_to_sign_in_and_back(eve):
    answer = eve.get("/panel/account/")
    assert answer.status_code == 303
    assert answer.location == "/panel/sign-in?next=/panel/account/"


def test_the_bare_address_leads_everybody_to_the_panel_and_tells_nothing(eve, panel):
    for client in (eve.client, panel.client):
        for ask in (client.get, client.head):
            answer = ask("/")
            assert (answer.status_code, answer.location) == (303, "/panel/")
            assert "Set-Cookie" not in answer.headers and "Caio" not in answer.text
        assert client.head("/").data == b""


def test_the_bare_address_takes_nothing_else_and_ends_at_the_sign_in(eve):
    assert eve.client.post("/").status_code == 405
    assert eve.client.get("/", follow_redirects=True).request.path == "/panel/sign-in"


@pytest.mark.parametrize(
    ("verb", "path", "status", "words"),
    [
        ("get", "/panel/nothing/here", 404, "No encontramos esta página."),
        ("get", "/panel/users/999", 404, "data-search"),
        ("post", "/panel/interests/", 405, "Esto no se puede hacer aquí."),
        ("get", "/panel/account/pulse", 405, "Esto no se puede hacer aquí."),
    ],
)
def test_what_leads_nowhere_keeps_the_navigation_around_who_is_signed_in(panel, verb, path, status, words):
    page = getattr(panel, verb)(path)
    assert (page.status_code, 'href="/panel/interests/"' in page.text) == (status, True)
    assert words in page.text and "Volver al inicio" in page.text


def test_it_is_said_in_their_language_to_htmx_too(as_staff):
    browser = as_staff(StaffFactory(locale="en"))
    assert "We couldn’t find this page." in browser.get("/panel/nothing").text
    answer = browser.get("/panel/nothing", htmx=True)
    assert (answer.status_code, answer.text, answer.headers["HX-Reswap"]) == (404, "", "none")


def test_what_is_not_theirs_keeps_the_navigation_too(as_staff, helper):
    page = as_staff(helper).get("/panel/users/")
    assert page.status_code == 403 and "data-search" in page.text and 'href="/panel/users/"' not in page.text


def test_nobody_is_shown_the_way_in_and_nothing_of_the_panel(eve, client):
    page = eve.get("/panel/nothing/here")
    assert page.status_code == 404 and "/panel/sign-in" in page.text and "data-search" not in page.text
    assert "/panel/" not in client.get("/panelist").text
