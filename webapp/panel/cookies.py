"""The browser's cookies: its session, the name by which we know it again, and whether it is remembered.

No script reads them. Behind https their names begin with `__Host-`, which ties them to this very host.
"""

import secrets
from typing import Any

from flask import request
from werkzeug.wrappers import Response

from webapp.base.crypto import sign, unsign
from webapp.base.web import client_ip
from webapp.config import settings
from webapp.domain.staff.browsers import LASTS
from webapp.domain.staff.waits import Origin, network

WEEK, YEAR = 7 * 24 * 3600, 365 * 24 * 3600
KNOWN, REMEMBERED, UNDERWAY = "known", "remembered", "underway"
MINUTES = 600  # seconds that the way to Telegram and back may take
MOST_ACCOUNTS = 8  # that one browser is known for


def set_session(answer: Response, token: str) -> None:
    """Gives the browser its session."""
    _set(answer, name(), token, WEEK)


def drop_session(answer: Response) -> None:
    """Takes it away again."""
    answer.delete_cookie(name(), secure=_secure(), httponly=True, samesite="Lax", path="/")


def name(of: str = "") -> str:
    """What a cookie is called here; plain http is for one's own machine."""
    plain = f"vitrina-{of}" if of else "vitrina"
    return f"__Host-{plain}" if _secure() else plain


def origin() -> Origin:
    """Where this request comes from, for the waits: its network, and this browser, when we know it again."""
    known = _read(KNOWN, YEAR)
    if not isinstance(known, list) or not known or not all(isinstance(one, str) for one in known):
        return Origin(network(client_ip()))
    return Origin(network(client_ip()), known[0], frozenset(known[1:]))


def know_again(answer: Response, staff_id: str) -> None:
    """Somebody signed in here: no failure elsewhere makes them wait in this browser any more."""
    here = origin()
    others = sorted(here.accounts - {staff_id})[: MOST_ACCOUNTS - 1]
    browser = here.browser or secrets.token_urlsafe(12)
    _set(answer, name(KNOWN), sign([browser, staff_id, *others], KNOWN), YEAR)


def remember(answer: Response, token: str) -> None:
    """Lets the browser keep what spares it the code of the phone."""
    _set(answer, name(REMEMBERED), sign(token, REMEMBERED), int(LASTS.total_seconds()))


def remembered() -> str:
    """What a remembered browser keeps; empty for any other."""
    token = _read(REMEMBERED, int(LASTS.total_seconds()))
    return token if isinstance(token, str) else ""


def set_out(answer: Response, state: str, target: str) -> None:
    """The person leaves for Telegram from this browser, to go on to `target` when they are back."""
    _set(answer, name(UNDERWAY), sign([state, target], UNDERWAY), MINUTES)


def underway() -> tuple[str, str]:
    """(the state with which this browser set out, where it goes on to); ("", "") when it did not."""
    told = _read(UNDERWAY, MINUTES)
    if not isinstance(told, list) or [type(one) for one in told] != [str, str]:
        return "", ""
    return told[0], told[1]


def arrived(answer: Response) -> None:
    """The way is over, wherever it led."""
    answer.delete_cookie(name(UNDERWAY), secure=_secure(), httponly=True, samesite="Lax", path="/")


def _read(of: str, age: int) -> Any:
    try:
        return unsign(request.cookies.get(name(of), ""), of, age)
    except ValueError:
        return None


def _set(answer: Response, called: str, value: str, age: int) -> None:
    answer.set_cookie(called, value, secure=_secure(), httponly=True, samesite="Lax", path="/", max_age=age)


def _secure() -> bool:
    return settings().public.startswith("https://")
