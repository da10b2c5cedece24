"""Door: staff pages. The blueprint, what runs around every request of it, and the list of its rooms."""

from flask import Blueprint, Flask, Response, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from webapp.base import web
from webapp.base.errors import Refused
from webapp.base.i18n import LOCALES
from webapp.panel import (
    account,
    audit,
    catalog,
    channels,
    charts,
    client_imports,
    clients,
    commands,
    differences,
    exports,
    free,
    guard,
    home,
    imports,
    interests,
    openid,
    pages,
    payments,
    plans,
    reading,
    rights,
    search,
    second_factor,
    settings,
    setup,
    signin,
    staff,
    stats,
    sudo,
    tables,
    telegram,
    tokens,
    users,
    vip,
    vip_many,
    words,
)

ROOMS = (
    signin,
    telegram,
    openid,
    second_factor,
    sudo,
    home,
    catalog,
    interests,
    vip,
    vip_many,
    imports,
    payments,
    differences,
    free,
    plans,
    tokens,
    users,
    client_imports,
    clients,
    stats,
    audit,
    channels,
    setup,
    settings,
    staff,
    rights,
    account,
    exports,
    search,
)
CSP = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; script-src 'self'; frame-ancestors 'none';"
    " form-action 'self'; base-uri 'none'; object-src 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


def init_app(app: Flask) -> None:
    """Opens the door."""
    panel = Blueprint("panel", __name__, url_prefix="/panel")
    panel.before_request(guard.admit)
    panel.before_request(sudo.ask)
    panel.register_error_handler(Refused, pages.refuse)
    for room in ROOMS:
        panel.register_blueprint(room.blueprint)
    app.register_blueprint(panel)
    app.add_url_rule("/", "root", _begin)
    web.refuse_below(app, "/panel", pages.refuse_unrouted)
    app.after_request(_headers)
    app.jinja_env.globals.update(
        csrf=guard.csrf,
        allowed=guard.allowed,
        zone=pages.zone,
        creator_zone=pages.creator_zone,
        url_with=pages.url_with,
        secret_fields=pages.SECRET,
        export_url=exports.url,
    )
    app.jinja_env.globals.update(
        lang=words.lang,
        has_page=pages.has_page,
        chat_link=words.chat_link,
        deed_words=words.deed_words,
        locales=LOCALES,
        local=reading.local,
        local_day=reading.local_day,
    )
    app.jinja_env.globals.update(spark=charts.spark, long_day=charts.long_day)
    app.jinja_env.filters.update(span=words.span, cell=tables.cell)
    app.cli.add_command(commands.staff)


def _begin() -> ResponseReturnValue:
    """Who types the bare address comes to the panel, which finds out who they are; this answer is everybody's."""
    return redirect(url_for("panel.home.page"), 303)


def _headers(answer: Response) -> Response:
    """What a browser must know of the panel: run only our scripts and styles, show it in no frame."""
    if request.path.startswith("/panel"):
        framed = ("Content-Security-Policy", "X-Frame-Options") if g.get("framed") else ()
        answer.headers.update({name: value for name, value in HEADERS.items() if name not in framed})
    return answer
