"""Clientes: the list and its search, the form, the CPF on request, the member, put away and brought back; by whom."""

import csv
import io
import re
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import inspect, select, text

from tests.conftest import count
from tests.factories import SCENARIOS, ClientFactory, UserFactory, a_cpf, helper
from tests.hostile import TEXTS, harms
from webapp.base.clock import now
from webapp.base.db import db, transaction
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.audit.models import AuditLog
from webapp.domain.clients import clients
from webapp.domain.clients.models import Client
from webapp.domain.staff.models import UserAgentPermission

LIST, SECTION = "/panel/clients/", "client_management"
CPF, DIGITS, MASKED = "529.982.247-25", "52998224725", "•••.•••.247-25"
INES = {"name": "Inês Carvalho", "cpf": CPF, "birth_date": "1990-12-31", "email": "ines@vitrina.example"}
INES |= {"phone": "+55 11 90000-0001", "notes": "Pide factura."}


def ines(**more) -> Client:
    return ClientFactory(name="Inês Carvalho", digits=DIGITS, **more)


def fresh(client) -> Client:
    db.session.rollback()
    return clients.get_client(client.id)


def deeds():
    db.session.rollback()
    return [
        row.action
        for row in db.session.scalars(select(AuditLog).order_by(AuditLog.id))
        if "client" in row.resource_type
    ]


def form_of(page) -> dict[str, str]:
    """What the inputs of the client's form hold."""
    form = page.text.partition('id="client-form"')[2].partition("</form>")[0]
    return dict(re.findall(r'name="(\w+)"[^>]*?value="([^"]*)"', form))


def test_a_client_is_made_and_their_page_opens(panel):
    answer = panel.post(LIST, INES)
    made = db.session.scalar(select(Client))
    assert answer.status_code == 303 and answer.location == f"{LIST}{made.id}"
    page = panel.get(answer.location)
    assert "Inês Carvalho" in page.text and MASKED in page.text and "Cliente guardado: Inês Carvalho." in page.text


def test_each_field_says_in_place_what_is_wrong_and_keeps_what_was_typed(panel):
    wrong = INES | {"name": "I", "cpf": "529.982.247-24", "birth_date": "2020-01-01", "email": "x", "phone": "1"}
    for htmx in (False, True):
        answer = panel.post(LIST, wrong, htmx=htmx)
        assert answer.status_code == 422
        assert all(f'id="f-{name}-error"' in answer.text for name in ("name", "cpf", "birth_date", "email", "phone"))
        assert form_of(answer)["cpf"] == "529.982.247-24" and "Pide factura." in answer.text
    assert count(Client) == 0


def test_who_has_the_cpf_already_is_a_link_away(panel):
    known = ines()
    answer = panel.post(LIST, INES | {"name": "Otra"}, htmx=True)
    assert answer.status_code == 422
    assert "Ya hay un cliente con este CPF." in answer.text and f'href="{LIST}{known.id}"' in answer.text


def test_fields_that_are_none_of_the_form_change_nothing(panel, ana):
    stranger = str(uuid.uuid4())
    more = {
        "id": stranger,
        "is_active": "",
        "version": "9",
        "created_by": "x",
        "deleted_at": "2020-01-01",
        "search_text": "x",
    }
    panel.post(LIST, INES | more)
    made = db.session.scalar(select(Client))
    assert (str(made.id) != stranger, made.is_active, made.version, made.search_text) == (
        True,
        True,
        1,
        "ines carvalho",
    )
    panel.post(f"{LIST}{made.id}", {**more, "name": "Inês Prado", "version": "1", "user_id": str(ana.user_id)})
    made = fresh(made)
    assert (made.name, made.version, made.user_id, made.is_active) == ("Inês Prado", 2, None, True)


def test_a_change_is_saved_and_an_empty_cpf_stays(panel):
    client = ines()
    answer = panel.post(f"{LIST}{client.id}", INES | {"cpf": "", "name": "Inês Prado", "version": "1"})
    assert answer.status_code == 303
    assert (fresh(client).name, fresh(client).cpf) == ("Inês Prado", DIGITS)


@pytest.mark.parametrize("htmx", [False, True])
def test_who_saves_second_sees_both_versions_and_keeps_what_they_typed(panel, as_staff, root, htmx):
    client = ines()
    mine = {"name": "Inés", "cpf": "", "notes": "Mi nota.", "version": "1"}
    as_staff(root).post(f"{LIST}{client.id}", {"name": "Inês Prado", "version": "1"})
    answer = panel.post(f"{LIST}{client.id}", mine, htmx=htmx)
    assert answer.status_code == 409 and "mientras lo editabas" in answer.text
    assert "Inês Prado" in answer.text and "Mi nota." in answer.text and form_of(answer)["name"] == "Inés"
    assert fresh(client).name == "Inês Prado"
    again = panel.post(f"{LIST}{client.id}", mine | {"version": form_of(answer)["version"]})
    assert again.status_code == 303 and fresh(client).name == "Inés"


