"""Signing in and out, and joining by an invitation."""

from typing import Any

from flask import Blueprint, Response, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from webapp.base import tries
from webapp.base.db import transaction
from webapp.base.errors import Invalid, TooMany, Unknown
from webapp.base.i18n import _, locale_now
from webapp.base.web import client_ip
from webapp.config import settings
from webapp.domain.sessions import devices
from webapp.domain.settings import config
from webapp.domain.staff import accounts, browsers
from webapp.domain.staff.models import StaffUser
from webapp.panel import cookies, guard, pages
from webapp.panel.guard import allow, public

blueprint = Blueprint("signin", __name__)
TRIES = "30 per 5 minutes"


@blueprint.get("/sign-in")
@public
def page() -> ResponseReturnValue:
    """The form; whoever is signed in goes on."""
    target = guard.safe_next(request.args.get("next"))
    return (
        redirect(target, 303)
        if g.staff
        else show(target=target, empty=not accounts.anybody(), served=settings().production)
    )


@blueprint.post("/sign-in")
@public
def sign_in() -> ResponseReturnValue:
    """Compares outside any transaction: it takes long on purpose."""
    slow_down()
    target = guard.safe_next(request.form.get("next"))
    with transaction():
        attempt = accounts.begin(request.form.get("email", ""), cookies.origin())
    right, fresh = accounts.judge(attempt, request.form.get("password", ""))
    if not right:
        return _refuse(attempt, target)
    with transaction():
        token, whole = start(accounts.succeed(attempt, fresh))
    return enter(token, target if whole else url_for("panel.second_factor.page", next=target))


@blueprint.post("/sign-out")
@allow("account", "update")
def sign_out() -> ResponseReturnValue:
    """Ends this session."""
    with transaction():
        devices.revoke(g.session.id, by=guard.actor(), staff_id=g.staff.id)
    answer = pages.done(url_for("panel.signin.page"))
    cookies.drop_session(answer)  # type: ignore[arg-type]
    return answer


@blueprint.get("/invitation/<token>")
@public
def invitation(token: str) -> ResponseReturnValue:
    """The form with which an invited person makes their account."""
    return pages.show(
        "panel/signin/join.html", invitation=accounts.get_invitation(token), token=token, errors={}, typed={}
    )


@blueprint.post("/invitation/<token>")
@public
def join(token: str) -> ResponseReturnValue:
    """Uses the invitation, makes the account and signs it in."""
    slow_down()
    invited = accounts.get_invitation(token)
    wanted = {name: request.form.get(name, "") for name in ("email", "full_name", "password")}
    try:
        with transaction():
            staff = accounts.join(token, **wanted, locale=locale_now(), by=guard.actor())
            begun, _whole = start(staff)
    except Invalid as error:
        return pages.wrong(error, "panel/signin/_join.html", "panel/signin/join.html", invitation=invited, token=token)
    return enter(begun, url_for("panel.second_factor.page"))


def show(*, status: int = 200, **context: Any) -> Response:
    """The form, with Telegram beside it where that is switched on."""
    return pages.show("panel/signin/page.html", status=status, by_openid=settings().by_openid, **context)


def start(staff: StaffUser, launch: str | None = None) -> tuple[str, bool]:
    """(token, whole?) of a session that waits for the second factor, or needs none in a remembered browser; the one
    that this browser had before ends."""
    by = guard.actor()
    if g.session is not None:
        devices.revoke(g.session.id, by=by, staff_id=(g.staff or g.half).id)
    who = accounts.as_actor(staff, ip=by.ip, agent=by.agent, request=by.request)
    token, session = devices.start("panel", by=who, staff_id=staff.id, init_data_hash=launch)
    if not (config.current().remember_browsers and browsers.is_remembered(staff.id, cookies.remembered())):
        return token, False
    accounts.arrive(staff, cookies.origin())
    return devices.raise_level(session, by=who, how="browser", sudo=False), True


def enter(token: str, target: str) -> Response:
    """The answer that gives the browser its session and goes on."""
    answer = pages.done(target)
    assert isinstance(answer, Response)
    cookies.set_session(answer, token)
    return answer


def _refuse(attempt: accounts.Attempt, target: str) -> Response:
    with transaction():
        accounts.note_failure(attempt, by=guard.actor())
    refusal: Unknown = accounts.refused()
    context = {"target": target, "message": str(refusal), "email": request.form.get("email", "")}
    return show(status=refusal.status, **context)


def slow_down() -> None:
    """Raises TooMany for an address that tries too often."""
    if not tries.hit(TRIES, "panel-sign-in", client_ip()):
        raise TooMany(_("Demasiados intentos. Espera unos minutos."), retry_after=300)
