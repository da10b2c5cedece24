"""What is asked of the clients: in which order, by which words, in how many queries, by which index."""

from datetime import timedelta

import pytest
from sqlalchemy import event, insert, text

from tests.factories import ClientFactory
from webapp.base.clock import now
from webapp.base.db import db, transaction
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.clients import clients, lists
from webapp.domain.clients.lists import ClientFilter
from webapp.domain.clients.models import Client


def names(found):
    return [row.name for row in found.rows]


@pytest.fixture
def four(app):
    """Íñigo, Inês, Lucía; João was put away."""
    for days, name in enumerate(("Íñigo Núñez", "Inês Carvalho", "Lucía Peña", "João Araújo")):
        ClientFactory(name=name, created_at=now() - timedelta(days=days), email=f"{days}@vitrina.example")
    with transaction():
        joao = db.session.query(Client).filter_by(name="João Araújo").one()
        clients.remove(joao, by=SYSTEM)
    db.session.rollback()


@pytest.mark.parametrize(
    ("wanted", "who"),
    [
        ({}, ["Inês Carvalho", "Íñigo Núñez", "Lucía Peña"]),
        ({"sort": "-name"}, ["Lucía Peña", "Íñigo Núñez", "Inês Carvalho"]),
        ({"sort": "-created"}, ["Íñigo Núñez", "Inês Carvalho", "Lucía Peña"]),
        ({"sort": "created"}, ["Lucía Peña", "Inês Carvalho", "Íñigo Núñez"]),
        ({"deleted": True}, ["João Araújo"]),
        ({"words": "INIGO nunez"}, ["Íñigo Núñez"]),
        ({"words": "pe"}, ["Lucía Peña"]),
        ({"words": "arauj"}, []),
        ({"words": "arauj", "deleted": True}, ["João Araújo"]),
        ({"words": "1@Vitrina.example"}, ["Inês Carvalho"]),
        ({"words": "@"}, []),
        ({"words": "529.982.247-25"}, []),
        ({"words": "%"}, []),
        ({"words": '"'}, []),
    ],
)
def test_clients_are_found_by_what_is_asked(four, wanted, who):
    wanted = ClientFilter(**wanted)
    assert names(lists.search(wanted)) == who
    assert lists.count(wanted) == len(who)


@pytest.mark.parametrize("sort", lists.SORTS)
def test_page_by_page_everybody_comes_once(app, sort):
    made = {ClientFactory(name="Ana Luz").id for _ in range(7)}
    wanted, after, seen = ClientFilter(sort=sort), "", []
    while after is not None:
        found = lists.search(wanted, after=after, size=3)
        seen, after = seen + [row.id for row in found.rows], found.after
    assert len(seen) == 7 and set(seen) == made


def test_a_cpf_finds_the_living_first_then_those_put_away(app):
    first = ClientFactory(digits="52998224725")
    with transaction():
        clients.remove(clients.get_client(first.id), by=SYSTEM)
    second = ClientFactory(digits="52998224725")
    assert [one.id for one in lists.with_cpf("52998224725")] == [second.id, first.id]
    assert lists.with_cpf("11144477735") == []


def test_a_new_name_is_found_and_the_old_one_not(app):
    ines = ClientFactory(name="Inês Carvalho")
    with transaction():
        clients.edit(clients.get_client(ines.id), {"name": "Inês Prado"}, version=1, by=SYSTEM)
    assert names(lists.search(ClientFilter(words="prado"))) == ["Inês Prado"]
    assert names(lists.search(ClientFilter(words="carvalho"))) == []


@pytest.fixture
def many(app):
    """Three thousand clients, and what PostgreSQL knows of them."""
    told = {"cpf_encrypted": "x", "cpf_keys": "a.b", "created_by": "staff:caio"}
    rows = [
        told | {"name": f"Cliente {n}", "search_text": f"cliente {n}", "cpf_hash": f"{n:064d}"} for n in range(3000)
    ]
    rows[7] |= {"name": "Zurbarán", "search_text": "zurbaran"}
    with db.engine.begin() as connection:
        connection.execute(insert(Client.__table__), rows)
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE clients"))  # the search index too keeps no list of what to add yet


def plans_of(ask):
    """How the database goes about the statements that a question sends."""
    sent = []
    note = lambda _c, _cursor, statement, parameters, *_more: sent.append((statement, parameters))  # noqa: E731
    event.listen(db.engine, "before_cursor_execute", note)
    ask()
    event.remove(db.engine, "before_cursor_execute", note)
    explain = "EXPLAIN QUERY PLAN " if db.engine.dialect.name == "sqlite" else "EXPLAIN "
    with db.engine.connect() as connection:
        told = [connection.exec_driver_sql(explain + statement, parameters) for statement, parameters in sent]
        return " ".join(str(row) for plan in told for row in plan)


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda: lists.search(ClientFilter()), "ix_clients_is_active_search_text_search_key"),
        (lambda: lists.search(ClientFilter(sort="-created")), "ix_clients_is_active_created_at_search_key"),
        (lambda: lists.search(ClientFilter(words="1@vitrina.example")), "ix_clients_email"),
        (lambda: lists.with_cpf("52998224725"), "ix_clients_cpf_hash"),
        (lambda: lists.of_member(1), "ix_clients_user_id"),
    ],
)
def test_what_is_asked_for_is_found_by_an_index(many, ask, index):
    told = plans_of(ask)
    assert index in told and "Seq Scan on clients" not in told


def test_a_name_is_found_by_the_search_index(many):
    index = "clients_fts" if db.engine.dialect.name == "sqlite" else "ix_clients_search_trgm"
    assert index in plans_of(lambda: lists.search(ClientFilter(words="zurbaran")))
