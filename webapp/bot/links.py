"""Buttons that more than one room of the chat shows."""

from typing import Any

from webapp.base import texts
from webapp.base.i18n import _
from webapp.base.stretches import Place, Stretch
from webapp.config import TELEGRAM, settings


def opens_miniapp() -> bool:
    """Whether Telegram will take a button that opens the Mini App: the real one wants https."""
    return settings().public.startswith("https://") or settings().telegram_api_url != TELEGRAM


def miniapp(text: str, path: str = "") -> list[dict[str, Any]]:
    """A row with the button that opens the Mini App at `path`; no row where Telegram would refuse it."""
    return [texts.web_app(text, f"{settings().public}/miniapp/{path}")] if opens_miniapp() else []


def home() -> list[dict[str, Any]]:
    """A row with the way back to the menu."""
    return [texts.button(_("‹ Menú"), "menu")]


def turning(stretch: Stretch, verb: str) -> list[dict[str, Any]]:
    """A row with ◀ and ▶, those that lead somewhere; `verb` is what the data begins with."""
    row = []
    if stretch.back:
        row.append(texts.button("◀", f"{verb}:{_spelt(stretch.back)}:1"))
    if stretch.forth:
        row.append(texts.button("▶", f"{verb}:{_spelt(stretch.forth)}:0"))
    return row


def rows(*found: list[dict[str, Any]]) -> texts.Buttons:
    """The rows that are not empty."""
    return [row for row in found if row]


def short(text: str, most: int = 40) -> str:
    """A label for a button, on one line."""
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _spelt(place: Place) -> str:
    return f"{place[0]}:{place[1]}"