@pytest.mark.parametrize("version", ["", "0", "-1", "x", "9" * 40, "²", None])
def test_a_version_that_nobody_saw_saves_nothing(panel, version):
    client = ines()
    typed = {"name": "Otra"} | ({"version": version} if version is not None else {})
    assert panel.post(f"{LIST}{client.id}", typed).status_code == 409
    assert fresh(client).name == "Inês Carvalho"


def test_put_away_and_brought_back(panel):
    client = ines()
    answer = panel.post(f"{LIST}{client.id}/remove", htmx=True)
    assert answer.headers["HX-Redirect"] == LIST and not fresh(client).is_active
    assert f'{client.id}"' not in panel.get(LIST).text
    assert "Inês" in panel.get(LIST, query_string={"deleted": "1"}).text
    page = panel.get(f"{LIST}{client.id}")
    assert "está borrado" in page.text and 'id="client-form"' not in page.text
    assert panel.post(f"{LIST}{client.id}", {"name": "Otra", "version": "1"}).status_code == 409
    assert panel.post(f"{LIST}{client.id}/restore").status_code == 303 and fresh(client).is_active
    assert deeds() == ["update", "update"]


def test_nobody_comes_back_whose_cpf_is_anothers_and_the_other_is_a_link_away(panel):
    client = ines()
    panel.post(f"{LIST}{client.id}/remove")
    other = ClientFactory(digits=DIGITS)
    answer = panel.post(f"{LIST}{client.id}/restore")
    assert answer.status_code == 409 and f'href="{LIST}{other.id}"' in answer.text
    assert not fresh(client).is_active


def test_names_are_found_and_stand_in_the_address(panel):
    ines(), ClientFactory(name="João Araújo")
    answer = panel.post(f"{LIST}search", {"q": "ARAUJO", "sort": "-name"}, htmx=True)
    assert answer.status_code == 303
    page = panel.get(answer.location, htmx=True)
    assert "João Araújo" in page.text and "Inês" not in page.text
    assert page.headers["HX-Replace-Url"] == f"{LIST}?q=ARAUJO&sort=-name"


@pytest.mark.parametrize("typed", [CPF, DIGITS, "529 982 247 25"])
def test_a_cpf_is_found_exactly_and_stands_in_no_address(panel, typed):
    ines(), ClientFactory(name="João Araújo")
    for htmx in (False, True):
        answer = panel.post(f"{LIST}search", {"q": typed}, htmx=htmx)
        assert answer.status_code == 200 and "HX-Replace-Url" not in answer.headers
        found = answer.text.partition('id="list"')[2]
        assert "Inês Carvalho" in found and "João" not in found
        assert not any(typed in link for link in re.findall(r'(?:href|action|hx-\w+)="([^"]*)"', answer.text))


@pytest.mark.parametrize("typed", [f"Inês Carvalho {CPF}", f"{DIGITS} Inês Carvalho de Souza", f"CPF: {CPF}, Inês"])
def test_a_cpf_with_a_name_beside_it_is_one_too(panel, typed):
    ines(), ClientFactory(name="João Araújo")
    answer = panel.post(f"{LIST}search", {"q": typed})
    assert answer.status_code == 200 and "Inês Carvalho" in answer.text.partition('id="list"')[2]
    assert f'value="{typed}"' not in panel.get(LIST, query_string={"q": typed}).text


@pytest.mark.parametrize(
    ("typed", "told"),
    [("529.982", "se busca completo"), ("52998224724", "no existe"), ("111.444.777-35", "Nadie tiene")],
)
def test_a_part_of_a_cpf_finds_nobody(panel, typed, told):
    ines()
    assert told in panel.post(f"{LIST}search", {"q": typed}).text


def test_a_cpf_in_an_address_finds_nobody_and_is_not_said_again(panel):
    ines()
    page = panel.get(LIST, query_string={"q": DIGITS})
    assert f'value="{DIGITS}"' not in page.text


