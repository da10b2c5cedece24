"""The second factor: showing it at sign-in, setting it up before anything else, and looking after it later."""

from typing import Any

import segno
from flask import Blueprint, Response, g, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from webapp.base.db import transaction
from webapp.base.errors import Invalid
from webapp.base.i18n import _
from webapp.config import settings
from webapp.domain.sessions import devices
from webapp.domain.settings import config
from webapp.domain.staff import browsers, entry, second_factor
from webapp.domain.staff.models import StaffUser
from webapp.panel import cookies, guard, pages
from webapp.panel.guard import allow, halfway, sudo
from webapp.panel.sudo import why_not

blueprint = Blueprint("second_factor", __name__, url_prefix="/second-factor")


@blueprint.get("/")
@halfway
def page() -> ResponseReturnValue:
    """The code of the phone, or setting a phone up for whoever has none."""
    return _ask(g.half, _next())


@blueprint.post("/")
@halfway
def show() -> ResponseReturnValue:
    """A code of the phone or of the paper lets in."""
    staff, target = g.half, _next()
    with transaction():
        token = entry.show(staff, g.session, request.form.get("code", ""), origin=cookies.origin(), by=guard.actor())
        kept = browsers.remember(staff.id, by=guard.actor()) if token is not None and _wants_to_be_kept() else None
    if token is None:
        return _ask(staff, target, errors={"code": why_not(staff.id)}, status=422)
    answer = pages.done(target)
    _let_in(answer, staff, token)
    if kept is not None:
        cookies.remember(answer, kept)  # type: ignore[arg-type]
    return answer


@blueprint.post("/enrol")
@halfway
def enrol() -> ResponseReturnValue:
    """The phone knows the secret: from now on it is asked for. Shows the recovery codes, once."""
    staff, session, target = g.half, g.session, _next()
    try:
        with transaction():
            code, origin = request.form.get("code", ""), cookies.origin()
            token, codes = entry.enrol(staff, session, code, origin=origin, by=guard.actor())
    except Invalid as error:
        return _ask(staff, target, errors=error.fields, status=422)
    answer = pages.show("panel/second_factor/codes.html", codes=codes, target=target)
    _let_in(answer, staff, token)
    return answer


@blueprint.post("/leave")
@halfway
def leave() -> ResponseReturnValue:
    """Goes back to the door."""
    with transaction():
        devices.revoke(g.session.id, by=guard.actor(), staff_id=g.half.id)
    answer = pages.done(url_for("panel.signin.page"))
    cookies.drop_session(answer)  # type: ignore[arg-type]
    return answer


@blueprint.get("/renew")
@allow("account", "update")
@sudo
def renew() -> ResponseReturnValue:
    """Another phone: its secret, to be read by it. The old one counts until the new one has shown a code."""
    return pages.show("panel/second_factor/renew.html", errors={}, **_offer(g.staff))


@blueprint.post("/renew")
@allow("account", "update")
@sudo
def change() -> ResponseReturnValue:
    """The new phone counts, the old one no longer; other sessions end. Shows new recovery codes, once."""
    try:
        with transaction():
            codes = second_factor.confirm(g.staff, g.session.id, request.form.get("code", ""), by=guard.actor())
            token = devices.elevate(g.session, by=guard.actor())
    except Invalid as error:
        return pages.show("panel/second_factor/renew.html", status=422, errors=error.fields, **_offer(g.staff))
    answer = pages.show("panel/second_factor/codes.html", codes=codes, target=_account())
    _let_in(answer, g.staff, token)
    return answer


@blueprint.post("/codes")
@allow("account", "update")
@sudo
def codes() -> ResponseReturnValue:
    """Ten new recovery codes, shown once; the old ones are worth nothing."""
    with transaction():
        fresh = second_factor.renew_codes(g.staff, by=guard.actor())
    return pages.show("panel/second_factor/codes.html", codes=fresh, target=_account())


def _ask(staff: StaffUser, target: str, *, errors: Any = None, status: int = 200) -> Response:
    on = second_factor.is_on(staff)
    template = "panel/second_factor/page.html" if on else "panel/second_factor/enrol.html"
    told = {"may_remember": config.current().remember_browsers} if on else _offer(staff)
    return pages.show(template, status=status, target=target, staff=staff, errors=errors or {}, **told)


def _offer(staff: StaffUser) -> dict[str, Any]:
    """The secret as a QR code and to be typed; on one's own machine, how to do without a phone."""
    secret = second_factor.offer(staff, g.session.id)
    drawn = segno.make_qr(second_factor.address(staff, secret), error="m")
    title = _("Código QR para la aplicación")
    svg = drawn.svg_inline(border=2, svgclass="qr", lineclass=None, omitsize=True, title=title)
    typed = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return {"qr": Markup(svg), "secret": typed, "hint": settings().simulated}  # noqa: S704  segno escapes the title


def _let_in(answer: Any, staff: StaffUser, token: str) -> None:
    cookies.set_session(answer, token)
    cookies.know_again(answer, str(staff.id))


def _wants_to_be_kept() -> bool:
    return request.form.get("remember") == "1" and config.current().remember_browsers


def _next() -> str:
    return guard.safe_next(request.values.get("next"))


def _account() -> str:
    return url_for("panel.account.page")
