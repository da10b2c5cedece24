"""How the panel answers: whole pages in their frame, partials after a deed, refusals where the person is looking."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from flask import Response, current_app, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from webapp.base.crypto import sign, unsign
from webapp.base.errors import Invalid, Refused, TooMany
from webapp.base.i18n import lazy_gettext
from webapp.base.web import is_htmx, request_id
from webapp.base.words import clean
from webapp.domain.catalog import interests
from webapp.domain.settings import config
from webapp.domain.settings.models import BotConfig
from webapp.panel import denials, guard

TOAST = "vitrina_toast"
# Fields of forms that are never shown back; scripts keep none either (`data-secret`). `q`: a CPF that is looked for.
SECRET = frozenset({"token", "password", "code", "codes", "old", "new", "totp", "cpf", "q", "held", "init_data"})
MOST_KEPT = 4000


@dataclass(frozen=True)
class Place:
    """One entry of the side navigation."""

    section: str
    label: Any
    icon: str
    endpoint: str
    group: Any = ""
    badge: int | None = None


_CHANNELS, _CREATOR = lazy_gettext("Canales"), lazy_gettext("Tu vitrina")
PLACES = (
    Place("home", lazy_gettext("Inicio"), "layout-dashboard", "panel.home.page"),
    Place("interests", lazy_gettext("Intereses"), "heart", "panel.interests.page"),
    Place("packages", lazy_gettext("Paquetes"), "package", "panel.catalog.page"),
    Place("users", lazy_gettext("Usuarios"), "users", "panel.users.page"),
    Place("client_management", lazy_gettext("Clientes"), "receipt", "panel.clients.page"),
    Place("vip", lazy_gettext("Suscriptores"), "crown", "panel.vip.page", _CHANNELS),
    Place("free_channel", lazy_gettext("Solicitudes"), "door-enter", "panel.free.page", _CHANNELS),
    Place("vip", lazy_gettext("Planes"), "tag", "panel.plans.page", _CHANNELS),
    Place("tokens", lazy_gettext("Tokens"), "ticket", "panel.tokens.page", _CHANNELS),
    Place("vip", lazy_gettext("Diferencias"), "refresh", "panel.differences.page", _CHANNELS),
    Place("reports_analysis", lazy_gettext("Estadísticas"), "chart-line", "panel.stats.page", _CREATOR),
    Place("audit", lazy_gettext("Auditoría"), "history", "panel.audit.page", _CREATOR),
    Place("settings", lazy_gettext("Ajustes de canales"), "speakerphone", "panel.channels.page", _CREATOR),
    Place("staff", lazy_gettext("Equipo"), "id-badge", "panel.staff.page", _CREATOR),
    Place("settings", lazy_gettext("Ajustes"), "settings", "panel.settings.page", _CREATOR),
)


def show(template: str, *, status: int = 200, **context: Any) -> Response:
    """A whole page in the panel's frame: navigation, who is signed in, and the toast that a form left behind."""
    toast = _left_toast()
    html = render_template(template, frame=_frame(), toast=toast, **context)
    answer = make_response(html, status)
    if TOAST in request.cookies:
        answer.delete_cookie(TOAST, path="/panel")
    return answer


def partial(template: str, *, status: int = 200, **context: Any) -> Response:
    """A fragment for htmx."""
    return make_response(render_template(template, **context), status)


def done(
    to: str, template: str = "", *, toast: str = "", link: str = "", undo: str = "", **context: Any
) -> ResponseReturnValue:
    """The answer to a deed. htmx gets the partial `template` (without one, sent to `to`), a plain form a 303 to `to`.

    `toast` says what happened, with a `link` to the thing, or with what to post to in order to `undo` it.
    """
    words = {"text": toast, "link": link, "undo": undo} if toast else None
    if is_htmx() and template:
        answer = partial(template, **context)
        if words:
            answer.headers["HX-Trigger"] = json.dumps({"toast": words})
        return answer
    answer = Response(status=200, headers={"HX-Redirect": to}) if is_htmx() else make_response(redirect(to, 303))
    if words:
        answer.set_cookie(TOAST, sign(words, "toast"), max_age=60, path="/panel", httponly=True, samesite="Lax")
    return answer


