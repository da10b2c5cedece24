"""Whether we are alive, whether we are ready, and what we count."""

import hmac
from collections.abc import Callable

from flask import Flask, Response, abort, current_app, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from webapp.base import inbox, migrations, outbox
from webapp.base.db import db
from webapp.base.leases import seconds_since_beat
from webapp.config import Settings

OUTBOX_WAITING = Gauge("vitrina_outbox_waiting", "Messages promised and not sent")
OUTBOX_AGE = Gauge("vitrina_outbox_oldest_seconds", "Age of the oldest message that is due, or was tried in vain")
INBOX_WAITING = Gauge("vitrina_inbox_waiting", "Updates stored and not handled")
INBOX_AGE = Gauge("vitrina_inbox_oldest_seconds", "Age of the oldest update not handled")


def init_app(app: Flask) -> None:
    """Adds /healthz, /readyz and /metrics."""
    app.add_url_rule("/healthz", "healthz", _alive)
    app.add_url_rule("/readyz", "readyz", _ready)
    app.add_url_rule("/metrics", "metrics", _metrics)


def checks() -> dict[str, tuple[bool, str]]:
    """Each part: is it well, and a word about it. Does not raise when the database is away."""
    parts: dict[str, Callable[[], tuple[bool, str]]] = {
        "database": _database,
        "migrations": _migrations,
        "inbox": lambda: _queue(inbox.backlog()),
        "outbox": lambda: _queue(outbox.backlog()),
        "bot": lambda: _beat("bot"),
        "worker": lambda: _beat("worker"),
    }
    found: dict[str, tuple[bool, str]] = {}
    for name, check in parts.items():
        if found.get("database", (True,))[0]:
            found[name] = check()
    return found


def _alive() -> Response:
    return jsonify(status="alive")


def _ready() -> tuple[Response, int]:
    found = checks()
    well = all(fine for fine, _word in found.values())
    return jsonify({name: word for name, (_fine, word) in found.items()}), 200 if well else 503


def _metrics() -> Response:
    settings: Settings = current_app.extensions["settings"]
    token = settings.metrics_token.get_secret_value() if settings.metrics_token else ""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    forwarded = settings.trusted_proxies or "X-Forwarded-For" in request.headers  # a proxy's address proves nothing
    local = not forwarded and request.remote_addr in ("127.0.0.1", "::1")
    if not (token and hmac.compare_digest(given.encode(), token.encode())) and not (local and not token):
        abort(404)
    for (count, age), waiting, oldest in (
        (outbox.backlog(), OUTBOX_WAITING, OUTBOX_AGE),
        (inbox.backlog(), INBOX_WAITING, INBOX_AGE),
    ):
        waiting.set(count)
        oldest.set(age)
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def _database() -> tuple[bool, str]:
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        return False, type(error).__name__
    return True, "ok"


def _migrations() -> tuple[bool, str]:
    here, head = migrations.standing()
    return here == head, f"at {here}" + ("" if here == head else f", wants {head}: run `flask db upgrade`")


def _queue(backlog: tuple[int, float]) -> tuple[bool, str]:
    count, age = backlog
    return age < 120, f"{count} waiting, oldest {age:.0f} s"


def _beat(name: str) -> tuple[bool, str]:
    age = seconds_since_beat(name)
    return age is not None and age < 30, "never seen" if age is None else f"seen {age:.0f} s ago"
