"""What the bot says: templates of `templates/bot/`, rendered as Telegram HTML in the language of whoever reads.

A message's buttons are made where it is made; `button` and `link` give their shape. Everything a template is given is
escaped by Jinja, and `&`, `<`, `>` are all that Telegram HTML asks for.
"""

import re
from typing import Any

from flask import render_template

MAX_TEXT = 4096
MAX_CAPTION = 1024

PART = re.compile(r"</?([a-z-]+)[^>]*>|&[#0-9a-zA-Z]+;|.", re.DOTALL)

Buttons = list[list[dict[str, Any]]]


def render(template: str, **context: Any) -> str:
    """The text of `templates/bot/<template>.html` in the language in force; blank lines at most one, trimmed."""
    lines = [line.strip() for line in render_template(f"bot/{template}.html", **context).splitlines()]
    kept = [line for index, line in enumerate(lines) if line or (index and lines[index - 1])]
    return "\n".join(kept).strip()


def payload(text: str, buttons: Buttons | None = None) -> dict[str, Any]:
    """The payload of a text message that is already rendered."""
    body: dict[str, Any] = {
        "text": clip(text, MAX_TEXT),
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
    }
    if buttons is not None:
        body["reply_markup"] = {"inline_keyboard": buttons}
    return body


def photo(picture: Any, caption: str, buttons: Buttons | None = None) -> dict[str, Any]:
    """The payload of a picture with a rendered caption; `picture`: Telegram's file_id, or {"upload": storage_key}."""
    body: dict[str, Any] = {"photo": picture, "caption": clip(caption, MAX_CAPTION), "parse_mode": "HTML"}
    if buttons is not None:
        body["reply_markup"] = {"inline_keyboard": buttons}
    return body


def clip(html: str, most: int) -> str:
    """Telegram HTML cut to `most` visible characters as Telegram counts them (UTF-16), its tags closed again."""
    if len(html) * 2 <= most:
        return html
    kept: list[str] = []
    room, cut = most, 0
    for part in PART.finditer(html):
        tag, whole = part[1], part[0]
        if not tag:
            room -= 1 if len(whole) > 1 else len(whole.encode("utf-16-le")) // 2
            if room < 0:
                break
            cut = len(kept) if room >= 1 else cut
        kept.append(whole)
    else:
        return html
    return _closed(kept[: cut + 1])


def _closed(parts: list[str]) -> str:
    """Parts of Telegram HTML with an ellipsis and the end tags that are missing."""
    opened: list[str] = []
    for whole in parts:
        found = PART.fullmatch(whole)
        if found and found[1]:
            opened = opened[:-1] if whole.startswith("</") else [*opened, found[1]]
    return "".join(parts) + "…" + "".join(f"</{tag}>" for tag in reversed(opened))


def button(text: str, data: str) -> dict[str, Any]:
    """A button that comes back to us with `data`. Raises ValueError above Telegram's 64 bytes."""
    if len(data.encode()) > 64:
        raise ValueError("callback data above 64 bytes")
    return {"text": text, "callback_data": data}


def keyboard(rows: Buttons) -> dict[str, Any]:
    """One-time keyboard markup; an empty list removes the current keyboard."""
    if not rows:
        return {"remove_keyboard": True}
    return {"keyboard": rows, "resize_keyboard": True, "one_time_keyboard": True}


def link(text: str, url: str) -> dict[str, Any]:
    """A button that opens an address."""
    return {"text": text, "url": url}


def web_app(text: str, url: str) -> dict[str, Any]:
    """A button that opens the Mini App at `url`."""
    return {"text": text, "web_app": {"url": url}}
