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
    """Finds out who asks, and in which language they read."""
    g.staff, g.session = _who()
    g.pop("rights", None)
    if g.staff is not None:
        g.locale = g.staff.locale


def actor() -> Actor:
    """Who is acting in this request, and from where."""
    where = {"ip": client_ip(), "agent": request.user_agent.string or None, "request": request_id()}
    if g.get("staff") is None:
        return Actor("system", "0", "Sin sesión", source="ADMIN_PANEL", **where)
    return accounts.as_actor(g.staff, session=str(g.session.id), **where)


def allowed(section: str, act: Act = "read") -> bool:
    """Whether who asks may do this: for views that leave out what is not theirs."""
    return g.get("staff") is not None and held().may(section, act)


def held() -> Rights:
    """What who asks may do, asked for once a request."""
    if "rights" not in g:
        g.rights = rights.of(g.staff) if g.staff is not None else rights.NOTHING
    found: Rights = g.rights
    return found


def csrf() -> str:
    """The token that posts of this session carry; empty when nobody is signed in."""
    return csrf_of(g.session) if g.get("session") is not None else ""


def csrf_of(session: UserSession) -> str:
    """The token of one session."""
    return keyed_hash(str(session.id), "panel-csrf")


def set_cookie(answer: Response, token: str) -> None:
    """Gives the browser its session."""
    secure = _secure()
    answer.set_cookie(
        cookie_name(), token, secure=secure, httponly=True, samesite="Lax", path="/", max_age=7 * 24 * 3600
    )


def drop_cookie(answer: Response) -> None:
    """Takes it away again."""
    answer.delete_cookie(cookie_name(), secure=_secure(), httponly=True, samesite="Lax", path="/")


def cookie_name() -> str:
    """`__Host-` ties the cookie to this very host, over https; plain http is for one's own machine."""
    return "__Host-vitrina" if _secure() else "vitrina"


def safe_next(target: str | None) -> str:
    """Where to go after signing in: a path of the panel, else its first page."""
    home = url_for("panel.home.page")
    if not target or not target.startswith("/panel") or "\\" in target:
        return home
    if not (target.isascii() and target.isprintable()):  # a browser's own addresses are; a header takes nothing else
        return home
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc and not parts.path.startswith("//") else home


def _secure() -> bool:
    return settings().public.startswith("https://")


def _who() -> tuple[Any, Any]:
    token = request.cookies.get(cookie_name(), "")
    session = devices.find(token, "panel") if token else None
    staff = accounts.get_account(session.staff_id) if session is not None and session.staff_id else None
    return (staff, session) if staff is not None else (None, None)


def _to_sign_in() -> ResponseReturnValue:
    """A page is sent to sign in and comes back; a fragment tells htmx to, and keeps what was typed in the browser."""
    here = request.full_path.rstrip("?") if request.method in SAFE else _path(request.referrer)
    if is_htmx():
        here = _path(request.headers.get("HX-Current-URL")) or here
    target = url_for("panel.signin.page", next=safe_next(here))
    if not is_htmx():
        return redirect(target, 303)
    return Response(status=401, headers={"HX-Redirect": target})


def _path(address: str | None) -> str:
    """The path of an address that a browser told us; empty for what is none."""
    try:
        return urlsplit(address or "").path
    except ValueError:
        return ""


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
