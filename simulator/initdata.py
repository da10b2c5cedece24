"""Launch data of Mini Apps: signed as Telegram signs it, and packed into the URL as its clients do."""

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

VERSION = "8.0"  # the newest that the published telegram-web-app.js copies know

LIGHT = {
    "bg_color": "#ffffff", "text_color": "#000000", "hint_color": "#707579", "link_color": "#3390ec",
    "button_color": "#3390ec", "button_text_color": "#ffffff", "secondary_bg_color": "#f4f4f5",
    "header_bg_color": "#ffffff", "accent_text_color": "#3390ec", "section_bg_color": "#ffffff",
    "section_header_text_color": "#707579", "section_separator_color": "#e4e4e5",
    "subtitle_text_color": "#707579", "destructive_text_color": "#e53935", "bottom_bar_bg_color": "#ffffff",
}  # fmt: skip
DARK = {
    "bg_color": "#17212b", "text_color": "#f5f5f5", "hint_color": "#708499", "link_color": "#6ab3f3",
    "button_color": "#5288c1", "button_text_color": "#ffffff", "secondary_bg_color": "#0e1621",
    "header_bg_color": "#17212b", "accent_text_color": "#6ab2f2", "section_bg_color": "#17212b",
    "section_header_text_color": "#6ab3f3", "section_separator_color": "#101921",
    "subtitle_text_color": "#708499", "destructive_text_color": "#ec3942", "bottom_bar_bg_color": "#17212b",
}  # fmt: skip
THEMES = {"light": LIGHT, "dark": DARK}


def sign(token: str, fields: dict[str, str]) -> str:
    """`initData`: the fields as a query string with `hash`, the HMAC that Telegram documents.

    The secret is HMAC("WebAppData", token); the text signed is the sorted `key=value` lines.
    """
    lines = "\n".join(f"{key}={fields[key]}" for key in sorted(fields))
    secret = hmac.new(b"WebAppData", token.encode(), hashlib.sha256).digest()
    digest = hmac.new(secret, lines.encode(), hashlib.sha256).hexdigest()
    return urlencode({**fields, "hash": digest}, quote_via=quote)


def compose(token: str, user: dict[str, Any], auth_date: int, extra: dict[str, str]) -> str:
    """Signed `initData` of one user at one moment; `extra` holds query_id, start_param and the like."""
    fields = dict(extra)
    fields["user"] = json.dumps(user, ensure_ascii=False, separators=(",", ":"))
    fields["auth_date"] = str(auth_date)
    fields["signature"] = _lookalike(f"{token}{fields['user']}{auth_date}")
    return sign(token, fields)


def launch_url(url: str, data: str, theme: str = "light", start_param: str = "") -> str:
    """The address a client opens: the app's own, with the launch parameters in the fragment."""
    parts = urlsplit(url)
    query = parts.query
    if start_param:
        query = "&".join(filter(None, [query, urlencode({"tgWebAppStartParam": start_param})]))
    params = {"tgWebAppVersion": VERSION, "tgWebAppPlatform": "web"}
    params["tgWebAppThemeParams"] = json.dumps(THEMES[theme], separators=(",", ":"))
    if data:
        params = {"tgWebAppData": data, **params}
    fragment = urlencode(params, quote_via=quote)
    if parts.fragment:
        fragment = f"{parts.fragment}{'&' if '?' in parts.fragment else '?'}{fragment}"
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, fragment))


def _lookalike(text: str) -> str:
    """As long as an Ed25519 signature in base64url; nobody but Telegram can make a true one."""
    return base64.urlsafe_b64encode(hashlib.sha512(text.encode()).digest()).decode().rstrip("=")
