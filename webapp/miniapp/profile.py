"""The visitor's own page: name, language, time zone, where they are signed in."""

import uuid
from dataclasses import replace

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.base.db import transaction
from webapp.base.errors import Invalid
from webapp.base.i18n import LOCALES, _, locale_now
from webapp.base.web import is_htmx
from webapp.base.zones import name_of, search
from webapp.domain.channels import reminders
from webapp.domain.sessions import devices
from webapp.domain.users import people
from webapp.domain.users.models import UserRole
from webapp.miniapp.visitor import actor, arguments, person, visitor


def routes(pages: Blueprint) -> None:
    """What can be asked here."""
    pages.get("/profile")(profile)
    pages.post("/profile/locale")(choose_locale)
    pages.get("/profile/zones")(zones)
    pages.post("/profile/zone")(choose_zone)
    pages.post("/profile/sessions/revoke-others")(revoke_others)
    pages.post("/profile/sessions/<uuid:session_id>/revoke")(revoke)


def profile() -> str:
    """Name, language, time zone, sessions."""
    sessions, zone = devices.of(user_id=visitor().user_id), visitor().own_zone or visitor().time_zone
    told = {"sessions": sessions, "zone": zone, "zone_name": name_of(zone, locale_now())}
    return render_template("miniapp/profile/page.html", visitor=visitor(), **told)


def choose_locale() -> ResponseReturnValue:
    """Another language, at once. Raises Invalid for one that we do not speak."""
    wanted = request.form.get("locale", "")
    if wanted not in LOCALES:
        raise Invalid(fields={"locale": _("No hablamos ese idioma todavía.")})
    with transaction():
        people.choose_locale(person(), wanted, by=actor())
    g.locale = wanted
    return _answer("locale", render_template("miniapp/_reworded.html"))


def zones() -> str:
    """The time zones that are looked for."""
    words = arguments().get("q", "")
    return render_template("miniapp/profile/_zones.html", found=search(words, locale_now()), words=words)


def choose_zone() -> ResponseReturnValue:
    """Another time zone; what is said at its hours is planned anew. Raises Invalid for one that is none."""
    wanted = request.form.get("time_zone", "")
    with transaction():
        reminders.move(person(), wanted, by=actor())
    shown = visitor().time_zone if visitor().role is UserRole.ADMIN else wanted
    g.visitor = replace(visitor(), own_zone=wanted, time_zone=shown)
    return _answer("zone")


def revoke(session_id: uuid.UUID) -> ResponseReturnValue:
    """Ends one of the visitor's sessions. Raises NotFound for somebody else's."""
    with transaction():
        devices.revoke(session_id, by=actor(), user_id=visitor().user_id)
    return _answer("revoked")


def revoke_others() -> ResponseReturnValue:
    """Ends every session of the visitor but this one."""
    with transaction():
        devices.revoke_all(by=actor(), user_id=visitor().user_id, but=visitor().session)
    return _answer("revoked")


def _answer(done: str, more: str = "") -> ResponseReturnValue:
    if not is_htmx():
        return redirect(url_for("miniapp.profile"), 303)
    answer = make_response(profile() + more)
    answer.headers["HX-Trigger"] = done
    return answer
