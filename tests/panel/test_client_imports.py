"""Clientes → Importar: a list is sent, looked at, made in steps, stopped; by whoever may make clients."""

import io

import pytest
from sqlalchemy import select

from tests.conftest import count
from tests.factories import ClientFactory, a_cpf, helper
from tests.hostile import TEXTS, harms
from webapp.base.db import db
from webapp.domain.clients import imports
from webapp.domain.clients.models import Client, ClientImport

LIST = "/panel/clients/imports/"


def send(panel, *lines, name="clientes.csv", htmx=False):
    data = "\n".join(["nombre,cpf,correo", *lines]).encode()
    return panel.post(LIST, {"file": (io.BytesIO(data), name)}, htmx=htmx, content_type="multipart/form-data")


def test_a_list_is_looked_at_before_anybody_is_a_client(panel):
    ClientFactory(digits="11144477735")
    answer = send(panel, "Inês Carvalho,529.982.247-25,", "João,111.444.777-35,", "Ana,1,")
    page = panel.get(answer.location).text
    assert "1 cliente nuevo" in page and "1 ya es cliente" in page and "1 línea con error" in page
    assert "•••.•••.247-25" in page and "529.982.247-25" not in page and count(Client) == 1
    wrong = panel.get(answer.location, query_string={"state": "wrong"}).text
    assert "Inês Carvalho" not in wrong and "Ana" in wrong


def test_it_goes_on_by_itself_step_by_step_and_ends(panel, monkeypatch):
    monkeypatch.setattr(imports.step, "__kwdefaults__", {**imports.step.__kwdefaults__, "limit": 2})
    there = send(panel, *[f"Cliente {n},{a_cpf(n)}," for n in range(3)]).location
    first = panel.post(f"{there}/run", htmx=True)
    assert "2 de 3 hechos" in first.text and 'hx-trigger="submit, load delay:100ms"' in first.text
    assert panel.post(f"{there}/run", htmx=True).status_code == 200
    last = panel.post(f"{there}/run", htmx=True)
    assert last.headers["HX-Redirect"] == there and count(Client) == 3
    assert "3 clientes creados" in panel.get(there).text


def test_without_scripts_each_press_is_a_step(panel):
    there = send(panel, f"Inês,{a_cpf(1)},").location
    for _ in range(2):
        assert panel.post(f"{there}/run").status_code == 303
    assert count(Client) == 1 and "Lista importada" in panel.get(there).text
    assert panel.post(f"{there}/run").status_code == 409


def test_it_is_stopped_and_nothing_of_what_was_sent_stays(panel):
    there = send(panel, f"Inês,{a_cpf(1)},").location
    assert panel.post(f"{there}/cancel").status_code == 303
    assert "Lista detenida" in panel.get(there).text and "Inês" not in panel.get(there).text
    db.session.rollback()
    assert db.session.scalar(select(ClientImport.body)) is None and count(Client) == 0


def test_what_is_no_list_is_refused_in_place(panel):
    for htmx in (False, True):
        answer = panel.post(LIST, {}, htmx=htmx, content_type="multipart/form-data")
        assert answer.status_code == 422 and "Elige un archivo." in answer.text
    assert "nombre" in panel.get(f"{LIST}example").text and "clientes.csv" not in panel.get(LIST).text


@pytest.mark.parametrize("scenario", ["none", "read", "expired", "revoked"])
def test_who_may_not_make_clients_sends_no_lists(as_staff, panel, scenario):
    there, other = send(panel, f"Inês,{a_cpf(1)},").location, as_staff(helper(scenario, "client_management"))
    assert {other.get(path).status_code for path in (LIST, there, f"{LIST}example")} == {403}
    assert {other.post(path).status_code for path in (LIST, f"{there}/run", f"{there}/cancel")} == {403}
    assert count(Client) == 0


def test_a_stranger_is_sent_to_sign_in(eve, panel):
    there = send(panel, f"Inês,{a_cpf(1)},").location
    assert {eve.get(LIST).status_code, eve.get(there).status_code, eve.post(f"{there}/run").status_code} == {303}


@pytest.mark.parametrize("kind", [name for name in TEXTS if name not in ("long", "nul")])
def test_hostile_lines_are_only_text(panel, kind):
    words = TEXTS[kind].encode("utf-8", "replace").decode().replace('"', '""')
    there = send(panel, f'"{words}",{a_cpf(1)},', f'x,"{words}","{words}"').location
    assert harms(panel.get(there).text) == []
    for _ in range(2):
        panel.post(f"{there}/run")
    assert harms(panel.get(there).text) == [] and harms(panel.get("/panel/clients/").text) == []


def test_one_line_is_one_line(panel):
    there = send(panel, f"Inês,{a_cpf(1)},").location
    assert "1 línea<" in panel.get(there).text and "1 líneas" not in panel.get(there).text
    assert "1 línea ·" in panel.get(LIST).text
    panel.post(f"{there}/run", htmx=True)
    assert "1 de 1 hecho<" in panel.get(there).text


@pytest.mark.parametrize("known", [1, 2])
def test_whoever_is_a_client_already_is_no_mistake_to_mend(panel, known):
    lines = [f"Cliente {n},{ClientFactory(digits=a_cpf(n)).cpf}," for n in range(known)]
    page = panel.get(send(panel, *lines).location).text
    told = "ya es cliente" if known == 1 else "ya son clientes"
    assert f"No hay nada que importar: {told}." in page and "corrige" not in page


def test_a_list_of_mistakes_alone_says_to_mend_them(panel):
    assert "corrige la línea con error y sube" in panel.get(send(panel, "Ana,1,").location).text
    assert "corrige las líneas con error y sube" in panel.get(send(panel, "Ana,1,", "Bea,2,").location).text


def test_a_list_that_is_over_shows_what_was_left_out_and_counts_nothing_else(panel):
    ClientFactory(digits="11144477735")
    there = send(panel, f"Inês,{a_cpf(1)},", "João,111.444.777-35,", "Ana,1,").location
    assert "Todas" in panel.get(there).text
    for _ in range(2):
        panel.post(f"{there}/run")
    for asked in ({}, {"state": "wrong"}):
        page = panel.get(there, query_string=asked).text
        assert "Todas" not in page and page.count("data-row") == 2 and "2 líneas sin importar" in page


def test_a_list_of_which_nothing_was_left_out_has_no_lines_any_more(panel):
    there = send(panel, f"Inês,{a_cpf(1)},").location
    for _ in range(2):
        panel.post(f"{there}/run")
    page = panel.get(there).text
    assert "sin importar" not in page and "Ninguna línea" not in page and "quedan su número" not in page
