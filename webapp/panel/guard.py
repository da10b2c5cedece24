"""Who gets in, and to what. Every route says what right it needs; one that says nothing lets nobody in.

The session's token lies in a cookie that no script reads. Posts must come from our own pages (Origin or Sec-Fetch-Site)
and, once signed in, carry a token bound to the session (HMAC of its id), which lives as long as the session does.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import structlog
from flask import Response, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from webapp.base.crypto import keyed_hash
from webapp.base.errors import Denied
from webapp.base.i18n import _
from webapp.base.web import client_ip, is_htmx, request_id
from webapp.config import settings
from webapp.domain.audit.actors import Actor
from webapp.domain.sessions import devices
from webapp.domain.sessions.models import UserSession
from webapp.domain.staff import accounts, rights
from webapp.domain.staff.rights import ACTS, SECTIONS, Act, Rights
from webapp.panel import cookies

View = TypeVar("View", bound=Callable[..., Any])
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Right:
    """What a route asks for."""

    section: str
    act: Act


def allow(section: str, act: Act) -> Callable[[View], View]:
    """Declares the right that a route needs. It is asked for on every request, before the view runs."""
    if section not in SECTIONS or act not in ACTS:
        raise ValueError(f"no such right: {section}, {act}")

    def declare(view: View) -> View:
        view.allowed = Right(section, act)  # type: ignore[attr-defined]
        return view

    return declare


def halfway(view: View) -> View:
    """Declares a route for who has shown their password alone: there they show, or set up, their second factor."""
    view.halfway = True  # type: ignore[attr-defined]
    return view


def sudo(view: View | None = None, *, when: Callable[[], bool] = lambda: True) -> Any:
    """Declares a route that asks whoever is signed in to show again who they are, unless they did within ten minutes.

    `when`: for which requests, where not for all. What was typed goes on afterwards (panel/sudo.py).
    """

    def declare(view: View) -> View:
        view.sudo = when  # type: ignore[attr-defined]
        return view

    return declare if view is None else declare(view)


def public(view: View) -> View:
    """Declares a route that is open to people who are not signed in: sign-in itself, and invitations."""
    view.public = True  # type: ignore[attr-defined]
    return view


def admit() -> ResponseReturnValue | None:
    """Runs before every panel request: who asks, and may they? Returns an answer that sends them away, or None."""
    view = current_app.view_functions[request.endpoint or ""]
    meet()
    if request.method not in SAFE:
        _refuse_foreign()
    if getattr(view, "public", False):
        return None
    if getattr(view, "halfway", False):
        return _admit_halfway()
    right: Right | None = getattr(view, "allowed", None)
    if right is None:
        log.error("panel.undeclared_route", endpoint=request.endpoint)
        raise Denied(_("Esta página no está abierta todavía."))
    if g.staff is None:
        return _to_sign_in()
    if request.method not in SAFE:
        _refuse_forged()
        g.from_our_form = True
    if not held().may(right.section, right.act):
        raise Denied(_("Tu cuenta no tiene permiso para esto."))
    return None


def meet() -> None:
    """Finds out who asks, and in which language they read. Who has shown their password alone is nobody yet, but for
    the pages of the second factor."""
    staff, g.session = _who()
    whole = staff is not None and g.session.auth_level == "mfa"
    g.staff, g.half = (staff, None) if whole else (None, staff)
    g.pop("rights", None)
    if staff is not None:
        g.locale = staff.locale


def actor() -> Actor:
    """Who is acting in this request, and from where."""
    where = {"ip": client_ip(), "agent": request.user_agent.string or None, "request": request_id()}
    who = g.get("staff") or g.get("half")
    if who is None:
        return Actor("system", "0", "Sin sesión", source="ADMIN_PANEL", **where)
    return accounts.as_actor(who, session=str(g.session.id), **where)


def allowed(section: str, act: Act = "read") -> bool:
    """Whether who asks may do this: for views that leave out what is not theirs."""
    return g.get("staff") is not None and held().may(section, act)


def held() -> Rights:
    """What who asks may do, asked for once a request."""
    if "rights" not in g:
        g.rights = rights.of(g.staff) if g.staff is not None else rights.NOTHING
    found: Rights = g.rights
    return found


def fresh() -> bool:
    """Whether who asks has just shown who they are."""
    return g.get("session") is not None and devices.is_elevated(g.session)


def csrf() -> str:
    """The token that posts of this session carry; empty when nobody is signed in."""
    return csrf_of(g.session) if g.get("session") is not None else ""


def csrf_of(session: UserSession) -> str:
    """The token of one session."""
    return keyed_hash(str(session.id), "panel-csrf")


def safe_next(target: str | None) -> str:
    """Where to go after signing in: a path of the panel, else its first page."""
    home = url_for("panel.home.page")
    if not target or not target.startswith("/panel") or "\\" in target:
        return home
    if not (target.isascii() and target.isprintable()):  # a browser's own addresses are; a header takes nothing else
        return home
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc and not parts.path.startswith("//") else home


def path_of(address: str | None) -> str:
    """The path of an address that a browser told us; empty for what is none."""
    try:
        return urlsplit(address or "").path
    except ValueError:
        return ""


def _admit_halfway() -> ResponseReturnValue | None:
    if g.half is None:
        return redirect(url_for("panel.home.page"), 303) if g.staff is not None else _to_sign_in()
    if request.method not in SAFE:
        _refuse_forged()
    return None


def _who() -> tuple[Any, Any]:
    token = request.cookies.get(cookies.name(), "")
    return (accounts.signed_in(token) if token else None) or (None, None)


def _to_sign_in() -> ResponseReturnValue:
    """A page is sent to sign in and comes back; a fragment tells htmx to, and keeps what was typed in the browser."""
    here = request.full_path.rstrip("?") if request.method in SAFE else path_of(request.referrer)
    if is_htmx():
        here = path_of(request.headers.get("HX-Current-URL")) or here
    room = "panel.second_factor.page" if g.half is not None else "panel.signin.page"
    target = url_for(room, next=safe_next(here))
    if not is_htmx():
        return redirect(target, 303)
    return Response(status=401, headers={"HX-Redirect": target})


def _refuse_foreign() -> None:
    """Raises Denied for a post that does not come from our own pages."""
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    ours = {request.host_url.rstrip("/"), settings().public}
    if (origin is not None and origin not in ours) or (origin is None and site not in ("same-origin", "none")):
        raise Denied(_("Esta petición no viene del panel."))


def _refuse_forged() -> None:
    given = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token", "")
    if not hmac.compare_digest(given.encode(), csrf().encode()):
        raise Denied(_("Esta página quedó vieja. Recárgala y vuelve a intentarlo."))
