"""Ajustes: who the creator is, time zone and currency, labels of the categories, the audit, and the bot's
texts. A form each."""

from collections.abc import Callable
from typing import Any
from zoneinfo import available_timezones

from flask import Blueprint, g, request, url_for
from flask.typing import ResponseReturnValue

from webapp.base.db import transaction
from webapp.base.errors import Invalid, NotFound
from webapp.base.i18n import LOCALES, _
from webapp.domain.catalog import appearance
from webapp.domain.catalog.models import ContentCategory
from webapp.domain.channels import places
from webapp.domain.settings import config, texts, wording
from webapp.domain.staff import browsers
from webapp.domain.users import people
from webapp.panel import guard, pages
from webapp.panel.guard import allow, sudo

blueprint = Blueprint("settings", __name__, url_prefix="/settings")
FORMS = {
    "creator": ("creator_name", "contact_url", "contact_text", "social_instagram", "social_tiktok", "social_x"),
    "region": ("time_zone", "currency"),
    "audit": ("audit_chat_id", "audit_months"),
}


@blueprint.get("/")
@allow("settings", "read")
def page() -> ResponseReturnValue:
    """Every form, filled with what is set."""
    return pages.show("panel/settings/page.html", **_set())


@blueprint.post("/creator")
@allow("settings", "update")
@sudo
def creator() -> ResponseReturnValue:
    """Saves who the creator is and how to reach them."""
    return _save("creator", lambda: appearance.change(_typed("creator"), by=guard.actor()))


@blueprint.post("/region")
@allow("settings", "update")
@sudo
def region() -> ResponseReturnValue:
    """Saves time zone and currency."""
    return _save("region", lambda: appearance.change(_typed("region"), by=guard.actor()))


@blueprint.post("/audit")
@allow("settings", "update")
@sudo
def audit() -> ResponseReturnValue:
    """Saves where the audit's anchors go, and how long its rows are kept."""
    return _save("audit", lambda: config.change(_typed("audit"), by=guard.actor()))


@blueprint.post("/entry")
@allow("settings", "update")
@sudo
def entry() -> ResponseReturnValue:
    """Saves whether browsers may be remembered."""
    wanted = request.form.get("remember_browsers") == "1"
    return _save("entry", lambda: browsers.let(wanted, by=guard.actor()))


@blueprint.post("/labels")
@allow("settings", "update")
@sudo
def labels() -> ResponseReturnValue:
    """Saves the creator's own labels of the categories."""
    return _save("labels", lambda: appearance.relabel(request.form.to_dict(), by=guard.actor()))


@blueprint.get("/texts/<name>")
@allow("settings", "read")
def text(name: str) -> ResponseReturnValue:
    """One text of the bot, in one language."""
    return pages.show("panel/settings/text.html", **_text(name, _locale(request.args.get("locale"))))


@blueprint.post("/texts/<name>")
@allow("settings", "update")
@sudo
def save_text(name: str) -> ResponseReturnValue:
    """Saves one text of the bot in one language; an empty one goes back to how it comes."""
    locale = _locale(request.form.get("locale"))
    try:
        with transaction():
            texts.change(name, request.form.get("text", ""), locale, by=guard.actor())
    except Invalid as error:
        return pages.wrong(error, "panel/settings/_text.html", "panel/settings/text.html", **_text(name, locale))
    here = url_for("panel.settings.text", name=name, locale=locale)
    return pages.done(here, "panel/settings/_text.html", toast=_("Texto guardado."), **_text(name, locale))


@blueprint.post("/texts/<name>/preview")
@allow("settings", "read")
def preview(name: str) -> ResponseReturnValue:
    """How a text would look; writes nothing."""
    return pages.partial("panel/settings/_preview.html", **_seen(name, request.form.get("text", "")[:5000]))


def _save(form: str, deed: Callable[[], Any]) -> ResponseReturnValue:
    """One form of the page: saved, or shown again with what was typed and why not."""
    template = f"panel/settings/_{form}.html"
    try:
        with transaction():
            deed()
    except Invalid as error:
        return pages.wrong(error, template, "panel/settings/page.html", **{**_set(), "form": form})
    here = url_for("panel.settings.page", _anchor=form)
    return pages.done(here, template, toast=_("Ajustes guardados."), **_set())


def _typed(form: str) -> dict[str, str]:
    """The form's own fields; others that came along are left out."""
    return {name: request.form[name] for name in FORMS[form] if name in request.form}


def _set() -> dict[str, Any]:
    """What the page shows: the settings in force, and what there is to choose from."""
    return {
        "config": config.current(),
        "responsible": g.staff.is_responsible,
        "errors": {},
        "typed": {},
        "form": "",
        "zones": sorted(available_timezones()),
        "categories": list(ContentCategory),
        "chats": [
            *((one.user_id, one.full_name) for one in people.reachable_admins()),
            *((one.chat_id, one.title) for one in places.every()),
        ],
    } | _texts()


def _texts() -> dict[str, Any]:
    """The bot's texts by group, a reminder's own for each of its days after it; in which languages each was edited."""
    settings = config.current()
    days = {"ends_soon": settings.reminder_days, "come_back": settings.comeback_days}
    names = [one for name in texts.NAMES for one in (name, *(f"{name}_{day}" for day in days.get(name, ())))]
    found = {name: wording.find(name) for name in names}
    groups = [
        (group, [(name, one) for name, one in found.items() if one is not None and one.group == group])
        for group in wording.GROUPS
    ]
    edited = {name: [code for code in LOCALES if texts.is_edited(name, code)] for name in names}
    return {"groups": groups, "edited": edited}


def _text(name: str, locale: str) -> dict[str, Any]:
    editable = wording.find(name)
    if editable is None:
        raise NotFound(_("Ese texto no existe."))
    words = texts.words(name, locale)
    shown = {"name": name, "locale": locale, "editable": editable, "words": words, "errors": {}, "typed": {}}
    shown |= _seen(name, request.form.get("text") or words)
    return shown | {"edited": {code: texts.is_edited(name, code) for code in LOCALES}}


def _seen(name: str, words: str) -> dict[str, Any]:
    """A preview, or what is wrong with it."""
    try:
        return {"seen": texts.preview(name, words.replace("\r\n", "\n")), "fault": ""}
    except Invalid as error:
        return {"seen": "", "fault": error.fields.get("text", str(error))}


def _locale(code: str | None) -> str:
    return code if code in LOCALES else "es"
