"""The way in in a real browser: password, phone, codes on paper, and showing who one is over a half-typed form."""

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from tests.entering import code_of, set_up_phone
from tests.panel.browsing import AXE
from tests.panel.test_signin import HASHED, PHRASE, SECRET, give_password
from webapp.base.db import db, transaction
from webapp.domain.sessions.models import UserSession

pytestmark = pytest.mark.browser


def enter(page, address, email):
    page.goto(f"{address}/panel/")
    page.fill("[name=email]", email)
    page.fill("[name=password]", PHRASE)
    page.click("button[type=submit]")
    page.wait_for_selector("[name=code]")


def window(browser, dark):
    page = browser.new_context(locale="es-MX", viewport={"width": 360, "height": 740}, color_scheme=dark).new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))
    return page, said


def look(page):
    """Nothing is hard to reach or wider than the phone."""
    page.evaluate(AXE)
    assert page.evaluate("axe.run().then(said => said.violations.map(one => one.id + ': ' + one.nodes[0].html))") == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("dark", ["light", "dark"])
def test_hugo_sets_his_phone_up_and_is_in(browser, address, helper, dark):
    helper.password_hash = HASHED
    db.session.commit()
    page, said = window(browser, dark)
    enter(page, address, helper.email)
    look(page)
    set_up_phone(page)
    expect(page.get_by_role("main")).to_be_visible()
    assert said == []


def test_what_caio_types_survives_that_he_shows_who_he_is(browser, address, caio):
    give_password(caio)
    page, said = window(browser, "light")
    enter(page, address, caio.email)
    page.fill("[name=code]", code_of(SECRET))
    page.click("form.card button[type=submit]")
    page.wait_for_selector("[data-search]")
    with transaction():
        later = update(UserSession).values(sudo_until=None)
        db.session.execute(later, execution_options={"synchronize_session": False})
    page.goto(f"{address}/panel/settings/")
    page.fill("[name=creator_name]", "Luna Nueva")
    page.click("#creator button[type=submit]")
    expect(page.locator("dialog#sudo:modal")).to_be_visible()
    look(page)
    page.get_by_role("link", name="Cancelar").click()
    expect(page.locator("[name=creator_name]")).to_have_value("Luna Nueva")
    page.click("#creator button[type=submit]")
    page.fill("#sudo-password", PHRASE)
    page.fill("#sudo-code", code_of(SECRET, 1))
    page.click("#sudo button[type=submit]")
    expect(page.get_by_text("Ajustes guardados.")).to_be_visible()
    expect(page.locator("[name=creator_name]")).to_have_value("Luna Nueva")
    assert [line for line in said if "status of 403" not in line] == []


def test_after_a_list_came_the_page_that_asked_goes_back(browser, address, caio, ana):
    give_password(caio)
    page, _said = window(browser, "light")
    enter(page, address, caio.email)
    page.fill("[name=code]", code_of(SECRET))
    page.click("form.card button[type=submit]")
    page.wait_for_selector("[data-search]")
    with transaction():
        later = update(UserSession).values(sudo_until=None)
        db.session.execute(later, execution_options={"synchronize_session": False})
    page.goto(f"{address}/panel/users/")
    page.locator(".exports button").first.click()
    page.fill("#sudo-password", PHRASE)
    page.fill("#sudo-code", code_of(SECRET, 1))
    with page.expect_download() as taken:
        page.click(".box button[type=submit]")
    assert taken.value.suggested_filename.endswith(".csv")
    page.wait_for_url("**/panel/users/")
