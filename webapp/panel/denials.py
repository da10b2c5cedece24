"""Denied access: whoever is refused leaves a row of the audit, but not a flood of them.

The first refusal of a minute of somebody at some route is noted; how many more there were is told by the next.
"""

import threading
from typing import Any

from flask import g, request
from sqlalchemy.exc import SQLAlchemyError

from webapp.base import tries
from webapp.base.db import db, transaction
from webapp.base.errors import Anothers, Denied, Refused
from webapp.base.web import client_ip, told_path
from webapp.base.words import clean
from webapp.domain.audit import trail
from webapp.panel import guard

EACH, ALL = "1 per minute", "60 per minute"
MOST = 1000  # people and routes that this process counts for; accounts always: there are few of them
RESOURCE = "routes"
_more: dict[tuple[str, str], int] = {}
_lock = threading.Lock()


def note(error: Refused) -> None:
    """Notes a refusal of access, also to what is somebody else's; what does not fit what somebody typed is none."""
    if not isinstance(error, Denied | Anothers):
        return
    staff = g.get("staff")
    who, route = str(staff.id) if staff is not None else client_ip(), (request.endpoint or "?").removeprefix("panel.")
    crowd = who if staff is not None else "strangers"  # nobody else's refusals take the room of an account's own
    if not (tries.hit(EACH, "denied", who, route) and tries.hit(ALL, "denied", crowd)):
        _count(who, route, always=staff is not None)
        return
    told = {"path": clean(told_path())[:200], "method": request.method, "why": str(error)}
    since = _taken(who, route)
    more: dict[str, Any] = {"more": since} if since else {}
    try:
        with transaction():
            trail.note("denied", RESOURCE, route[:64], by=guard.actor(), new=told, **more)
    except SQLAlchemyError:  # the refusal stands whether or not it can be written down
        db.session.rollback()


def _count(who: str, route: str, *, always: bool) -> None:
    with _lock:
        if always or (who, route) in _more or len(_more) < MOST:
            _more[who, route] = _more.get((who, route), 0) + 1


def _taken(who: str, route: str) -> int:
    with _lock:
        return _more.pop((who, route), 0)
