"""What every web door shares: answers for htmx and for plain browsers, refusals, request ids, headers, assets.

htmx 4 swaps 4xx and 5xx answers too, so a refusal is a fragment with its real status; a plain browser gets a page.
"""

import errno
import hashlib
import secrets
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import structlog
from flask import Flask, Request, Response, current_app, g, make_response, render_template, request
from flask.globals import request_ctx
from flask.sessions import SessionInterface, SessionMixin
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import BadHost, HTTPException
from werkzeug.routing import IntegerConverter, ValidationError

from webapp.base import statics
from webapp.base.db import LARGEST, db
from webapp.base.errors import Invalid, NoRoom, Refused, TooMany, Unavailable
from webapp.base.i18n import _, lazy_gettext

log = structlog.get_logger(__name__)
YEAR = 31_536_000
CODES = ("token", "code")  # parts of an address that are secrets
LONGEST_IP = 45  # as columns keep it; an address is no longer
TEXTS = {
    404: lazy_gettext("No encontramos esta página."),
    405: lazy_gettext("Esto no se puede hacer aquí."),
    413: lazy_gettext("El archivo es demasiado grande."),
    429: lazy_gettext("Demasiados intentos. Espera un momento."),
}
# How the databases and the system say that nothing more can be written.
FULL = frozenset({"SQLITE_FULL", "SQLITE_IOERR_WRITE", "53100", errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
COMMON = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    # Doors that need more say so; everything else shows at most a page of words.
    ("Content-Security-Policy", "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
)


class ColumnInteger(IntegerConverter):
    """A whole number in an address; one that no column holds names nothing."""

    def to_python(self, value: str) -> int:
        """The number. Raises ValidationError (the page is not found)."""
        number: int = super().to_python(value)
        if number > LARGEST:
            raise ValidationError()
        return number


class NoSessions(SessionInterface):
    """Flask's own sessions are not used, by any door; opening one costs every request a signature's set-up."""

    def open_session(self, app: Flask, request: Request) -> SessionMixin:
        """An empty one that refuses to be written to."""
        return self.make_null_session(app)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """There is nothing to save."""


def is_htmx() -> bool:
    """Whether htmx asks, and so wants a fragment."""
    return request.headers.get("HX-Request") == "true"


def fragment(partial: str, *, status: int = 200, toast: str = "", **context: Any) -> Response:
    """A rendered partial; `toast` is appended as an out-of-band message."""
    html = render_template(partial, **context)
    if toast:
        html += render_template("_toast.html", toast=toast)
    return make_response(html, status)


def client_ip() -> str:
    """Who connects; behind `TRUSTED_PROXIES` proxies the address that they vouch for."""
    return (request.remote_addr or "")[:LONGEST_IP]


def request_id() -> str:
    """A short random id of this request; it stands in the log, in audit rows and on error pages."""
    if "request_id" not in g:
        g.request_id = secrets.token_hex(6)
    return str(g.request_id)


def told_path() -> str:
    """The address as it may be written down: without the one-time codes that some carry."""
    path = request.path
    for name, value in (request.view_args or {}).items():
        path = path.replace(str(value), "…") if name in CODES else path
    return path


def asset(name: str) -> str:
    """URL of a static file with its content's version, so that browsers may keep it for a year."""
    return f"/static/{name}?v={_version(str(current_app.static_folder), name)}"


@lru_cache(maxsize=512)
def _version(folder: str, name: str) -> str:
    return hashlib.sha256(Path(folder, name).read_bytes()).hexdigest()[:10]


def init_app(app: Flask) -> None:
    """Gives the app its ways to refuse, its headers and its assets."""
    simulator = app.extensions["settings"].simulator
    app.jinja_env.globals.update(asset=asset, is_htmx=is_htmx, request_id=request_id, simulator=simulator)
    app.extensions["refusing_doors"] = {}
    app.register_error_handler(Refused, refuse)
    app.register_error_handler(HTTPException, _http_error)
    for failure in (OperationalError, InterfaceError, PoolTimeout):
        app.register_error_handler(failure, _database_lost)
    app.register_error_handler(OSError, _system_refused)
    app.register_error_handler(Exception, _bug)
    app.url_map.converters["int"] = ColumnInteger
    statics.init_app(app)
    app.after_request(_common_headers)


def refuse(error: Refused) -> Response:
    """The answer to a refusal: its words, with its status, as a fragment for htmx or a page."""
    if request_ctx.url_adapter is None:  # the Host header is none, so that no page of ours can be drawn
        return Response(str(error), error.status, mimetype="text/plain")
    template = "_refused.html" if is_htmx() else "refused.html"
    fields = error.fields if isinstance(error, Invalid) else {}
    html = render_template(template, message=str(error), status=error.status, fields=fields, code=request_id())
    answer = make_response(html, error.status)
    if isinstance(error, TooMany):
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer


def refuse_below(app: Flask, path: str, answer: Callable[[Refused], Response]) -> None:
    """Lets a door answer in its own way what Flask refuses below its `path`: addresses that lead nowhere, and the like.

    Neither a view nor a `before_request` has run by then: the door identifies the asker itself.
    """
    app.extensions["refusing_doors"][path] = answer


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:
        return error.get_response()
    # Lazy: the language is known only once the door has identified the asker.
    refusal = Refused(TEXTS.get(error.code, lazy_gettext("No pudimos entender la petición.")))
    refusal.status = error.code
    doors: dict[str, Callable[[Refused], Response]] = current_app.extensions["refusing_doors"]
    door = next((door for path, door in doors.items() if f"{request.path}/".startswith(f"{path}/")), refuse)
    no_host = isinstance(error, BadHost)  # without a host no door can say where its pages are
    answer = (refuse if no_host or error.code >= 500 else door)(refusal)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            answer.headers[name] = value
    return answer


def _database_lost(error: Exception) -> Response:
    db.session.rollback()
    cause = getattr(error, "orig", None)
    if {getattr(cause, "sqlite_errorname", None), getattr(cause, "sqlstate", None)} & FULL:
        return _no_room(error)
    log.warning("database.unavailable", error=type(error).__name__, code=request_id())
    answer = refuse(Unavailable(_("Estamos teniendo un problema. Inténtalo de nuevo en unos segundos.")))
    answer.headers["Retry-After"] = "3"
    return answer


def _system_refused(error: OSError) -> Response:
    return _no_room(error) if error.errno in FULL else _bug(error)


def _no_room(error: Exception) -> Response:
    db.session.rollback()
    log.error("disk.full", error=type(error).__name__, code=request_id())
    return refuse(NoRoom(_("No queda espacio en el servidor y no se guardó nada. Avisa a quien lo cuida.")))


def _bug(error: Exception) -> Response:
    db.session.rollback()
    log.error("request.failed", code=request_id(), path=told_path(), exc_info=error)
    if current_app.config.get("PROPAGATE_EXCEPTIONS"):
        raise error
    refusal = Refused(_("Algo salió mal de nuestro lado. Ya quedó anotado."))
    refusal.status = 500
    return refuse(refusal)


def _common_headers(answer: Response) -> Response:
    headers = answer.headers
    known = {name for name, _value in headers}  # looking each up costs more than reading them all once
    headers.add("X-Request-Id", request_id())
    headers.extend([pair for pair in COMMON if pair[0] not in known])
    if request.endpoint == "static":
        if "v" in request.args and answer.status_code == 200:
            headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
    else:
        if "Cache-Control" not in known:
            headers.add("Cache-Control", "no-store")
        headers.add("Vary", "HX-Request")
    return answer
