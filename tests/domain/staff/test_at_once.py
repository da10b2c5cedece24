"""What is taken away from an account while it does something is gone when that is over, whichever ends first."""

import uuid

import pytest

from tests.conftest import count
from tests.factories import BrowserFactory, CodeFactory, StaffFactory
from webapp.base.clock import now
from webapp.base.crypto import encrypt, hash_password
from webapp.base.db import db, get, transaction
from webapp.base.errors import Denied, NotFound
from webapp.domain.sessions import devices
from webapp.domain.sessions.models import UserSession
from webapp.domain.staff import accounts, browsers, profile, second_factor, team
from webapp.domain.staff.models import StaffBrowser, StaffCode, StaffRecoveryCode, StaffRole, StaffUser
from webapp.domain.staff.waits import Origin

PHRASE = "una frase larga y tranquila"


@pytest.fixture
def rita(app):
    return StaffFactory(full_name="Rita Root", role=StaffRole.SYSADMIN)


@pytest.fixture
def omar(app):
    return StaffFactory(full_name="Omar Root", role=StaffRole.SYSADMIN, password_hash=hash_password(PHRASE))


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


LEFT = {StaffUser: StaffUser.totp_secret.is_not(None), StaffBrowser: StaffBrowser.revoked_at.is_(None)}
RESPONSIBLE = {
    "takes a phone away": lambda one, by: second_factor.reset(get(StaffUser, one), by=by),
    "lets no browser be remembered": lambda _one, by: browsers.let(False, by=by),
    "hands a link over": lambda one, by: profile.hand_over(one, by=by),
}


@pytest.mark.parametrize("deed", RESPONSIBLE)
def test_whoever_ceases_to_be_responsible_this_moment_does_nothing_as_one(at_once, rita, omar, deed):
    nora = StaffFactory(totp_secret="x", totp_confirmed_at=now())
    BrowserFactory(staff_id=nora.id)
    before = CodeFactory(staff_id=nora.id).code_hash
    his, hers, rita_id, nora_id = accounts.as_actor(omar), accounts.as_actor(rita), rita.id, nora.id

    def late():
        with pytest.raises(Denied):
            RESPONSIBLE[deed](nora_id, hers)

    at_once(lambda: team.change_role(rita_id, StaffRole.ADMIN, by=his), late)
    assert [count(model, condition) for model, condition in LEFT.items()] == [1, 1]
    assert count(StaffCode, StaffCode.code_hash == before) == 1
