"""Door: members' pages inside Telegram.

No cookies: a page is asked for with the session's token in `Authorization`. A GET without one is answered with the
shell, whose script exchanges Telegram's initData for a token and gets the page it stands on in the same exchange.
"""

from flask import Blueprint, Flask

from webapp.base.i18n import LOCALES, locale_now
from webapp.domain.catalog.models import ContentCategory
from webapp.miniapp import access, cards, catalog, headers, help, media, profile, signin, subscription, visitor

ROOMS = (signin, catalog, access, subscription, help, profile, media)


def init_app(app: Flask) -> None:
    """Opens the door."""
    pages = Blueprint("miniapp", __name__, url_prefix="/miniapp")
    pages.before_request(visitor.admit)
    pages.after_request(headers.add)
    for room in ROOMS:
        room.routes(pages)
    app.register_blueprint(pages)
    app.jinja_env.filters.update(when=visitor.when)
    app.jinja_env.globals.update(
        categories=ContentCategory,
        locale=locale_now,
        locales=LOCALES,
        picture=media.picture_url,
        tabs=visitor.TABS,
        telegram_script=visitor.telegram_script,
    )
    cards.init_app(app)
    headers.init_app(app, app.extensions["settings"])
