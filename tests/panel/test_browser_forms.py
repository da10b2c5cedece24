"""In a real browser: what forms keep, forget and point at."""

import pytest
from playwright.sync_api import expect

from tests.panel.browsing import signed_in
from tests.panel.test_signin import PHRASE, give_password, shown

pytestmark = pytest.mark.browser
CPF = "529.982.247-25"


def kept(page):
    """All that the window's storage holds."""
    return page.evaluate("JSON.stringify({...sessionStorage, ...localStorage})")


def test_a_session_that_ends_keeps_a_clients_name_and_nothing_secret(browser, address, caio):
    give_password(caio)
    page, _said = signed_in(browser, address, caio.email)
    page.goto(f"{address}/panel/clients/new")
    page.fill("#f-name", "Inês Carvalho")
    page.fill("#f-cpf", CPF)
    page.context.clear_cookies()
    page.click("#client-form button[type=submit]")
    page.wait_for_selector("[name=password]")
    assert "Inês" in kept(page) and CPF not in kept(page)
    page.fill("[name=email]", caio.email)
    page.fill("[name=password]", PHRASE)
    page.click("button[type=submit]")
    page.fill("[name=code]", shown())
    page.click("form.card button[type=submit]")
    expect(page.locator("#f-name")).to_have_value("Inês Carvalho")
    expect(page.locator("#f-cpf")).to_have_value("")


@pytest.mark.parametrize(("path", "field", "button"), [
    ("clients/", "main [name=q]", ""),
    ("second-factor/renew", "[name=code]", "main form.card button[type=submit]"),
])  # fmt: skip
def test_a_session_that_ends_keeps_no_cpf_looked_for_and_no_code(browser, address, caio, path, field, button):
    give_password(caio)
    page, _said = signed_in(browser, address, caio.email)
    page.goto(f"{address}/panel/{path}")
    page.context.clear_cookies()
    page.fill(field, "52998224725")
    if button:
        page.click(button)
    page.wait_for_selector("[name=password]")
    assert "52998224725" not in kept(page)


@pytest.mark.parametrize(("path", "typed", "wrong"), [
    ("account/", {"#f-old": "nunca", "#f-new": PHRASE + "s"}, "#f-old"),
    ("settings/", {"#f-contact_url": "javascript:x"}, "#f-contact_url"),
    ("channels/", {"#f-wait_time_minutes": ""}, "#f-wait_time_minutes"),
])  # fmt: skip
def test_the_first_wrong_field_has_the_cursor_in_every_room(browser, address, caio, path, typed, wrong):
    give_password(caio)
    page, _said = signed_in(browser, address, caio.email)
    page.goto(f"{address}/panel/{path}")
    page.evaluate("for (const form of document.forms) form.noValidate = true")
    for field, text in typed.items():
        page.fill(field, text)
    page.locator("form", has=page.locator(wrong)).locator("button[type=submit]").click()
    expect(page.locator(wrong)).to_have_attribute("aria-invalid", "true")
    expect(page.locator(wrong)).to_be_focused()
