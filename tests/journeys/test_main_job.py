"""The main job, end to end in a browser: Ana presses "Me interesa", Dora reads one notice and attends, Caio sees it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import count, held
from tests.factories import PackageFactory
from tests.faults.conftest import until
from tests.journeys.conftest import DESK, PHONE, axe, opened
from webapp.base.db import transaction
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.catalog.models import ContentCategory, UserInterest
from webapp.domain.users import people, roles
from webapp.domain.users.people import get_user

pytestmark = [pytest.mark.browser, pytest.mark.processes]


def open_mini_app(page: Page):
    """Opens the Mini App from the bot's menu button and returns its frame."""
    page.locator("[data-menu], .menu-button").first.click()
    return page.frame_locator("iframe")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_ana_presses_twice_dora_attends_from_the_notice_and_the_panel_shows_it(product, telegram, visit, dark):
    PackageFactory(name="Primavera, 24 fotos")
    ana = visit(f"{telegram.url}/?as=ana", dark=dark)
    ana.get_by_role("button", name="Iniciar", exact=True).click()
    app = open_mini_app(ana)
    card = app.locator(".card", has_text="Primavera")
    with held(ana, "**/press"):
        card.get_by_role("button", name="Me interesa").dblclick()
    expect(card.get_by_text("Te interesa")).to_be_visible()

    dora = visit(f"{telegram.url}/?as=dora", dark=dark)
    notice = dora.locator(".bubble", has_text="Nuevo interés")
    expect(notice).to_have_count(1)
    expect(notice).to_contain_text("Ana Torres")
    dora.get_by_role("button", name="Marcar atendido").click()
    expect(dora.locator(".bubble", has_text="Atendido")).to_contain_text("Dora Ruiz")
    until(lambda: count(UserInterest, UserInterest.is_attended) == 1, "the interest is attended")
    assert count(UserInterest) == 1

    app.get_by_role("link", name="Mis intereses").click()
    expect(app.locator(".row", has_text="Primavera")).to_contain_text("Atendido")


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desktop"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_tab_is_accessible(product, telegram, visit, dark, viewport):
    for number in range(3):
        PackageFactory(name=f"Paquete {number}")
    telegram.do("start", person="ana")
    until(lambda: telegram.texts("ana"), "the bot has met Ana")
    ana = visit(f"{telegram.url}/?as=ana", dark=dark, viewport=viewport)
    if viewport is PHONE:
        ana.locator("#list").get_by_text("Vitrina", exact=True).click()
    app = open_mini_app(ana)
    for tab in ("Vitrina", "Mis intereses", "Mi acceso", "Ayuda"):
        app.get_by_role("link", name=tab, exact=True).click()
        expect(app.get_by_role("link", name=tab, exact=True)).to_have_attribute("aria-current", "page")
        opened(app, tab)
        frame = next(frame for frame in ana.frames if re.search("/miniapp", frame.url))
        assert axe(frame) == [], tab


def test_a_tab_tapped_before_the_sign_in_came_back_opens_and_the_session_lives(product, telegram, visit):
    telegram.do("start", person="ana")
    until(lambda: telegram.texts("ana"), "the bot has met Ana")
    ana = visit(f"{telegram.url}/?as=ana")
    with held(ana, "**/miniapp/session") as asked:
        with ana.expect_request("**/miniapp/session"):
            app = open_mini_app(ana)
        for tab in ("Ayuda", "Mis intereses"):
            app.get_by_role("link", name=tab, exact=True).click()
    assert len(asked) == 1, "a second exchange would end the first one's session, or the other way round"
    expect(app.get_by_role("heading", name="Mis intereses")).to_be_visible()
    app.get_by_role("link", name="Mi acceso", exact=True).click()
    expect(app.get_by_text("Tengo un código")).to_be_visible()


def begun(telegram, visit, who: str, **how):
    """Somebody's Telegram with the Mini App open, and its frame."""
    telegram.do("start", person=who)
    until(lambda: telegram.texts(who), f"the bot has met {who}")
    page = visit(f"{telegram.url}/?as={who}", **how)
    if how.get("viewport") is PHONE:
        page.locator("#list").get_by_text("Vitrina", exact=True).click()
    return page, open_mini_app(page)


