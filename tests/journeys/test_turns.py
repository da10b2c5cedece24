"""Turns that a day takes: a spent session, a lost connection, a link to a package, from a notice to the panel."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import select, update

from tests.entering import set_up_phone
from tests.factories import PackageFactory
from tests.faults.conftest import until
from tests.faults.doors import PHRASE
from tests.journeys.conftest import axe
from tests.journeys.test_main_job import open_mini_app
from webapp.base.clock import now
from webapp.base.db import db, transaction
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.catalog.models import UserInterest
from webapp.domain.sessions.models import UserSession
from webapp.domain.staff import accounts
from webapp.domain.staff.models import StaffRole

pytestmark = [pytest.mark.browser, pytest.mark.processes]
MINE = UserSession.user_id == 710_000_001


def meet(telegram, person="ana"):
    telegram.do("start", person=person)
    until(lambda: telegram.texts(person), f"the bot has met {person}")


def hashes():
    db.session.rollback()
    return set(db.session.scalars(select(UserSession.token_hash).where(MINE, UserSession.is_active)))


def enter_panel(page, web):
    """Rita joins by an invitation."""
    with transaction():
        token = accounts.invite(StaffRole.SYSADMIN, by=SYSTEM)
    page.goto(f"{web}/panel/invitation/{token}")
    for name, value in {"email": "rita@vitrina.example", "full_name": "Rita Root", "password": PHRASE}.items():
        page.fill(f"[name={name}]", value)
    page.click("#join button[type=submit]")
    page.wait_for_selector(".offer")
    set_up_phone(page)


def test_a_spent_session_is_renewed_without_ana_noticing(product, telegram, visit):
    PackageFactory(name="Primavera")
    meet(telegram)
    ana = visit(f"{telegram.url}/?as=ana", expected="401")
    asked = []
    ana.on("request", lambda request: asked.append(request.url))
    app = open_mini_app(ana)
    expect(app.locator(".card", has_text="Primavera")).to_be_visible()
    before = hashes()
    with transaction():
        spent = update(UserSession).where(MINE).values(expires_at=now() - timedelta(minutes=1))
        db.session.execute(spent, execution_options={"synchronize_session": False})
    app.locator(".card", has_text="Primavera").get_by_role("button", name="Me interesa").click()
    expect(app.locator(".card", has_text="Primavera").get_by_text("Te interesa")).to_be_visible()
    expect(app.locator("#ended")).to_be_hidden()
    assert hashes() and not hashes() & before, "a new token in the place of the old one"
    assert any(url.endswith("/miniapp/session/renew") for url in asked)
    assert not [url for url in asked if re.search("init_data|tgWebAppData|hash=|user=", url)], "nothing secret in a URL"


def test_a_session_that_cannot_be_renewed_says_so_and_keeps_the_page(product, telegram, visit):
    PackageFactory(name="Primavera")
    meet(telegram)
    ana = visit(f"{telegram.url}/?as=ana", expected="401")
    app = open_mini_app(ana)
    card = app.locator(".card", has_text="Primavera")
    expect(card).to_be_visible()
    with transaction():
        ended = update(UserSession).where(MINE).values(is_active=False)
        db.session.execute(ended, execution_options={"synchronize_session": False})
    card.get_by_role("button", name="Me interesa").click()
    expect(app.get_by_role("heading", name="Tu sesión terminó")).to_be_visible()
    app.get_by_role("button", name="Quedarme aquí").click()
    expect(card).to_be_visible()


def test_without_a_connection_a_bar_says_so_and_the_deed_is_done_when_it_is_back(product, telegram, visit):
    PackageFactory(name="Primavera")
    meet(telegram)
    ana = visit(f"{telegram.url}/?as=ana", expected="ERR_INTERNET_DISCONNECTED")
    app = open_mini_app(ana)
    card = app.locator(".card", has_text="Primavera")
    expect(card).to_be_visible()
    expect(app.locator("#offline")).to_be_hidden()
    ana.context.set_offline(True)
    card.get_by_role("button", name="Me interesa").click()
    expect(app.locator("#offline")).to_be_visible()
    assert db.session.scalar(select(UserInterest.id)) is None
    ana.context.set_offline(False)
    expect(card.get_by_text("Te interesa")).to_be_visible()
    expect(app.locator("#offline")).to_be_hidden()
    db.session.rollback()
    assert db.session.scalar(select(UserInterest.click_count)) == 1


def test_a_link_to_a_package_opens_it_and_leads_back_to_the_showcase(product, telegram, visit):
    PackageFactory(name="Otoño")
    kit = PackageFactory(name="Primavera", body="Veinticuatro fotos del jardín.")
    meet(telegram)
    bot = telegram.see("state")["bot"]["username"]
    ana = visit(f"{telegram.url}/open?as=ana&bot={bot}&startapp=pkg_{kit.public_id}")
    app = ana.frame_locator("iframe")
    expect(app.get_by_role("heading", name="Primavera")).to_be_visible()
    expect(app.get_by_text("Veinticuatro fotos del jardín.")).to_be_visible()
    ana.get_by_role("button", name="Atrás").click()
    expect(app.locator(".card", has_text="Otoño")).to_be_visible()


def test_from_the_notice_in_the_chat_to_the_story_in_the_panel(product, telegram, visit):
    PackageFactory(name="Primavera")
    meet(telegram)
    rita = visit(f"{product}/panel/")
    enter_panel(rita, product)
    expect(rita.get_by_text("Nadie espera")).to_be_visible()
    ana = visit(f"{telegram.url}/?as=ana")
    open_mini_app(ana).locator(".card", has_text="Primavera").get_by_role("button", name="Me interesa").click()
    dora = visit(f"{telegram.url}/?as=dora")
    expect(dora.locator(".bubble", has_text="Nuevo interés")).to_contain_text("Ana Torres")
    rita.goto(f"{product}/panel/interests/")
    expect(rita.get_by_role("main")).to_contain_text("Ana Torres")
    dora.get_by_role("button", name="Marcar atendido").click()
    expect(dora.locator(".bubble", has_text="Atendido")).to_be_visible()
    rita.goto(f"{product}/panel/interests/?state=attended")
    main = rita.get_by_role("main")
    expect(main).to_contain_text("Ana Torres")
    expect(main).to_contain_text("Dora Ruiz")
    interest = db.session.scalar(select(UserInterest.id))
    rita.goto(f"{product}/panel/interests/{interest}")
    expect(rita.get_by_role("main")).to_contain_text("Lo marcó como atendido")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_pages_of_the_catalogue_are_accessible_and_their_consoles_silent(product, telegram, visit, dark):
    kit = PackageFactory(name="Primavera")
    meet(telegram)
    ana = visit(f"{telegram.url}/?as=ana", dark=dark)
    open_mini_app(ana).locator(".card", has_text="Primavera").get_by_role("button", name="Me interesa").click()
    until(lambda: db.session.scalar(select(UserInterest.id)), "Ana is interested")
    interest = db.session.scalar(select(UserInterest.id))
    rita = visit(f"{product}/panel/sign-in", dark=dark)
    assert axe(rita) == []
    enter_panel(rita, product)
    places = ("packages/", "packages/new", f"packages/{kit.id}", "interests/", f"interests/{interest}")
    for place in (*places, "packages/?q=nada", "interests/?state=all", "users/710000001", "settings/"):
        rita.goto(f"{product}/panel/{place}")
        assert axe(rita) == [], place
