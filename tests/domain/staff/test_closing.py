"""Whatever takes an account back takes all of it: sessions, remembered browsers, links and codes asked for."""

from pathlib import Path

import pytest

import webapp.domain.staff
import webapp.panel
from tests.conftest import count
from tests.factories import BrowserFactory, CodeFactory, SessionFactory, StaffFactory
from webapp.base.clock import now
from webapp.base.crypto import encrypt, hash_password
from webapp.base.db import db, get, transaction
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.sessions import devices
from webapp.domain.sessions.models import UserSession
from webapp.domain.staff import accounts, closing, second_factor, team
from webapp.domain.staff.models import StaffBrowser, StaffCode, StaffRole, StaffUser

PHRASE, OTHER = "una frase larga y tranquila", "otra frase bien larga"
DEEDS = {
    "a new password": lambda one: accounts.change_password(one, PHRASE, OTHER, keep=here(one), by=SYSTEM),
    "the phone taken away": lambda one: second_factor.reset(one, by=SYSTEM),
    "another role": lambda one: team.change_role(one.id, StaffRole.USER, by=SYSTEM),
    "suspended": lambda one: team.suspend(one.id, by=SYSTEM),
    "let go": lambda one: team.remove(one.id, by=SYSTEM),
    "closed by its owner": lambda one: closing.end_all(one.id, by=SYSTEM),
}
OPEN = ((UserSession, UserSession.is_active), (StaffBrowser, StaffBrowser.revoked_at.is_(None)))
OPEN += ((StaffCode, StaffCode.used_at.is_(None)),)


def opened(**more):
    """An account with one of each."""
    one = StaffFactory(password_hash=hash_password(PHRASE), **more)
    SessionFactory(staff_id=one.id, user_id=None, kind="panel")
    BrowserFactory(staff_id=one.id)
    CodeFactory(staff_id=one.id)
    return one


def here(one):
    """The session in which its owner does it."""
    session = devices.start("panel", by=SYSTEM, staff_id=one.id, level="mfa")[1]
    db.session.flush()
    return session.id


def left():
    return [count(kind, condition) for kind, condition in OPEN]


@pytest.mark.parametrize("deed", DEEDS)
def test_nothing_of_it_is_left_and_nothing_of_anybody_elses_is_gone(app, deed):
    rita = opened(totp_secret=encrypt("JBSWY3DPEHPK3PXP"), totp_confirmed_at=now())
    opened(role=StaffRole.SYSADMIN)
    assert left() == [2, 2, 2]
    with transaction():
        DEEDS[deed](get(StaffUser, rita.id))
    assert left() == [1 + (deed == "a new password"), 1, 1]


def test_the_session_that_asks_may_stay_and_how_many_ended_is_told(app):
    rita = opened()
    kept = SessionFactory(staff_id=rita.id, user_id=None, kind="panel")
    with transaction():
        assert closing.end_all(rita.id, keep=kept.id, by=SYSTEM) == 1
    assert left() == [1, 0, 0]


def test_nobody_takes_back_a_part_of_an_account():
    folders = (Path(package.__path__[0]) for package in (webapp.domain.staff, webapp.panel))
    code = {file: file.read_text() for folder in folders for file in folder.glob("*.py")}
    assert [file.name for file, text in code.items() if "forget_all(" in text or "drop_all(" in text] == [
        "browsers.py",
        "closing.py",
        "codes.py",
    ]
