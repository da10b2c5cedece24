"""Suscriptores → Importar: a list is sent, looked at, made in steps, stopped, taken away as errors and links."""

import csv
import io
import re

import pytest

from tests.conftest import count
from tests.factories import UserFactory
from tests.hostile import TEXTS, harms
from tests.panel.conftest import ORIGIN
from tests.panel.members import a_plan, of, open_channels, subscribe
from webapp.base.db import db, transaction
from webapp.domain.audit.models import AuditLog
from webapp.domain.channels import adoptions, imports
from webapp.domain.channels.models import VIPSubscriber
from webapp.domain.channels.records import ImportedMember, MemberImport, RowState
from webapp.domain.settings import config

LIST = "/panel/vip/imports/"


@pytest.fixture
def plan(app):
    open_channels()
    with transaction():
        config.current().bot_username = "luna_bot"
    return a_plan()


def send(panel, *lines, head="usuario,id,hasta,dias,plan", name="socios.csv", htmx=False, data=None):
    data = "\n".join([head, *lines]).encode() if data is None else data
    return panel.post(LIST, {"file": (io.BytesIO(data), name)}, htmx=htmx, content_type="multipart/form-data")


def post_raw(panel, data):
    """A file as a browser sends it, without the test client's own way of keeping large ones."""
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    headers = ORIGIN | {"X-CSRF-Token": panel.csrf, "Content-Type": "multipart/form-data; boundary=x"}
    return panel.client.post(LIST, data=head + data + b"\r\n--x--\r\n", headers=headers)


def the_list(panel, *lines) -> str:
    return send(panel, *lines).location


def states() -> list[str]:
    db.session.rollback()
    rows = db.session.scalars(db.select(ImportedMember).order_by(ImportedMember.line))
    return [row.state.value for row in rows.all()]


def follow(panel, there, htmx, existing="skip"):
    """Presses *Importar*, then *Continuar* until it is over; returns how many steps it took."""
    answer, steps = panel.post(there + "/run", {"existing": existing}, htmx=htmx), 1
    while (htmx and "Continuar" in answer.text) or (not htmx and "Continuar" in panel.get(there).text):
        answer, steps = panel.post(there + "/run", htmx=htmx), steps + 1
        assert steps < 20
    return steps


def sheet(answer) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))


@pytest.mark.parametrize("htmx", [True, False])
def test_a_list_is_looked_at_before_anybody_gets_anything(panel, plan, ana, bea, htmx):
    subscribe(bea, plan)
    answer = send(
        panel, "@anat,,31/12/2030,,", f",{bea.user_id},,5,", "@nadie_aqui,,,,Mensual", "@mala_fecha,,ayer,,", htmx=htmx
    )
    there = answer.headers["HX-Redirect"] if htmx else answer.location
    page = panel.get(there).text
    assert "2 personas que el bot ya conoce" in page and "1 cuando abra el bot" in page
    assert "1 línea con error" in page and "No entendemos la fecha" in page and "1 ya tiene acceso:" in page
    assert "Ana Torres" in page and "31 dic 2030, 23:59" in page
    assert count(VIPSubscriber) == 1


@pytest.mark.parametrize("htmx", [True, False])
def test_it_is_made_step_by_step_to_its_end(panel, plan, monkeypatch, htmx):
    monkeypatch.setattr(imports.step, "__kwdefaults__", {"limit": 2})
    there = the_list(panel, *[f",{UserFactory().user_id},,5," for _ in range(5)])
    assert follow(panel, there, htmx) == 4
    assert states() == ["done"] * 5 and count(VIPSubscriber) == 5
    assert "Lista importada" in panel.get(there).text and "Terminada" in panel.get(LIST).text
    assert panel.post(there + "/run", {"existing": "skip"}).status_code == 409


