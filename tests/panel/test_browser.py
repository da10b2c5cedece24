"""In a real browser: signing in, a change of role, every page clean for axe-core, light and dark, a silent console."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.conftest import count, held
from tests.factories import ClientFactory, InterestFactory, UserFactory
from tests.panel.browsing import signed_in
from tests.panel.members import VIP, a_plan, ask_to_join, open_channels, subscribe
from tests.panel.test_signin import PHRASE, give_password, shown
from webapp.base.db import db, transaction
from webapp.base.pace import Pacer
from webapp.base.sender import Sender
from webapp.base.telegram import Gateway
from webapp.domain.channels import imports, results
from webapp.domain.channels.models import VIPSubscriber
from webapp.domain.settings import config
from webapp.domain.staff.models import StaffUser
from webapp.domain.users.models import User, UserRole
from webapp.panel import free

pytestmark = pytest.mark.browser
_file = BytesIO()
Image.new("RGB", (320, 240), "teal").save(_file, "PNG")
PNG = _file.getvalue()


@pytest.mark.parametrize("scripts", [True, False])
def test_with_telegram_from_any_browser_one_is_led_there_and_back_to_the_second_step(
    app, browser, address, caio, dora, provider, monkeypatch, scripts
):
    here = app.extensions["settings"].model_copy(update={"public_url": address})
    monkeypatch.setitem(app.extensions, "settings", here)
    with transaction():
        db.session.get(StaffUser, caio.id).telegram_user_id = provider.person = dora.user_id
    page = browser.new_context(locale="es-MX", java_script_enabled=scripts).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{address}/panel/packages/")
    page.get_by_role("link", name="Entrar con Telegram").click()
    if not scripts:
        page.get_by_role("button", name="Seguir").click()
    page.wait_for_url(f"{address}/panel/second-factor/?next=/panel/packages/")
    page.go_back()
    assert not scripts or "code=" not in page.url
    assert said == []


def test_caio_signs_in_and_makes_ana_an_admin(browser, address, caio, ana):
    give_password(caio)
    page, said = signed_in(browser, address, caio.email, viewport={"width": 1280, "height": 800})
    page.keyboard.press("Control+k")
    page.keyboard.type("torr", delay=20)
    page.click("#quick a:has-text('Ana Torres')")
    page.wait_for_url(f"**/panel/users/{ana.user_id}")
    page.click("button:has-text('Cambiar rol')")
    page.click("#role-form button[type=submit]")  # without a reason: the browser keeps us here
    page.fill("#role-reason", "Ayuda en el canal")
    page.click("#role-form button[type=submit]")
    page.wait_for_selector(".toast-note:has-text('Ana Torres es ahora: Administrador.')")
    db.session.rollback()
    db.session.expire_all()
    assert db.session.get(User, ana.user_id).role is UserRole.ADMIN
    assert said == []


def test_a_cpf_typed_into_the_palette_finds_its_client_and_stands_in_no_address(browser, address, caio):
    give_password(caio)
    client = ClientFactory(name="Inês Carvalho", digits="52998224725")
    page, said = signed_in(browser, address, caio.email)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.keyboard.press("Control+k")
    page.keyboard.type("52998224725", delay=20)
    page.click("#quick a:has-text('Inês Carvalho')")
    page.wait_for_url(f"**/panel/clients/{client.id}")
    assert not [url for url in asked if "529" in url] and said == []


def test_a_list_of_members_is_imported_to_its_end_by_itself(browser, address, caio, monkeypatch, tmp_path):
    monkeypatch.setattr(imports.step, "__kwdefaults__", {"limit": 3})
    give_password(caio)
    page, said = signed_in(browser, address, caio.email)
    file = tmp_path / "socios.csv"
    file.write_text("id,dias\n" + "\n".join(f"{UserFactory().user_id},30" for _ in range(8)))
    page.goto(f"{address}/panel/vip/imports/")
    page.set_input_files("[name=file]", file)
    page.click("#import-form button[type=submit]")
    page.click("#standing button:has-text('Importar')")
    page.wait_for_selector("#standing:has-text('Lista importada')")
    assert count(VIPSubscriber) == 8 and said == []


def test_a_list_is_downloaded_and_codes_become_cards(browser, address, caio, ana):
    plan = a_plan()
    subscribe(ana, plan)
    give_password(caio)
    page, said = signed_in(browser, address, caio.email)
    page.goto(f"{address}/panel/vip/")
    with page.expect_download() as taken:
        page.click(".exports button:has-text('XLSX')")
    assert taken.value.suggested_filename.endswith(".xlsx")
    page.goto(f"{address}/panel/tokens/new")
    page.fill("#f-count", "3")
    page.click("#token-form button[type=submit]")
    with page.context.expect_page() as opened:
        page.click("text=Tarjetas para imprimir")
    expect(opened.value.locator(".ticket svg.qr")).to_have_count(3)
    assert said == []


def test_attended_changes_the_list_and_the_count_in_place(browser, address, caio, ana, bea):
    for person in (ana, bea):
        InterestFactory(user_id=person.user_id, package_id=None)
    give_password(caio)
    page, said = signed_in(browser, address, caio.email)
    page.click("#waiting li:has-text('Ana Torres') button")
    page.wait_for_selector(".toast-note:has-text('Atendido: Ana Torres.')")
    expect(page.locator("#waiting li")).to_have_count(1)
    assert said == []


def test_a_session_that_ends_keeps_what_was_typed(browser, address, caio):
    give_password(caio)
    page, _said = signed_in(browser, address, caio.email)
    page.goto(f"{address}/panel/settings/")
    page.fill("#f-creator_name", "Luna Nueva")
    page.context.clear_cookies()
    page.click("#creator button[type=submit]")
    page.fill("[name=email]", caio.email)
    page.fill("[name=password]", PHRASE)
    page.click("button[type=submit]")
    page.fill("[name=code]", shown())
    page.click("form.card button[type=submit]")
    expect(page.locator("#f-creator_name")).to_have_value("Luna Nueva")


def test_a_cpf_is_looked_for_seen_and_hidden_and_stands_in_no_address(browser, address, as_staff, caio):
    client = ClientFactory(name="Inês Carvalho", digits="52998224725")
    page = browser.new_context(locale="es-MX").new_page()
    token = as_staff(caio).client.get_cookie("vitrina").value  # has just shown who they are
    page.context.add_cookies([{"name": "vitrina", "value": token, "url": address}])
    page.goto(f"{address}/panel/clients/")
    page.fill("main [name=q]", "529.982.247-25")
    expect(page.get_by_text("Con ese CPF:")).to_be_visible()
    assert page.url == f"{address}/panel/clients/"
    page.fill("main [name=q]", "carvalho")
    page.wait_for_url("**/panel/clients/?q=carvalho")
    page.goto(f"{address}/panel/clients/{client.id}")
    page.get_by_role("button", name="Mostrar").click()
    expect(page.locator("#cpf")).to_contain_text("529.982.247-25")
    page.get_by_role("link", name="Ocultar").click()
    expect(page.locator("#cpf")).to_contain_text("•••.•••.247-25")


def test_an_interests_page_changes_whole_after_a_deed(browser, address, caio, ana, kit):
    interest = InterestFactory(user_id=ana.user_id, package_id=kit.id)
    give_password(caio)
    page, said = signed_in(browser, address, caio.email, viewport={"width": 1280, "height": 800})
    page.goto(f"{address}/panel/interests/{interest.id}")
    page.fill("#notes textarea", "a medio escribir")
    expect(page.locator("[data-waiting-number]")).to_have_text("1")
    for deed, told, figures, waiting in (
        ("Marcar atendido", "Lo marcó como atendido", ["1", "0", "1", "0"], False),
        ("Reabrir", "Lo volvió a abrir", ["1", "1", "0", "0"], True),
    ):
        page.click(f"#interest-standing button:has-text('{deed}')")
        page.wait_for_selector(f"#interest-beside .story >> text={told}")
        expect(page.locator("#interest-beside .figures dd")).to_have_text(figures)
        expect(page.locator("[data-waiting]")).to_be_visible(visible=waiting)
    expect(page.locator("#notes textarea")).to_have_value("a medio escribir")
    assert said == []


@pytest.mark.parametrize("width", [360, 1280])
def test_the_first_wrong_field_is_in_sight_and_the_pictures_are_kept(browser, address, caio, width):
    give_password(caio)
    page, _said = signed_in(browser, address, caio.email, viewport={"width": width, "height": 740})
    page.goto(f"{address}/panel/packages/new")
    page.fill("#f-name", "Noches")
    page.fill("#f-price_stars", "muchas")
    page.set_input_files("#f-image", {"name": "a.png", "mimeType": "image/png", "buffer": PNG})
    page.click("button[name=publish]")
    page.wait_for_selector(".summary")
    expect(page.locator("#f-price_stars")).to_be_focused()
    page.wait_for_function("""() => {
        const place = document.activeElement.getBoundingClientRect();
        return place.top >= 0 && place.bottom <= document.querySelector(".card-foot").getBoundingClientRect().top; }""")
    page.fill("#f-price_stars", "350")
    page.wait_for_selector("#preview img")
    page.click("button[name=publish]")
    page.wait_for_selector(".gallery img")
    expect(page.locator(".gallery li")).to_have_count(1)


def test_codes_are_made_copied_and_downloaded(browser, address, caio, app):
    give_password(caio)
    a_plan()
    page, said = signed_in(browser, address, caio.email, viewport={"width": 360, "height": 740})
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{address}/panel/tokens/new")
    page.fill("#f-count", "3")
    page.click("#token-form button[type=submit]")
    expect(page.locator("#issued-title")).to_be_focused()
    expect(page.locator("#issued code")).to_have_count(3)
    codes = page.locator("#issued code").all_inner_texts()
    page.click("[data-copy-all]")
    page.wait_for_selector(".toast-note:has-text('Copiado')")
    assert page.evaluate("navigator.clipboard.readText()").split() == codes
    with page.expect_download() as coming:
        page.click("button:has-text('Descargar CSV')")
    sheet = Path(coming.value.path()).read_text("utf-8-sig").split("\n")
    assert [line.split(",")[0] for line in sheet[1:4]] == codes
    page.goto(page.url)
    expect(page.locator("#token-form")).to_be_visible()
    expect(page.locator("#issued")).to_have_count(0)
    assert said == []


def test_a_long_run_goes_on_by_itself_to_its_end(browser, address, caio, monkeypatch, app):
    monkeypatch.setattr(free, "STEP", 2)
    open_channels()
    for _ in range(5):
        ask_to_join(UserFactory())
    give_password(caio)
    page, said = signed_in(browser, address, caio.email)
    page.goto(f"{address}/panel/free/")
    page.click("button[commandfor=decline-all]")
    with held(page, "**/panel/free/run", after=1):
        page.click("#decline-all button[type=submit]")
        page.wait_for_selector("text=2 de 5 hechas")
    page.wait_for_selector(".toast-note:has-text('Solicitudes rechazadas: 5.')")
    assert said == []


def test_a_gift_without_a_reason_stays_in_its_dialog(browser, address, caio, ana):
    give_password(caio)
    page, said = signed_in(browser, address, caio.email)
    page.goto(f"{address}/panel/vip/{ana.user_id}")
    page.click("main .empty-state button[commandfor=gift]")
    page.fill("#gift-days", "7")
    page.click("#gift-form button[type=submit]")
    page.wait_for_selector("#gift-reason-error")
    expect(page.locator("#gift-days")).to_have_value("7")
    page.fill("#gift-reason", "Ganó el sorteo")
    page.click("#gift-form button[type=submit]")
    page.wait_for_selector(".toast-note:has-text('Días regalados: 7.')")
    assert [line for line in said if "status of 422" not in line] == []


def test_a_channel_is_looked_for_and_chosen_without_a_reload(app, browser, address, caio, telegram):
    """The page looks for the answer by itself while the worker asks Telegram."""
    give_password(caio)
    page, said = signed_in(browser, address, caio.email)
    sender = Sender(Gateway(telegram.running.token, telegram.url), Pacer(0), app.extensions["storage"],
                    settled=results.settle)  # fmt: skip
    page.goto(f"{address}/panel/setup/")
    page.fill("#f-channel-vip", str(VIP))
    page.click("#step-vip .setup-look button")
    page.wait_for_selector("#step-vip .asking")
    while sender.deliver():
        pass
    page.click("#step-vip button:has-text('Usar este canal')")
    page.wait_for_selector("#step-vip.done")
    page.wait_for_selector("#setup-progress:has-text('sigue: Canal Free')")
    db.session.rollback()
    db.session.expire_all()
    assert config.current().vip_channel_id == VIP and said == []
    sender.close()
