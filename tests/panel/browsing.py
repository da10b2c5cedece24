"""Somebody at the panel in a real browser."""

from pathlib import Path

from playwright.sync_api import Page, expect
from sqlalchemy import select

from tests.conftest import Chromium
from webapp.base.db import db, transaction
from webapp.domain.sessions import devices
from webapp.domain.staff import accounts
from webapp.domain.staff.models import StaffUser

AXE = (Path(__file__).parent.parent / "vendor/axe.min.js").read_text()


def signed_in(browser: Chromium, address: str, email: str, **how: object) -> tuple[Page, list[str]]:
    """A page on the panel, and what its console says (CSP reports are told there)."""
    context = browser.new_context(locale="es-MX", **how)
    context.add_cookies([{"name": "vitrina", "value": session_of(email), "url": address}])
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{address}/panel/")
    page.wait_for_selector("[data-search]")
    page.wait_for_load_state()  # its scripts listen
    return page, said


def session_of(email: str) -> str:
    """The token of a whole session of somebody's, who has just shown who they are."""
    staff = db.session.scalars(select(StaffUser).where(StaffUser.email == email)).one()
    with transaction():
        by = accounts.as_actor(staff)
        _token, session = devices.start("panel", by=by, staff_id=staff.id, level="mfa")
        return devices.elevate(session, by=by)


def at_rest(page: Page) -> None:
    """Waits until the page asks for nothing that somebody sees."""
    expect(page.locator(".htmx-request:visible")).to_have_count(0)
