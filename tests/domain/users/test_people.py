"""Meeting people, finding them, keeping them out."""

import factory
import pytest

from tests.conftest import count
from tests.factories import UserFactory
from webapp.base.db import db, transaction
from webapp.base.errors import Denied, Invalid
from webapp.domain.audit.models import AuditLog
from webapp.domain.users import people, roles
from webapp.domain.users.models import Reach, User, UserRole, UserRoleChangeLog

TOLD = {"id": 730_000_001, "first_name": "Iñaki", "last_name": "Núñez", "username": "inaki", "language_code": "pt-br"}


def test_a_first_contact_is_free_with_one_log_row(app):
    with transaction():
        user = people.get_or_create_user(TOLD)
    assert (user.role, user.reach, user.locale) == (UserRole.FREE, Reach.NEVER_STARTED, "pt_BR")
    assert count(UserRoleChangeLog) == 1


def test_meeting_again_refreshes_the_names_and_adds_nobody(app):
    for name in ("Iñaki", "Iker"):
        with transaction():
            people.get_or_create_user({**TOLD, "first_name": name})
    assert people.search("iker").rows[0].first_name == "Iker"
    assert count(User) == 1


def test_search_is_blind_to_accents_and_case(app):
    with transaction():
        people.get_or_create_user(TOLD)
    for words in ("IÑAKI nunez", "nuñ", "@inaki", "730000001"):
        assert len(people.search(words).rows) == people.count_found(words) == 1, words


@pytest.mark.parametrize("named", ["@ana", "ana", " ANA ", "@Ana"])
def test_somebody_is_found_by_their_username_however_many_hold_it_in_theirs(app, named):
    ana = UserFactory(username="Ana", first_name="Torres")
    UserFactory.create_batch(25, username=factory.Sequence(lambda n: f"mariana{n}"))
    assert people.find(named).user_id == people.find(f"{ana.user_id}").user_id == ana.user_id


def test_who_is_meant_is_said_exactly(ana):
    UserFactory.create_batch(2, username="gemela")
    UserFactory(username="a_b", first_name="Ñ")
    for named in ("", "@", "gemela", "@anato", "a%b", "Ñ", "7" * 30, "٧١٠٠٠٠٠٠١", "x\0y"):
        assert people.find(named) is None, named
    assert people.find("A_B").first_name == "Ñ"


def test_a_name_written_exactly_is_meant_before_one_of_other_letters_size(app):
    UserFactory(username="Gemela")
    exact = UserFactory(username="gemela")
    assert people.find("@gemela").user_id == exact.user_id


def test_filters_narrow_what_is_found_and_counted(ana, bea):
    UserFactory(role=UserRole.VIP, reach=Reach.BLOCKED)
    assert people.count_found(role=UserRole.VIP) == 2
    assert people.count_found(role=UserRole.VIP, reach=Reach.OK) == 1
    assert people.count_found(blocked=True) == 0


def test_never_seen_people_are_left_out_of_last_seen(ana):
    assert people.search("", sort="-seen").rows == []


def test_blocking_needs_a_reason_and_spares_admins(ana, dora, by_dora):
    with pytest.raises(Invalid):
        people.block(ana, by=by_dora, reason=" \0 ")
    with pytest.raises(Denied):
        people.block(dora, by=by_dora, reason="x")
    people.block(ana, by=by_dora, reason="Insultos")
    with pytest.raises(Denied):
        people.refuse_blocked(ana)


def test_whoever_becomes_an_admin_this_moment_is_not_blocked(ana, by_dora, at_once):
    def late():
        with pytest.raises(Denied):
            people.block(db.session.get(User, ana.user_id), by=by_dora, reason="x")

    at_once(lambda: roles.promote_to_admin(people.get_user(ana.user_id), by=by_dora), late)
    assert count(User, User.is_blocked) == 0


def test_somebody_comes_by_one_link_alone_whoever_races(at_once, bea, dora):
    eva, by = UserFactory(), people.as_actor(bea)
    codes, came = [bea.referral_code, dora.referral_code], []

    def come(code):
        came.append(people.refer(people.get_user(eva.user_id), code, by=by))

    at_once(lambda: come(codes[0]), lambda: come(codes[1]))
    assert came == [True, False] and count(User, User.referred_by == bea.user_id) == 1


def test_a_role_by_hand_needs_words(ana, by_dora):
    with pytest.raises(Invalid):
        roles.set_role(ana, UserRole.VIP, by=by_dora, reason=" ")
    assert count(AuditLog) == 0


def test_setting_the_same_role_changes_and_logs_nothing(ana, by_dora):
    with transaction():
        assert roles.set_role(db.session.get(User, ana.user_id), UserRole.FREE, by=by_dora, reason="x") is False
    assert count(UserRoleChangeLog) == count(AuditLog) == 0