def test_a_cpf_is_not_found_out_by_trying(as_staff, panel, traveller):
    """Its end is shown to whoever may look: ten thousand numbers end so, and nobody tries them all unnoticed."""
    ines()
    hugo = as_staff(helper("read", "client_management"))
    for number in range(30):
        assert hugo.post(f"{LIST}search", {"q": a_cpf(number)}).status_code == 200
    assert hugo.post(f"{LIST}search", {"q": CPF}).status_code == 429
    assert "Inês Carvalho" in panel.post(f"{LIST}search", {"q": CPF}).text, "others go on"
    assert hugo.post(f"{LIST}search", {"q": "ines"}).status_code == 303
    traveller.shift(3601)
    assert "Inês Carvalho" in hugo.post(f"{LIST}search", {"q": CPF}).text


def test_whoever_is_found_is_found_however_often(panel):
    ines()
    for _ in range(35):
        assert "Inês Carvalho" in panel.post(f"{LIST}search", {"q": CPF}).text


@pytest.mark.parametrize("typed", [CPF, DIGITS, f"Inês {CPF}", "529 982 247 25"])
def test_a_cpf_in_the_address_of_a_file_is_not_in_the_audit(panel, typed):
    ines()
    panel.post(f"{LIST}export/csv", query_string={"q": typed})
    told = db.session.scalars(select(AuditLog.new_values).where(AuditLog.action == "export")).one()
    assert "24725" not in re.sub(r"\D", "", str(told).replace(MASKED, ""))


def test_the_list_asks_the_same_number_of_questions_however_long(panel, counted):
    for _ in range(2):
        ClientFactory(user_id=UserFactory().user_id)
    few = counted(lambda: panel.get(LIST))
    for _ in range(12):
        ClientFactory(user_id=UserFactory().user_id)
    assert counted(lambda: panel.get(LIST)) == few <= 8
    client = db.session.scalar(select(Client.id).limit(1))
    one = counted(lambda: panel.get(f"{LIST}{client}"))
    for name in ("Uno", "Dos", "Tres"):
        panel.post(f"{LIST}{client}", {"name": name, "version": str(clients.get_client(client).version)})
    assert counted(lambda: panel.get(f"{LIST}{client}")) == one <= 9


def test_a_cpf_is_shown_on_request_noted_kept_by_nobody_and_hidden_again(panel):
    client = ines()
    answer = panel.post(f"{LIST}{client.id}/reveal", htmx=True)
    assert CPF in answer.text and answer.headers["Cache-Control"] == "no-store"
    assert f'hx-get="{LIST}{client.id}/cpf"' in answer.text and 'hx-trigger="load delay:30s"' in answer.text
    assert deeds() == ["read"]
    hidden = panel.get(f"{LIST}{client.id}/cpf", htmx=True)
    assert MASKED in hidden.text and CPF not in hidden.text and deeds() == ["read"]
    assert CPF in panel.post(f"{LIST}{client.id}/reveal").text
    assert "Vio su CPF" in panel.get(f"{LIST}{client.id}").text


def test_a_cpf_is_shown_to_nobody_who_has_not_just_shown_who_they_are(as_staff, caio):
    client = ines()
    tired = as_staff(caio, sudo=False)
    for path in (f"{client.id}/reveal", "export/csv", "export-clear/csv"):
        for htmx in (False, True):
            answer = tired.post(LIST + path, htmx=htmx)
            assert answer.status_code == 403 and CPF not in answer.text and DIGITS not in answer.text
    assert deeds() == []


def test_a_client_is_linked_to_a_member_by_name_or_id_and_let_go(panel, ana, bea):
    client = ines()
    for typed, who in (("@ANAT", ana), (str(bea.user_id), bea), ("anat", ana)):
        answer = panel.post(f"{LIST}{client.id}/link", {"member": typed}, htmx=True)
        assert who.full_name in answer.text and fresh(client).user_id == who.user_id
    assert "Inês Carvalho" in panel.get(f"/panel/users/{ana.user_id}").text
    panel.post(f"{LIST}{client.id}/unlink", htmx=True)
    assert fresh(client).user_id is None and deeds() == ["update"] * 4


@pytest.mark.parametrize("typed", ["", "@nadie", "9" * 30, "ana", "0"])
def test_nobody_is_linked_whom_we_do_not_know(panel, ana, typed):
    client = ines()
    for htmx in (False, True):
        answer = panel.post(f"{LIST}{client.id}/link", {"member": typed}, htmx=htmx)
        assert answer.status_code == 422 and "No conocemos a nadie" in answer.text
    assert fresh(client).user_id is None


