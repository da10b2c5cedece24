"""`make screenshots`: the pictures of the README, taken in Chromium of the product as `make run` starts it.

A showcase with two months behind it is written first, while nothing runs; then Ana and Dora live the README's story.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import urllib3
from PIL import Image
from playwright.sync_api import Browser, FrameLocator, Page, expect, sync_playwright

from bench.processes import free_port
from tests.entering import set_up_phone
from tests.ground import browser as chromium
from tests.journeys import past
from webapp.base.search import plain
from webapp.config import Settings

ROOT = Path(__file__).parent.parent.parent
PICTURES = ROOT / "docs" / "screenshots"
PHONE, DESK = {"width": 390, "height": 800}, {"width": 1280, "height": 800}
LARGEST = 150_000


def main() -> int:
    """Takes all pictures; 1 when there is no Chromium."""
    if chromium() is None:
        print("No Chromium here: install it, or set TEST_BROWSER=/path")
        return 1
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="vitrina-") as folder, sync_playwright() as playwright:
        environment = surroundings(Path(folder))
        past.live(Path(folder))
        with running(environment) as invitation:
            browser = playwright.chromium.launch(
                executable_path=chromium(), args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            )
            take_all(browser, f"http://localhost:{environment['SIMULATOR_PORT']}", invitation)
            browser.close()
    return 0


def surroundings(folder: Path) -> dict[str, str]:
    """The environment of `flask up` with nothing of this machine's settings: its own ports and state."""
    ours = {name.upper() for name in Settings.model_fields}
    kept = {name: value for name, value in os.environ.items() if name not in ours and not name.startswith("SIMULATOR")}
    port, simulator_port = free_port(), free_port()
    plain_ones = {name.upper(): str(field.default or "") for name, field in Settings.model_fields.items()}
    return kept | plain_ones | {
        "FLASK_APP": "wsgi",
        "VITRINA_ENV": "development",
        "VITRINA_HOME": str(folder),
        "TRUSTED_PROXIES": "0",
        "LOG_LEVEL": "WARNING",
        "PORT": str(port),
        "PUBLIC_URL": f"http://localhost:{port}",
        "SIMULATOR_PORT": str(simulator_port),
    }  # fmt: skip


@contextmanager
def running(environment: dict[str, str]) -> Iterator[str]:
    """Everything runs; gives the invitation that it prints."""
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "up"], env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        invitation = told(process)
        threading.Thread(target=process.stdout.read, daemon=True).start()
        wait_until_ready(f"http://localhost:{environment['PORT']}/readyz")
        yield invitation
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(90)


def told(process: subprocess.Popen[str]) -> str:
    for line in process.stdout:
        found = re.search(r"http\S+/panel/invitation/\S+", line)
        if found:
            return found[0]
    raise SystemExit("it ended before it told its addresses")


