"""Accounts, passwords and rights of the panel's people."""

import pytest
from argon2 import PasswordHasher

from tests.conftest import count
from webapp.base.crypto import check_password, hash_password
from webapp.base.db import db, transaction
from webapp.base.errors import Invalid
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.audit.models import AuditLog
from webapp.domain.staff import accounts
from webapp.domain.staff.models import StaffRole, StaffUser, StaffWait
from webapp.domain.staff.passwords import refuse_weak
from webapp.domain.staff.rights import ACTS, SECTIONS, may
from webapp.domain.staff.waits import Origin

PHRASE = "una frase larga y tranquila"
HOME = Origin("203.0.113.0/24")


def test_rights_are_denied_unless_given(app):
    people = {role: StaffUser(role=role, is_active=True) for role in StaffRole}
    everything = {(section, act) for section in SECTIONS for act in ACTS}
    granted = {role: {what for what in everything if may(staff, *what)} for role, staff in people.items()}
    assert granted[StaffRole.SYSADMIN] == granted[StaffRole.ADMIN] == everything
    assert granted[StaffRole.USER] == {("home", "read")} | {("account", act) for act in ACTS}


@pytest.mark.parametrize("role", list(StaffRole))
def test_a_closed_account_and_an_unknown_section_get_nothing(app, role):
    assert not may(StaffUser(role=role, is_active=False), "account", "read")
    assert not may(StaffUser(role=role, is_active=True), "treasure", "read")
    assert not may(StaffUser(role=role, is_active=True), "home", "burn")  # type: ignore[arg-type]


@pytest.mark.parametrize("password", ["corta", "Contraseña123", "aaabbbaaabbbaaa", "caio@vitrina.example", "x" * 201])
def test_weak_passwords_are_refused(app, password):
    with pytest.raises(Invalid):
        refuse_weak(password, "caio@vitrina.example")


def test_a_long_phrase_is_welcome(app):
    refuse_weak("el gato duerme al sol", "caio@vitrina.example")


def test_a_failed_try_counts_a_right_one_does_not_and_a_whole_sign_in_forgets(caio):
    caio.password_hash = hash_password(PHRASE)
    db.session.commit()
    for _ in range(3):
        with transaction():
            attempt = accounts.begin(caio.email, HOME)
    assert accounts.judge(attempt, PHRASE)[0] and not accounts.judge(attempt, "otra")[0]
    with transaction():
        accounts.succeed(attempt, None)
    db.session.refresh(caio)
    assert caio.failed_login_attempts == 2
    with transaction():
        accounts.arrive(caio, HOME)
    db.session.refresh(caio)
    assert (caio.failed_login_attempts, count(StaffWait)) == (0, 0)


def test_an_old_hash_is_replaced_when_its_password_is_used(caio):
    caio.password_hash = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PHRASE)
    db.session.commit()
    old = caio.password_hash
    with transaction():
        attempt = accounts.begin(caio.email, HOME)
    right, fresh = accounts.judge(attempt, PHRASE)
    with transaction():
        accounts.succeed(attempt, fresh)
    db.session.refresh(caio)
    assert right and caio.password_hash != old and check_password(PHRASE, caio.password_hash)[0]


def test_password_hashes_stay_out_of_the_audit(app):
    with transaction():
        token = accounts.invite(StaffRole.ADMIN, by=SYSTEM)
    with transaction():
        accounts.join(token, email="n@vitrina.example", full_name="Nora Gil", password=PHRASE, locale="es", by=SYSTEM)
    written = " ".join(str(row.new_values) for row in db.session.query(AuditLog))
    assert "argon2" not in written and PHRASE not in written and token not in written
    assert count(AuditLog, AuditLog.resource_type == "staff_users") == 1


def test_an_impossible_address_is_not_invited(app):
    with pytest.raises(Invalid):
        accounts.invite(StaffRole.ADMIN, by=SYSTEM, email="no")
