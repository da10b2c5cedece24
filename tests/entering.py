"""Somebody's phone, as far as the panel knows it: reads the key that a page shows, and shows the code of the moment."""

import re

import pyotp
from playwright.sync_api import Page

from webapp.base.clock import now
from webapp.domain.staff import links


def key_on(page: str) -> str:
    """The key that a page offers to be typed into the phone."""
    found = re.search(r'<code translate="no">([A-Z2-7 ]+)</code>', page)
    assert found, page
    return found[1].replace(" ", "")


def code_of(key: str, steps: int = 0) -> str:
    """What a phone with this key shows now, or so many steps from now."""
    return pyotp.TOTP(key).at(now(), counter_offset=steps)


def set_up_phone(page: Page) -> str:
    """In a browser: whoever has just joined makes a phone theirs, and keeps the codes. Gives the key that it knows."""
    key = key_on(page.content())
    page.fill("[name=code]", code_of(key))
    page.click("form.card button[type=submit]")
    page.get_by_role("link", name="Ya los guardé").click()
    page.wait_for_selector("[data-search]")
    return key


def opened(code: str, person: int) -> tuple[int, str]:
    """(number, proof) of a code that ties a Telegram, once this person has opened it and was asked."""
    number, _colon, proof = links.opened(code, person)[1].partition(":")
    return int(number), proof
