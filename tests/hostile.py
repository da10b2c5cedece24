"""Text that somebody with bad intentions would type, and what must not become of it. The word in it is "trampa"."""

import re
from html.parser import HTMLParser

TEXTS = {
    "script": "<script>trampa()</script>",
    "image": '"><img src=trampa onerror=trampa()>',
    "htmx": "' hx-get='/trampa' x='<b hx-get=\"/trampa\">trampa</b>",
    "telegram": '<b>trampa</b></i><a href="tg://user?id=1">trampa</a>&lt;u&gt;trampa&lt;/u&gt; &amp;&#60;i>',
    "template": "{{7919*7927}} ${7919*7927} {% raw %} {nombre} %(name)s %s",
    "sheet": "=cmd|' /C calc'!A0",
    "turned": "\u202eapmart\u202c \u2066trampa\u2069",
    "long": "trampa " * 9362,
    "nul": "tram\0pa, nada más",
    "halves": "tram\ud800pa\udfff",
    "emoji": "🌸👩‍👩‍👧 trampa 🇲🇽",
}
TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
LEADS = {"src", "href", "action", "formaction", "srcset"}


class _Page(HTMLParser):
    """Reads a page as a browser does."""

    def __init__(self) -> None:
        super().__init__()
        self.harms: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name: value or "" for name, value in attrs}
        if tag == "script" and "src" not in names:
            self.harms.append("a script")
        for name, value in names.items():
            led = name in LEADS or name.startswith("hx-")
            if name.startswith("on") or "trampa" in name:
                self.harms.append(f"an attribute {name}")
            elif led and re.match(r"\s*(/?trampa|javascript:|data:text)", value):
                self.harms.append(f"{name} leads to {value}")

    def handle_data(self, data: str) -> None:
        if "62773913" in data:
            self.harms.append("a template that was run")


def harms(page: str, *, echo: bool = False) -> list[str]:
    """What a page does that its text should not; [] when the text is only text.

    `echo`: it is shown to nobody but whoever typed it, and may look as odd as it was typed.
    """
    reading = _Page()
    reading.feed(page)
    found = reading.harms
    if echo:
        return found
    if TURNING.search(page):
        found.append("text that turns what follows")
    return [*found, *(["a NUL"] if "\0" in page else [])]


def said_harms(message: dict) -> list[str]:
    """The same of a message as Telegram understood it."""
    words = message.get("text") or message.get("caption") or ""
    raw = words.encode("utf-16-le")
    found = []
    for entity in [*message.get("entities", []), *message.get("caption_entities", [])]:
        covered = raw[entity["offset"] * 2 : (entity["offset"] + entity["length"]) * 2].decode("utf-16-le")
        if entity["type"] in ("bold", "underline", "text_link", "text_mention") and covered == "trampa":
            found.append(f"{entity['type']} made of text")
    if "62773913" in words:
        found.append("a template that was run")
    keyboard = str(message.get("reply_markup", ""))
    return found + (["text that turns what follows"] if TURNING.search(words + keyboard) else [])
