"""The page in a real browser: talking, pressing, the Mini App's protocol, several people, both themes."""

import http.server
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import PATIENCE, Chromium

from .conftest import ANA, FREE, VIP, Sim

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "static/vendor/telegram/telegram-web-app.js"
AXE = ROOT / "tests/vendor/axe.min.js"
PEER = """
window.Telegram = {WebApp: {post: (type, data = {}) =>
  parent.postMessage(JSON.stringify({eventType: type, eventData: data}), '*')}};
"""  # a stand-in, should the official script not be there
APP = """<!doctype html><meta charset="utf-8"><title>App</title><script src="/telegram-web-app.js"></script>
<body><h1 id="who"></h1><p id="out"></p><button id="tick">tick</button><button id="ask">ask</button>
<button id="bill">bill</button><button id="guard">guard</button><button id="store">store</button>
<script src="/app.js"></script>"""
APP_JS = """
const W = Telegram.WebApp, out = (text) => { document.getElementById('out').textContent = text; };
const on = (id, act) => document.getElementById(id).addEventListener('click', act);
W.ready(); W.expand();
document.getElementById('who').textContent = W.initDataUnsafe.user.first_name + ' ' + W.colorScheme;
W.onEvent('themeChanged', () => out('theme ' + W.colorScheme));
W.MainButton.setText('Me interesa').show().onClick(() => { out('main'); W.MainButton.setText('Te interesa'); });
W.SecondaryButton.setText('Luego').show().onClick(() => out('secondary'));
W.BackButton.onClick(() => { out('back'); W.BackButton.hide(); });
on('tick', () => { W.HapticFeedback.impactOccurred('light'); W.BackButton.show(); });
on('ask', () => W.showPopup({title: 'Quitar', message: '¿Seguro?',
  buttons: [{id: 'yes', type: 'destructive', text: 'Sí'}, {type: 'cancel'}]}, (id) => out('popup ' + id)));
on('bill', () => W.openInvoice(location.search.slice(1), (status) => out('invoice ' + status)));
on('guard', () => { W.enableClosingConfirmation(); W.HapticFeedback.impactOccurred('light'); });
on('store', () => W.CloudStorage.setItem('k', 'v',
  () => W.CloudStorage.getItem('k', (_, value) => out('stored ' + value))));
"""


