"""Usuarios: the list, and one page that tells a person's whole story."""

from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from webapp.base.db import transaction
from webapp.base.errors import Invalid
from webapp.base.i18n import _
from webapp.domain.channels import standing, subscriptions
from webapp.domain.clients import lists as clients
from webapp.domain.insights import stories
from webapp.domain.insights.people_listings import PeopleFilter
from webapp.domain.users import people
from webapp.domain.users.models import Reach, User, UserRole
from webapp.panel import exports, guard, pages
from webapp.panel.guard import allow, sudo

blueprint = Blueprint("users", __name__, url_prefix="/users")
SORTS = ("-created", "created", "-seen", "seen")
SIZES = (25, 50, 100)


@blueprint.get("/")
@allow("users", "read")
def page() -> ResponseReturnValue:
    """Everybody, by what the address asks: q, role, reach, blocked, sort, size, after."""
    q, sort, wanted = _wanted()
    shown: dict[str, Any] = {"sort": sort, "size": pages.size(SIZES)}
    found = people.search(q, **wanted, **shown, after=request.args.get("after"))
    count = people.count_found(q, **wanted)
    return pages.show("panel/users/list.html", found=found, count=count, q=q, **wanted, **shown)


@blueprint.post("/export/<sheet>")
@allow("users", "read")
@sudo
def export(sheet: str) -> ResponseReturnValue:
    """The whole list as a file, filtered and sorted as its address says."""
    q, sort, wanted = _wanted()
    return exports.give("users", sheet, PeopleFilter(q, sort=sort, **wanted))


@blueprint.get("/<int:user_id>")
@allow("users", "read")
def person(user_id: int) -> ResponseReturnValue:
    """The whole story of one person."""
    return pages.show("panel/users/page.html", **_told(people.get_user(user_id)))


@blueprint.post("/<int:user_id>/role")
@allow("users", "update")
@sudo(when=lambda: _is_of_the_desk())
def change_role(user_id: int) -> ResponseReturnValue:
    """A role set by hand, with a reason."""
    user = people.get_user(user_id)
    reason = request.form.get("reason", "")
    try:
        role = _role()
        with transaction():
            standing.set_role(people.get_user(user_id), role, by=guard.actor(), reason=reason)
    except Invalid as error:
        return _wrong(error, "role", user)
    words = _("%(name)s es ahora: %(role)s.", name=user.full_name, role=role.display_name)
    return pages.done(_of(user_id), toast=words)


@blueprint.post("/<int:user_id>/block")
@allow("users", "update")
def block(user_id: int) -> ResponseReturnValue:
    """Keeps somebody out, with a reason."""
    user = people.get_user(user_id)
    try:
        with transaction():
            people.block(people.get_user(user_id), by=guard.actor(), reason=request.form.get("reason", ""))
    except Invalid as error:
        return _wrong(error, "block", user)
    return pages.done(_of(user_id), toast=_("%(name)s ya no puede entrar.", name=user.full_name))


@blueprint.post("/<int:user_id>/unblock")
@allow("users", "update")
def unblock(user_id: int) -> ResponseReturnValue:
    """Lets somebody in again."""
    with transaction():
        user = people.get_user(user_id)
        people.unblock(user, by=guard.actor())
    return pages.done(_of(user_id), toast=_("%(name)s puede entrar otra vez.", name=user.full_name))


def _wanted() -> tuple[str, str, dict[str, Any]]:
    """(words, sort, filters) of the address; what makes no sense counts as not there."""
    told = request.args
    wanted = {
        "role": _one_of(UserRole, told.get("role")),
        "reach": _one_of(Reach, told.get("reach")),
        "blocked": told.get("blocked") == "1",
    }
    sort = told.get("sort", SORTS[0])
    return pages.words(), sort if sort in SORTS else SORTS[0], wanted


def _is_of_the_desk() -> bool:
    """Whether the change makes an admin of the bot, or takes one away."""
    user_id = (request.view_args or {})["user_id"]
    return request.form.get("role") == UserRole.ADMIN.value or people.get_user(user_id).is_admin


def _role() -> UserRole:
    role: UserRole | None = _one_of(UserRole, request.form.get("role"))
    if role is None:
        raise Invalid(fields={"role": _("Elige un rol.")})
    return role


def _wrong(error: Invalid, form: str, user: User) -> ResponseReturnValue:
    context = {**_told(user), "opened": form}
    return pages.wrong(error, f"panel/users/_{form}.html", "panel/users/page.html", **context)


def _told(user: User) -> dict[str, Any]:
    """What the page of a person shows."""
    told = {
        "user": user,
        "story": stories.story(user),
        "choices": standing.choices(user) if guard.held().everything else [],
        "errors": {},
        "typed": {},
        "opened": "",
    }
    told |= {"clients": clients.of_member(user.user_id) if guard.allowed("client_management") else []}
    return told | {"subscriber": subscriptions.of(user.user_id) if guard.allowed("vip") else None}


def _of(user_id: int) -> str:
    return url_for("panel.users.person", user_id=user_id)


def _one_of(kind: Any, value: str | None) -> Any:
    """The enum's member with this value, or None."""
    return next((member for member in kind if member.value == value), None)