def wait_until_ready(url: str, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            if urllib3.request("GET", url, retries=False, timeout=5).status == 200:
                return
        except urllib3.exceptions.HTTPError:
            pass
        if time.monotonic() > end:
            raise SystemExit(f"not ready within {seconds:.0f} s: {url}")
        time.sleep(0.3)


def take_all(browser: Browser, telegram: str, invitation: str) -> None:
    """The story, and a picture at each of its places, light and dark."""
    deed(telegram, "start", person="ana")
    story = browser.new_context(viewport=DESK, locale="es-MX", reduced_motion="reduce")
    page = story.new_page()
    page.goto(f"{telegram}/?as=ana")
    card = mini_app(page).locator(".card", has_text="Primavera")
    card.get_by_role("button", name="Me interesa").click()
    expect(card.get_by_text("Te interesa")).to_be_visible()
    signed_in = make_account(story.new_page(), invitation)
    for scheme in ("light", "dark"):
        take_phone(browser, telegram, scheme)
        take_simulator(browser, telegram, scheme)
        take_panel(browser, signed_in, invitation.split("/panel/")[0], scheme)


def deed(telegram: str, name: str, **body: object) -> None:
    urllib3.request("POST", f"{telegram}/control/{name}", json=body)


def make_account(page: Page, invitation: str) -> list:
    """Uses the invitation; the cookies with which the panel knows us."""
    page.goto(invitation)
    for name, value in (("email", "luna@vitrina.example"), ("full_name", "Luna Ortiz")):
        page.locator(f"[name={name}]").fill(value)
    page.locator("[name=password]").fill("una tarde en el jardín")
    page.locator("form#join button[type=submit]").click()
    page.wait_for_selector(".offer")
    set_up_phone(page)
    return page.context.cookies()


def mini_app(page: Page) -> FrameLocator:
    """Opens the Mini App from the bot's menu button."""
    page.locator("[data-menu], .menu-button").first.click()
    frame = page.frame_locator("#app iframe")
    expect(frame.locator(".card__title").first).to_be_visible(timeout=90_000)
    return frame


def take_phone(browser: Browser, telegram: str, scheme: str) -> None:
    """The Mini App as it fills a phone."""
    page = looked_at(browser, f"{telegram}/?as=ana#bot", PHONE, scheme)
    frame = mini_app(page)
    keep(page, f"miniapp-vitrina-{scheme}")
    frame.get_by_role("link", name="Primavera, 24 fotos").click()
    expect(frame.locator("h1", has_text="Primavera")).to_be_visible()
    keep(page, f"miniapp-paquete-{scheme}")
    page.locator(".app-left").click()
    frame.get_by_role("link", name="Mis intereses").click()
    expect(frame.get_by_text("Primavera").first).to_be_visible()
    keep(page, f"miniapp-intereses-{scheme}")
    page.context.close()


def take_simulator(browser: Browser, telegram: str, scheme: str) -> None:
    """Dora's chat with the notice, and Ana's with the Mini App beside it."""
    page = looked_at(browser, f"{telegram}/?as=dora#bot", DESK, scheme)
    expect(page.locator(".bubble", has_text="Ana Torres").last).to_be_visible(timeout=90_000)
    keep(page, f"simulator-aviso-{scheme}")
    page.goto(f"{telegram}/?as=ana#bot")
    mini_app(page)
    keep(page, f"simulator-ana-{scheme}")
    page.context.close()


def take_panel(browser: Browser, cookies: list, panel: str, scheme: str) -> None:
    """The panel's pages, signed in."""
    page = looked_at(browser, f"{panel}/panel/", DESK, scheme, cookies)
    keep(page, f"panel-inicio-{scheme}")
    for name in ("Intereses", "Paquetes", "Usuarios", "Suscriptores", "Estadísticas"):
        page.get_by_role("link", name=name).first.click()
        page.wait_for_load_state("networkidle")
        keep(page, f"panel-{plain(name)}-{scheme}")
    page.context.close()


def looked_at(browser: Browser, url: str, viewport: dict, scheme: str, cookies: list | None = None) -> Page:
    """A fresh page; a phone has two pixels for one."""
    context = browser.new_context(
        viewport=viewport,
        color_scheme=scheme,
        locale="es-MX",
        timezone_id="America/Mexico_City",
        reduced_motion="reduce",
        device_scale_factor=2 if viewport is PHONE else 1,
    )
    context.add_cookies(cookies or [])
    page = context.new_page()
    page.goto(url)
    page.wait_for_load_state("load")
    return page


def keep(page: Page, name: str) -> None:
    """Writes the picture in as many colours as 150 KB hold."""
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(400)
    content = small(Image.open(BytesIO(page.screenshot(animations="disabled"))).convert("RGB"))
    (PICTURES / f"{name}.png").write_bytes(content)
    print(f"  {name}.png  {len(content) // 1024} KB")


def small(whole: Image.Image) -> bytes:
    """PNG of a picture: a palette that covers all its colours, dithered, so that neither green nor slopes are lost."""
    content = b""
    for colours in (256, 128, 64):
        palette = whole.quantize(colours, method=Image.Quantize.MAXCOVERAGE, kmeans=2)
        file = BytesIO()
        whole.quantize(palette=palette).save(file, "PNG", optimize=True)
        content = file.getvalue()
        if len(content) <= LARGEST:
            break
    return content


if __name__ == "__main__":
    sys.exit(main())
