"""Where Telegram delivers updates in webhook mode: stored, committed, then confirmed. The bot process handles them."""

import hmac

from flask import Blueprint, abort, request

from webapp.base import inbox
from webapp.base.db import transaction
from webapp.base.telegram import read
from webapp.config import settings

LARGEST = 1024 * 1024
PATH = "/telegram/webhook"
pages = Blueprint("webhook", __name__)


@pages.post(PATH)
def receive() -> tuple[str, int]:
    """Takes one update. 404 unless webhook mode is on, 401 without the secret, 413 above 1 MB, 400 for no update."""
    update = _update()
    with transaction():
        inbox.receive([update])
    return "", 200


def _update() -> dict[str, object]:
    chosen = settings()
    if chosen.telegram_mode != "webhook" or chosen.telegram_webhook_secret is None:
        abort(404)
    given = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
    if not hmac.compare_digest(given.encode(), chosen.telegram_webhook_secret.get_secret_value().encode()):
        abort(401)
    request.max_content_length = LARGEST
    if (request.content_length or LARGEST + 1) > LARGEST:
        abort(413)
    try:
        update = read(request.get_data(cache=False))
        number = update["update_id"]
    except (ValueError, KeyError, TypeError):
        abort(400)
    if not isinstance(update, dict) or not isinstance(number, int) or isinstance(number, bool) or number >> 62:
        abort(400)
    return update
