"""Showing again who one is, before what must not happen in an unattended browser.

The form that was refused is kept inside the page that asks, encrypted and for this session alone, and goes on by
itself afterwards. Files are not kept, and the page says so.
"""

import json
import uuid
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, g, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response as BaseResponse

from webapp.base.clock import now
from webapp.base.crypto import decrypt, encrypt
from webapp.base.db import transaction
from webapp.base.errors import Conflict
from webapp.base.i18n import _, ngettext
from webapp.base.web import is_htmx
from webapp.domain.staff import accounts, entry, waits
from webapp.panel import cookies, guard, pages
from webapp.panel.guard import SAFE, allow

blueprint = Blueprint("sudo", __name__, url_prefix="/sudo")
LONGEST = 300_000  # characters of a form that are kept; the page that carries more would be refused itself
HOUR = 3600
TAKEN = "vitrina_taken"


def ask() -> ResponseReturnValue | None:
    """Runs once somebody is admitted: asks who they are where the route wants that, else None."""
    wanted = getattr(current_app.view_functions[request.endpoint or ""], "sudo", None)
    if wanted is None or guard.fresh() or not wanted():
        return None
    held, kept = _hold()
    context = {"held": held, "lost": not kept, "files": bool(request.files), "back": _back()}
    if not is_htmx():
        return pages.show("panel/sudo/page.html", status=403, errors={}, **context)
    answer = pages.partial("panel/sudo/_sudo.html", status=403, errors={}, **context)
    answer.headers["HX-Retarget"], answer.headers["HX-Reswap"] = "#sudo", "outerHTML"
    return answer


@blueprint.post("/")
@allow("account", "update")
def confirm() -> ResponseReturnValue:
    """Password and code, compared outside any transaction; then what was refused goes on."""
    held = _open(request.form.get("held", ""))
    with transaction():
        attempt = accounts.begin(g.staff.email, cookies.origin())
    right, _fresh = accounts.judge(attempt, request.form.get("password", ""))
    typed = {"staff": g.staff, "session": g.session, "by": guard.actor()}
    with transaction():
        token = entry.show_again(attempt, right, request.form.get("code", ""), **typed)
    if token is None:
        context = {"held": request.form["held"], "lost": False, "files": False, "back": held["back"]}
        errors = {"code": why_not(g.staff.id)}
        return pages.show("panel/sudo/page.html", status=422, errors=errors, **context)
    answer = _go_on(held, token)
    if not any(cookies.name() + "=" in one for one in answer.headers.getlist("Set-Cookie")):
        cookies.set_session(answer, token)
    return answer


def why_not(staff_id: uuid.UUID) -> str:
    """Why somebody whose password was right does not get on: a wait, which they may be told of, or a wrong code."""
    end = waits.until(staff_id, cookies.origin())
    if end is None:
        return str(_("No coincide. Si ese código ya se usó, espera al siguiente."))
    minutes = max(1, round((end - now()).total_seconds() / 60))
    words = ngettext(
        "Demasiados intentos. Espera %(n)s minuto.", "Demasiados intentos. Espera %(n)s minutos.", minutes, n=minutes
    )
    return str(words)


def _hold() -> tuple[str, bool]:
    """What was asked, closed; and whether all that was typed is in it."""
    typed = [pair for pair in request.form.items(multi=True) if pair[0] != "csrf_token"]
    told: dict[str, Any] = {"session": str(g.session.id), "at": now().timestamp(), "back": _back()}
    told |= {"method": request.method, "path": request.path, "query": request.query_string.decode("latin-1")}
    text = json.dumps({**told, "form": typed})
    kept = len(text) <= LONGEST
    return encrypt(text if kept else json.dumps({**told, "method": "GET", "path": told["back"], "query": ""})), kept


def _open(held: str) -> dict[str, Any]:
    """What was kept. Raises Conflict for what is not this session's, or too old."""
    try:
        told: dict[str, Any] = json.loads(decrypt(held))
        if told["session"] == str(g.session.id) and now().timestamp() - told["at"] <= HOUR:
            return told
    except (ValueError, KeyError, TypeError):
        pass
    raise Conflict(_("Esta página quedó vieja. Vuelve a intentarlo desde el principio."))


def _go_on(held: dict[str, Any], token: str) -> BaseResponse:
    """The answer to what was refused, as if it were asked now with the new token."""
    query = f"?{held['query']}" if held["query"] else ""
    if held["method"] in SAFE:
        return redirect(held["path"] + query, 303)
    body = urlencode([*map(tuple, held["form"]), ("csrf_token", guard.csrf())]).encode()
    with current_app.app_context():  # a request of its own, with a `g` of its own
        answer = Response.from_app(current_app.wsgi_app, _environ(held, token, body), buffered=True)
    if "attachment" in answer.headers.get("Content-Disposition", ""):  # the page that asked stays, and is told to go
        answer.set_cookie(TAKEN, "1", max_age=60, path="/panel", samesite="Lax")
    return answer


def _environ(held: dict[str, Any], token: str, body: bytes) -> dict[str, Any]:
    plain = {name: value for name, value in request.environ.items() if not name.startswith(("werkzeug.", "flask."))}
    kept = {**request.cookies, cookies.name(): token}
    address = held["path"] + (f"?{held['query']}" if held["query"] else "")
    return plain | {
        "PATH_INFO": held["path"].encode().decode("latin-1"),
        "QUERY_STRING": held["query"],
        "REQUEST_URI": address,
        "RAW_URI": address,
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_COOKIE": "; ".join(f"{name}={value}" for name, value in kept.items()),
        "wsgi.input": BytesIO(body),
        "wsgi.input_terminated": False,
    }


def _back() -> str:
    """The page that somebody was on."""
    return guard.safe_next(guard.path_of(request.headers.get("HX-Current-URL") or request.referrer))
