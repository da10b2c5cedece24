"""What a browser says of itself, in a few words."""

from webapp.base.i18n import _

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


def device(agent: str | None) -> str:
    """A browser and its system in a few words, from its user agent."""
    text = agent or ""
    browser = next((name for mark, name in BROWSERS if mark in text), "")
    system = next((name for mark, name, _icon in SYSTEMS if mark in text), "")
    return " · ".join(name for name in (browser, system) if name) or str(_("Dispositivo desconocido"))


def device_icon(agent: str | None) -> str:
    """The icon of the system behind a user agent."""
    return next((icon for mark, _name, icon in SYSTEMS if mark in (agent or "")), "world")
