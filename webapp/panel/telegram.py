"""Signing in from the bot: Telegram's initData of a linked account in place of the password, never of the second step.

The page that the bot opens reads what Telegram told it and posts it here. It alone may stand in a frame, since Telegram
on the web shows it in one; there it signs nobody in and leads into a window of its own. Whatever is wrong, the answer
is the same, and nothing of what was told is kept.
"""

from flask import Blueprint, Response, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from webapp.base import initdata
from webapp.base.db import db, transaction
from webapp.base.errors import Denied, Unknown
from webapp.base.i18n import _
from webapp.config import settings
from webapp.domain.staff import accounts, links
from webapp.domain.staff.models import StaffUser
from webapp.domain.users import people
from webapp.domain.users.models import User
from webapp.panel import guard, pages, signin
from webapp.panel.guard import public

blueprint = Blueprint("telegram", __name__, url_prefix="/sign-in/telegram")
MOST_BYTES = 16 * 1024
FRAMED_BY = "https://web.telegram.org https://*.telegram.org"
CSP = "default-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; object-src 'none'"


@blueprint.get("/")
@public
def page() -> ResponseReturnValue:
    """Where the bot's button leads; whoever is signed in goes on."""
    if g.staff is not None:
        return redirect(url_for("panel.home.page"), 303)
    return _framed(pages.show("panel/signin/telegram.html"))


@blueprint.post("/")
@public
def sign_in() -> ResponseReturnValue:
    """What Telegram told, for a session that waits for the second step."""
    signin.slow_down()
    request.max_content_length = MOST_BYTES
    try:
        told = initdata.check(request.form.get("init_data", ""), settings().bot_token)
        with transaction():
            token, whole = signin.start(owner(told.user["id"], told.hash), told.hash)
    except (Unknown, Denied, RequestEntityTooLarge):
        return _refuse()
    return signin.enter(token, url_for("panel.home.page") if whole else url_for("panel.second_factor.page"))


def owner(person: int, launch: str) -> StaffUser:
    """Whose account it is, held until the transaction ends; `launch` lets in once (links.arriving).

    Raises Unknown, and Denied for a member who is kept out.
    """
    user = db.session.get(User, person)
    if user is None:
        raise Unknown()
    people.refuse_blocked(user)
    return links.arriving(user.user_id, launch)


def _refuse() -> Response:
    db.session.rollback()
    with transaction():
        accounts.note_failure(accounts.Attempt(None, None), by=guard.actor())
    words = _("No pudimos reconocerte. Vuelve a abrir el panel desde el bot, o entra con tu correo.")
    return pages.show("panel/signin/telegram.html", status=401, message=words)


def _framed(answer: Response) -> Response:
    """Lets Telegram on the web show this page; what it holds is nobody's."""
    ancestors = f"'self' {FRAMED_BY} {settings().frame_ancestors}".strip()
    answer.headers["Content-Security-Policy"] = f"{CSP}; frame-ancestors {ancestors}"
    g.framed = True
    return answer
