"""One's own account: sessions, password, language; and the page's sign of life."""

import uuid
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, g, request, url_for
from flask.typing import ResponseReturnValue

from webapp.base.clock import now
from webapp.base.db import transaction
from webapp.base.errors import Invalid
from webapp.base.i18n import LOCALES, _, speaking
from webapp.domain.sessions import devices
from webapp.domain.staff import accounts, browsers, second_factor
from webapp.panel import guard, pages
from webapp.panel.guard import allow, sudo

blueprint = Blueprint("account", __name__, url_prefix="/account")
FRESH = timedelta(minutes=1)


@blueprint.get("/")
@allow("account", "read")
def page() -> ResponseReturnValue:
    """Sessions, password and language."""
    return pages.show("panel/account/page.html", **_mine())


@blueprint.post("/pulse")
@allow("account", "update")
def pulse() -> ResponseReturnValue:
    """Somebody looks at a page: their session stays. A GET never writes, so pages say it by themselves."""
    if now() - g.session.last_activity >= FRESH:
        with transaction():
            devices.touch(g.session)
    return Response(status=204)


@blueprint.post("/sessions/<uuid:session_id>/revoke")
@allow("account", "update")
def revoke(session_id: uuid.UUID) -> ResponseReturnValue:
    """Ends one of my sessions."""
    with transaction():
        devices.revoke(session_id, by=guard.actor(), staff_id=g.staff.id)
    return pages.done(_here(), "panel/account/_sessions.html", toast=_("Sesión cerrada."), **_mine())


@blueprint.post("/sessions/revoke-others")
@allow("account", "update")
@sudo
def revoke_others() -> ResponseReturnValue:
    """Ends every session of mine but this one."""
    with transaction():
        ended = devices.revoke_all(by=guard.actor(), staff_id=g.staff.id, but=g.session.id)
        browsers.forget_all(g.staff.id)
    words = _("Sesiones cerradas: %(n)s.", n=ended)
    return pages.done(_here(), "panel/account/_sessions.html", toast=words, **_mine())


@blueprint.post("/browsers/<uuid:browser_id>/forget")
@allow("account", "update")
def forget(browser_id: uuid.UUID) -> ResponseReturnValue:
    """Asks for the code of the phone again in one of my browsers."""
    with transaction():
        browsers.forget(browser_id, staff_id=g.staff.id, by=guard.actor())
    return pages.done(_here(), "panel/account/_browsers.html", toast=_("Navegador olvidado."), **_mine())


@blueprint.post("/password")
@allow("account", "update")
@sudo
def change_password() -> ResponseReturnValue:
    """A new password; the other sessions end."""
    old, new = request.form.get("old", ""), request.form.get("new", "")
    try:
        with transaction():
            ended = accounts.change_password(g.staff, old, new, keep=g.session.id, by=guard.actor())
    except Invalid as error:
        return pages.wrong(error, "panel/account/_password.html", "panel/account/page.html", **_mine())
    words = _("Contraseña cambiada. Otras sesiones cerradas: %(n)s.", n=ended)
    return pages.done(_here(), "panel/account/_password.html", toast=words, errors={})


@blueprint.post("/language")
@allow("account", "update")
def choose_language() -> ResponseReturnValue:
    """The panel's language for me."""
    with transaction():
        accounts.choose_locale(g.staff, request.form.get("locale", ""), by=guard.actor())
    with speaking(g.staff.locale):  # the one just chosen, not the one the request came in
        return pages.done(_here(), toast=_("Idioma guardado."))


def _mine() -> dict[str, Any]:
    mine = {"sessions": devices.of(staff_id=g.staff.id), "browsers": browsers.of(g.staff.id)}
    paper = {"codes_left": second_factor.left(g.staff), "codes_made": second_factor.CODES}
    return {**mine, **paper, "locales": list(LOCALES.items()), "errors": {}}


def _here() -> str:
    return url_for("panel.account.page")
