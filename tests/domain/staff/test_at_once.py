"""What is taken away from an account while it does something is gone when that is over, whichever ends first."""

import pytest
from sqlalchemy import select

from tests.conftest import count
from tests.factories import BrowserFactory, CodeFactory, StaffFactory
from webapp.base.clock import now
from webapp.base.crypto import check_password, encrypt, hash_password
from webapp.base.db import db, get, transaction
from webapp.base.errors import Denied, NotFound, Unknown
from webapp.domain.sessions import devices
from webapp.domain.sessions.models import UserSession
from webapp.domain.staff import accounts, browsers, closing, links, permissions, profile, rights, second_factor, team
from webapp.domain.staff.models import StaffBrowser, StaffCode, StaffRecoveryCode, StaffRole, StaffUser
from webapp.domain.staff.rights import ACTS, Grant
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
        here = devices.start("panel", by=by, staff_id=staff_id, level="mfa")[1].id

    def enter():
        devices.start("panel", by=by, staff_id=accounts.succeed(attempt, None).id)

    def change():
        staff = get(StaffUser, staff_id)
        accounts.change_password(staff, PHRASE, "otra frase bien larga", keep=here, by=by)

    at_once(enter, change)
    assert count(UserSession) == 2
    assert db.session.scalars(select(UserSession.id).where(UserSession.is_active)).all() == [here]


def test_whoever_is_suspended_while_they_invite_invites_nobody(at_once, rita, omar):
    his, hers, staff_id = accounts.as_actor(omar), accounts.as_actor(rita), omar.id
    token = at_once(lambda: accounts.invite(StaffRole.SYSADMIN, by=his), lambda: team.suspend(staff_id, by=hers))
    with pytest.raises(NotFound):
        accounts.get_invitation(token)


def test_a_right_that_is_taken_this_moment_does_not_come_back_with_a_jobs_rights(at_once, rita, omar):
    hugo = StaffFactory(full_name="Hugo Paz", role=StaffRole.USER)
    hers, his, staff_id = accounts.as_actor(rita), accounts.as_actor(omar), hugo.id

    def change(deed, giver, acts, by):
        wanted = {"client_management": Grant(frozenset(acts))}
        return lambda: deed(staff_id, wanted, giver=get(StaffUser, giver.id), by=by)

    with transaction():
        change(permissions.grant, rita, ACTS, hers)()
    at_once(change(permissions.grant, rita, (), hers), change(permissions.add, omar, ["read"], his))
    assert rights.of(get(StaffUser, staff_id)).held == {"client_management": {"read"}}


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


def test_a_session_that_ended_this_moment_changes_nothing_of_its_account(app, omar):
    """Somebody who has it and the password races its owner: what they had begun to do is not done any more."""
    omar.totp_secret, omar.totp_confirmed_at = encrypt("JBSWY3DPEHPK3PXP"), now()
    db.session.commit()
    owner, thief = signed_in(omar), signed_in(omar)
    seen = get(StaffUser, omar.id)
    db.session.expunge(seen)  # as the thief's request read it, before the owner's was over
    with transaction():
        accounts.change_password(get(StaffUser, omar.id), PHRASE, "otra frase bien larga", keep=owner[0], by=owner[1])
    for deed in (
        lambda: accounts.change_password(seen, PHRASE, "la frase del intruso", keep=thief[0], by=thief[1]),
        lambda: profile.ask_email(seen, "intruso@vitrina.example", address="http://x/", by=thief[1]),
        lambda: links.ask(seen, by=thief[1]),
        lambda: second_factor.renew_codes(seen, by=thief[1]),
    ):
        with pytest.raises(Unknown), transaction():
            deed()
    assert count(StaffCode) == count(StaffRecoveryCode) == 0
    assert check_password("otra frase bien larga", db.session.scalar(select(StaffUser.password_hash)))[0]
    assert devices.find(owner[2], "panel") is not None


def test_a_code_that_is_asked_for_while_the_other_sessions_end_is_worth_nothing(at_once, omar):
    owner, thief = signed_in(omar), signed_in(omar)
    staff_id = omar.id

    def shut():
        closing.end_all(staff_id, keep=owner[0], by=owner[1])

    at_once(lambda: links.ask(get(StaffUser, staff_id), by=thief[1]), shut)
    assert count(StaffCode) == 1 and count(StaffCode, StaffCode.used_at.is_(None)) == 0


def signed_in(staff):
    """(id, actor, token) of a session of theirs."""
    with transaction():
        token, session = devices.start("panel", by=accounts.as_actor(staff), staff_id=staff.id, level="mfa")
    return session.id, accounts.as_actor(staff, session=str(session.id)), token
