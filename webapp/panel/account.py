"""One's own account: profile, e-mail, Telegram, sessions, password; and the page's sign of life."""

import uuid
from datetime import timedelta
from typing import Any
from zoneinfo import available_timezones

from flask import Blueprint, Response, g, request, url_for
from flask.typing import ResponseReturnValue

from webapp.base.clock import now
from webapp.base.db import transaction
from webapp.base.errors import Denied, Invalid
from webapp.base.i18n import LOCALES, _, speaking
from webapp.base.web import is_htmx
from webapp.config import settings
from webapp.domain.sessions import devices
from webapp.domain.staff import accounts, browsers, links, profile, second_factor
from webapp.domain.users import people
from webapp.panel import guard, pages
from webapp.panel.guard import allow, public, sudo

blueprint = Blueprint("account", __name__, url_prefix="/account")
FRESH = timedelta(minutes=1)


@blueprint.get("/")
@allow("account", "read")
def page() -> ResponseReturnValue:
    """All of it on one page."""
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
        ended = accounts.end_the_rest(g.staff, keep=g.session.id, by=guard.actor())
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
        return pages.wrong(error, "panel/account/_password.html", "panel/account/page.html", **_mine("password"))
    words = _("Contraseña cambiada. Otras sesiones cerradas: %(n)s.", n=ended)
    return pages.done(_here(), "panel/account/_password.html", toast=words, errors={})


@blueprint.post("/profile")
@allow("account", "update")
def save_profile() -> ResponseReturnValue:
    """What I am called, what I read, where my clock runs."""
    typed = {name: request.form.get(name, "") for name in ("full_name", "locale", "time_zone")}
    try:
        with transaction():
            profile.change(g.staff, **typed, by=guard.actor())
    except Invalid as error:
        return pages.wrong(error, "panel/account/_profile.html", "panel/account/page.html", **_mine("profile"))
    with speaking(g.staff.locale):  # the one just chosen, not the one the request came in
        return pages.done(_here(), toast=_("Perfil guardado."))


@blueprint.post("/email")
@allow("account", "update")
@sudo
def ask_email() -> ResponseReturnValue:
    """Another e-mail, once its link is opened."""
    address = settings().public + url_for(".confirm_email", code="")
    try:
        with transaction():
            profile.ask_email(g.staff, request.form.get("email", ""), address=address, by=guard.actor())
    except Invalid as error:
        return pages.wrong(error, "panel/account/_email.html", "panel/account/page.html", **_mine("email"))
    return pages.done(_here(), "panel/account/_email.html", toast=_("Falta confirmarlo."), **_mine())


@blueprint.post("/email/cancel")
@allow("account", "update")
def cancel_email() -> ResponseReturnValue:
    """Lets the other e-mail be."""
    with transaction():
        profile.cancel_email(g.staff, by=guard.actor())
    return pages.done(_here(), "panel/account/_email.html", toast=_("Sigues con el correo de antes."), **_mine())


@blueprint.get("/email/confirm/<code>")
@public
def confirm_email(code: str) -> ResponseReturnValue:
    """What the link would change; opening it changes nothing yet."""
    staff, email = profile.asked_email(code)
    return pages.show("panel/account/confirm.html", person=staff, email=email, code=code)


@blueprint.post("/email/confirm/<code>")
@public
def take_email(code: str) -> ResponseReturnValue:
    """Makes the e-mail theirs; whoever has the link acts for the account."""
    here = guard.actor()
    with transaction():
        staff, _email = profile.asked_email(code)
        by = accounts.as_actor(staff, ip=here.ip, agent=here.agent, request=here.request)
        email = profile.confirm_email(code, by=by).email
    return pages.done(_here(), toast=_("Tu correo es ahora %(email)s.", email=email))


@blueprint.post("/telegram/link")
@allow("account", "update")
@sudo
def link() -> ResponseReturnValue:
    """The code that ties my Telegram: here, and nowhere again."""
    with transaction():
        code = links.ask(g.staff, by=guard.actor())
    bot = pages.settings().bot_username
    told: dict[str, Any] = {"code": code, "link": f"https://t.me/{bot}?start=link_{code}" if bot else ""}
    if is_htmx():
        answer = pages.partial("panel/account/_link.html", **told)
    else:
        answer = pages.show("panel/account/link.html", **told)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.post("/telegram/unlink")
@allow("account", "update")
@sudo
def unlink() -> ResponseReturnValue:
    """Unties my Telegram; but an admin of the bot does not shed the limits that this account sets them there."""
    if not guard.held().everything and people.is_admin(g.staff.telegram_user_id or 0):
        raise Denied(_("Administras el bot con los permisos de esta cuenta: tu Telegram queda unido a ella."))
    with transaction():
        links.unlink(g.staff, by=guard.actor())
    words = _("Tu Telegram ya no está unido a esta cuenta.")
    return pages.done(_here(), "panel/account/_telegram.html", toast=words, **_mine())


def _mine(form: str = "") -> dict[str, Any]:
    """What my page shows; `form`: which of its forms did not fit."""
    told: dict[str, Any] = {"sessions": devices.of(staff_id=g.staff.id), "locales": list(LOCALES.items())}
    told |= {"waiting": profile.waiting_email(g.staff.id), "zones": sorted(available_timezones())}
    told |= {"browsers": browsers.of(g.staff.id), "codes_made": second_factor.CODES}
    return told | {"codes_left": second_factor.left(g.staff), "errors": {}, "typed": {}, "form": form}


def _here() -> str:
    return url_for("panel.account.page")
