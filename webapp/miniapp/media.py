"""Pictures: addresses that are signed, the same all day long so that they can be kept, and dead two days later.

An <img> cannot carry the session's token; whoever was given the page may fetch its pictures. A locked card has none.
"""

from flask import Blueprint, Response, current_app, send_file, url_for

from webapp.base.clock import now
from webapp.base.crypto import seal, unseal
from webapp.base.errors import NotFound
from webapp.domain.catalog import media

PURPOSE = "miniapp.picture"
DAYS = 2
TYPES = {".webp": "image/webp", ".jpg": "image/jpeg", ".png": "image/png"}


def routes(pages: Blueprint) -> None:
    """What can be asked here."""
    pages.get("/media/<sealed>")(picture)


def picture_url(storage_key: str, size: str = "large") -> str:
    """The address of a picture, today's: "card", "large" or "thumb"."""
    sealed = seal([media.variant(storage_key, size), now().toordinal()], PURPOSE)
    return url_for("miniapp.picture", sealed=sealed)


def picture(sealed: str) -> Response:
    """The file behind an address. Raises NotFound when it is not ours, too old, or gone."""
    try:
        key, day = unseal(sealed, PURPOSE)
        path = current_app.extensions["storage"].path(key)
    except (ValueError, TypeError):
        raise NotFound() from None
    if not 0 <= now().toordinal() - day < DAYS or not path.is_file():
        raise NotFound()
    answer = send_file(path, mimetype=TYPES[path.suffix], conditional=True, max_age=86_400)
    answer.headers["Cache-Control"] = "private, max-age=86400, immutable"
    return answer