class Site(http.server.BaseHTTPRequestHandler):
    """A small Mini App."""

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        script = SCRIPT.read_text() if SCRIPT.exists() else PEER
        body, kind = {"/telegram-web-app.js": (script, "text/javascript"),
                      "/app.js": (APP_JS, "text/javascript")}.get(path, (APP, "text/html"))  # fmt: skip
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args: object) -> None: ...


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def visit(sim: Sim, browser: Chromium) -> Iterator[Callable[..., Page]]:
    """Open the page as somebody; at the end nothing may have gone wrong in any console."""
    contexts: list[Any] = []
    problems: list[str] = []

    def go(person: str, path: str = "/", **options: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
        page.goto(f"{sim.running.url}{path}" + (f"{'&' if '?' in path else '?'}as={person}" if person else ""))
        page.wait_for_selector("body[data-ready]")
        return page

    yield go
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def app(sim: Sim, site: str) -> str:
    """The bot's menu button opens the small Mini App."""
    button = {"type": "web_app", "text": "Vitrina", "web_app": {"url": site}}
    sim.api("setChatMenuButton", menu_button=button)
    return site


def test_start_is_pressed_and_the_answer_appears_with_its_formatting(sim: Sim, visit: Callable[..., Page]) -> None:
    page = visit("ana")
    page.get_by_role("button", name="Iniciar", exact=True).click()
    expect(page.locator(".own .text")).to_have_text("/start")
    assert sim.updates("message")[0]["text"] == "/start"
    sim.api("sendMessage", chat_id=ANA, text="Hola, <b>Ana</b> &lt;script&gt;", parse_mode="HTML")
    expect(page.locator(".row:not(.own) .text")).to_have_text("Hola, Ana <script>")
    expect(page.locator(".text strong")).to_have_text("Ana")


def test_a_pressed_button_shows_the_bots_alert(sim: Sim, ana: int, visit: Callable[..., Page]) -> None:
    keys = {"inline_keyboard": [[{"text": "Marcar", "callback_data": "done:1"}]]}
    sim.api("sendMessage", chat_id=ana, text="Interés", reply_markup=keys)
    page = visit("ana")
    page.get_by_role("button", name="Marcar").click()
    expect(page.locator(".key.busy")).to_have_count(1)
    query = sim.api("getUpdates", timeout=PATIENCE // 2)[0]["callback_query"]
    sim.api("answerCallbackQuery", callback_query_id=query["id"], text="Atendido", show_alert=True)
    expect(page.locator("dialog p")).to_have_text("Atendido")
    sim.api("editMessageText", chat_id=ana, message_id=query["message"]["message_id"], text="Atendido por Dora")
    page.get_by_role("button", name="OK").click()
    expect(page.locator(".row:not(.own) .text")).to_have_text("Atendido por Dora")


def test_the_mini_app_and_the_client_understand_each_other(sim: Sim, ana: int, app: str,
                                                           visit: Callable[..., Page]) -> None:  # fmt: skip
    page = visit("ana")
    page.get_by_role("button", name="Vitrina", exact=True).click()
    frame = page.frame_locator("#app iframe")
    expect(frame.locator("#who")).to_have_text("Ana light")
    page.get_by_role("button", name="Me interesa").click()
    expect(frame.locator("#out")).to_have_text("main")
    expect(page.get_by_role("button", name="Te interesa")).to_be_visible()
    page.get_by_role("button", name="Luego").click()
    expect(frame.locator("#out")).to_have_text("secondary")
    frame.locator("#tick").click()
    expect(page.locator("#app")).to_have_attribute("data-haptics", "1")
    page.get_by_role("button", name="Atrás").click()
    expect(frame.locator("#out")).to_have_text("back")
    frame.locator("#ask").click()
    page.get_by_role("button", name="Sí").click()
    expect(frame.locator("#out")).to_have_text("popup yes")
    frame.locator("#store").click()
    expect(frame.locator("#out")).to_have_text("stored v")
    page.get_by_role("button", name="Tema oscuro").click()
    expect(frame.locator("#out")).to_have_text("theme dark")


def test_closing_asks_first_when_the_mini_app_wants_it(sim: Sim, ana: int, app: str,
                                                       visit: Callable[..., Page]) -> None:  # fmt: skip
    page = visit("ana", "/open?bot=vitrina_sim_bot&startapp=pkg_7")
    frame = page.frame_locator("#app iframe")
    frame.locator("#guard").click()
    expect(page.locator("#app")).to_have_attribute("data-haptics", "1")  # said after it
    page.get_by_role("button", name="Cerrar", exact=True).click()
    page.get_by_role("button", name="Cerrar de todos modos").click()
    expect(page.locator("#app")).to_be_hidden()


def test_an_invoice_is_paid_with_stars_from_the_mini_app(sim: Sim, ana: int, site: str,
                                                         visit: Callable[..., Page]) -> None:  # fmt: skip
    link = sim.api("createInvoiceLink", title="VIP", description="30 días", payload="p", currency="XTR",
                   prices=[{"label": "VIP", "amount": 350}])  # fmt: skip
    button = {"type": "web_app", "text": "Vitrina", "web_app": {"url": f"{site}?{link}"}}
    sim.api("setChatMenuButton", menu_button=button)
    page = visit("ana")
    page.get_by_role("button", name="Vitrina", exact=True).click()
    page.frame_locator("#app iframe").locator("#bill").click()
    page.get_by_role("button", name=re.compile("Pagar 350 Stars")).click()
    query = sim.api("getUpdates", timeout=PATIENCE // 2)[-1]["pre_checkout_query"]
    sim.api("answerPreCheckoutQuery", pre_checkout_query_id=query["id"], ok=True)
    expect(page.frame_locator("#app iframe").locator("#out")).to_have_text("invoice paid")


def test_a_deep_link_waits_for_start_and_brings_its_payload(sim: Sim, visit: Callable[..., Page]) -> None:
    page = visit("eve", "/open?bot=vitrina_sim_bot&start=pkg_7")
    page.get_by_role("button", name="Iniciar", exact=True).click()
    expect(page.locator(".own .text")).to_have_text("/start pkg_7")
    assert sim.updates("message")[0]["text"] == "/start pkg_7"


def test_a_link_that_comes_from_outside_asks_whose_telegram_opens_it(sim: Sim, visit: Callable[..., Page]) -> None:
    page = visit("", "/open?to=vitrina_sim_bot%3Fstart%3Dlink_7")
    page.get_by_role("button", name="Dora", exact=True).last.click()
    page.get_by_role("button", name="Iniciar", exact=True).click()
    expect(page.locator(".own .text")).to_have_text("/start link_7")
    assert sim.updates("message")[0]["from"]["first_name"] == "Dora"


def test_whoever_enters_the_vip_channel_is_called_vip_from_then_on(sim: Sim, visit: Callable[..., Page]) -> None:
    page = visit("ana")
    expect(page.locator("[data-person=ana]")).to_have_text("Ana · Free")
    link = sim.api("createChatInviteLink", chat_id=VIP)["invite_link"]
    sim.do("join", person="ana", link=link)
    expect(page.locator("[data-person=ana]")).to_have_text("Ana · VIP")
    expect(page.locator("[data-person=dora]")).to_have_text("Dora · Admin")


def test_a_channel_is_asked_for_and_opens_when_approved(sim: Sim, visit: Callable[..., Page]) -> None:
    sim.api("sendMessage", chat_id=FREE, text="Novedades de Luna")
    page = visit("bea")
    page.locator(f"[data-chat='{FREE}']").click()
    page.get_by_role("button", name="Pedir acceso").click()
    expect(page.locator("#foot")).to_contain_text("espera aprobación")
    request = sim.updates("chat_join_request")[0]
    sim.api("approveChatJoinRequest", chat_id=FREE, user_id=request["from"]["id"])
    expect(page.locator("#messages .text")).to_have_text("Novedades de Luna")


def test_two_people_in_two_tabs_see_only_their_own_chats(sim: Sim, ana: int, visit: Callable[..., Page]) -> None:
    one, other = visit("ana"), visit("dora")
    one.get_by_label("Mensaje", exact=True).fill("secreto de Ana")
    one.keyboard.press("Enter")
    expect(one.locator(".own .text").last).to_have_text("secreto de Ana")
    expect(other.locator("#messages")).not_to_contain_text("secreto")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 800), (360, 740)])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(sim: Sim, ana: int, app: str, visit: Callable[..., Page],
                                                        scheme: str, size: tuple[int, int]) -> None:  # fmt: skip
    keys = {"inline_keyboard": [[{"text": "Ver", "callback_data": "x"}, {"text": "Web", "url": "https://e.org"}]]}
    sim.api("sendMessage", chat_id=ana, reply_markup=keys, parse_mode="HTML",
            text='Hola <a href="https://e.org">enlace</a> <code>x</code><blockquote>cita</blockquote>')  # fmt: skip
    sim.do("say", person="ana", text="/ayuda por favor")
    page = visit("ana", "/", viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = _axe(page)
    if size[0] < 720:
        page.locator(f"[data-chat='{ANA}']").click()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        found += _axe(page)
    assert found == []


def _axe(page: Page) -> list[tuple[str, list[str]]]:
    if not AXE.exists():
        return []
    # the page's policy allows no inline script, so axe comes in through the debugger, not through a tag
    page.evaluate(AXE.read_text())
    result = page.evaluate("axe.run(document, {iframes: false})")
    return [(item["id"], [node["html"] for node in item["nodes"]]) for item in result["violations"]]


def test_on_a_phone_who_is_what_is_read_whole(sim: Sim, ana: int, visit: Callable[..., Page]) -> None:
    sim.do("join", person="bea", link=sim.api("createChatInviteLink", chat_id=VIP)["invite_link"])
    page = visit("ana", "/", viewport={"width": 360, "height": 740})
    for who, told in (("ana", "Ana · Free"), ("bea", "Bea · VIP"), ("dora", "Dora · Admin")):
        chip = page.locator(f"[data-person={who}]")
        expect(chip).to_have_text(told)
        box = chip.bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 360


def test_the_clock_says_whose_time_it_shows(sim: Sim, ana: int, visit: Callable[..., Page]) -> None:
    page = visit("ana", "/")
    page.locator(".clock").click()
    zone = page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    expect(page.get_by_role("menu")).to_contain_text(f"Horas de este navegador ({zone})")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("menuitem", name="Volver a la hora real")).to_be_focused()
