"""Auditoría: who did what to which thing, when and from where; the state of the chain; taking a deed back."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup, escape

from webapp.base import outbox
from webapp.base.db import transaction
from webapp.base.errors import Denied, NotFound
from webapp.base.i18n import _, day, lazy_gettext
from webapp.base.words import clean
from webapp.domain.audit import anchors, chain, rows, verifications
from webapp.domain.audit.models import AuditLog
from webapp.domain.audit.rows import Filter
from webapp.domain.insights import audit_values, audit_words, things, undoing
from webapp.domain.insights.things import Thing
from webapp.domain.staff import accounts
from webapp.panel import exports, guard, pages
from webapp.panel.guard import allow, sudo

blueprint = Blueprint("audit", __name__, url_prefix="/audit")
SIZES = (50, 100, 200)
DELICATE = ("staff", "settings")  # whose own pages ask again who somebody is
EVERYBODY = {
    "staff": lazy_gettext("Todo el equipo"),
    "user": lazy_gettext("Los miembros"),
    "system": lazy_gettext("El sistema"),
}
FOUND = {
    "edited": lazy_gettext("Alguien cambió lo que decía"),
    "inserted": lazy_gettext("Alguien la añadió después"),
    "reordered": lazy_gettext("Alguien la movió de lugar"),
    "removed": lazy_gettext("Alguien la quitó"),
    "truncated": lazy_gettext("Alguien cortó el final"),
    "anchor": lazy_gettext("No es lo que dice el ancla"),
    "stretch": lazy_gettext("El resumen del tramo no es el firmado"),
    "key": lazy_gettext("Falta la clave con que se selló"),
}
# Which page a thing has, what it asks for, and what the key is called there.
PAGES = {
    "user": ("panel.users.person", "users", "user_id"),
    "vip": ("panel.vip.show", "vip", "user_id"),
    "interest": ("panel.interests.show", "interests", "interest_id"),
    "package": ("panel.catalog.show", "packages", "package_id"),
    "plan": ("panel.plans.show", "vip", "plan_id"),
    "token": ("panel.tokens.show", "tokens", "token_id"),
    "import": ("panel.imports.show", "vip", "import_id"),
    "client": ("panel.clients.show", "client_management", "client_id"),
    "client-import": ("panel.client_imports.show", "client_management", "import_id"),
    "free": ("panel.users.person", "users", "user_id"),
    "staff": ("panel.staff.show", "staff", "staff_id"),
}


@dataclass(frozen=True)
class Line:
    """One row as the page shows it."""

    row: AuditLog
    words: Markup
    reason: str
    icon: str
    tone: str


@blueprint.get("/")
@allow("audit", "read")
def page() -> ResponseReturnValue:
    """The rows, by what the address asks: who, action, thing, id, from, until, q, denied, request, size, after."""
    wanted, size = _wanted(), pages.size(SIZES)
    found = rows.search(wanted, after=request.args.get("after"), size=size)
    by_day = groupby(_lines(found.rows), lambda line: day(line.row.at, pages.zone()))
    told: dict[str, Any] = {"found": found, "days": [(when, list(lines)) for when, lines in by_day]}
    told |= {"size": size, "wanted": wanted}
    return pages.show("panel/audit/page.html", **told, **_choices(wanted), **_state())


@blueprint.post("/export/<sheet>")
@allow("audit", "read")
@sudo
def export(sheet: str) -> ResponseReturnValue:
    """All rows as a file, filtered as the address says."""
    return exports.give("audit", sheet, _wanted())


@blueprint.get("/<int:row_id>")
@allow("audit", "read")
def show(row_id: int) -> ResponseReturnValue:
    """One row: old and new side by side, where it came from, and all else of its request."""
    return pages.show("panel/audit/show.html", **_told(_row(row_id)))


@blueprint.post("/<int:row_id>/undo")
@allow("audit", "read")
@sudo(when=lambda: _is_delicate())
def undo(row_id: int) -> ResponseReturnValue:
    """Takes back what a row tells, by whoever may do that deed."""
    row = _row(row_id)
    found = undoing.inverse(row)
    if found is not None and not found.is_open_to(guard.held()):
        raise Denied(_("Tu cuenta no tiene permiso para esto."))
    with transaction():
        undoing.undo(_row(row_id), by=guard.actor())
    return pages.done(url_for(".show", row_id=row_id), toast=_("Deshecho: está como antes."))


@blueprint.post("/verify")
@allow("audit", "update")
def verify() -> ResponseReturnValue:
    """Asks the worker to walk over the whole chain."""
    with transaction():
        verifications.ask(by=guard.actor())
        outbox.wake()
    return pages.done(url_for(".page"), "panel/audit/_chain.html", **_state())


@blueprint.get("/chain")
@allow("audit", "read")
def standing() -> ResponseReturnValue:
    """The state of the chain: what the page asks while a verification is under way."""
    return pages.partial("panel/audit/_chain.html", **_state())


def _row(row_id: int) -> AuditLog:
    """Raises NotFound."""
    row = rows.get_row(row_id)
    if row is None:
        raise NotFound(_("Esa anotación no existe, o ya se borró por antigua."))
    return row


def _is_delicate() -> bool:
    """Whether what would be taken back asks by itself who somebody is."""
    found = undoing.inverse(_row((request.view_args or {})["row_id"]))
    return found is not None and (found.whole or found.section in DELICATE)


def _lines(found: Any) -> list[Line]:
    known = things.names(found)
    return [_line(row, known.get((row.resource_type, row.resource_id))) for row in found]


def _line(row: AuditLog, thing: Thing | None) -> Line:
    refused = row.action in rows.DENIED
    icons = {"create": "plus", "update": "pencil", "delete": "trash", "login": "key", "logout": "logout"}
    icons |= {"export": "download", "read": "eye", "prune": "archive", "denied": "ban", "login_failed": "ban"}
    icons |= {"login_begun": "key", "sudo": "key", "sudo_failed": "ban", "code_failed": "ban", "second_factor": "key"}
    words, reason = _sentence(row, thing), audit_words.reason(row)
    return Line(row, words, reason, icons.get(row.action, "activity"), "red" if refused else "")


def _sentence(row: AuditLog, thing: Thing | None) -> Markup:
    """What happened, as a sentence; the thing leads to its page."""
    words, values = audit_words.words(row, thing)
    shown, url = Markup("<bdi>{}</bdi>").format(audit_words.name(row, thing)), _url(thing)
    parts = {
        "who": Markup("<b><bdi>{}</bdi></b>").format(audit_words.who(row)),
        "thing": Markup('<a href="{}">{}</a>').format(url, shown) if url else shown,
        "kind": escape(audit_words.kind(row)),
    }
    return Markup(escape(words)) % {**parts, **{key: escape(value) for key, value in values.items()}}  # noqa: S704


def _url(thing: Thing | None) -> str:
    """The address of a thing's page; nothing for one without, or for whom it is not open."""
    if thing is None or thing.page not in PAGES:
        return ""
    endpoint, section, key = PAGES[thing.page]
    return url_for(endpoint, **{key: thing.key}) if guard.allowed(section) and pages.has_page(endpoint) else ""