def test_a_members_client_is_made_from_the_members_page(panel, ana):
    page = panel.get(f"{LIST}new", query_string={"user": str(ana.user_id)})
    assert form_of(page)["user_id"] == str(ana.user_id) and form_of(page)["name"] == "Ana Torres"
    panel.post(LIST, INES | {"user_id": str(ana.user_id)})
    assert db.session.scalar(select(Client.user_id)) == ana.user_id
    assert panel.post(LIST, INES | {"cpf": "11144477735", "user_id": "99"}).status_code == 404


# Who may what.
POSTS = {
    "search": ("read", 200),
    "new": ("create", 200),
    "": ("create", 303),
    "{id}": ("update", 303),
    "{id}/remove": ("delete", 303),
    "{id}/restore": ("delete", 303),
    "{id}/unlink": ("update", 303),
    "{id}/reveal": ("read", 200),
    "export/csv": ("read", 200),
    "export-clear/csv": ("update", 200),
}


def ask_all(browser, client):
    """What each route answers: path → status."""
    typed = {"": INES | {"cpf": "11144477735"}, "{id}": {"name": "Otra", "version": "1"}, "search": {"q": CPF}}
    found = {"list": browser.get(LIST).status_code, "show": browser.get(f"{LIST}{client.id}").status_code}
    for path in POSTS:
        where = LIST + path.format(id=client.id)
        found[path] = (browser.get(where) if path == "new" else browser.post(where, typed.get(path))).status_code
    return found


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_each_gets_what_their_rights_say(as_staff, scenario):
    client, held = ines(), {"full": {"create", "read", "update", "delete"}, "read": {"read"}}.get(scenario, set())
    answers = ask_all(as_staff(helper(scenario, SECTION)), client)
    assert (answers.pop("list") == 200) is ("read" in held) and (answers.pop("show") == 200) is ("read" in held)
    for path, (act, good) in POSTS.items():
        assert answers[path] == (good if act in held else 403), path
    if scenario != "full":
        assert (fresh(client).name, fresh(client).is_active, count(Client)) == ("Inês Carvalho", True, 1)


def test_nobody_of_another_section_and_no_stranger_sees_a_client(as_staff, eve):
    client = ines()
    other = as_staff(helper("full", "users", "payments"))
    for browser, refusal in ((other, 403), (eve, 303)):
        assert set(ask_all(browser, client).values()) == {refusal}
        assert "Inês" not in browser.get(f"{LIST}{client.id}").text


def test_whoever_may_only_look_has_no_buttons(as_staff):
    client = ines()
    looker = as_staff(helper("read", SECTION))
    pages = looker.get(LIST).text + looker.get(f"{LIST}{client.id}").text
    for gone in ('id="client-form"', "/remove", "/link", "/new", "/imports", "export-clear"):
        assert gone not in pages, gone


def test_a_member_is_named_and_linked_by_nobody_who_may_not_see_members(as_staff, ana):
    client = ines(user_id=ana.user_id)
    keeper = as_staff(helper("full", SECTION))
    pages = keeper.get(LIST).text + keeper.get(f"{LIST}{client.id}").text
    assert "Ana Torres" not in pages and "anat" not in pages and "Vinculado a un miembro" in pages
    assert keeper.post(f"{LIST}{client.id}/link", {"member": "@anat"}).status_code == 403
    assert keeper.post(LIST, INES | {"cpf": "11144477735", "user_id": str(ana.user_id)}).status_code == 403
    assert keeper.get(f"{LIST}new", query_string={"user": str(ana.user_id)}).status_code == 403


def test_a_right_that_ends_while_the_form_is_open_refuses_and_keeps_what_was_typed(as_staff, traveller):
    person, client = helper("full", SECTION), ines()
    with transaction():
        right = db.session.scalar(select(UserAgentPermission).where(UserAgentPermission.user_id == person.id))
        right.expires_at = now() + timedelta(minutes=1)
    keeper = as_staff(person)
    assert keeper.get(f"{LIST}{client.id}").status_code == 200
    traveller.shift(61)
    answer = keeper.post(f"{LIST}{client.id}", {"notes": "Una nota larga.", "cpf": "529 982 247 25", "version": "1"})
    assert answer.status_code == 403 and "Una nota larga." in answer.text and "529 982" not in answer.text


@pytest.mark.parametrize("path", ["", "/remove", "/restore", "/link", "/unlink", "/reveal"])
def test_a_client_who_is_none_is_not_found(panel, path):
    nobody = f"{LIST}{uuid.uuid4()}"
    assert panel.post(nobody + path, {"version": "1", "member": "1"}).status_code == 404
    assert panel.get(nobody).status_code == 404 and panel.get(f"{LIST}1").status_code == 404


