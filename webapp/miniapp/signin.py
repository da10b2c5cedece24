"""Signing in: Telegram's initData for a short-lived token, and a spent token for a new one.

Whatever is wrong with an introduction, the answer is the same body, and nothing of it is logged.
"""

from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, Response, current_app, g, make_response, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from webapp.base import initdata, tries
from webapp.base.db import transaction
from webapp.base.errors import Denied, NotFound, Refused, TooMany, Unknown
from webapp.base.i18n import _, locale_for
from webapp.base.web import client_ip, request_id
from webapp.config import settings
from webapp.domain.catalog import visits
from webapp.domain.channels import reminders
from webapp.domain.sessions import devices
from webapp.domain.settings import config
from webapp.domain.users import people
from webapp.miniapp.visitor import welcome

HOME = "/miniapp/"
STARTS = {"interests": "/miniapp/interests", "access": "/miniapp/access", "help": "/miniapp/help"}
EXCHANGES = "300 per minute"
MOST_BYTES = 16 * 1024


def routes(pages: Blueprint) -> None:
    """What can be asked here."""
    pages.post("/session")(exchange)
    pages.post("/session/renew")(renew)


def exchange() -> Response:
    """initData for a session, and the page that is wanted in the same answer."""
    _count()
    request.max_content_length = MOST_BYTES
    try:
        told = request.form
        token, path = _introduced(told.get("init_data", ""), told.get("path", ""), told.get("time_zone", ""))
    except (Unknown, Denied) as refusal:
        return _stranger(refusal)
    except RequestEntityTooLarge:
        return _stranger(Unknown())
    answer = make_response(_page(path) + render_template("miniapp/_reworded.html"))
    answer.headers["X-Session"], answer.headers["X-Path"] = token, path
    return answer


def renew() -> Response:
    """A new token for one that is spent, when the launch that began its session is shown again with it."""
    _count()
    said = request.headers.get("Authorization", "").removeprefix("Bearer ")
    launch = request.form.get("init_data", "")
    with transaction():
        token = devices.renew_spent(said, initdata.launch_of(launch))
    found = visits.find(token) if token else None
    if token is None or found is None or found.refused:
        return _stranger(Unknown())
    answer = Response(status=204)
    answer.headers["X-Session"] = token
    return answer


def _introduced(init_data: str, path: str, zone: str) -> tuple[str, str]:
    """(token, path of the page) for an introduction; `zone` is the browser's time zone, believed while we know none.
    Raises Unknown, or Denied for who is kept out."""
    told = initdata.check(init_data, settings().bot_token)
    with transaction():
        user = people.get_or_create_user(told.user, listed=told.user["id"] in settings().admin_user_ids)
        people.refuse_blocked(user)
        by = people.as_actor(user, ip=client_ip(), agent=request.headers.get("User-Agent"), request=request_id())
        token, _session = devices.start("miniapp", by=by, user_id=user.user_id, init_data_hash=told.hash)
    if user.time_zone is None and config.is_zone(zone):
        with transaction():
            reminders.move(people.get_user(user.user_id), zone, by=by)
    found = visits.find(token)
    if found is None:
        raise Unknown()
    welcome(found)
    return token, _target(path, told.start_param)


def _target(path: str, start: str) -> str:
    """The page to begin with: where the shell stands, or what the start parameter names; only an address of ours."""
    if not path.startswith("/miniapp") or not (path.isascii() and path.isprintable()):
        path = ""
    if path.partition("?")[0].rstrip("/") not in ("", "/miniapp"):
        return path
    if start.startswith("pkg_"):
        return f"/miniapp/packages/{start[4:]}"
    return STARTS.get(start) or path or HOME


def _page(path: str) -> str:
    """What a GET of `path` would answer this visitor."""
    parts = urlsplit(path)
    g.arguments = MultiDict({name: values[0] for name, values in parse_qs(parts.query).items()})
    g.path = parts.path
    try:
        endpoint, values = current_app.url_map.bind("").match(parts.path, method="GET")
        if not endpoint.startswith("miniapp."):
            raise NotFound()
        return str(current_app.view_functions[endpoint](**values))
    except (Refused, HTTPException) as error:
        words = str(error) if isinstance(error, Refused) and str(error) else _("No encontramos esta página.")
        return render_template("miniapp/refused.html", message=words, status=404, code=request_id())


def _stranger(refusal: Refused) -> Response:
    """The one refusal, whatever the cause: nobody learns from it whether we know them.

    So not even its language may be the member's own: it is the one that Telegram reports to the page, which asks in it.
    """
    g.locale = locale_for(request.accept_languages.best_match(["es", "en", "pt"]))
    return make_response(
        render_template("miniapp/stranger.html") + render_template("miniapp/_reworded.html"), refusal.status
    )


def _count() -> None:
    """Raises TooMany for an address that exchanges all the time."""
    if not tries.hit(EXCHANGES, "exchange", client_ip()):
        raise TooMany(_("Demasiados intentos. Espera un momento."), retry_after=30)
