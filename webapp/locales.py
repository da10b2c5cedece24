"""Which language a web request is answered in."""

from flask import g, has_request_context, request

from webapp.base.i18n import LOCALES, SOURCE, locale_for


def choose_locale() -> str:
    """The signed-in person's language (a door puts it into `g.locale`), or the browser's; Spanish outside requests."""
    if not has_request_context():
        return SOURCE
    known = g.get("locale")
    if known in LOCALES:
        return str(known)
    return locale_for(request.accept_languages.best_match(["es", "en", "pt"]))
