"""`reply_markup`: checked as Telegram checks it, and kept as messages show it.

More lenient than Telegram in one thing: http://localhost and http://127.0.0.1 pass where it wants HTTPS.
"""

from typing import Any
from urllib.parse import urlsplit

from simulator.errors import bad
from simulator.params import Params

Json = dict[str, Any]
ACTIONS = ("url", "callback_data", "web_app", "login_url", "switch_inline_query", "switch_inline_query_current_chat",
           "switch_inline_query_chosen_chat", "copy_text", "callback_game", "pay")  # fmt: skip
LOOKS = ("style", "icon_custom_emoji_id")
LOCAL = {"localhost", "127.0.0.1"}


def read(params: Params, private: bool) -> Json | None:
    """The markup of a call, or None. `private`: whether the chat is with a person, where Mini App buttons may be."""
    markup = params.tree("reply_markup", "reply keyboard markup")
    if markup is None:
        return None
    if not isinstance(markup, dict):
        raise bad("object expected as reply markup")
    if "inline_keyboard" in markup:
        rows = [[_inline(button, private) for button in _row(row)] for row in _row(markup["inline_keyboard"])]
        rows = [row for row in rows if row]
        if sum(map(len, rows)) > 100:
            raise bad("REPLY_MARKUP_TOO_LONG")
        return {"inline_keyboard": rows}
    if "keyboard" in markup:
        return {**markup, "keyboard": [[_plain(button) for button in _row(row)] for row in _row(markup["keyboard"])]}
    return dict(markup)


def web_url(url: str, what: str) -> str:
    """A Mini App's address: HTTPS, or this machine. `what` names the place in the refusal."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname and ("." in parts.hostname or parts.hostname in LOCAL):
        return url
    if parts.scheme == "http" and parts.hostname in LOCAL:
        return url
    raise bad(f"{what} '{url}' is invalid: Only HTTPS links are allowed")


def shown(markup: Json | None) -> Json | None:
    """The part of a markup that stays on the message: inline keyboards only."""
    return markup if markup and markup.get("inline_keyboard") else None


def _row(row: Any) -> list[Any]:
    if not isinstance(row, list):
        raise bad("can't parse reply keyboard markup JSON object")
    return row


def _inline(button: Any, private: bool) -> Json:
    if not isinstance(button, dict):
        raise bad("can't parse inline keyboard button: expected an Object")
    text = str(button.get("text") or "").strip()
    if not text:
        raise bad("can't parse inline keyboard button: Field \"text\" must be of type String"
                  if "text" not in button else "BUTTON_TEXT_INVALID")  # fmt: skip
    kinds = [name for name in ACTIONS if button.get(name) is not None]
    if not kinds:
        raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    kind = kinds[0]
    value = button[kind]
    if kind == "callback_data" and not 1 <= len(str(value).encode()) <= 64:
        raise bad("BUTTON_DATA_INVALID")
    if kind == "url":
        _check_url(str(value))
    if kind == "web_app":
        if not private:
            raise bad("BUTTON_TYPE_INVALID")
        web_url(str(value.get("url", "")), "inline keyboard button Web App URL")
    return {"text": text, kind: value, **{name: button[name] for name in LOOKS if name in button}}


def _plain(button: Any) -> Json:
    if isinstance(button, str):
        return {"text": button}
    if not isinstance(button, dict) or not isinstance(button.get("text"), str):
        raise bad('can\'t parse keyboard button: Field "text" must be of type String')
    if "web_app" in button:
        web_url(str(button["web_app"].get("url", "")), "keyboard button Web App URL")
    return dict(button)


def _check_url(url: str) -> None:
    parts = urlsplit(url if "://" in url or url.startswith(("tg:", "mailto:")) else f"http://{url}")
    if parts.scheme not in ("http", "https", "tg", "ton"):
        raise bad(f"inline keyboard button URL '{url}' is invalid: Unsupported URL protocol")
    if parts.scheme in ("http", "https"):
        host = parts.hostname or ""
        if not host or ("." not in host and host not in LOCAL):
            raise bad(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")
