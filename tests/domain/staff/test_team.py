"""Who may do what to whose account; two who take the role from each other at once leave one in it."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.conftest import count
from tests.entering import opened
from tests.factories import StaffFactory
from webapp.base.db import db, get, transaction
from webapp.base.errors import Conflict, Denied, NotFound, Refused
from webapp.domain.audit.actors import SYSTEM, Actor
from webapp.domain.audit.models import AuditLog
from webapp.domain.sessions import devices
from webapp.domain.sessions.models import UserSession
from webapp.domain.staff import accounts, links, rights, team
from webapp.domain.staff.models import StaffInvitation, StaffRole, StaffUser

SYSADMINS = (StaffUser.role == StaffRole.SYSADMIN, StaffUser.is_active)


@pytest.fixture
def rita(app):
    return StaffFactory(full_name="Rita Root", role=StaffRole.SYSADMIN)


@pytest.fixture
def omar(app):
    return StaffFactory(full_name="Omar Root", role=StaffRole.SYSADMIN)


@pytest.fixture
def hugo(app):
    return StaffFactory(full_name="Hugo Paz", role=StaffRole.USER)


def done(deed, staff, *more, by):
    with transaction():
        return deed(staff.id, *more, by=accounts.as_actor(by) if isinstance(by, StaffUser) else by)


def demote(one, other):
    return done(team.change_role, other, StaffRole.ADMIN, by=one)


def suspend(one, other):
    return done(team.suspend, other, by=one)


def remove(one, other):
    return done(team.remove, other, by=one)


@pytest.mark.parametrize("deeds", [(demote, demote), (suspend, suspend), (remove, demote), (suspend, remove)])
def test_two_who_turn_on_each_other_at_the_same_moment_leave_one(app, rita, omar, deeds):
    start = Barrier(2)

    def turn(deed, one, other):
        with app.app_context():
            start.wait()
            try:
                return deed(one, other)
            except Refused as error:
                return type(error)

    with ThreadPoolExecutor(2) as crowd:
        ends = [crowd.submit(turn, deeds[0], rita, omar), crowd.submit(turn, deeds[1], omar, rita)]
        assert sorted(str(end.result()) for end in ends) == [str(Denied), "True"]
    db.session.rollback()
    assert count(StaffUser, *SYSADMINS) == 1


@pytest.mark.parametrize("deed", [demote, suspend, remove])
def test_an_operator_at_the_console_cannot_take_the_last_responsible_either(rita, deed):
    with pytest.raises(Conflict):
        deed(SYSTEM, rita)
    assert count(StaffUser, *SYSADMINS) == 1


def test_a_suspended_responsible_does_not_count_as_one(rita, omar):
    suspend(rita, omar)
    with pytest.raises(Conflict):
        suspend(SYSTEM, rita)


def test_whoever_was_suspended_a_moment_ago_does_nothing_more(rita, omar, hugo):
    suspend(rita, omar)
    with pytest.raises(Denied):
        suspend(omar, hugo)
    assert get(StaffUser, hugo.id).is_active


def test_a_member_somebody_unheard_of_and_they_themselves_do_nothing(hugo):
    for by in (
        Actor("user", "5"),
        Actor("staff", "5"),
        Actor("staff", str(uuid.uuid4())),
        Actor("staff", str(hugo.id)),
    ):
        with pytest.raises(Denied):
            suspend(by, hugo)


def test_what_is_so_already_leaves_no_row(rita, omar, hugo):
    assert suspend(rita, hugo) and not suspend(rita, hugo)
    assert remove(rita, hugo) and not remove(rita, hugo)
    assert done(team.reactivate, hugo, by=rita) and not done(team.reactivate, hugo, by=rita)
    assert not done(team.change_role, hugo, StaffRole.USER, by=rita)
    assert count(AuditLog, AuditLog.resource_id == str(hugo.id)) == 3


def test_a_role_is_not_given_to_who_was_let_go(rita, hugo):
    remove(rita, hugo)
    with pytest.raises(Conflict):
        demote(rita, hugo)


@pytest.mark.parametrize("deed", [demote, suspend, remove])
def test_sessions_and_invitations_end_with_it(rita, omar, deed):
    with transaction():
        devices.start("panel", by=SYSTEM, staff_id=omar.id)
        token = accounts.invite(StaffRole.SYSADMIN, by=accounts.as_actor(omar))
    deed(rita, omar)
    with pytest.raises(NotFound):
        accounts.get_invitation(token)
    assert count(UserSession, UserSession.is_active) == 0
    assert count(AuditLog, AuditLog.resource_type == StaffInvitation.__tablename__, AuditLog.action == "update") == 1


def test_who_is_let_go_may_nothing_on_the_chats_desk_until_another_account_is_theirs(rita, omar, hugo):
    """Untied, an admin of the bot would have no account there, and so all that the chat offers."""
    person = 710_000_001
    with transaction():
        get(StaffUser, hugo.id).telegram_user_id = person
    remove(rita, hugo)
    assert rights.of_person(person) == rights.NOTHING and links.of_person(person) is None
    with transaction():
        links.link(*opened(links.ask(omar, by=SYSTEM), person), person, by=SYSTEM)
    assert links.of_person(person).id == omar.id
    done(team.reactivate, hugo, by=rita)
    assert db.session.get(StaffUser, hugo.id, populate_existing=True).telegram_user_id is None


def test_an_account_invites_nobody_above_itself(caio, hugo):
    for giver, role in ((caio, StaffRole.SYSADMIN), (hugo, StaffRole.ADMIN)):
        with pytest.raises(Denied), transaction():
            accounts.invite(role, by=accounts.as_actor(giver))
    assert count(StaffInvitation) == 0