def told_once(template: str, page: str, **context: Any) -> Response:
    """An answer that tells a secret, here and nowhere again: `template` for htmx, `page` for a plain browser, and for
    nobody's cache."""
    answer = partial(template, **context) if is_htmx() else show(page, **context)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def wrong(error: Invalid, template: str, page: str, **context: Any) -> Response:
    """A form that did not fit, with what was typed: its partial for htmx, its whole page for a plain browser; 422."""
    context |= {"errors": error.fields, "typed": request.form}
    return partial(template, status=422, **context) if is_htmx() else show(page, status=422, **context)


def refuse(error: Refused) -> Response:
    """The answer to a refusal: a toast for htmx, a page otherwise."""
    code = request_id()
    denials.note(error)
    if is_htmx():
        answer = Response(status=error.status, headers={"HX-Reswap": "none"})
        words = {"text": str(error), "kind": "danger", "code": code}
        answer.headers["HX-Trigger"] = json.dumps({"toast": words})
    elif g.get("staff") is not None:
        told = {"message": str(error), "code": code, "picture": _picture(error), "typed": _typed()}
        answer = show("panel/refused.html", status=error.status, **told)
    else:
        html = render_template("panel/signin/refused.html", message=str(error), code=code)
        answer = make_response(html, error.status)
    if isinstance(error, TooMany):
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer


def refuse_unrouted(error: Refused) -> Response:
    """The answer to what no view of the panel took, in the frame of whoever is signed in."""
    if "staff" not in g:
        guard.meet()
    return refuse(error)


def url_with(**changes: Any) -> str:
    """This list's address with some of its query changed (None takes one out); the cursor goes: it no longer fits."""
    wanted = {**request.args.to_dict(), "after": None, **changes}
    query = urlencode({name: value for name, value in wanted.items() if value not in (None, "")})
    return f"{request.path}?{query}" if query else request.path


def size(sizes: Sequence[int]) -> int:
    """How many rows a page of this list has: what the address asks, when it is among `sizes`; else the first."""
    asked = request.args.get("size", "")
    return int(asked) if asked in map(str, sizes) else sizes[0]


def words(asked: Mapping[str, str] | None = None) -> str:
    """What a list is searched for, as the address says, or the form that was `asked` with: one line without control
    characters, at most 100 long."""
    return clean((request.args if asked is None else asked).get("q", ""))[:100]


def number(text: str | None) -> int | None:
    """A whole number as an address or a form gives it, such as a column holds; None for what is none."""
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def has_page(endpoint: str) -> bool:
    """Whether this panel has such a page."""
    return endpoint in current_app.view_functions


def settings() -> BotConfig:
    """The creator's settings, asked for once a request."""
    if "config" not in g:
        g.config = config.current()
    found: BotConfig = g.config
    return found


def zone() -> str:
    """The time zone in which the panel shows every moment: the reader's own if they chose one, else the creator's."""
    staff = g.get("staff")
    return str(staff.time_zone) if staff is not None and staff.time_zone else creator_zone()


def creator_zone() -> str:
    """The creator's time zone, whose days the figures count."""
    return str(settings().time_zone)


def _typed() -> list[str]:
    """What somebody wrote into the form of ours that is refused now, for them to copy: phrases, and no secrets."""
    if not g.get("from_our_form"):
        return []
    try:
        written = [(name, text.strip()) for name, text in request.form.items(multi=True)]
    except HTTPException:  # a form too large to be read is refused for just that
        return []
    return [text[:MOST_KEPT] for name, text in written if " " in text and name not in SECRET]


def _picture(error: Refused) -> str:
    return {403: "lock", 404: "search"}.get(error.status, "alert-triangle")


def _frame() -> dict[str, Any]:
    """What the frame shows: places this person may see, with how much waits in each, and whose panel it is."""
    waiting = 0
    if guard.allowed("interests"):
        waiting = g.waiting if "waiting" in g else interests.waiting()[0]
    places = [
        replace(place, endpoint=url_for(place.endpoint), badge=waiting if place.section == "interests" else None)
        for place in PLACES
        if guard.allowed(place.section) and place.endpoint in current_app.view_functions
    ]
    groups = [(group, list(some)) for group, some in groupby(places, key=lambda place: place.group)]
    held = settings()  # while the page is drawn, so that nothing in it asks for the row again
    return {"groups": groups, "creator": held.creator_name, "settings": held}


def _left_toast() -> dict[str, str] | None:
    try:
        return dict(unsign(request.cookies.get(TOAST, ""), "toast", 60))
    except ValueError:
        return None
