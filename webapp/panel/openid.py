"""Entering with Telegram from any browser (OpenID Connect): in place of the password, never of the second step.

A signed cookie of ten minutes ties the way there to the browser that began it. Telegram sends the person back to a page
that only hands on what it was given, so that no address keeps a code and no GET writes. Whatever is wrong with who
comes back, the answer is the same, and nothing of what was told is kept. Decision 0017.
"""

import hmac
import threading
from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from webapp.base import tries
from webapp.base.crypto import hash_token, new_token
from webapp.base.db import db, transaction
from webapp.base.errors import Denied, NotFound, Unavailable, Unknown
from webapp.base.i18n import _
from webapp.base.later import later
from webapp.config import settings
from webapp.domain.staff import accounts
from webapp.panel import cookies, guard, pages, signin, telegram
from webapp.panel.guard import public

if TYPE_CHECKING:
    from webapp.base.openid import Provider

openid = later("webapp.base.openid")  # it brings Authlib along, which only those who switched it on need

blueprint = Blueprint("openid", __name__, url_prefix="/sign-in/openid")
MOST_BYTES, LONGEST = 16 * 1024, 2048
ONCE = "1 per 15 minutes"  # longer than a way there is good for
_first = threading.Lock()  # two threads at once must not load what is loaded late


@blueprint.get("/start")
@public
def start() -> ResponseReturnValue:
    """Sends the person to Telegram; whoever is signed in goes on."""
    provider = _provider()
    target = guard.safe_next(request.args.get("next"))
    if g.staff is not None:
        return redirect(target, 303)
    signin.slow_down()
    state = new_token()
    try:
        answer = redirect(provider.address(state, _back()), 303)
    except Unavailable:
        return _unavailable(target)
    cookies.set_out(answer, state, target)
    return answer


@blueprint.get("/")
@public
def page() -> ResponseReturnValue:
    """Where Telegram sends the person back to: hands on what they bring."""
    _provider()
    code, state = request.args.get("code", ""), request.args.get("state", "")
    if not 0 < len(code) <= LONGEST or not 0 < len(state) <= LONGEST:  # they changed their mind, for one
        return signin.show(status=401, target=guard.safe_next(cookies.underway()[1]), message=_refused())
    return pages.show("panel/signin/openid.html", code=code, state=state)


@blueprint.post("/")
@public
def sign_in() -> ResponseReturnValue:
    """What the person brought, for a session that waits for the second step."""
    signin.slow_down()
    request.max_content_length = MOST_BYTES
    provider, (begun, target) = _provider(), cookies.underway()
    target = guard.safe_next(target)
    try:
        code = _code(begun)
        db.session.rollback()  # nothing is held while Telegram is asked
        person = provider.person(code, begun, _back())
        with transaction():
            token, whole = signin.start(telegram.owner(person, hash_token(begun)), hash_token(begun))
    except Unavailable:
        answer = _unavailable(target)
    except (Unknown, Denied, RequestEntityTooLarge):
        answer = _refuse(target)
    else:
        answer = signin.enter(token, target if whole else url_for("panel.second_factor.page", next=target))
    cookies.arrived(answer)
    return answer


def _code(begun: str) -> str:
    """The code, when this browser set out with this state and brings it back for the first time. Raises Unknown."""
    code, state = request.form.get("code", ""), request.form.get("state", "")
    same = hmac.compare_digest(state.encode(errors="replace"), begun.encode())
    if not begun or not same or not 0 < len(code) <= LONGEST:
        raise Unknown()
    if not tries.hit(ONCE, "panel-openid", hash_token(begun)):
        raise Unknown()
    return code


def _provider() -> "Provider":
    """Telegram, as the settings name it. Raises NotFound where they name none."""
    chosen = settings()
    if not chosen.by_openid:
        raise NotFound(_("No encontramos esta página."))
    with _first:
        held: Provider | None = current_app.extensions.get("openid")
        if held is None:
            secret = chosen.telegram_oidc_client_secret.get_secret_value()  # type: ignore[union-attr]
            held = openid.Provider(chosen.telegram_oidc_issuer, chosen.telegram_oidc_client_id, secret)
            current_app.extensions["openid"] = held
        return held


def _back() -> str:
    return f"{settings().public}{url_for('panel.openid.page')}"


def _refuse(target: str) -> Response:
    db.session.rollback()
    with transaction():
        accounts.note_failure(accounts.Attempt(None, None), by=guard.actor())
    return signin.show(status=401, target=target, message=_refused())


def _refused() -> str:
    words: str = _(
        "No pudimos reconocerte. Tu Telegram debe estar unido a tu cuenta; también puedes entrar con tu correo."
    )
    return words


def _unavailable(target: str) -> Response:
    words = _("Telegram no contesta ahora. Entra con tu correo y contraseña, o prueba más tarde.")
    return signin.show(status=503, target=target, message=words)
