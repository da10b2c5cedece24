"""Lists as files: what the filters leave, whole and in order, nothing in it a formula, noted who took it."""

import csv
import io
import re
import zipfile
from xml.etree import ElementTree

import pytest

from tests.conftest import count
from tests.factories import InterestFactory, UserFactory
from tests.hostile import TEXTS
from tests.panel.members import CAIO, a_plan, ask_to_join, open_channels, subscribe
from webapp.base.db import db, transaction
from webapp.domain.audit.models import AuditLog
from webapp.domain.channels import tokens
from webapp.domain.users.models import User

ROOMS = ("vip", "tokens", "plans", "free", "users", "interests")
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture
def plan(app):
    open_channels()
    return a_plan()


@pytest.fixture
def full(plan, ana, bea, kit):
    """One of everything."""
    subscribe(ana, plan, days=10), subscribe(bea, plan, days=40)
    ask_to_join(UserFactory())
    InterestFactory(user_id=ana.user_id, package_id=kit.id)
    with transaction():
        return tokens.issue(plan, by=CAIO, count=2)


def rows_of(answer) -> list[list[str]]:
    assert answer.status_code == 200, answer.status_code
    return list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))


def sheet_of(answer) -> list[list[str]]:
    box = zipfile.ZipFile(io.BytesIO(answer.get_data()))
    assert box.testzip() is None
    root = ElementTree.fromstring(box.read("xl/worksheets/sheet1.xml"))
    return [["".join(cell.itertext()) for cell in row] for row in root.iter(f"{MAIN}row")]


@pytest.mark.parametrize("room", ROOMS)
def test_each_list_is_given_away_as_both_kinds_of_file(panel, full, room):
    rows = rows_of(panel.post(f"/panel/{room}/export/csv"))
    sheet = sheet_of(panel.post(f"/panel/{room}/export/xlsx"))
    assert len(rows) >= 2 and len({len(row) for row in rows}) == 1
    assert [len(row) for row in sheet] == [len(row) for row in rows] and sheet[0] == rows[0]
    assert count(AuditLog, AuditLog.action == "export", AuditLog.actor_type == "staff") == 2
    assert f"/panel/{room}/export/xlsx" in panel.get(f"/panel/{room}/").text


def test_the_filters_and_the_order_of_the_address_hold(panel, full, ana, bea):
    names = [row[1] for row in rows_of(panel.post("/panel/vip/export/csv?sort=-expiry"))]
    assert names == ["Nombre", "Bea Solís", "Ana Torres"]
    assert [row[1] for row in rows_of(panel.post("/panel/vip/export/csv?ends=30"))[1:]] == ["Ana Torres"]
    assert [row[1] for row in rows_of(panel.post("/panel/users/export/csv?q=torres"))[1:]] == ["Ana Torres"]
    assert len(rows_of(panel.post("/panel/interests/export/csv?state=attended"))) == 1
    assert 'export/csv?ends=30"' in panel.get("/panel/vip/?ends=30&after=x&size=50").text
    noted = db.session.scalars(db.select(AuditLog).where(AuditLog.action == "export")).all()
    assert noted[1].new_values == {"filters": {"ends": "30"}} and noted[1].resource_type == "vip_subscribers"


def test_no_code_is_in_a_file(panel, full):
    told = panel.post("/panel/tokens/export/csv").get_data().decode()
    sheet = panel.post("/panel/tokens/export/xlsx")
    for one in full:
        assert one.code not in told and one.code not in str(sheet_of(sheet)) and one.token.token_hash not in told
        assert one.token.hint in told


@pytest.mark.parametrize("kind", TEXTS)
def test_hostile_names_are_only_text(panel, plan, ana, kind):
    with transaction():
        user = db.session.get(User, ana.user_id)
        user.first_name = TEXTS[kind].encode("utf-8", "replace").decode().replace("\0", "")[:120]
        user.last_name = "=cmd|' /C calc'!A0"
    subscribe(ana, plan)
    for room in ("vip", "users"):
        for row in rows_of(panel.post(f"/panel/{room}/export/csv")):
            assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)
        assert len(sheet_of(panel.post(f"/panel/{room}/export/xlsx"))) == 2


@pytest.mark.parametrize("name", ["Ana;=1+1", "Ana\u00a0; @SUM(A1)", "＝1+1", "＠SUM(A1)", "Ana|+1"])
def test_a_name_is_no_formula_in_a_sheet_that_parts_at_other_signs(panel, plan, ana, name):
    with transaction():
        db.session.get(User, ana.user_id).first_name = name
    subscribe(ana, plan)
    told = panel.post("/panel/vip/export/csv").get_data().decode("utf-8-sig")
    cells = [cell for line in told.splitlines() for cell in re.split(r"[,;|\t]", line)]
    assert not any(cell.strip().startswith(tuple("=+-@＝＋－＠")) for cell in cells)


def test_another_kind_of_file_is_not_made_and_noted_nowhere(panel, full):
    for kind in ("pdf", "CSV", "xlsx.exe"):
        assert panel.post(f"/panel/vip/export/{kind}").status_code == 404
    assert count(AuditLog, AuditLog.action == "export") == 0


def test_the_team_and_nobody_take_nothing(as_staff, helper, eve, full):
    for room in ROOMS:
        assert as_staff(helper).post(f"/panel/{room}/export/csv").status_code == 403
        assert eve.post(f"/panel/{room}/export/csv").status_code == 303
        assert as_staff(helper).get(f"/panel/{room}/export/csv").status_code in (404, 405)
    assert count(AuditLog, AuditLog.action == "export") == 0


def test_who_is_nobody_is_in_no_list(panel, full):
    UserFactory(first_name="", last_name=None)
    assert len(rows_of(panel.post("/panel/users/export/csv"))) >= 4


@pytest.mark.parametrize("room", ["vip", "users", "tokens", "free", "interests", "plans"])
def test_filters_that_no_database_keeps_are_noted_without_harm(panel, full, room):
    assert panel.post(f"/panel/{room}/export/csv?q=%00x&unheard%00=%00").status_code == 200
