"""What is taken away from an account while it does something is gone when that is over, whichever ends first."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from tests.conftest import count
from tests.factories import StaffFactory
from webapp.base.clock import now
from webapp.base.crypto import encrypt, hash_password
from webapp.base.db import db, get, transaction
from webapp.base.errors import NotFound
from webapp.domain.sessions import devices
from webapp.domain.sessions.models import UserSession
from webapp.domain.staff import accounts, second_factor, team
from webapp.domain.staff.models import StaffRecoveryCode, StaffRole, StaffUser
from webapp.domain.staff.waits import Origin

PHRASE = "una frase larga y tranquila"
MOMENT = 1  # for which the second deed may go on beside the first, where nothing makes it wait


@pytest.fixture
def rita(app):
    return StaffFactory(full_name="Rita Root", role=StaffRole.SYSADMIN)


@pytest.fixture
def omar(app):
    return StaffFactory(full_name="Omar Root", role=StaffRole.SYSADMIN, password_hash=hash_password(PHRASE))


@pytest.fixture
def at_once(app):
    """Begins a second deed when the first has done everything but end; gives what the first gave."""

    def do(first: Callable, second: Callable):
        over = Event()

        def other():
            with app.app_context(), transaction():
                second()
            over.set()

        with ThreadPoolExecutor(1) as beside:
            with transaction():
                given = first()
                late = beside.submit(other)
                over.wait(MOMENT)
            late.result()
        db.session.rollback()
        return given

    return do


def test_whoever_comes_in_with_a_password_that_changes_this_moment_is_out(at_once, omar):
    by, staff_id = accounts.as_actor(omar), omar.id
    known = Origin("203.0.113.0/24", "here", frozenset({str(staff_id)}))
    with transaction():
        attempt = accounts.begin(omar.email, known)

    def enter():
        devices.start("panel", by=by, staff_id=accounts.succeed(attempt, None).id)

    def change():
        staff = get(StaffUser, staff_id)
        accounts.change_password(staff, PHRASE, "otra frase bien larga", keep=uuid.uuid4(), by=by)

    at_once(enter, change)
    assert count(UserSession) == 1 and count(UserSession, UserSession.is_active) == 0


def test_whoever_is_suspended_while_they_invite_invites_nobody(at_once, rita, omar):
    his, hers, staff_id = accounts.as_actor(omar), accounts.as_actor(rita), omar.id
    token = at_once(lambda: accounts.invite(StaffRole.SYSADMIN, by=his), lambda: team.suspend(staff_id, by=hers))
    with pytest.raises(NotFound):
        accounts.get_invitation(token)


def test_codes_on_paper_that_are_made_twice_at_once_are_ten(at_once, omar):
    omar.totp_secret, omar.totp_confirmed_at = encrypt("JBSWY3DPEHPK3PXP"), now()
    db.session.commit()
    by, staff_id = accounts.as_actor(omar), omar.id

    def renew():
        return second_factor.renew_codes(get(StaffUser, staff_id), by=by)

    at_once(renew, renew)
    assert count(StaffRecoveryCode, StaffRecoveryCode.used_at.is_(None)) == second_factor.CODES
