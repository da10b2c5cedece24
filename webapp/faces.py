"""How people and their devices look, the same behind every door: a colour, a letter or two, a name and an icon."""

from typing import Any
from zlib import crc32

from flask import Flask

from webapp.base.i18n import _

HUES = 8
BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (
    ("iPhone", "iPhone", "device-mobile"),
    ("iPad", "iPad", "device-mobile"),
    ("Android", "Android", "device-mobile"),
    ("Mac OS", "Mac", "device-desktop"),
    ("Macintosh", "Mac", "device-desktop"),
    ("Windows", "Windows", "device-desktop"),
    ("Linux", "Linux", "device-desktop"),
)


def init_app(app: Flask) -> None:
    """Makes them known to templates."""
    app.jinja_env.globals.update(hue=hue, initials=initials)
    app.jinja_env.filters.update(device=device, device_icon=device_icon)


def hue(key: Any) -> int:
    """Which of eight colours stands for somebody: always the same one."""
    return crc32(str(key).encode()) % HUES


def initials(name: str) -> str:
    """One or two letters for an avatar."""
    words = [word for word in name.split() if word[:1].isalnum()] or ["?"]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def device(agent: str | None) -> str:
    """A browser and its system in a few words, from its user agent."""
    text = agent or ""
    browser = next((name for mark, name in BROWSERS if mark in text), "")
    system = next((name for mark, name, _icon in SYSTEMS if mark in text), "")
    return " · ".join(name for name in (browser, system) if name) or str(_("Dispositivo desconocido"))


def device_icon(agent: str | None) -> str:
    """The icon of the system behind a user agent."""
    return next((icon for mark, _name, icon in SYSTEMS if mark in (agent or "")), "world")
