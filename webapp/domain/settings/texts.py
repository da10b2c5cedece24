"""The bot's texts that the creator can write anew: their names, what they may say of the reader, how they are checked.

A text is Telegram HTML with variables in braces ({nombre}). Variables are put in by plain substitution, their values
escaped; no template engine ever sees what a person typed. `bot_config.texts` keeps {name: {locale: text}}.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from markupsafe import Markup, escape
from sqlalchemy import select

from webapp.base.db import db
from webapp.base.errors import Invalid, NotFound
from webapp.base.i18n import LOCALES, _, locale_now, speaking
from webapp.base.texts import MAX_TEXT
from webapp.base.words import clean
from webapp.domain.audit.actors import Actor
from webapp.domain.settings import config, wording
from webapp.domain.settings.models import BotConfig
from webapp.domain.settings.wording import NAMES, Editable

VARIABLE = re.compile(r"\{([^{}\s]{1,40})\}")
LARGEST_VALUE = 200
__all__ = ["NAMES", "Editable", "change", "check", "is_edited", "preview", "render", "words"]
TAGS = {
    "b": (), "strong": (), "i": (), "em": (), "u": (), "ins": (), "s": (), "strike": (), "del": (), "code": (),
    "pre": (), "tg-spoiler": (), "a": ("href",), "blockquote": ("expandable",),
}  # fmt: skip
SAFE_LINK = re.compile(r"(?:https?|tg)://[^\s\"'<>]+")


_rows: Any = BotConfig.__table__
_KEPT = select(_rows.c.texts, _rows.c.creator_name).where(_rows.c.id == 1)  # built once: asked for every greeting


def words(name: str, locale: str | None = None) -> str:
    """The text as written, variables in braces: the creator's in this locale, or the one it comes with."""
    spoken, base = locale or locale_now(), wording.base_of(name)
    return _written(name, spoken) or _written(base, spoken) or _default(name, spoken)


def is_edited(name: str, locale: str) -> bool:
    """Whether the creator wrote this text anew in this locale."""
    return bool(_written(name, locale))


def render(name: str, **values: str) -> Markup:
    """The text in the locale in force as Telegram HTML, `values` put in and escaped; {creador} is known already."""
    written, creator = db.session.execute(_KEPT).one()
    text = _edit(written, name, locale_now()) or _edit(written, wording.base_of(name), locale_now())
    text = text or str(_editable(name).default)
    return Markup(_fill(text, {"creador": creator, **values}))  # noqa: S704  checked before it was kept, values escaped


def check(name: str, text: str) -> None:
    """Raises Invalid, with `fields["text"]`, for an unknown variable, HTML that Telegram refuses, or too long a text;
    NotFound for a text that does not exist."""
    editable = _editable(name)
    unknown = [found for found in VARIABLE.findall(text) if found not in editable.samples]
    if unknown:
        known = ", ".join(f"{{{variable}}}" for variable in editable.samples)
        raise _invalid(_("No conocemos {%(name)s}. Puedes usar: %(known)s.", name=unknown[0], known=known))
    fault = _Reading(text).fault
    if fault:
        raise _invalid(fault)
    room = {variable: "x" * len(str(sample)) for variable, sample in editable.samples.items()}
    if not text.strip() or len(_fill(text, room)) > MAX_TEXT - LARGEST_VALUE:
        raise _invalid(_("Escribe entre 1 y %(most)s caracteres.", most=MAX_TEXT - LARGEST_VALUE))


def preview(name: str, text: str) -> Markup:
    """How a checked text looks, with example values, as HTML for a page. Raises like `check`."""
    check(name, text)
    filled = _fill(text, _editable(name).samples)
    shown = filled.replace("<tg-spoiler>", '<span class="spoiler">').replace("</tg-spoiler>", "</span>")
    return Markup(shown.replace("\n", "<br>"))  # noqa: S704  only the tags of TAGS are left, values escaped


def change(name: str, text: str, locale: str, *, by: Actor) -> None:
    """The creator writes a text anew in one locale; an empty one takes the edit back. Raises like `check`."""
    if locale not in LOCALES:
        raise Invalid(fields={"locale": _("No conocemos ese idioma.")})
    text = clean(text, lines=True)
    if text:
        check(name, text)
    _editable(name)
    edits = {key: dict(value) for key, value in config.held().texts.items() if isinstance(value, dict)}
    edits.setdefault(name, {})[locale] = text
    edits[name] = {key: value for key, value in edits[name].items() if value}
    config.change({"texts": {key: value for key, value in edits.items() if value}}, by=by)


def _editable(name: str) -> Editable:
    found = wording.find(name)
    if found is None:
        raise NotFound(_("Ese texto no existe."))
    return found


def _default(name: str, locale: str) -> str:
    with speaking(locale):
        return str(_editable(name).default)


def _written(name: str, locale: str) -> str:
    return _edit(config.current().texts, name, locale)


def _edit(texts: Mapping[str, Any], name: str, locale: str) -> str:
    written = texts.get(name)
    return str(written.get(locale) or "") if isinstance(written, dict) else ""


def _fill(text: str, values: Mapping[str, str]) -> str:
    return VARIABLE.sub(lambda found: str(escape(str(values.get(found[1], ""))[:LARGEST_VALUE])), text)


def _invalid(fault: str) -> Invalid:
    return Invalid(fields={"text": fault})


@dataclass
class _Reading(HTMLParser):
    """Reads a text as Telegram does; `fault` is what is wrong with its HTML, empty when nothing is."""

    text: str
    fault: str = ""
    opened: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.feed(self.text)
        if "<" in self.rawdata:
            self._wrong(_("Hay un «<» sin cerrar. Para escribirlo como letra usa &lt;."))
        self.close()
        if self.opened:
            self._wrong(_("Falta cerrar <%(tag)s>.", tag=self.opened[-1]))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS or any(name not in TAGS[tag] for name, _value in attrs):
            self._wrong(_("Telegram no acepta <%(tag)s> así.", tag=tag))
        href = dict(attrs).get("href") if tag == "a" else "https://ok"
        if not SAFE_LINK.fullmatch(href or ""):
            self._wrong(_("Un enlace debe empezar con https://."))
        self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.opened or self.opened.pop() != tag:
            self._wrong(_("</%(tag)s> cierra algo que no está abierto.", tag=tag))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._wrong(_("Telegram no acepta <%(tag)s> así.", tag=tag))

    def handle_data(self, data: str) -> None:
        if "<" in data:
            self._wrong(_("Hay un «<» sin cerrar. Para escribirlo como letra usa &lt;."))

    def handle_comment(self, data: str) -> None:
        self._wrong(_("Telegram no acepta comentarios."))

    def handle_decl(self, decl: str) -> None:
        self._wrong(_("Telegram no acepta <%(tag)s> así.", tag="!"))

    def unknown_decl(self, data: str) -> None:
        self._wrong(_("Telegram no acepta <%(tag)s> así.", tag="!"))

    def handle_pi(self, data: str) -> None:
        self._wrong(_("Telegram no acepta <%(tag)s> así.", tag="?"))

    def _wrong(self, fault: str) -> None:
        self.fault = self.fault or fault