def test_each_step_says_how_far_it_is(panel, plan, monkeypatch):
    monkeypatch.setattr(imports.step, "__kwdefaults__", {"limit": 2})
    there = the_list(panel, *[f",{UserFactory().user_id},,5," for _ in range(3)])
    page = panel.post(there + "/run", {"existing": "skip"}, htmx=True).text
    assert page.lstrip().startswith('<section id="standing"') and "2 de 3 hechas" in page and "load delay" in page


def test_those_with_access_are_extended_when_asked(panel, plan, ana):
    until = subscribe(ana, plan).expiry_date
    there = the_list(panel, "@anat,,,5,")
    assert panel.post(there + "/run", {"existing": "sell"}).status_code == 422
    follow(panel, there, False, "extend")
    assert (of(ana).expiry_date - until).days == 5


def test_a_list_is_stopped_halfway(panel, plan, monkeypatch):
    monkeypatch.setattr(imports.step, "__kwdefaults__", {"limit": 1})
    there = the_list(panel, *[f",{UserFactory().user_id},,5," for _ in range(3)])
    panel.post(there + "/run", {"existing": "skip"})
    panel.post(there + "/cancel")
    panel.post(there + "/run")
    assert states() == ["done", "ready", "ready"] and "Lista detenida" in panel.get(there).text


def test_the_lines_filter_by_what_became_of_them(panel, plan, ana):
    there = the_list(panel, "@anat,,,5,", "@mal,,ayer,,")
    shown = re.findall(r"<tr data-row>", panel.get(there + "?state=wrong").text)
    assert len(shown) == 1 and "Ana Torres" not in panel.get(there + "?state=wrong").text
    assert panel.get(there + "?state=king&after=x&size=x").status_code == 200


def test_errors_are_taken_away_as_they_came_with_nothing_a_formula(panel, plan, ana):
    there = the_list(panel, "@anat,,,5,", "=cmd|' /C calc'!A0,,,5,", "@carla_m,,ayer,,", "@carla_m,,,0,")
    rows = sheet(panel.post(there + "/problems"))
    assert [row[1] for row in rows] == ["usuario", "'=cmd|' /C calc'!A0", "'@carla_m", "'@carla_m"]
    assert "No es un id de Telegram" in rows[1][6] and rows[2][5] == "4"
    again = send(panel, data=panel.post(there + "/problems").get_data())  # mended or not, it can be sent again
    assert again.status_code == 303
    assert count(AuditLog, AuditLog.action == "export") == 2


def test_the_result_tells_of_every_line_what_became_of_it(panel, plan, ana):
    there = the_list(panel, "@anat,,,5,", "@carla_m,,,5,", "@mala_fecha,,x,,")
    follow(panel, there, False)
    assert "Descargar el resultado" in panel.get(there).text
    rows = sheet(panel.post(there + "/results"))
    assert [row[6] for row in rows[1:]] == ["Hechas", "Esperan al bot", "Con error"]
    assert rows[1][7] == str(ana.user_id) and rows[1][8] and "No entendemos" in rows[3][9]


def test_those_not_met_each_have_a_link_and_there_is_one_for_all(panel, plan, ana):
    there = the_list(panel, "@carla_m,,,5,", "@dani_m,,,5,")
    assert "start=alta" not in panel.get(there).text
    follow(panel, there, False)
    assert "https://t.me/luna_bot?start=alta<" in panel.get(there).text
    rows = sheet(panel.post(there + "/links"))
    db.session.rollback()
    codes = [adoptions.code(row.id) for row in db.session.scalars(db.select(ImportedMember))]
    assert [row[2].rpartition("alta_")[2] for row in rows[1:]] == codes


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"a,b\nc,d",
        b"PK\x03\x04zip",
        b"usuario\n\x00",
        b"usuario\n",
        b"x" * 300_000,
        b'usuario\n"' + b"x" * 200_000,
    ],
)
@pytest.mark.parametrize("htmx", [True, False])
def test_what_is_no_list_is_refused_where_it_was_sent(panel, plan, data, htmx):
    answer = send(panel, data=data, htmx=htmx)
    assert answer.status_code == 422 and 'id="f-file-error"' in answer.text
    assert ("<html" in answer.text) is not htmx and count(MemberImport) == 0


