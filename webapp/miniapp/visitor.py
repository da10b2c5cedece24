"""Who is asking: the guard in front of every page of the Mini App, and what pages need to know of the asker."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import g, render_template, request
from flask.typing import ResponseReturnValue

from webapp.base.clock import now
from webapp.base.errors import Unknown
from webapp.base.i18n import _, day, lazy_gettext, moment
from webapp.base.web import asset, client_ip, request_id
from webapp.config import TELEGRAM, settings
from webapp.domain.audit.actors import Actor
from webapp.domain.catalog import visits
from webapp.domain.catalog.visits import Visitor
from webapp.domain.sessions import devices
from webapp.domain.settings import config
from webapp.domain.users.models import User
from webapp.domain.users.people import get_user

OPEN = frozenset({"miniapp.exchange", "miniapp.renew", "miniapp.picture"})
TABS = (
    ("miniapp.vitrina", "shopping-bag", lazy_gettext("Vitrina")),
    ("miniapp.interests_page", "heart", lazy_gettext("Mis intereses")),
    ("miniapp.access", "key", lazy_gettext("Mi acceso")),
    ("miniapp.help_page", "message-circle", lazy_gettext("Ayuda")),
)
TOUCHED_EVERY = 300


def admit() -> ResponseReturnValue | None:
    """Lets in who has a live session; a GET without a token gets the shell, everything else a refusal."""
    if request.endpoint in OPEN:
        return None
    said = request.headers.get("Authorization", "")
    if not said and request.method in ("GET", "HEAD"):
        return shell()
    found = visits.find(said[7:]) if said.startswith("Bearer ") and len(said) < 200 else None
    if found is None or found.refused:
        raise Unknown(_("Tu sesión terminó. Cierra la vitrina y ábrela otra vez desde el bot."))
    welcome(found)
    return None


def welcome(found: Visitor) -> None:
    """From here on this request is this visitor's, in their language, with prices as the creator asks for them."""
    g.visitor, g.locale, g.creator_currency = found, found.locale, found.currency


def shell() -> str:
    """The page without anybody in it."""
    return render_template("miniapp/shell.html", bot_username=config.current().bot_username)


def telegram_script() -> str:
    """Where Telegram's script comes from: telegram.org, or our copy when Telegram itself is simulated."""
    chosen = settings()
    if chosen.miniapp_script == "local" or chosen.telegram_api_url != TELEGRAM:
        return asset("vendor/telegram/telegram-web-app.js")
    return chosen.miniapp_script


def visitor() -> Visitor:
    """Who is asking."""
    found: Visitor = g.visitor
    return found


def doer() -> Visitor:
    """Who is asking, for a deed; notes that the session is alive, at most every five minutes."""
    asking = visitor()
    if (now() - asking.seen_at).total_seconds() > TOUCHED_EVERY:
        devices.touch(asking.session, "miniapp")
    return asking


def person() -> User:
    """The asker's own row, for a deed that changes it."""
    return get_user(doer().user_id)


def actor() -> Actor:
    """The asker as the one who acts."""
    asking = visitor()
    return Actor(
        "user",
        str(asking.user_id),
        asking.full_name,
        ip=client_ip(),
        agent=request.headers.get("User-Agent"),
        session=str(asking.session),
        request=request_id(),
    )


def arguments() -> Any:
    """The query of the page that is wanted: of this request, or of the page that the exchange brings along."""
    return g.get("arguments", request.args)


def app_link(start: str = "") -> str | None:
    """A link that opens the Mini App inside Telegram, `start` being its start parameter."""
    bot = visitor().bot_username
    return f"https://t.me/{bot}?startapp={start}" if bot else None


def when(at: datetime) -> str:
    """A moment as the visitor would say it: "hoy, 10:41", "ayer, 20:14", "3 de marzo"."""
    zone = ZoneInfo(visitor().time_zone)
    days = (now().astimezone(zone).date() - at.astimezone(zone).date()).days
    if days not in (0, 1):
        return day(at, visitor().time_zone)
    time = moment(at, visitor().time_zone, short=True)
    words: str = _("hoy, %(time)s", time=time) if days == 0 else _("ayer, %(time)s", time=time)
    return words
