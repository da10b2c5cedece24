"""In a real browser: notes that wait for whoever reads slowly, and keys that can be switched off."""

import pytest
from playwright.sync_api import expect

from tests.panel.browsing import signed_in

pytestmark = pytest.mark.browser
LONG = 10 * 60_000


@pytest.fixture
def page(browser, address, caio):
    page, _said = signed_in(browser, address, caio.email, viewport={"width": 1280, "height": 800})
    page.clock.install()
    page.goto(f"{address}/panel/")
    return page


def test_a_note_that_offers_a_deed_stays_until_it_is_closed(page):
    page.evaluate("panelToast({text: 'Bloqueado', undo: '/panel/users/1/unblock'})")
    page.clock.run_for(LONG)
    expect(page.locator(".toast-note")).to_have_count(1)
    page.click(".toast-note [aria-label=Cerrar]")
    expect(page.locator(".toast-note")).to_have_count(0)


def test_a_note_that_only_tells_waits_for_who_reads_it_and_goes(page):
    page.evaluate("panelToast({text: 'Copiado'})")
    page.hover(".toast-note")
    page.clock.run_for(LONG)
    expect(page.locator(".toast-note")).to_have_count(1)
    page.hover("h1")
    page.clock.run_for(LONG)
    expect(page.locator(".toast-note")).to_have_count(0)


def test_keys_of_one_letter_can_be_switched_off(page):
    page.keyboard.press("?")
    page.uncheck("#help [data-keys]")
    page.keyboard.press("Escape")
    page.reload()
    page.keyboard.press("/")
    expect(page.locator("#search")).not_to_have_attribute("open", "")
    page.keyboard.press("Control+k")
    expect(page.locator("#search")).to_have_attribute("open", "")
    page.keyboard.press("Escape")
    page.click(".me summary")
    page.click(".me button:has-text('Atajos de teclado')")
    expect(page.locator("#help [data-keys]")).not_to_be_checked()
