"""Estadísticas: every part for who may, its tables as files, the people behind a figure."""

import csv
import html
import io
import json
import re
import zipfile
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from tests.factories import InterestFactory, PackageFactory, UserFactory
from webapp.base.db import transaction
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.channels import subscriptions
from webapp.domain.channels.plans import Sale
from webapp.domain.users.models import RoleChangeReason

PARTS = ("", "money", "demand", "cohorts", "projection")
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def sold(user, price="300", currency="MXN"):
    """Somebody buys 30 days now."""
    with transaction():
        terms = Sale("Mensual", 30, Decimal(price), currency)
        subscriptions.add(user, terms, by=SYSTEM, reason=RoleChangeReason.VIP_PURCHASED)


@pytest.mark.parametrize("part", PARTS)
def test_each_part_is_for_the_team_that_may_read_reports(panel, eve, as_staff, helper, part):
    assert panel.get(f"/panel/stats/{part}").status_code == 200
    assert eve.get(f"/panel/stats/{part}").status_code == 303
    assert as_staff(helper).get(f"/panel/stats/{part}").status_code == 403


def test_each_figure_stands_with_its_definition(panel, ana):
    sold(ana)
    page = panel.get("/panel/stats/").text
    assert "VIP activos" in page and "Su primera suscripción empezó en el periodo." in page


def test_money_is_told_by_currency(panel, ana, bea):
    sold(ana)
    sold(bea, "19.90", "EUR")
    page = panel.get("/panel/stats/money").text
    assert "$300\u00a0MXN" in page and "Ingresos EUR" in page and "Ingresos MXN" in page
    assert not re.search(r"\b319\b", page)


def test_what_is_shared_among_one_is_said_of_one(panel, ana, bea):
    sold(ana)
    assert "MRR ÷ 1 persona que paga." in panel.get("/panel/stats/money").text
    sold(bea)
    assert "MRR ÷ 2 personas que pagan." in panel.get("/panel/stats/money").text


@pytest.mark.parametrize(
    ("query", "head"),
    [("range=30", "Día"), ("range=90", "Semana del"), ("range=own&first=2025-01-01&last=2025-12-31", "Mes, desde el")],
)
def test_a_chart_says_what_it_counts_and_its_table_of_what_each_line_is(panel, ana, query, head):
    sold(ana)
    page = panel.get(f"/panel/stats/?{query}").text
    assert f'<th scope="col">{head}</th>' in page
    told = json.loads(html.unescape(re.search(r'data-chart="([^"]*)"', page)[1]))
    assert told["unit"] == "personas" and told["locale"] == "es-MX"
    assert [one["label"] for one in told["series"]] == ["Activos al final"]
    assert len(told["labels"]) == len(told["series"][0]["values"]) == page.count('<th scope="row">')


def test_a_long_table_says_that_it_goes_on(panel, ana):
    sold(ana)
    assert "30 filas" in panel.get("/panel/stats/?range=30").text
    assert "desplázate" not in panel.get("/panel/stats/?range=7").text


def test_a_projection_is_a_range_with_its_names(panel, ana):
    sold(ana)
    told = json.loads(html.unescape(re.search(r'data-chart="([^"]*)"', panel.get("/panel/stats/projection").text)[1]))
    assert (told["unit"], told["kind"]) == ("MXN", "line")
    assert [one["label"] for one in told["series"]] == ["Alto", "Bajo", "Medio"]


def test_no_money_yet_says_so_and_shows_no_numbers(panel):
    assert "Todavía no hay ingresos" in panel.get("/panel/stats/money").text


def test_a_figure_leads_to_its_people_and_only_who_may_see_people_gets_there(panel, eve, as_staff, helper, ana):
    sold(ana)
    assert "/panel/stats/people/new" in panel.get("/panel/stats/").text
    assert "Ana Torres" in panel.get("/panel/stats/people/new?range=today").text
    assert "Ana Torres" in panel.get("/panel/stats/people/paid?currency=MXN").text
    assert "Ana Torres" not in panel.get("/panel/stats/people/paid?currency=EUR").text
    assert eve.get("/panel/stats/people/new").status_code == 303
    assert as_staff(helper).get("/panel/stats/people/new").status_code == 403
    assert panel.get("/panel/stats/people/nonsense").status_code == 404


