"""Lists of clients that somebody sends: read, judged, made in steps, stopped; what of them is kept, and what is not."""

import pytest
from sqlalchemy import select, text

from tests.conftest import count
from tests.domain.clients.test_clients import BY, at_once
from tests.factories import ClientFactory, a_cpf
from webapp.base.db import db, get, transaction
from webapp.base.errors import Conflict, Invalid
from webapp.base.sheets import ImportState
from webapp.domain.audit.models import AuditLog
from webapp.domain.clients import clients, imports
from webapp.domain.clients.models import Client, ClientImport

HEAD = "Nombre;CPF;Nacimiento;Correo;Teléfono;Notas"


def sheet(*lines, head=HEAD):
    return "\n".join([head, *lines]).encode()


def sent(*lines, **more) -> ClientImport:
    prepared = imports.read("clientes.csv", sheet(*lines, **more))
    with transaction():
        return imports.keep(prepared, by=BY)


def many(number):
    return [f"Cliente {n};{a_cpf(n)};;;;" for n in range(number)]


def begin(made):
    with transaction():
        imports.begin(get(ClientImport, made.id), by=BY)


def step(made, **more):
    with transaction():
        return imports.step(get(ClientImport, made.id), by=BY, **more)


def fresh(made) -> ClientImport:
    db.session.rollback()
    db.session.expire_all()
    return get(ClientImport, made.id)


def test_each_line_is_judged_before_anything_is_made(app):
    ClientFactory(digits="11144477735")
    lines = ("Inês;529.982.247-25;31/12/1990;ines@vitrina.example;+5511900000001;Sí", "I;52998224725;;;;")
    lines += ("João;111.444.777-35;;;;", "Ana;1;;;;", "Bea;52998224725;;;;", f"Eva;{a_cpf(9)};1850-01-01;x;1;")
    prepared = imports.read("clientes.csv", sheet(*lines))
    assert [line.problem for line in prepared.lines] == [None, "name", "known", "cpf", "twice", "birth_date"]
    assert [line.number for line in prepared.lines] == [2, 3, 4, 5, 6, 7]
    assert count(Client) == 1 and count(ClientImport) == 0


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "vac"),
        (b"nombre;correo\nAna;a@b.example", "nombre y cpf"),
        (b"nombre,cpf", "ningún cliente"),
        (b"PK\x03\x04", "Excel"),
        (b"\x00\x01\x02", "hoja CSV"),
    ],
)
def test_what_is_no_list_says_why(app, data, why):
    with pytest.raises(Invalid) as refusal:
        imports.read("x.csv", data)
    assert why in refusal.value.fields["file"]


@pytest.mark.parametrize("head", ["nome,cpf", "Name\tCPF", "NOMBRE COMPLETO|documento"])
def test_columns_have_the_names_that_people_give_them(app, head):
    sign = next(one for one in (",", "\t", "|") if one in head)
    prepared = imports.read("x.csv", sheet(f"Inês{sign}52998224725", head=head))
    assert prepared.lines[0].problem is None and prepared.lines[0].masked_cpf == "•••.•••.247-25"


def test_a_list_is_made_in_steps_and_nothing_of_it_stays(app):
    made = sent(*many(5), "Ana;1;;;;")
    assert step(made) == 0 and count(Client) == 0
    begin(made)
    assert [step(made, limit=4), step(made, limit=4), step(made, limit=4)] == [4, 2, 0]
    over = fresh(made)
    assert (over.state, over.made, over.total, over.body) == (ImportState.DONE, 5, 6, None)
    assert over.problems == [[7, "cpf"]]
    assert count(Client) == 5 and count(AuditLog, AuditLog.resource_type == "clients") == 5


def test_what_was_sent_lies_encrypted_and_no_row_tells_it(app):
    made = sent("Inês Carvalho;52998224725;;ines@vitrina.example;;")
    assert "52998224725" not in made.body and "Carvalho" not in made.body
    db.session.rollback()
    told = [str(row) for row in db.session.execute(select(AuditLog.new_values))]
    assert not [one for one in told if "5299822" in one or "Carvalho" in one or made.body in one]


def test_a_line_is_shown_with_its_cpf_masked_page_by_page(app):
    made = sent(*many(5), "Ana;1;;;;")
    lines, more = imports.lines_of(made, size=4)
    assert (len(lines), more) == (4, 5) and lines[0].masked_cpf.startswith("•••.•••.")
    lines, more = imports.lines_of(made, after=more, size=4)
    assert ([line.number for line in lines], more) == ([6, 7], None)
    assert [line.problem for line in imports.lines_of(made, wrong=True)[0]] == ["cpf"]


def test_of_a_list_that_is_over_the_numbers_of_what_was_wrong_are_left(app):
    made = sent("Ana;1;;;;", *many(1))
    begin(made)
    while step(made):
        pass
    lines, _more = imports.lines_of(fresh(made))
    assert [(line.number, line.problem, line.typed["name"]) for line in lines] == [(2, "cpf", "")]


def test_who_became_a_client_meanwhile_stays_as_they_are(app):
    made = sent("Inês;52998224725;;;;", *many(1))
    known = ClientFactory(digits="52998224725", name="Inês Carvalho")
    begin(made)
    step(made)
    assert fresh(made).problems == [[2, "known"]] and fresh(made).made == 1
    assert clients.get_client(known.id).name == "Inês Carvalho" and count(Client) == 2


def test_two_who_go_on_at_once_make_each_line_once(app):
    made = sent(*many(12))
    begin(made)
    found = at_once(app, *[lambda: step(made, limit=3) for _ in range(6)])
    assert sum(found) == 12 and count(Client) == 12 and fresh(made).made == 12


def test_a_list_is_stopped_and_what_is_done_stays(app):
    made = sent(*many(6))
    begin(made)
    step(made, limit=2)
    with transaction():
        assert imports.cancel(made, by=BY)
    assert (fresh(made).state, fresh(made).body, count(Client)) == (ImportState.CANCELLED, None, 2)
    assert step(made) == 0
    with pytest.raises(Conflict, match="ya terminó"):
        begin(made)
    with transaction():
        assert not imports.cancel(made, by=BY)


def test_a_fault_in_the_middle_of_a_step_makes_none_of_it(app, monkeypatch):
    made = sent(*many(4))
    begin(made)
    calls, create = [], clients.create

    def fails(*things, **more):
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError("the machine stopped")
        return create(*things, **more)

    monkeypatch.setattr(clients, "create", fails)
    with pytest.raises(RuntimeError):
        step(made)
    assert count(Client) == 0 and fresh(made).reached == 0
    monkeypatch.undo()
    assert step(made) == 4 and count(Client) == 4


def test_a_list_whose_key_is_gone_says_so(app):
    made = sent(*many(1))
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE client_imports SET body = 'x'"))
    with pytest.raises(Conflict, match="DATA_KEY"):
        imports.lines_of(fresh(made))
