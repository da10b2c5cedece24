"""Showing again who one is: what asks for it, what was typed, and that a stolen cookie is not enough."""

import re
from html import unescape

import pytest

from tests.conftest import count
from tests.panel.conftest import HTMX, Browser
from tests.panel.test_signin import PHRASE, give_password, shown
from webapp.base.db import db
from webapp.domain.audit.models import AuditLog
from webapp.domain.settings import config
from webapp.panel import sudo

LUNA = {"creator_name": "Luna & Sol «ñ»", "contact_text": "Dos líneas\r\nde texto"}


@pytest.fixture
def mine(as_staff, caio) -> Browser:
    """Caio, who signed in a while ago."""
    give_password(caio)
    return as_staff(caio, sudo=False)


def held(answer) -> str:
    return unescape(re.search(r'name="held"[^>]* value="([^"]+)"', answer.text)[1])


def confirm(browser: Browser, asked, *, password: str = PHRASE, code: str | None = None):
    return browser.post(
        "/panel/sudo/", {"held": held(asked), "password": password, "code": shown() if code is None else code}
    )


def named() -> str:
    db.session.rollback()
    return config.current().creator_name


def test_what_was_typed_goes_on_once_somebody_has_shown_who_they_are(mine):
    asked = mine.post("/panel/settings/creator", LUNA)
    assert asked.status_code == 403 and "Confirma que eres tú" in asked.text
    assert named() == "Vitrina" and "Luna" not in asked.text
    answer = confirm(mine, asked)
    assert (answer.status_code, answer.location) == (303, "/panel/settings/#creator")
    assert named() == LUNA["creator_name"] and "Dos líneas" in config.current().contact_text
    assert "Ajustes guardados." in mine.get("/panel/settings/").text


def test_for_ten_minutes_nobody_asks_again_and_then_somebody_does(mine, traveller):
    confirm(mine, mine.post("/panel/settings/creator", LUNA))
    traveller.shift(599)
    assert mine.post("/panel/settings/creator", {"creator_name": "Otra"}).status_code == 303
    traveller.shift(2)
    assert mine.post("/panel/settings/creator", {"creator_name": "Tercera"}).status_code == 403
    assert named() == "Otra"


def test_htmx_gets_a_dialog_over_the_page(mine):
    answer = mine.post("/panel/settings/creator", LUNA, htmx=True)
    assert (answer.status_code, answer.headers["HX-Retarget"], answer.headers["HX-Reswap"]) == (
        403, "#sudo", "outerHTML",
    )  # fmt: skip
    assert answer.text.startswith("<dialog") and named() == "Vitrina"
    assert confirm(mine, answer).status_code == 303
    assert named() == LUNA["creator_name"]


def test_what_does_not_fit_is_said_afterwards_with_what_was_typed(mine):
    answer = confirm(mine, mine.post("/panel/settings/creator", {"creator_name": "x" * 200}))
    assert answer.status_code == 422 and "x" * 200 in answer.text


@pytest.mark.parametrize("wrong", [{"password": "otra cosa"}, {"code": "000000"}, {"password": "", "code": ""}])
def test_without_password_and_code_nothing_goes_on_and_what_was_typed_stays(mine, wrong):
    answer = confirm(mine, mine.post("/panel/settings/creator", LUNA), **wrong)
    assert answer.status_code == 422 and "No coincide" in answer.text and named() == "Vitrina"
    assert count(AuditLog, AuditLog.action == "sudo_failed") == 1
    assert confirm(mine, answer).status_code == 303
    assert named() == LUNA["creator_name"]


def test_a_wrong_password_does_not_use_the_code_up(mine):
    asked = mine.post("/panel/settings/creator", LUNA)
    confirm(mine, asked, password="no")
    assert confirm(mine, asked).status_code == 303