@pytest.mark.parametrize("kind", TEXTS)
def test_what_stands_in_a_list_is_only_text(panel, plan, kind):
    file, text = io.StringIO(), TEXTS[kind].encode("utf-8", "replace").decode()
    csv.writer(file).writerows(
        [["usuario", "id", "hasta", "dias", "plan"], *([text if c == n else "5" for c in range(5)] for n in range(5))]
    )
    answer = send(panel, data=file.getvalue().encode(), name=text[:50])
    if answer.status_code == 303:
        assert harms(panel.get(answer.location).text) == [] == harms(panel.get(LIST).text)
        assert "problema" in panel.post(answer.location + "/problems").get_data().decode()
    else:
        assert harms(answer.text, echo=True) == []


def test_without_a_file_it_asks_for_one_and_a_huge_one_is_refused(panel, plan):
    assert "Elige un archivo" in panel.post(LIST, {}).text
    assert "10 MB" in post_raw(panel, b"usuario\n" + b"a\n" * 6_000_000).text
    assert post_raw(panel, b"x" * 30_000_000).status_code == 413


def test_many_lines_are_read_at_once_and_pages_cost_the_same(panel, plan, counted):
    there = the_list(panel, *[f",{5_000_000 + place},,5," for place in range(3_000)])
    one = counted(lambda: panel.get(there))
    more = the_list(panel, *[f",{6_000_000 + place},,5," for place in range(20)])
    assert counted(lambda: panel.get(more)) == one <= 10
    assert count(ImportedMember, ImportedMember.state == RowState.WAITING) == 3_020


def test_the_example_can_be_sent(panel, plan, ana):
    example = panel.get(LIST + "example").get_data()
    assert send(panel, data=example).status_code == 303 and states() == ["waiting", "ready"]


def test_the_team_and_nobody_import_nothing(as_staff, helper, eve, panel, plan, ana):
    there = the_list(panel, "@anat,,,5,")
    for path in (LIST, there + "/run", there + "/cancel", there + "/problems", there + "/links", there + "/results"):
        assert as_staff(helper).post(path, {"existing": "skip"}).status_code == 403
        assert eve.post(path, {"existing": "skip"}).status_code == 303
    for path in (LIST, there, LIST + "example"):
        assert as_staff(helper).get(path).status_code == 403
    assert panel.get(LIST + "999").status_code == 404 and count(VIPSubscriber) == 0


def test_one_line_is_one_line(panel, plan, ana):
    there = send(panel, f"{ana.user_id},30", head="id,dias").location
    assert "1 línea<" in panel.get(there).text and "1 líneas" not in panel.get(there).text
    panel.post(f"{there}/run", {"existing": "skip"})
    assert "1 de 1 hecha<" in panel.get(there).text


def test_whoever_has_access_already_is_no_mistake_to_mend(panel, plan, ana):
    subscribe(ana, plan)
    page = panel.get(send(panel, f"{ana.user_id},30", head="id,dias").location).text
    assert "Nadie nuevo" in page and "corrige" not in page


def test_a_list_of_mistakes_alone_says_where_they_stand(panel, plan):
    page = panel.get(send(panel, ",30", head="id,dias").location).text
    assert "No hay nada que importar: en cada línea ves por qué." in page


def test_the_numbers_of_the_filter_make_up_all(panel, plan, ana, bea):
    subscribe(bea, plan)
    lines = [f"{ana.user_id},30", f"{bea.user_id},30", "", ",9", "710000001,3"]
    there = send(panel, *lines, head="id,dias").location
    for _ in range(2):
        panel.post(f"{there}/run", {"existing": "skip"})
    page = panel.get(there).text
    numbers = [int(n) for n in re.findall(r'class="count">(\d+)<', page)]
    assert numbers[0] == sum(numbers[1:]) == page.count("data-row") == 4
