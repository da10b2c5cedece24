"""Diferencias in the panel: seen, mended, and not by everybody."""

import pytest
from playwright.sync_api import expect

from tests.conftest import count
from tests.factories import PermissionFactory, StaffFactory, UserFactory
from tests.panel.browsing import signed_in
from webapp.base.db import db, transaction
from webapp.base.outbox import OutboxMessage
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.channels import members, subscriptions
from webapp.domain.settings import config
from webapp.domain.staff.models import StaffRole

VIP = -1001000000002


@pytest.fixture(autouse=True)
def channel(app):
    with transaction():
        config.current().vip_channel_id = VIP


@pytest.fixture
def eve(app):
    """Eve, inside without a subscription."""
    eve = UserFactory(user_id=710_000_005, first_name="Eve <b>")
    with transaction():
        members.note(VIP, {"id": eve.user_id, "first_name": "Eve"}, "member")
    return eve


def test_eve_is_seen_and_put_out(panel, eve):
    assert "Eve &lt;b&gt;" in panel.get("/panel/differences/").text
    answer = panel.post("/panel/differences/inside_without_right/mend", {"ids": [str(eve.user_id), "x", "9" * 30]})
    assert answer.status_code == 303
    assert count(OutboxMessage, OutboxMessage.method == "banChatMember") == 1


def test_ana_outside_is_sent_a_link(panel, ana):
    with transaction():
        subscriptions.gift(ana, 7, by=SYSTEM, reason="sorteo")
    assert "Ana" in panel.get("/panel/differences/?kind=outside_with_right").text
    panel.post("/panel/differences/outside_with_right/mend", {"ids": [str(ana.user_id)]}, htmx=True)
    assert count(OutboxMessage, OutboxMessage.method == "createChatInviteLink") == 1


def test_nothing_to_mend_is_said(panel):
    assert "Todo coincide" in panel.get("/panel/differences/?kind=none-such&after=junk").text


def test_without_a_channel_nothing_is_mended_and_it_says_so(panel, eve):
    with transaction():
        config.current().vip_channel_id = None
    answer = panel.post("/panel/differences/inside_without_right/mend", {"ids": [str(eve.user_id)]})
    assert answer.status_code == 409 and "Canales" in answer.text


def test_whoever_may_expel_nobody_puts_nobody_out_here_either(as_staff, eve):
    helper = StaffFactory(role=StaffRole.USER)
    PermissionFactory(user_id=helper.id, agent_name="vip", can_read=True, can_update=True)
    browser, path = as_staff(helper), "/panel/differences/inside_without_right/mend"
    assert "Sacar del canal" not in browser.get("/panel/differences/").text
    assert browser.post(path, {"ids": [str(eve.user_id)]}).status_code == 403
    assert count(OutboxMessage) == 0
    assert browser.post("/panel/differences/outside_with_right/mend", {"ids": [str(eve.user_id)]}).status_code == 303


def test_whoever_has_no_right_sees_and_mends_nothing(as_staff, eve):
    reader = as_staff(StaffFactory(role=StaffRole.USER))
    assert reader.get("/panel/differences/").status_code == 403
    assert reader.post("/panel/differences/inside_without_right/mend", {"ids": [str(eve.user_id)]}).status_code == 403
    assert count(OutboxMessage) == 0


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1280])
def test_putting_people_out_is_asked_first_with_how_many(browser, address, caio, eve, width):
    page, said = signed_in(browser, address, caio.email, viewport={"width": width, "height": 740})
    page.goto(f"{address}/panel/differences/")
    page.check("[data-all]")
    page.click("[data-bulk] button:has-text('Sacar del canal')")
    expect(page.locator("dialog#put-out")).to_contain_text("Personas elegidas: 1")
    assert count(OutboxMessage, OutboxMessage.method == "banChatMember") == 0
    page.click("dialog#put-out button[type=submit]")
    page.wait_for_selector(".toast-note:has-text('En camino: 1.')")
    db.session.rollback()
    assert count(OutboxMessage, OutboxMessage.method == "banChatMember") == 1 and said == []