def test_the_cookie_of_before_is_worth_nothing_afterwards(app, mine):
    stolen = Browser(app.test_client())
    stolen.client.set_cookie("vitrina", mine.client.get_cookie("vitrina").value)
    confirm(mine, mine.post("/panel/settings/creator", LUNA))
    assert stolen.get("/panel/").status_code == 303
    assert mine.get("/panel/").status_code == 200


def test_what_one_was_asked_nobody_else_goes_on_with(mine, as_staff, root):
    asked = mine.post("/panel/settings/creator", LUNA)
    give_password(root)
    theirs = as_staff(root, sudo=False)
    assert confirm(theirs, asked).status_code == 409
    assert named() == "Vitrina"


def test_what_was_asked_is_told_to_nobody_who_reads_the_page(mine):
    asked = mine.post("/panel/account/password", {"old": PHRASE, "new": "otra frase secretísima"})
    assert "secretísima" not in asked.text and PHRASE not in asked.text


@pytest.mark.parametrize("made_up", ["", "x", "gAAAAA"])
def test_what_was_made_up_does_not_go_on(mine, made_up):
    answer = mine.post("/panel/sudo/", {"held": made_up, "password": PHRASE, "code": shown()})
    assert answer.status_code == 409


def test_after_an_hour_the_page_is_too_old(mine, traveller):
    asked = mine.post("/panel/settings/creator", LUNA)
    traveller.shift(sudo.HOUR + 1)
    assert confirm(mine, asked).status_code == 409 and named() == "Vitrina"


def test_what_is_too_long_to_be_kept_is_said_to_be(mine, monkeypatch):
    monkeypatch.setattr(sudo, "LONGEST", 400)
    asked = mine.post("/panel/settings/creator", {**LUNA, "contact_text": "z" * 500})
    assert "demasiado largo" in asked.text
    assert confirm(mine, asked).status_code == 303 and named() == "Vitrina"


def test_a_list_is_given_afterwards_and_the_page_is_told_that_it_came(mine, ana):
    answer = confirm(mine, mine.post("/panel/users/export/csv?q=ana"))
    assert "attachment" in answer.headers["Content-Disposition"] and "Ana Torres" in answer.text
    assert any(one.startswith("vitrina_taken=1") for one in answer.headers.getlist("Set-Cookie"))


def test_a_page_that_asks_is_gone_to_afterwards(mine):
    answer = confirm(mine, mine.get("/panel/second-factor/renew"))
    assert (answer.status_code, answer.location) == (303, "/panel/second-factor/renew")


def test_the_same_code_shows_who_one_is_once(mine, traveller):
    asked, code = mine.post("/panel/settings/creator", LUNA), shown()
    confirm(mine, asked, code=code)
    traveller.shift(601)
    assert confirm(mine, mine.post("/panel/settings/creator", {"creator_name": "Otra"}), code=code).status_code == 422


def test_failures_make_one_wait_and_the_session_stays(mine, traveller):
    asked = mine.post("/panel/settings/creator", LUNA)
    for _ in range(5):
        last = confirm(mine, asked, password="no")
    assert "Espera 1 minuto" in last.text
    assert confirm(mine, asked).status_code == 422 and mine.get("/panel/").status_code == 200
    traveller.shift(61)
    assert confirm(mine, asked).status_code == 303


def test_retiring_access_asks_and_pausing_does_not(mine):
    assert "Confirma que eres tú" in mine.post("/panel/vip/many/", {"deed": "revoke"}).text
    assert "Confirma que eres tú" not in mine.post("/panel/vip/many/", {"deed": "pause"}).text


def test_the_right_is_asked_for_before_who_one_is(as_staff, helper):
    answer = as_staff(helper, sudo=False).post("/panel/settings/creator", LUNA)
    assert answer.status_code == 403 and "Confirma" not in answer.text


def test_nobody_shows_who_they_are_without_a_session(eve, mine):
    asked = mine.post("/panel/settings/creator", LUNA)
    assert confirm(eve, asked).location.startswith("/panel/sign-in")
    assert eve.client.post("/panel/sudo/", headers=HTMX).status_code == 403
