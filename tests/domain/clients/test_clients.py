"""Clients made, changed, put away, brought back, linked; what their CPF leaves behind, and what it does not."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pytest
import time_machine
from cryptography.fernet import Fernet
from sqlalchemy import select, text

from tests.conftest import count
from tests.factories import ClientFactory, UserFactory, a_cpf
from webapp.base import crypto
from webapp.base.db import db, transaction
from webapp.base.errors import Conflict, Invalid, NotFound
from webapp.domain.audit.actors import Actor
from webapp.domain.audit.models import AuditLog
from webapp.domain.clients import clients, lists
from webapp.domain.clients.clients import Duplicate
from webapp.domain.clients.lists import ClientFilter
from webapp.domain.clients.models import Client
from webapp.domain.users.models import User

BY = Actor("staff", "caio", "Caio Lima", source="ADMIN_PANEL")
CPF, OTHER = "529.982.247-25", "111.444.777-35"
INES = {"name": "Inês Carvalho", "cpf": CPF, "birth_date": "1990-12-31", "email": "Ines@Vitrina.example"}


def make(**more) -> Client:
    with transaction():
        return clients.create({**INES, **more}, by=BY)


def edit(client, version=None, **typed):
    with transaction():
        return clients.edit(client, typed, version=version or client.version, by=BY)


def do(deed, *things):
    with transaction():
        return deed(*things, by=BY)


def audited():
    db.session.rollback()
    return db.session.scalars(select(AuditLog).order_by(AuditLog.id)).all()


def at_once(app, *deeds):
    """Each deed in a thread and an app context of its own; what it gave, or the refusal it met."""

    def one(deed):
        with app.app_context():
            try:
                return deed()
            except Invalid as refusal:
                return refusal
            except Conflict as refusal:
                return refusal
            finally:
                db.session.remove()

    db.session.rollback()
    with ThreadPoolExecutor(len(deeds)) as crowd:
        return list(crowd.map(one, deeds))


def test_a_client_is_kept_as_told_and_their_cpf_encrypted(app):
    ines = make(phone="+55 (11) 90000-0001", notes="Pide factura.\nSiempre.")
    assert (ines.name, ines.email, ines.phone) == ("Inês Carvalho", "ines@vitrina.example", "+5511900000001")
    assert (ines.birth_date, ines.notes, ines.version) == (date(1990, 12, 31), "Pide factura.\nSiempre.", 1)
    assert (ines.cpf, ines.masked_cpf) == ("52998224725", "•••.•••.247-25")
    assert "52998224725" not in ines.cpf_encrypted + ines.cpf_hash


def test_the_audit_tells_a_new_client_with_the_cpf_masked(app):
    ines = make()
    (row,) = audited()
    assert (row.action, row.resource_type, row.resource_id) == ("create", "clients", str(ines.id))
    assert row.new_values["cpf"] == "•••.•••.247-25"
    assert not {"cpf_hash", "cpf_encrypted", "search_text", "search_key"} & row.new_values.keys()


@pytest.mark.parametrize(
    ("field", "typed", "why"),
    [
        ("name", " a ", "entre 2 y 100"),
        ("name", "a" * 101, "entre 2 y 100"),
        ("cpf", "529.982.247-24", "no existe"),
        ("cpf", "", "11 números"),
        ("email", "ines@", "correo"),
        ("phone", "123", "7 a 15"),
        ("phone", "llámame", "7 a 15"),
        ("birth_date", "31 de enero", "Escribe una fecha"),
        ("birth_date", "1990-02-30", "Escribe una fecha"),
        ("notes", "a" * 2001, "2000"),
        ("notes", "Factura a nombre de 529.982.247-25", "quedaría a la vista"),
        ("notes", "cpf:52998224725,", "quedaría a la vista"),
        ("name", "Inês 529 982 247 25", "quedaría a la vista"),
    ],
)
def test_each_field_says_what_is_wrong_of_it(app, field, typed, why):
    with pytest.raises(Invalid) as refusal:
        make(**{field: typed})
    assert list(refusal.value.fields) == [field] and why in refusal.value.fields[field]
    assert count(Client) == 0 and count(AuditLog) == 0


def test_all_that_is_wrong_is_told_together(app):
    with pytest.raises(Invalid) as refusal:
        make(name="", cpf="1", email="x", birth_date="x")
    assert set(refusal.value.fields) == {"name", "cpf", "email", "birth_date"}


@pytest.fixture
def noon():
    """The 21st of November 2026, at noon in Mexico City: the 22nd has begun nowhere that counts."""
    with time_machine.travel(datetime(2026, 11, 21, 18, tzinfo=UTC), tick=False):
        yield


@pytest.mark.parametrize("born", ["2010-11-21", "21/11/2010", "1905-11-22", "29.02.2008"])
def test_from_sixteen_to_a_hundred_and_twenty_one_may_be_a_client(app, noon, born):
    assert make(birth_date=born).birth_date is not None


@pytest.mark.parametrize("born", ["2010-11-22", "1905-11-21", "2026-11-22", "0001-01-01", "9999-12-31"])
def test_nobody_is_younger_older_or_not_born_yet(app, noon, born):
    with pytest.raises(Invalid) as refusal:
        make(birth_date=born)
    assert list(refusal.value.fields) == ["birth_date"]


def test_how_old_somebody_is_is_told_by_the_creators_clock(app):
    with time_machine.travel(datetime(2026, 11, 22, 3, tzinfo=UTC), tick=False), pytest.raises(Invalid):
        make(birth_date="2010-11-22")  # the 21st still, in Mexico City


def test_a_cpf_belongs_to_one_living_client_and_the_second_is_led_to_them(app):
    ines = make()
    with pytest.raises(Duplicate) as refusal:
        make(name="Otra", cpf="52998224725")
    assert refusal.value.other == ines.id and "cpf" in refusal.value.fields
    assert count(Client) == 1


def test_of_ten_who_add_one_cpf_at_once_one_does(app):
    found = at_once(app, *[lambda name=name: make(name=f"Nombre {name}").id for name in range(10)])
    refused = [one for one in found if isinstance(one, Duplicate)]
    assert len(refused) == 9 and count(Client) == 1 and count(AuditLog) == 1
    assert {one.other for one in refused} == {db.session.scalar(select(Client.id))}


def test_a_change_is_told_old_and_new_and_counts_the_version(app):
    ines = make()
    assert edit(ines, name="Inês Prado", cpf=OTHER)
    row = audited()[-1]
    assert row.old_values == {"name": "Inês Carvalho", "cpf": "•••.•••.247-25"}
    assert row.new_values == {"name": "Inês Prado", "cpf": "•••.•••.777-35"}
    assert clients.get_client(ines.id).version == 2


@pytest.mark.parametrize("typed", [{}, INES, {**INES, "cpf": ""}, {"cpf": "   "}])
def test_what_changes_nothing_leaves_no_row_and_the_same_version(app, typed):
    ines = make()
    assert not edit(ines, **typed)
    assert count(AuditLog) == 1 and clients.get_client(ines.id).version == 1


def test_who_saves_second_is_told_and_overwrites_nothing(app):
    ines = make()
    edit(ines, version=1, name="Inês Prado")
    with pytest.raises(Conflict, match="mientras lo editabas"):
        edit(ines, version=1, name="Inés")
    assert clients.get_client(ines.id).name == "Inês Prado"


def test_of_eight_who_save_at_once_one_does(app):
    ines = make()
    found = at_once(app, *[lambda n=n: edit(ines, version=1, name=f"Nombre {n}") for n in range(8)])
    assert found.count(True) == 1 and sum(isinstance(one, Conflict) for one in found) == 7
    assert clients.get_client(ines.id).version == 2 and count(AuditLog) == 2


def test_nobody_gets_the_cpf_of_another_by_a_change(app):
    ines, joao = make(), make(name="João", cpf=OTHER)
    with pytest.raises(Duplicate) as refusal:
        edit(joao, cpf=CPF, name="João A.")
    assert refusal.value.other == ines.id
    assert (clients.get_client(joao.id).name, clients.get_client(joao.id).version) == ("João", 1)


def test_of_two_who_take_a_free_cpf_at_once_one_does(app):
    joao, lucia = make(cpf=a_cpf(1)), make(cpf=a_cpf(2))
    found = at_once(app, *[lambda one=one: edit(one, version=1, cpf=CPF) for one in (joao, lucia)])
    assert found.count(True) == 1 and sum(isinstance(one, Duplicate) for one in found) == 1


def test_put_away_a_client_is_in_no_list_and_their_cpf_is_free(app):
    ines = make()
    assert do(clients.remove, ines) and not do(clients.remove, ines)
    assert lists.search(ClientFilter()).rows == [] and lists.count(ClientFilter(deleted=True)) == 1
    assert make(name="Otra").id != ines.id
    assert [row.action for row in audited()] == ["create", "update", "create"]


def test_put_away_a_client_is_changed_by_nobody(app):
    ines = make()
    do(clients.remove, ines)
    with pytest.raises(Conflict, match="borrado"):
        edit(ines, name="Otra")
    with pytest.raises(Conflict, match="borrado"):
        do(clients.link, ines, UserFactory())


def test_a_client_is_brought_back_as_they_were(app):
    ines = make()
    do(clients.remove, ines)
    assert do(clients.restore, ines) and not do(clients.restore, ines)
    back = clients.get_client(ines.id)
    assert (back.is_active, back.deleted_at, back.deleted_by, back.cpf) == (True, None, None, "52998224725")


def test_nobody_is_brought_back_whose_cpf_is_anothers_by_now(app):
    ines = make()
    do(clients.remove, ines)
    other = make(name="Otra")
    with pytest.raises(Duplicate) as refusal:
        do(clients.restore, ines)
    assert refusal.value.other == other.id and not clients.get_client(ines.id).is_active


def test_of_a_return_and_a_newcomer_at_once_one_has_the_cpf(app):
    ines = make()
    do(clients.remove, ines)
    found = at_once(app, lambda: do(clients.restore, clients.get_client(ines.id)), lambda: bool(make(name="Otra")))
    assert found.count(True) == 1 and sum(isinstance(one, Duplicate) for one in found) == 1
    assert count(Client, Client.is_active) == 1


def test_the_database_itself_refuses_a_second_living_cpf_and_a_half_deletion(app):
    ines = make()
    for wrong in ("UPDATE clients SET is_active = NOT is_active", "UPDATE clients SET version = 0"):
        with pytest.raises(Exception, match="ck_clients"), db.engine.begin() as connection:
            connection.execute(text(wrong))
    with pytest.raises(Exception, match=r"(?i)unique"):
        ClientFactory(cpf_hash=ines.cpf_hash)


def test_a_client_is_linked_to_a_member_and_let_go_again(app, ana):
    ines = make()
    assert do(clients.link, ines, ana) and not do(clients.link, ines, ana)
    assert lists.of_member(ana.user_id)[0].id == ines.id
    assert do(clients.unlink, ines) and not do(clients.unlink, ines)
    assert lists.of_member(ana.user_id) == []
    assert [row.new_values for row in audited()[1:]] == [{"user_id": ana.user_id}, {"user_id": None}]


def test_a_member_who_is_gone_leaves_the_client(app, ana):
    ines = make()
    do(clients.link, ines, ana)
    with db.engine.begin() as connection:
        connection.execute(text("DELETE FROM users WHERE user_id = :id"), {"id": ana.user_id})
    assert clients.get_client(ines.id).user_id is None and count(User) == 0


def test_whoever_sees_a_cpf_is_noted_and_the_note_does_not_tell_it(app):
    ines = make()
    assert do(clients.reveal, ines) == CPF
    row = audited()[-1]
    assert (row.action, row.new_values) == ("read", {"cpf": "•••.•••.247-25"})


def test_nobody_is_not_found(app):
    with pytest.raises(NotFound):
        clients.get_client(uuid.uuid4())


def test_keys_are_changed_without_losing_anybody(app):
    """The new key stands first; everything is written anew; the old one goes; hashes follow."""
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    secret, before = list(crypto._keys["secret"]), list(crypto._keys["data"])
    try:
        crypto.set_keys(secret, [old])
        ines = make()
        crypto.set_keys(secret, [new, old])
        assert lists.with_cpf("52998224725")[0].id == ines.id
        assert do(clients.rekey) == 1 and do(clients.rekey) == 0
        crypto.set_keys(secret, [new])
        assert clients.get_client(ines.id).cpf == "52998224725"
        assert do(clients.rekey) == 1 and lists.with_cpf("52998224725")[0].id == ines.id
        with pytest.raises(Duplicate):
            make()
        assert [row.action for row in audited()] == ["create", "rekey", "rekey"]
    finally:
        crypto.set_keys(secret, before)


def test_without_its_key_a_cpf_stays_hidden_and_says_why(app):
    ines = make()
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE clients SET cpf_encrypted = 'x'"))
    db.session.expire_all()
    assert clients.get_client(ines.id).masked_cpf == "•••.•••.•••-••"
    with pytest.raises(Conflict, match="DATA_KEY"):
        do(clients.reveal, clients.get_client(ines.id))
