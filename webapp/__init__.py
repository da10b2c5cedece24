"""The house's table of contents: `create_app` alone knows every room and every door."""

from typing import Any

from flask import Flask
from flask_babel import Babel
from werkzeug.middleware.proxy_fix import ProxyFix

from webapp import bot, cli, faces, jobs, miniapp, panel
from webapp.base import crypto, health, logs, migrations, tries, web
from webapp.base.db import db, engine_options, tune
from webapp.base.files import Files
from webapp.base.i18n import SOURCE
from webapp.base.pace import Pacer
from webapp.base.storage import Storage
from webapp.base.telegram import Gateway
from webapp.config import Settings, read_settings
from webapp.domain.audit import models as audit
from webapp.domain.catalog import models as catalog
from webapp.domain.channels import models as channels
from webapp.domain.channels import records as channel_records
from webapp.domain.clients import models as clients
from webapp.domain.insights import models as insights
from webapp.domain.sessions import models as sessions
from webapp.domain.settings import models as creator_settings
from webapp.domain.staff import models as staff
from webapp.domain.users import models as users
from webapp.filters import add_filters
from webapp.locales import choose_locale

__version__ = "0.1.0"
ROOMS = (audit, sessions, creator_settings, users, staff, catalog, channels, channel_records, clients, insights)
DOORS = (miniapp, panel, bot, jobs, cli)


def create_app(settings: Settings | None = None, **overrides: Any) -> Flask:
    """The application: settings, base, doors.

    `overrides` are settings that win over the environment (tests). Raises BadSettings naming all that are wrong.
    """
    settings = settings or read_settings(**overrides)
    logs.configure(settings.log_level, settings.log_format)
    crypto.set_keys(settings.secret_keys, settings.data_keys)
    app = Flask(__name__, template_folder="../templates", static_folder="../static")
    app.session_interface = web.NoSessions()
    app.config.update(_flask_config(settings))
    app.extensions["settings"] = settings
    app.extensions["gateway"] = Gateway(settings.bot_token, settings.telegram_api_url)
    app.extensions["storage"] = Storage(settings.home / "media")
    app.extensions["files"] = Files(settings.home / "exports")
    app.extensions["pacer"] = Pacer(settings.telegram_rate, settings.home / "pace")
    _databases(app, settings)
    tries.init_app(app, settings.redis_url)
    Babel(app, default_locale=SOURCE, locale_selector=choose_locale)
    add_filters(app)
    faces.init_app(app)
    web.init_app(app)
    health.init_app(app)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    for door in DOORS:
        door.init_app(app)
    return app


def _flask_config(settings: Settings) -> dict[str, Any]:
    return {
        "SECRET_KEY": settings.secret_keys[0],
        "SECRET_KEY_FALLBACKS": settings.secret_keys[1:],
        "SQLALCHEMY_DATABASE_URI": settings.database,
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(settings.database),
        "BABEL_TRANSLATION_DIRECTORIES": "translations",
        "MAX_CONTENT_LENGTH": 24 * 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 1024 * 1024,
        "TESTING": settings.vitrina_env == "test",
    }


def _databases(app: Flask, settings: Settings) -> None:
    db.init_app(app)
    migrations.init_app(app)
    with app.app_context():
        tune(db.engine, settings.sqlite_synchronous)
