"""How people and their devices look, the same behind every door: a colour, a letter or two, a name and an icon."""

from typing import Any
from zlib import crc32

from flask import Flask

from webapp.base.agents import device, device_icon

HUES = 8


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
