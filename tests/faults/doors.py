"""People at the doors of running processes, over HTTP: a member in the Mini App, somebody of the team in the panel."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import urllib3

from tests.conftest import PATIENCE, Telegram
from tests.entering import code_of, key_on
from webapp.base.db import transaction
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.staff import accounts
from webapp.domain.staff.models import StaffRole

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PHRASE = "once cabras cruzan el puente"


@dataclass
class Visitor:
    """Somebody's browser at one web process: keeps what it is given, and everything that it was answered."""

    web: str
    token: str = ""
    key: str = ""  # that the phone knows
    cookies: dict[str, str] = field(default_factory=dict)
    seen: list[tuple[str, urllib3.BaseHTTPResponse]] = field(default_factory=list)
    pool: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(maxsize=16, retries=False))

    def ask(self, path: str, form: dict[str, Any] | None = None, **headers: str) -> urllib3.BaseHTTPResponse:
        """A GET, or a POST of `form`; sends the token and the cookies."""
        sent = {**headers, "Origin": self.web} | (FORM if form is not None else {})
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body = None if form is None else urlencode(form)
        verb = "GET" if form is None else "POST"
        answer = self.pool.request(verb, f"{self.web}{path}", body=body, headers=sent, redirect=False, timeout=PATIENCE)
        for cookie in answer.headers.getlist("Set-Cookie"):
            name, _is, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        self.seen.append((path, answer))
        return answer

    def csrf(self) -> str:
        """The token of the panel's forms."""
        return token_on(self.ask("/panel/").data.decode())


def member(telegram: Telegram, web: str, person: str, agent: str = "Telegram") -> Visitor:
    """Somebody with the Mini App open, signed in by what Telegram says of them."""
    visitor = Visitor(web)
    launch = telegram.do("init-data", person=person)["init_data"]
    answer = visitor.ask("/miniapp/session", {"init_data": launch, "path": "/miniapp/"}, **{"User-Agent": agent})
    assert answer.status == 200, answer.data
    visitor.token = answer.headers["X-Session"]
    return visitor


def staff(web: str, email: str = "rita@vitrina.example") -> Visitor:
    """Somebody with a new account of the panel, signed in by their invitation. Needs an app context."""
    with transaction():
        invitation = accounts.invite(StaffRole.SYSADMIN, email=email, by=SYSTEM)
    visitor = Visitor(web)
    form = {"email": email, "full_name": "Rita Root", "password": PHRASE}
    answer = visitor.ask(f"/panel/invitation/{invitation}", form)
    assert answer.status == 303, answer.data
    visitor.key = set_up_phone(visitor)
    return visitor


def set_up_phone(visitor: Visitor) -> str:
    """Whoever has just joined makes a phone theirs; gives the key that it knows."""
    page = visitor.ask("/panel/second-factor/").data.decode()
    key = key_on(page)
    answer = visitor.ask("/panel/second-factor/enrol", {"code": code_of(key), "csrf_token": token_on(page)})
    assert answer.status == 200, answer.data
    return key


def token_on(page: str) -> str:
    """The token of the forms of a page."""
    found = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert found, page
    return found[1]
