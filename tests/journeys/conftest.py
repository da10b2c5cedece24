"""A browser, and the whole product in front of it: web, bot and worker, with the simulator's page as Telegram."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.conftest import Chromium
from tests.faults.conftest import House, house, until  # noqa: F401 (a fixture)
from webapp.base import leases
from webapp.base.db import db

AXE = Path(__file__).parent.parent / "vendor" / "axe.min.js"
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 800}
SERIOUS = ("serious", "critical")


@pytest.fixture
def visit(browser: Chromium, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Opens an address in a context of its own; in the end no console may have complained (CSP reports too) of
    anything but what is `expected`."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def complain(line: Any, expected: str) -> None:
        if line.type in ("error", "warning") and not (expected and expected in line.text):
            complaints.append(line.text)

    def go(url: str, *, dark: bool = False, viewport: dict[str, int] = DESK, expected: str = "") -> Page:
        context = browser.new_context(
            viewport=viewport, color_scheme="dark" if dark else "light", locale="es-MX", reduced_motion="reduce"
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complain(line, expected))
        page.goto(url)
        if "as=" in url:
            page.wait_for_selector("body[data-ready]")  # the page of the simulated Telegram stands
        return page

    yield go
    for number, context in enumerate(contexts):
        picture = tmp_path / f"screen-{number}.png"
        context.pages[0].screenshot(path=picture)
        print(f"--- {picture}: {[frame.url for frame in context.pages[0].frames]}")
        context.close()
    assert complaints == []


def opened(app: FrameLocator, title: str) -> None:
    """Waits until that page of the Mini App is there and nothing more is on its way."""
    expect(app.locator("#screen")).to_have_attribute("data-title", title)
    expect(app.locator(".htmx-request")).to_have_count(0)


def axe(page: Any) -> list[str]:
    """What axe-core finds serious on a page or in a frame, in one line each."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [
        f"{rule['id']}: {[node['target'] for node in rule['nodes'][:3]]}" for rule in found if rule["impact"] in SERIOUS
    ]


@pytest.fixture
def product(house: House, telegram: Any) -> Iterator[str]:  # noqa: F811
    """Everything runs; the address of the web door. Dora has begun a chat with the bot, and so is told of interests."""
    house.environment["FRAME_ANCESTORS"] = telegram.url
    house.environment["MINIAPP_SCRIPT"] = "local"
    web = house.start_web(workers=1)
    house.environment["PUBLIC_URL"] = web
    telegram.do("start", person="dora")
    house.start("bot")
    house.start("worker")
    until(lambda: leases.seconds_since_beat("bot") and leases.seconds_since_beat("worker"), "bot and worker work")
    until(lambda: telegram.texts("dora"), "the bot has met Dora")
    until(lambda: telegram.see("people/ana")["menu_button"].get("type") == "web_app", "the bot has told its button")
    db.session.rollback()
    yield web
