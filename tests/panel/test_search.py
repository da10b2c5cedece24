"""Search everywhere."""

import re

import pytest

from tests.factories import ClientFactory, InterestFactory, UserFactory, a_cpf
from tests.factories import helper as a_helper
from tests.panel.test_clients import CPF, DIGITS, ines

SEARCH = "/panel/search/"


def ask(browser, words, *, htmx=True):
    """What somebody who types these words into the box is shown as found."""
    return browser.post(SEARCH, {"q": words}, htmx=htmx).text.partition('id="found"')[2]


def test_people_packages_and_interests_are_found_together(panel, ana, kit):
    InterestFactory(user_id=ana.user_id, package_id=kit.id)
    page = panel.get("/panel/search/?q=ana").text
    assert "Ana Torres" in page and "Intereses por atender" in page
    assert kit.name in panel.get("/panel/search/?q=primavera").text


def test_an_id_and_a_username_find_their_person(panel, ana, bea):
    for words in ("@anat", str(ana.user_id)):
        page = panel.get("/panel/search/", query_string={"q": words}).text
        assert "Ana Torres" in page and "Bea" not in page


def test_nothing_found_says_so(panel):
    assert "Nada coincide" in panel.get("/panel/search/?q=xyzzy").text


@pytest.mark.parametrize("words", ["inês", "CARVALHO ines", "ines@vitrina.example", CPF, DIGITS, "529 982 247 25"])
def test_clients_are_found_by_name_email_and_whole_cpf(panel, words):
    client = ines(email="ines@vitrina.example")
    ClientFactory(name="João Araújo")
    found = ask(panel, words)
    assert f'href="/panel/clients/{client.id}"' in found and "João" not in found
    assert DIGITS not in found and CPF not in found


@pytest.mark.parametrize("words", ["529.982", "52998224724", "111.444.777-35", "@ines", "ines@"])
def test_a_part_of_a_cpf_or_an_email_finds_no_client(panel, words):
    ines(email="ines@vitrina.example")
    assert "Inês" not in ask(panel, words)


def test_a_client_put_away_is_found_by_their_cpf_alone_and_said_to_be(panel):
    panel.post(f"/panel/clients/{ines().id}/remove")
    assert "Inês" not in ask(panel, "ines")
    assert "Inês Carvalho" in ask(panel, CPF) and "Borrado" in ask(panel, CPF)


@pytest.mark.parametrize("words", [CPF, DIGITS, f"la señora Inês Carvalho da Silva de São Paulo {CPF}"])
def test_a_cpf_that_is_looked_for_stands_in_no_address(panel, words):
    ines()
    for htmx in (False, True):
        answer = panel.post(SEARCH, {"q": words}, htmx=htmx)
        assert answer.status_code == 200 and "HX-Replace-Url" not in answer.headers
        assert not any(words in link for link in re.findall(r'(?:href|action|hx-\w+)="([^"]*)"', answer.text))


def test_words_have_an_address_and_a_cpf_in_one_finds_nobody_and_is_not_said_again(panel):
    ines()
    assert panel.post(SEARCH, {"q": "inês"}).location == f"{SEARCH}?q=in%C3%AAs"
    assert "Inês Carvalho" in panel.get(SEARCH, query_string={"q": "inês"}).text
    page = panel.get(SEARCH, query_string={"q": CPF}).text
    assert "Inês" not in page and CPF not in page


def test_every_box_for_everything_is_posted(panel):
    page = panel.get(SEARCH).text
    assert len(re.findall(rf'<form[^>]*method="post" action="{SEARCH}"', page)) == 2 and "hx-get" not in page


def test_a_cpf_is_not_found_out_by_trying_here_either(as_staff, panel):
    ines()
    hugo = as_staff(a_helper("read", "client_management"))
    for number in range(15):
        assert hugo.post(SEARCH, {"q": a_cpf(number)}, htmx=True).status_code == 200
        assert hugo.post("/panel/clients/search", {"q": a_cpf(100 + number)}).status_code == 200
    assert hugo.post(SEARCH, {"q": CPF}, htmx=True).status_code == 429
    assert "Inês Carvalho" in ask(panel, CPF)


def test_whoever_may_not_read_clients_finds_none_and_tries_none(as_staff, helper):
    hugo = as_staff(helper)
    ines(email="ines@vitrina.example")
    for words in ("ines", "ines@vitrina.example", CPF, *map(a_cpf, range(40))):
        answer = hugo.post(SEARCH, {"q": words}, htmx=True)
        assert answer.status_code == 200 and "Inês" not in answer.text
    assert "CPF" not in hugo.get(SEARCH).text


def test_nobody_is_sent_to_sign_in(eve):
    ines()
    for answer in (eve.post(SEARCH, {"q": "ines"}), eve.post(SEARCH, {"q": CPF}, htmx=True)):
        assert answer.status_code in (303, 401) and "Inês" not in answer.text


def test_a_member_is_found_by_an_id_that_could_be_a_cpf(panel):
    UserFactory(user_id=int(DIGITS), first_name="Nora")
    assert "Nora" in ask(panel, DIGITS)


def test_the_team_finds_nobody(as_staff, helper, ana):
    assert "Ana Torres" not in as_staff(helper).get("/panel/search/?q=ana").text


def test_odd_words_break_nothing(panel, ana):
    for words in ('"', "%", "_", "*", "' OR 1=1 --", "a" * 5000, "\0", "🌸", "ñ", "-", "9" * 40, "²", "٣"):
        assert panel.get("/panel/search/", query_string={"q": words}).status_code == 200, words
        assert panel.get("/panel/users/", query_string={"q": words}).status_code == 200, words