@pytest.mark.parametrize("kind", [name for name in TEXTS if name != "long"])
def test_hostile_names_and_notes_are_only_text(panel, kind):
    name = TEXTS[kind].encode("utf-8", "replace").decode()[:90]
    assert panel.post(LIST, INES | {"name": name, "notes": name}).status_code == 303
    made = db.session.scalar(select(Client.id))
    for path in ("", f"{made}", f"?q={made}"):
        assert harms(panel.get(LIST + path).text) == []


# Files.
def rows_of(answer):
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_a_list_as_a_file_masks_every_cpf_and_keeps_formulas_words(panel):
    ines(notes="=cmd|' /C calc'!A0")
    answer = panel.post(f"{LIST}export/csv")
    heads, row = rows_of(answer)
    assert heads[:2] == ["Nombre", "CPF"] and row[:2] == ["Inês Carvalho", MASKED]
    assert row[5].startswith("'=") and DIGITS not in answer.text
    assert panel.post(f"{LIST}export/xlsx").data[:2] == b"PK"


def test_in_clear_it_goes_to_whoever_may_and_the_audit_tells_which(panel):
    ines()
    assert rows_of(panel.post(f"{LIST}export-clear/csv?q=carvalho"))[1][1] == CPF
    panel.post(f"{LIST}export/csv")
    db.session.rollback()
    told = [row.new_values for row in db.session.scalars(select(AuditLog).where(AuditLog.action == "export"))]
    assert told == [{"filters": {"q": "carvalho", "cpf": "clear"}}, {"filters": {}}]


def test_a_long_list_is_left_to_the_worker_and_taken_by_whoever_may_still(app, panel, monkeypatch):
    monkeypatch.setattr("webapp.panel.exports.FEW", 1)
    ines(), ClientFactory()
    assert "/panel/exports/" in panel.post(f"{LIST}export-clear/csv").location


# What nobody may find anywhere.
def test_after_all_that_no_cpf_lies_anywhere_in_clear(panel, caplog):
    panel.post(LIST, INES)
    client = db.session.scalar(select(Client))
    panel.post(f"{LIST}search", {"q": CPF})
    panel.post(LIST, INES | {"name": "Otra"})
    panel.post(f"{LIST}{client.id}/reveal")
    panel.post(f"{LIST}{client.id}", {"cpf": "111.444.777-35", "version": "1"})
    panel.post(
        f"{LIST}imports/",
        {"file": (io.BytesIO(b"nombre,cpf\nJoao,52998224725"), "a.csv")},
        content_type="multipart/form-data",
    )
    seen = [
        panel.get(path).text
        for path in (LIST, f"{LIST}{client.id}", "/panel/audit/", "/panel/", "/panel/search/?q=ines")
    ]
    for row in db.session.scalars(select(AuditLog.id)).all():
        seen.append(panel.get(f"/panel/audit/{row}").text)
    db.session.rollback()
    for table in inspect(db.engine).get_table_names():
        if "_fts" not in table:
            seen += [str(row) for row in db.session.execute(text(f"SELECT * FROM {table}"))]
    seen += [record.getMessage() for record in caplog.records]
    for secret in (CPF, DIGITS, "111.444.777-35", "11144477735"):
        assert not [one[:200] for one in seen if secret in one]


def test_the_history_tells_who_did_what(panel):
    client = ines()
    panel.post(f"{LIST}{client.id}", {"email": "nueva@vitrina.example", "cpf": "111.444.777-35", "version": "1"})
    with transaction():
        clients.remove(clients.get_client(client.id), by=SYSTEM)
    story = panel.get(f"{LIST}{client.id}").text.partition('class="story"')[2]
    assert "Cambió: CPF, correo" in story or "Cambió: correo, CPF" in story
    assert "Lo borró" in story and "Caio Lima" in story


def test_a_change_is_taken_back_from_the_audit_but_for_a_cpf(panel):
    client = ClientFactory(name="Inês Carvalho", digits=DIGITS, email=None)
    panel.post(f"{LIST}{client.id}", {"name": "Inés", "email": "a@vitrina.example", "birth_date": "", "version": "1"})
    panel.post(f"{LIST}{client.id}", {"cpf": "111.444.777-35", "version": "2"})
    db.session.rollback()
    named, numbered = db.session.scalars(select(AuditLog.id).where(AuditLog.resource_type == "clients")).all()
    assert panel.post(f"/panel/audit/{numbered}/undo").status_code == 409
    assert panel.post(f"/panel/audit/{named}/undo").status_code == 303
    back = fresh(client)
    assert (back.name, back.email, back.birth_date, back.cpf) == (
        "Inês Carvalho",
        None,
        client.birth_date,
        "11144477735",
    )
