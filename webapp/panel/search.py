"""Search everywhere: one box for people, packages and interests, each only for who may see them."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from webapp.base.i18n import _
from webapp.domain.insights import findings
from webapp.panel import guard, pages
from webapp.panel.guard import allow

blueprint = Blueprint("search", __name__, url_prefix="/search")


@dataclass(frozen=True)
class Group:
    """What was found of one kind: (name, a word about it, where it is, key of its avatar or None)."""

    label: str
    icon: str
    rows: list[tuple[str, str, str, Any]]


@blueprint.get("/")
@allow("home", "read")
def page() -> ResponseReturnValue:
    """The palette shows this page's results; without scripts it is a page of its own."""
    q = " ".join(request.args.get("q", "")[:100].replace("\0", "").split())
    groups = [group for group in (_people(q), _packages(q), _interests(q)) if group and group.rows] if q else []
    return pages.show("panel/search/page.html", q=q, groups=groups)


def _people(q: str) -> Group | None:
    if not guard.allowed("users"):
        return None
    rows = [
        (
            user.full_name,
            f"@{user.username}" if user.username else str(user.user_id),
            _person(user.user_id),
            user.user_id,
        )
        for user in findings.people_like(q)
    ]
    return Group(_("Usuarios"), "users", rows)


def _packages(q: str) -> Group | None:
    if not guard.allowed("packages") or not pages.has_page("panel.catalog.edit"):
        return None
    rows = [
        (package.name, "" if package.is_active else _("Sin publicar"), _package(package.id), None)
        for package in findings.packages_like(q)
    ]
    return Group(_("Paquetes"), "package", rows)


def _interests(q: str) -> Group | None:
    if not guard.allowed("interests"):
        return None
    rows = [
        (
            interest.user.full_name,
            interest.package.name if interest.package else _("Suscripción VIP"),
            _interest(interest.id),
            interest.user_id,
        )
        for interest in findings.interests_like(q)
    ]
    return Group(_("Intereses por atender"), "heart", rows)


def _person(user_id: int) -> str:
    return url_for("panel.users.person", user_id=user_id)


def _interest(interest_id: int) -> str:
    return url_for("panel.interests.show", interest_id=interest_id)


def _package(package_id: int) -> str:
    return url_for("panel.catalog.edit", package_id=package_id)