def test_the_people_behind_a_figure_leave_as_a_file(panel, eve, as_staff, helper, ana, bea):
    sold(ana, "1234.50")
    sold(bea, "19.90", "EUR")
    there = "/panel/stats/people/paid/export/csv?range=today&currency=MXN"
    assert there.replace("&", "&amp;") in panel.get("/panel/stats/people/paid?range=today&currency=MXN").text
    rows = list(csv.reader(io.StringIO(panel.post(there).data.decode("utf-8-sig"))))
    assert [row[1] for row in rows] == ["Nombre", "Ana Torres"] and rows[1][-2:] == ["1234.50", "MXN"]
    assert len(panel.post("/panel/stats/people/open/export/csv").data.splitlines()) == 3
    assert panel.post("/panel/stats/people/nonsense/export/csv").status_code == 404
    assert (eve.post(there).status_code, as_staff(helper).post(there).status_code) == (303, 403)


def test_who_was_active_then_is_a_number_without_names(panel, ana):
    sold(ana)
    assert "/panel/stats/people/open" in panel.get("/panel/stats/").text
    assert "/panel/stats/people/open" not in panel.get("/panel/stats/?range=own&first=2026-01-01&last=2026-01-05").text


def test_a_table_leaves_as_csv_with_the_numbers_plain(panel, ana):
    sold(ana, "1234.50")
    answer = panel.get("/panel/stats/export/money-by-currency.csv?range=today")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert rows[0][:2] == ["Moneda", "Ingresos"]
    assert rows[1][:2] == ["MXN", "1234.50"]
    assert answer.headers["Content-Disposition"] == 'attachment; filename="money-by-currency.csv"'


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)"])
def test_what_looks_like_a_formula_is_a_text_in_both_files(panel, name):
    InterestFactory(package_id=PackageFactory(name=name).id)
    rows = list(csv.reader(io.StringIO(panel.get("/panel/stats/export/demand-packages.csv").data.decode("utf-8-sig"))))
    assert rows[1][0] == f"'{name}"
    with zipfile.ZipFile(io.BytesIO(panel.get("/panel/stats/export/demand-packages.xlsx").data)) as box:
        sheet = ElementTree.fromstring(box.read("xl/worksheets/sheet1.xml"))
    cells = sheet.findall(f".//{SHEET}row[2]/{SHEET}c")
    assert (cells[0].get("t"), cells[0].find(f"{SHEET}is/{SHEET}t").text) == ("inlineStr", name)
    assert cells[1].find(f"{SHEET}v").text == "1" and sheet.find(f".//{SHEET}f") is None


@pytest.mark.parametrize("path", ["nonsense.csv", "money-by-currency.exe", "-.csv", "money-XXX.csv"])
def test_what_is_no_table_is_not_found(panel, path):
    assert panel.get(f"/panel/stats/export/{path}").status_code == 404


@pytest.mark.parametrize(
    "name", ["members-by-day", "money-MXN", "cohorts-by-month", "projection-MXN", "projection-what-if"]
)
def test_every_table_can_be_taken_away(panel, ana, eve, name):
    sold(ana)
    for kind in ("csv", "xlsx"):
        assert panel.get(f"/panel/stats/export/{name}.{kind}").status_code == 200
        assert eve.get(f"/panel/stats/export/{name}.{kind}").status_code == 303


def test_what_if_takes_ones_own_numbers(panel):
    page = panel.get("/panel/stats/projection?payers=100&price=200&churn=10&new=5").text
    assert "$19,000" in page or "19,000" in page  # 100 × 0.9 + 5 = 95; × 200


@pytest.mark.parametrize(
    "query", ["payers=NaN&price=Infinity&churn=-5&new=1e99", "payers=x", "name=a&kind=b", "currency=%00"]
)
def test_nonsense_in_the_form_is_brought_within_bounds(panel, ana, query):
    sold(ana)
    assert panel.get(f"/panel/stats/projection?{query}").status_code == 200


@pytest.mark.parametrize(
    "query", ["range=own&first=2026-13-01&last=x", "range=own&first=9999-12-31&last=9999-12-31", "range=z"]
)
def test_nonsense_in_the_range_is_the_usual_one(panel, query):
    assert panel.get(f"/panel/stats/?{query}").status_code == 200


@pytest.mark.parametrize("part", PARTS)
def test_queries_do_not_grow_with_what_is_counted(panel, counted, part):
    sold(UserFactory())
    few = counted(lambda: panel.get(f"/panel/stats/{part}"))
    for _one in range(8):
        sold(UserFactory())
        InterestFactory()
    assert counted(lambda: panel.get(f"/panel/stats/{part}")) <= few + 1 <= 30


@pytest.mark.parametrize("figure", ["paid", "active", "gifts"])
def test_a_currency_that_no_database_keeps_is_nobodys(panel, ana, figure):
    assert panel.get(f"/panel/stats/people/{figure}?currency=%00X").status_code in (200, 404)
