"""Permisos: who may what, as a table of people and sections; one person's rights; a job's rights for several."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, g, request, url_for
from flask.typing import ResponseReturnValue

from webapp.base.db import transaction
from webapp.base.errors import Invalid, all_fit
from webapp.base.i18n import _, ngettext
from webapp.domain.staff import permissions, rights
from webapp.domain.staff.models import StaffRole, StaffUser, UserAgentPermission
from webapp.domain.staff.rights import ACTS, Grant
from webapp.panel import guard, pages, telling
from webapp.panel.guard import allow, sudo

blueprint = Blueprint("rights", __name__, url_prefix="/staff/rights")
SIZES, MOST = (25, 50), 100


@blueprint.get("/")
@allow("staff", "read")
def page() -> ResponseReturnValue:
    """People and sections, and what ends soon."""
    words, after, size = pages.words(), request.args.get("after"), pages.size(SIZES)
    found = permissions.colleagues(words, after=after, size=size)
    held = permissions.of_many([one.id for one in found.rows])
    told: dict[str, Any] = _named() | {"found": found, "held": held, "ending": _ending(), "words": words}
    told |= {"size": size}
    shown = {name: label for name, label in rights.GRANTABLE.items() if _is_shown(name, held.values())}
    return pages.show("panel/rights/page.html", **told, shown=shown)


@blueprint.get("/<uuid:staff_id>")
@allow("staff", "read")
def show(staff_id: uuid.UUID) -> ResponseReturnValue:
    """What one person may, in words and as a form."""
    return pages.show("panel/rights/show.html", **_one(staff_id))


@blueprint.post("/<uuid:staff_id>")
@allow("staff", "update")
@sudo
def save(staff_id: uuid.UUID) -> ResponseReturnValue:
    """Gives and takes, section by section; what would be lost is told first."""
    try:
        wanted, agreed = _wanted(), request.form.get("sure", "").split()
        with transaction():
            seen = request.form.get("seen")
            changed = permissions.grant(staff_id, wanted, giver=g.staff, by=guard.actor(), agreed=agreed, seen=seen)
    except Invalid as error:
        lost = error.lost if isinstance(error, permissions.Loss) else {}
        return pages.wrong(error, "panel/rights/_form.html", "panel/rights/show.html", **_one(staff_id, lost=lost))
    told = ngettext("Permisos guardados: %(n)s sección.", "Permisos guardados: %(n)s secciones.", changed, n=changed)
    return pages.done(url_for(".show", staff_id=staff_id), toast=told)


@blueprint.get("/many")
@allow("staff", "update")
def many() -> ResponseReturnValue:
    """Who was chosen, and which job's rights they get."""
    return pages.show("panel/rights/many.html", **_chosen(request.args.getlist("ids")), errors={}, typed={})


@blueprint.post("/many")
@allow("staff", "update")
@sudo
def give_many() -> ResponseReturnValue:
    """Adds a job's rights to all of them, or to none."""
    told = _chosen(request.form.getlist("ids"))
    try:
        template, until = all_fit(_template, lambda: telling.day_end(request.form.get("until", ""), "until"))
        wanted = {section: Grant(frozenset(acts), until) for section, acts in template.sections.items()}
        with transaction():
            for person in told["people"]:
                permissions.add(person.id, wanted, giver=g.staff, by=guard.actor())
    except Invalid as error:
        if any(name.startswith("until-") for name in error.fields):
            error.fields["until"] = next(text for name, text in error.fields.items() if name.startswith("until-"))
        return pages.wrong(error, "panel/rights/_many.html", "panel/rights/many.html", **told)
    number = len(told["people"])
    words = ngettext(
        "%(n)s persona tiene ahora estos permisos.", "%(n)s personas tienen ahora estos permisos.", number, n=number
    )
    return pages.done(url_for(".page"), toast=words)


def _is_shown(section: str, held: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the table has this section: what leads to no page yet only while somebody on it has a right there."""
    return section not in rights.COMING or any(section in theirs for theirs in held)


def _ending() -> list[tuple[str, list[UserAgentPermission]]]:
    """(whose, their rights that end soon), the next one first."""
    found: dict[uuid.UUID, tuple[str, list[UserAgentPermission]]] = {}
    for right, name in permissions.expiring():
        found.setdefault(right.user_id, (name, []))[1].append(right)
    return list(found.values())[:6]


def _one(staff_id: uuid.UUID, lost: Mapping[str, frozenset[str]] | None = None) -> dict[str, Any]:
    person = permissions.colleague(staff_id)
    rows = {row.agent_name: row for row in permissions.of(staff_id)}
    mine, theirs = guard.held(), rights.of(person)
    fixed = {name for name in rights.GRANTABLE if not theirs.acts(name) <= mine.acts(name) or not mine.acts(name)}
    may_change = guard.allowed("staff", "update") and person.id != g.staff.id and person.role is StaffRole.USER
    told: dict[str, Any] = {"person": person, "rows": rows, "mine": mine, "theirs": theirs, "fixed": fixed}
    told |= {"lost": lost or {}, "sure": " ".join(sorted(permissions.named_losses(lost or {})))}
    told |= {"may_change": may_change, "givers": permissions.givers(rows.values())}
    return told | {"errors": {}, "typed": None, "seen": permissions.standing(staff_id)} | _named()


def _wanted() -> dict[str, Grant]:
    """What the form asks for each section that it could change. Raises Invalid for days that are none."""
    ends: list[datetime | None] = all_fit(*[_until(section) for section in rights.GRANTABLE])
    asked = set(request.form.getlist("sections"))
    return {
        section: Grant(frozenset(request.form.getlist(section)) & frozenset(ACTS), end)
        for section, end in zip(rights.GRANTABLE, ends, strict=True)
        if section in asked
    }


def _until(section: str) -> Any:
    name = f"until-{section}"
    return lambda: telling.day_end(request.form.get(name, ""), name)


def _chosen(ids: list[str]) -> dict[str, Any]:
    found = [one for text in ids[:MOST] if (one := _uuid(text)) is not None]
    people: list[StaffUser] = permissions.colleagues_named(found)
    if not people:
        raise Invalid(_("Elige a alguien primero."))
    return {"people": people, "ids": [str(one.id) for one in people], **_named()}


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _template() -> permissions.Template:
    found = permissions.TEMPLATES.get(request.form.get("template", ""))
    if found is None:
        raise Invalid(fields={"template": _("Elige un trabajo.")})
    return found


def _named() -> dict[str, Any]:
    told: dict[str, Any] = {"sections": rights.GRANTABLE, "acts": rights.ACT_NAMES, "templates": permissions.TEMPLATES}
    return told | {"coming": rights.COMING, "also": rights.ALSO}