def _told(row: AuditLog) -> dict[str, Any]:
    """What the page of one row shows."""
    beside = rows.of_request(row)
    known = things.names([row, *beside])
    found = undoing.inverse(row)
    undone = rows.undone_by(row) if found is not None else None
    thing = known.get((row.resource_type, row.resource_id))
    may = found is not None and found.is_open_to(guard.held())
    return {
        "line": _line(row, thing),
        "row": row,
        "thing_url": _url(thing),
        "kind": audit_words.kind(row),
        "changes": audit_values.changes(row, pages.zone()),
        "beside": [_line(one, known.get((one.resource_type, one.resource_id))) for one in beside],
        "undone": undone,
        "undoes": pages.number((row.additional_data or {}).get("undoes")),
        "may_undo": may and undone is None,
        "more": (row.additional_data or {}).get("more"),
        "who": audit_words.who(row),
    }


def _wanted() -> Filter:
    """The filters of the address; what makes no sense counts as not there."""
    told = {name: clean(value)[:100] for name, value in request.args.to_dict().items()}
    kind, _sign, key = told.get("who", "").partition(":")
    kind = kind if kind in EVERYBODY else ""
    thing = told.get("thing", "") if told.get("thing", "") in audit_words.KINDS else ""
    action = told.get("action", "") if told.get("action", "") in audit_words.ACTIONS else ""
    return Filter(
        actor_type=kind,
        actor_id=key[:64] if kind else "",
        action=action,
        resource=thing,
        resource_id=told.get("id", "")[:64] if thing else "",
        since=_day(told.get("from")),
        until=_day(told.get("until"), timedelta(days=1)),
        words=told.get("q", ""),
        request=told.get("request", "")[:64],
        denied=told.get("denied") == "1",
    )


def _day(text: str | None, more: timedelta = timedelta(0)) -> datetime | None:
    """The begin of a day of the creator's calendar, or of the day after it."""
    try:
        said = date.fromisoformat(text or "")
    except ValueError:
        return None
    if not 2000 <= said.year <= 2200:
        return None
    return datetime.combine(said + more, time(), ZoneInfo(pages.zone()))


def _choices(wanted: Filter) -> dict[str, Any]:
    """What the filters offer."""
    people = [(f"staff:{one.id}", one.full_name) for one in accounts.everybody()]
    who = f"{wanted.actor_type}:{wanted.actor_id}" if wanted.actor_id else wanted.actor_type
    if wanted.actor_id and who not in dict(people):
        people.append((who, _named(wanted)))
    return {
        "who": who,
        "people": [("", _("Cualquiera")), *((key, str(words)) for key, words in EVERYBODY.items()), *people],
        "actions": [("", _("Cualquier acción")), *((key, str(words)) for key, words in audit_words.ACTIONS.items())],
        "kinds": [("", _("Cualquier cosa")), *((key, str(words)) for key, words in audit_words.KINDS.items())],
        "short": bool(wanted.words) and not rows.is_searchable(wanted.words),
        "filtered": wanted != Filter(),
    }


def _named(wanted: Filter) -> str:
    """Whoever the rows are of, by the name that the last of them tells."""
    found = rows.search(Filter(actor_type=wanted.actor_type, actor_id=wanted.actor_id), size=1).rows
    return audit_words.who(found[0]) if found else wanted.actor_id


def _state() -> dict[str, Any]:
    """The state of the chain."""
    waiting, since = chain.unsealed()
    last = verifications.latest()
    found = [(str(FOUND.get(one["kind"], one["kind"])), one) for one in (last.findings if last else [])]
    chosen = pages.settings().audit_chat_id
    told = {"head": chain.head(), "waiting": waiting, "since": since, "anchor": anchors.latest(), "chosen": chosen}
    return {"chain": told, "last": last, "findings": found}