def asked(deed, page: Page) -> bool:
    """Taps until Telegram's popup is there: a tap just after another counts as one of a double tap."""
    popup = page.locator("dialog[open]")
    if not popup.count():
        deed.dispatch_event("click")
    return popup.count() == 1


def above(one, other) -> bool:
    """Whether it ends where the other begins, or before."""
    upper, lower = one.bounding_box(), other.bounding_box()
    return bool(upper and lower) and upper["y"] + upper["height"] <= lower["y"]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_of_a_package_asks_before_it_takes_an_interest_back_and_offers_to_undo(product, telegram, visit, dark):
    PackageFactory(name="Primavera, 24 fotos")
    ana, app = begun(telegram, visit, "ana", viewport=PHONE, dark=dark)
    app.get_by_role("link", name="Primavera, 24 fotos").click()
    deed = ana.locator(".native.main")
    deed.get_by_text("Me interesa", exact=True).click()
    expect(deed).to_have_text("Te interesa ✓ · Quitar")
    expect(app.locator("#mark")).to_contain_text("Te escribimos por Telegram")
    until(lambda: asked(deed, ana), "the popup asks")
    ana.get_by_role("button", name="Cancelar").click()
    expect(deed).to_have_text("Te interesa ✓ · Quitar")
    assert count(UserInterest, UserInterest.withdrawn_at.is_(None)) == 1
    until(lambda: asked(deed, ana), "the popup asks again")
    ana.get_by_role("button", name="Quitar", exact=True).click()
    expect(app.locator("#mark")).to_be_hidden()
    until(lambda: above(app.locator(".toast"), deed), "what was done is said above the bar, not under it")
    app.get_by_role("button", name="Deshacer").click()
    expect(deed).to_have_text("Te interesa ✓ · Quitar")
    expect(app.locator(".toast")).to_have_count(0)
    assert axe(next(frame for frame in ana.frames if re.search("/miniapp", frame.url))) == []


def test_a_locked_package_takes_the_wish_for_vip(product, telegram, visit):
    PackageFactory(name="Noches", category=ContentCategory.VIP_CONTENT)
    ana, app = begun(telegram, visit, "ana")
    app.get_by_role("link", name="Noches").click()
    deed = ana.locator(".native.main")
    deed.get_by_text("Me interesa el VIP", exact=True).click()
    expect(deed).to_have_text("Te interesa el VIP ✓ · Quitar")
    assert count(UserInterest, UserInterest.package_id.is_(None)) == 1


def test_a_change_of_role_is_felt_at_the_next_tap_without_signing_in_again(product, telegram, visit):
    PackageFactory(name="Noches", category=ContentCategory.VIP_CONTENT)
    _ana, app = begun(telegram, visit, "ana", expected="status of 401 ")
    expect(app.locator(".want--locked")).to_have_count(1)
    with transaction():
        roles.promote_to_vip(get_user(710_000_001), by=SYSTEM)
    app.get_by_role("link", name="Mi acceso", exact=True).click()
    expect(app.get_by_role("heading", name="Usuario VIP")).to_be_visible()
    expect(app.locator("#ended")).to_be_hidden()


def test_ivo_whose_telegram_speaks_portuguese_is_spoken_to_in_it_all_around_and_when_he_is_kept_out(
    product, telegram, visit
):
    PackageFactory(name="Primavera, 24 fotos")
    _ivo, app = begun(telegram, visit, "ivo")
    expect(app.locator(".card")).to_have_count(1)
    expect(app.locator("#offline")).to_contain_text("Sem conexão")
    with transaction():
        people.block(get_user(710_000_003), by=SYSTEM, reason="insultos")
    again = visit(f"{telegram.url}/?as=ivo", expected="status of 403 ")
    expect(open_mini_app(again).get_by_role("heading")).to_have_text("Não conseguimos deixar você entrar")
