"""Search everywhere: one box for people, clients, packages and interests, each only for who may see them.

The box posts what is typed, since it may be a CPF or the begin of one; words alone have an address.
"""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from webapp.base.i18n import _
from webapp.base.web import is_htmx
from webapp.domain.clients import cpf
from webapp.domain.clients.models import Client
from webapp.domain.insights import findings
from webapp.panel import clients, guard, pages
from webapp.panel.guard import allow

blueprint = Blueprint("search", __name__, url_prefix="/search")
PAGE = "panel/search/page.html"


@dataclass(frozen=True)
class Group:
    """What was found of one kind: (name, a word about it, where it is, key of its avatar or None)."""

    label: str
    icon: str
    rows: list[tuple[str, str, str, Any]]


@blueprint.get("/")
@allow("home", "read")
def page() -> ResponseReturnValue:
    """What these words find, with an address. A CPF in one finds nobody, and is not said again."""
    q = _words(request.args.get("q", ""))
    return _shown("" if cpf.hidden(q) != q else q)


@blueprint.post("/")
@allow("home", "read")
def search() -> ResponseReturnValue:
    """What was typed: at once for the palette, and for what may be a CPF; words without scripts go to their address."""
    q = _words(request.form.get("q", ""))
    return _shown(q) if is_htmx() or cpf.may_be(q) else redirect(url_for(".page", q=q), 303)


def _shown(q: str) -> ResponseReturnValue:
    told = (_people(q), _clients(q), _packages(q), _interests(q)) if q else ()
    found: dict[str, Any] = {"q": q, "groups": [group for group in told if group and group.rows]}
    return pages.partial("panel/search/_found.html", **found) if is_htmx() else pages.show(PAGE, **found)


def _words(typed: str) -> str:
    return " ".join(typed[:100].replace("\0", "").split())


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


def _clients(q: str) -> Group | None:
    """By name or e-mail; by a CPF that is whole, as in their own list, where what nobody has is counted."""
    if not guard.allowed("client_management"):
        return None
    try:
        found = clients.with_cpf(cpf.read(q)) if cpf.may_be(q) else findings.clients_like(q)
    except ValueError:
        found = []
    rows = [(client.name, _about(client), _client(client), client.search_key) for client in found]
    return Group(_("Clientes"), "receipt", rows)


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


def _client(client: Client) -> str:
    return url_for("panel.clients.show", client_id=client.id)


def _about(client: Client) -> str:
    return client.email or client.masked_cpf if client.is_active else _("Borrado")


def _package(package_id: int) -> str:
    return url_for("panel.catalog.edit", package_id=package_id)
