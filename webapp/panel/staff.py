"""Equipo: who has an account; inviting, roles, suspending, letting go."""

import uuid
from collections.abc import Callable
from typing import Any

from flask import Blueprint, g, request, url_for
from flask.typing import ResponseReturnValue

from webapp.base.db import transaction
from webapp.base.errors import Invalid, all_fit
from webapp.base.i18n import _
from webapp.config import settings
from webapp.domain.staff import accounts, profile, second_factor, team
from webapp.domain.staff.models import StaffRole
from webapp.panel import guard, pages
from webapp.panel.guard import allow, sudo

blueprint = Blueprint("staff", __name__, url_prefix="/staff")
SIZES = (25, 50)


@blueprint.get("/")
@allow("staff", "read")
def page() -> ResponseReturnValue:
    """Everybody with an account, and the invitations that wait."""
    words, after, size = pages.words(), request.args.get("after"), pages.size(SIZES)
    state = request.args.get("state") if request.args.get("state") in team.STATES else None
    found = team.people(words, state, after=after, size=size)
    told: dict[str, Any] = {"found": found, "words": words, "size": size, "state": state, "invited": team.invited()}
    return pages.show("panel/staff/page.html", sessions=team.sessions_of([one.id for one in found.rows]), **told)


@blueprint.get("/invite")
@allow("staff", "create")
def new() -> ResponseReturnValue:
    """The form of an invitation."""
    return pages.show("panel/staff/invite.html", roles=team.roles_for(g.staff), errors={}, typed={})


@blueprint.post("/invite")
@allow("staff", "create")
@sudo
def invite() -> ResponseReturnValue:
    """Makes the link, and tells it: here, and nowhere again."""
    email = request.form.get("email", "").strip()
    try:
        role, _fits = all_fit(_role, lambda: accounts.refuse_taken(email))
        with transaction():
            token = accounts.invite(role, email=email or None, by=guard.actor())
    except Invalid as error:
        roles = team.roles_for(g.staff)
        return pages.wrong(error, "panel/staff/_invite.html", "panel/staff/invite.html", roles=roles)
    link = settings().public + url_for("panel.signin.invitation", token=token)
    return pages.told_once("panel/staff/_invited.html", "panel/staff/invited.html", link=link, role=role, email=email)


@blueprint.post("/invitations/<int:invitation_id>/withdraw")
@allow("staff", "create")
@sudo
def withdraw(invitation_id: int) -> ResponseReturnValue:
    """Makes an invitation worthless."""
    with transaction():
        team.withdraw_invitation(invitation_id, by=guard.actor())
    words = _("Invitación anulada: el enlace ya no sirve.")
    return pages.done(url_for(".page"), "panel/staff/_invited_list.html", toast=words, invited=team.invited())


@blueprint.get("/<uuid:staff_id>")
@allow("staff", "read")
def show(staff_id: uuid.UUID) -> ResponseReturnValue:
    """One account."""
    return pages.show("panel/staff/show.html", **_one(staff_id))


@blueprint.post("/<uuid:staff_id>/role")
@allow("staff", "update")
@sudo
def change_role(staff_id: uuid.UUID) -> ResponseReturnValue:
    """Another role; their sessions end."""
    try:
        role = _role()
        with transaction():
            team.change_role(staff_id, role, by=guard.actor())
    except Invalid as error:
        return pages.wrong(error, "panel/staff/_role.html", "panel/staff/show.html", **_one(staff_id))
    name = team.person(staff_id).full_name
    return _after(staff_id, _("%(name)s es ahora: %(role)s.", name=name, role=role.display_name))


@blueprint.post("/<uuid:staff_id>/suspend")
@allow("staff", "update")
@sudo
def suspend(staff_id: uuid.UUID) -> ResponseReturnValue:
    """Keeps somebody out; undone by letting them in again."""
    return _put_out(team.suspend, staff_id, _("Cuenta suspendida: sus sesiones se cerraron."))


@blueprint.post("/<uuid:staff_id>/reactivate")
@allow("staff", "update")
@sudo
def reactivate(staff_id: uuid.UUID) -> ResponseReturnValue:
    """Lets somebody in again."""
    with transaction():
        team.reactivate(staff_id, by=guard.actor())
    return _after(staff_id, _("Puede entrar otra vez."))


@blueprint.post("/<uuid:staff_id>/remove")
@allow("staff", "delete")
@sudo
def remove(staff_id: uuid.UUID) -> ResponseReturnValue:
    """Lets somebody go."""
    return _put_out(team.remove, staff_id, _("Ya no está en el equipo. Lo que hizo queda en la auditoría."))


@blueprint.post("/<uuid:staff_id>/second-factor/reset")
@allow("staff", "update")
@sudo
def reset_second_factor(staff_id: uuid.UUID) -> ResponseReturnValue:
    """Takes away the second step of somebody whose phone is lost."""
    with transaction():
        second_factor.reset(team.person(staff_id), by=guard.actor())
    return _after(staff_id, _("Sin segundo paso: lo pondrá de nuevo la próxima vez que entre."))


@blueprint.post("/<uuid:staff_id>/email")
@allow("staff", "update")
@sudo
def hand_over_email(staff_id: uuid.UUID) -> ResponseReturnValue:
    """The link that confirms somebody's other e-mail, for them: here, and nowhere again."""
    with transaction():
        code = profile.hand_over(staff_id, by=guard.actor())
    link = settings().public + url_for("panel.account.confirm_email", code=code)
    told = {"link": link, "person": team.person(staff_id)}
    return pages.told_once("panel/staff/_email_link.html", "panel/staff/email_link.html", **told)


def _one(staff_id: uuid.UUID) -> dict[str, Any]:
    """What the page of an account shows."""
    staff = team.person(staff_id)
    told: dict[str, Any] = {"person": staff, "sessions": team.sessions_of([staff_id]).get(staff_id, 0)}
    told |= {"roles": team.roles_for(g.staff), "touchable": team.may_change(g.staff, staff)}
    told |= {"waiting": profile.waiting_email(staff_id)}
    return told | {"errors": {}, "typed": {}}


def _role() -> StaffRole:
    found = next((role for role in StaffRole if role.value == request.form.get("role")), None)
    if found is None:
        raise Invalid(fields={"role": _("Elige un rol.")})
    return found


def _put_out(deed: Callable[..., bool], staff_id: uuid.UUID, toast: str) -> ResponseReturnValue:
    """Somebody is out by this deed; undone by letting them in again."""
    with transaction():
        changed = deed(staff_id, by=guard.actor())
    undo = url_for(".reactivate", staff_id=staff_id) if changed else ""
    return _after(staff_id, toast, undo=undo)


def _after(staff_id: uuid.UUID, toast: str, undo: str = "") -> ResponseReturnValue:
    return pages.done(url_for(".show", staff_id=staff_id), toast=toast, undo=undo)
