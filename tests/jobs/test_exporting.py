"""Long lists as files: asked for in the panel, written by the worker, whole whoever is killed, only for who asked."""

import csv
import io
import threading
import tracemalloc
import zipfile
from datetime import timedelta
from xml.etree import ElementTree

import pytest
import time_machine
from cryptography.fernet import Fernet
from sqlalchemy import insert

from tests.conftest import count
from tests.factories import StaffFactory
from tests.panel.conftest import as_staff as as_staff
from tests.panel.conftest import eve as eve
from tests.panel.conftest import helper as helper
from tests.panel.conftest import panel as panel
from tests.panel.members import a_plan, open_channels
from webapp.base import workbooks
from webapp.base.clock import now
from webapp.base.db import db, transaction
from webapp.domain.audit import trail
from webapp.domain.audit.actors import Actor
from webapp.domain.audit.models import AuditLog
from webapp.domain.channels.models import VIPSubscriber
from webapp.domain.insights import exports, listing
from webapp.domain.insights.models import Export, ExportState
from webapp.domain.staff.models import StaffRole
from webapp.domain.users.models import User
from webapp.jobs import exporting
from webapp.panel import exports as door

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
NEVER = threading.Event()
LATER = timedelta(minutes=2)


@pytest.fixture(autouse=True)
def short_pages(app, monkeypatch):
    """A list is long from 20 lines on, and written 10 at a time."""
    monkeypatch.setattr(listing, "PAGE", 10)
    monkeypatch.setattr(door, "FEW", 20)
    files = app.extensions["files"]
    yield files
    for beginning in files.beginnings():
        files.remove(beginning)


@pytest.fixture
def plan(app):
    open_channels()
    return a_plan()


@pytest.fixture
def fifty(plan):
    many(50, plan)


def many(number: int, plan, begin: int = 0) -> None:
    """Subscribers, as plain rows: a list of some length."""
    moment = now()
    born = {"created_at": moment, "updated_at": moment}
    ids = [800_000_000 + begin + place for place in range(number)]
    person = {"last_name": "=1+1", "role": "vip", "reach": "ok", "is_blocked": False, **born}
    mine = {"plan_id": plan.id, "plan_name": "Mensual", "duration_days": 30, "price": 350, "currency": "MXN", **born}
    mine |= {"status": "active", "channel_state": "member", "join_date": moment, "expiry_date": moment, "attempts": 0}
    with transaction():
        told = [person | {"user_id": one, "first_name": f"P{one}", "search_text": f"p{one}"} for one in ids]
        db.session.execute(insert(User.__table__), told)
        db.session.execute(insert(VIPSubscriber.__table__), [mine | {"user_id": one} for one in ids])


def ask(panel, kind="csv", query="") -> str:
    """Asks for the subscribers as a file; the page that tells how far it is."""
    answer = panel.post(f"/panel/vip/export/{kind}{query}")
    assert answer.status_code == 303, answer.status_code
    return answer.location


def work() -> None:
    while exporting.write_next(NEVER):
        pass


def the_export() -> Export:
    db.session.rollback()
    return db.session.scalars(db.select(Export).execution_options(populate_existing=True)).one()


def lines_of(answer, kind="csv") -> list[list[str]]:
    assert answer.status_code == 200, answer.status_code
    data = answer.get_data()
    answer.close()
    if kind == "csv":
        return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    box = zipfile.ZipFile(io.BytesIO(data))
    assert box.testzip() is None
    root = ElementTree.fromstring(box.read("xl/worksheets/sheet1.xml"))
    return [["".join(cell.itertext()) for cell in row] for row in root.iter(f"{MAIN}row")]


def is_whole(lines, number=50) -> bool:
    return len(lines) == number + 1 and len({line[0] for line in lines}) == number + 1


def begin_and_die(pages: int) -> Export:
    """A worker writes some pages, begins the next one, and is killed."""
    files = exporting._files()
    with transaction():
        made = exports.claim()
    exports.begin(made, files)
    for _page in range(pages):
        step = exports.write(made, files)
        with transaction():
            assert exports.hold(made, step)
    exports.write(made, files)
    db.session.rollback()
    return made


def on_disk(files) -> bytes:
    return b"".join(path.read_bytes() for path in files.root.iterdir())


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_long_list_is_written_by_the_worker_and_taken_whole(panel, fifty, kind):
    there = ask(panel, kind, "?state=open")
    assert "En espera" in panel.get(there).text and "hx-get" in panel.get(there).text
    work()
    page = panel.get(there).text
    assert "Descargar" in page and "50 filas" in page and "/progress" not in page
    answer = panel.post(f"{there}/download")
    assert is_whole(lines_of(answer, kind)) and f".{kind}" in answer.headers["Content-Disposition"]
    noted = db.session.scalars(
        db.select(AuditLog).where(AuditLog.action.in_(("export", "download"))).order_by(AuditLog.id)
    ).all()
    assert [row.action for row in noted] == ["export", "download"]
    assert noted[0].new_values == {"filters": {"state": "open"}} and noted[0].resource_type == "vip_subscribers"


def test_a_short_list_comes_at_once(panel, plan):
    many(20, plan)
    assert is_whole(lines_of(panel.post("/panel/vip/export/csv")), 20)
    assert count(Export) == 0


def test_a_long_audit_takes_the_same_road_and_reads_as_at_once(panel, fifty, caio):
    told = [Actor("staff", str(caio.id), "Caio Lima")] * 21
    with transaction():
        for number, by in enumerate(told):
            old, new = {"is_blocked": False}, {"is_blocked": True, "blocked_until": "2026-03-01T12:00:00+00:00"}
            trail.note("update", "users", 800_000_000 + number, by=by, old=old, new=new, reason="Insulta")
    there = panel.post("/panel/audit/export/csv?thing=users&from=2020-01-01").location
    assert "/panel/exports/" in there and "Auditoría" in panel.get(there).text
    work()
    lines = lines_of(panel.post(f"{there}/download"))
    alone = lines_of(panel.post("/panel/audit/export/csv?thing=users&id=800000007"))
    assert len(lines) == 1 + 21 and alone[0] == lines[0] and alone[1] in lines
    assert "Caio Lima bloqueó a P800000007" in alone[1][4] and ", 6:00" in alone[1][8]
    assert count(AuditLog, AuditLog.action == "export", AuditLog.resource_type == "audit_logs") == 2


def test_names_are_no_formulas_in_a_long_file_either(panel, fifty):
    there = ask(panel)
    work()
    for line in lines_of(panel.post(f"{there}/download")):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in line)


def test_the_page_tells_how_far_it_is(panel, fifty):
    there = ask(panel)
    begin_and_die(3)
    told = panel.get(f"{there}/progress", htmx=True).text
    assert "30 de 50 filas" in told and 'value="30"' in told and told.strip().startswith("<section")


def test_asking_twice_is_waiting_once(panel, fifty):
    assert ask(panel) == ask(panel) != ask(panel, "xlsx")
    assert (count(Export), count(AuditLog, AuditLog.action == "export")) == (2, 2)
    work()
    assert ask(panel) and count(Export) == 3  # what is done may be asked for anew


def test_who_waits_for_five_files_waits(panel, fifty):
    for number in range(5):
        ask(panel)
        with transaction():
            db.session.scalars(db.select(Export).where(Export.fingerprint.not_like("_"))).one().fingerprint = str(
                number
            )
    assert panel.post("/panel/vip/export/xlsx").status_code == 409
    assert count(Export) == 5


def test_a_file_is_nobody_elses(panel, as_staff, helper, eve, fifty):
    there = ask(panel)
    work()
    rita = as_staff(StaffFactory(email="rita@vitrina.example", role=StaffRole.SYSADMIN))
    for other in (rita, as_staff(helper)):
        assert {other.get(there).status_code, other.get(f"{there}/progress").status_code} == {404}
        assert {other.post(f"{there}/{deed}").status_code for deed in ("download", "cancel")} == {404}
        assert "Suscriptores · CSV" not in other.get("/panel/exports/").text
    assert eve.get(there).status_code == eve.post(f"{there}/download").status_code == 303
    assert count(AuditLog, AuditLog.action == "download") == 0


def test_who_may_no_longer_see_the_list_does_not_get_the_file(panel, caio, fifty):
    there = ask(panel)
    work()
    with transaction():
        db.session.merge(caio).role = StaffRole.USER
    assert panel.post(f"{there}/download").status_code == 403
    assert panel.get(there).status_code == 200


def test_what_is_not_ready_is_not_given(panel, fifty):
    there = ask(panel)
    assert panel.post(f"{there}/download").status_code == 409
    assert panel.post("/panel/exports/00000000000000000000000000000000/download").status_code == 404


@pytest.mark.parametrize("htmx", [True, False])
def test_one_that_is_cancelled_in_the_middle_leaves_nothing(panel, fifty, short_pages, htmx):
    there = ask(panel)
    made = begin_and_die(2)
    assert panel.post(f"{there}/cancel", htmx=htmx).status_code in (200, 303)
    with transaction():
        assert not exports.hold(made)
    work()
    exporting.sweep()
    assert the_export().state is ExportState.CANCELLED and short_pages.beginnings() == set()
    assert panel.post(f"{there}/download").status_code == 409
    panel.post(f"{there}/cancel")
    assert count(AuditLog, AuditLog.action == "cancel") == 1


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_after_a_killed_worker_another_goes_on_where_it_stopped(panel, fifty, kind):
    there = ask(panel, kind)
    begin_and_die(3)
    work()
    assert the_export().state is ExportState.RUNNING  # its lease may still be somebody's
    with time_machine.travel(now() + LATER, tick=False), transaction():
        assert exports.claim().done == 30
    with time_machine.travel(now() + 2 * LATER, tick=False):
        work()
        assert is_whole(lines_of(panel.post(f"{there}/download"), kind))


def test_one_whose_body_is_lost_begins_again(panel, fifty, short_pages):
    there = ask(panel)
    short_pages.remove(begin_and_die(3).id.hex)
    with time_machine.travel(now() + LATER, tick=False):
        work()
        assert is_whole(lines_of(panel.post(f"{there}/download")))


def test_one_who_was_held_up_writes_into_nothing_that_is_given_away(panel, fifty, short_pages):
    there = ask(panel)
    slow = begin_and_die(2)
    with time_machine.travel(now() + LATER, tick=False):
        work()
        with pytest.raises(FileNotFoundError):
            exports.write(slow, short_pages)
        with transaction():
            assert not exports.hold(slow) and not exports.finish(slow, 1) and not exports.fail(slow, "error")
        assert is_whole(lines_of(panel.post(f"{there}/download")))


def test_told_to_stop_the_worker_stops_at_the_next_page_and_another_goes_on_at_once(panel, fifty, monkeypatch):
    there, stop, write = ask(panel), threading.Event(), exports.write

    def write_and_stop(made, files):
        stop.set()
        return write(made, files)

    with monkeypatch.context() as patch:
        patch.setattr(exports, "write", write_and_stop)
        exporting.write_next(stop)
    assert (the_export().done, the_export().state) == (10, ExportState.RUNNING)
    work()
    assert is_whole(lines_of(panel.post(f"{there}/download")))


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_lies_on_the_disk_tells_nobody_anything(panel, fifty, short_pages, kind):
    there = ask(panel, kind)
    begin_and_die(2)
    assert b"800000001" not in on_disk(short_pages)
    with time_machine.travel(now() + LATER, tick=False):
        work()
        assert b"800000001" not in on_disk(short_pages) and b"PK\x03\x04" not in on_disk(short_pages)
        assert is_whole(lines_of(panel.post(f"{there}/download"), kind))


def test_a_file_whose_key_is_gone_is_asked_for_anew(panel, fifty, short_pages):
    there = ask(panel)
    work()
    path = short_pages.path(the_export().file)
    path.write_bytes(Fernet(Fernet.generate_key()).encrypt(b"de otra llave"))
    answer = panel.post(f"{there}/download")
    assert answer.status_code == 404 and "Vuelve a pedirlo" in answer.text


def test_a_disk_that_takes_nothing_is_tried_again_later_and_given_up_after_five(panel, fifty, app, tmp_path):
    there, good = ask(panel), app.extensions["files"]
    (tmp_path / "full").write_text("no folder")
    app.extensions["files"] = type(good)(tmp_path / "full")
    try:
        for turn in range(7):
            with time_machine.travel(now() + turn * LATER, tick=False):
                work()
    finally:
        app.extensions["files"] = good
    assert (the_export().state, the_export().problem) == (ExportState.FAILED, "error")
    assert "Algo falló" in panel.get(there).text


def test_more_lines_than_a_sheet_holds_are_refused_with_the_way_out(panel, fifty, monkeypatch, short_pages):
    monkeypatch.setattr(workbooks, "MOST_LINES", 49)
    there, other = ask(panel, "xlsx"), ask(panel, "csv")
    work()
    assert "Pídela como CSV" in panel.get(there).text
    assert is_whole(lines_of(panel.post(f"{other}/download")))
    assert len(short_pages.beginnings()) == 1


def test_after_a_day_row_and_file_are_gone(panel, fifty, short_pages):
    there = ask(panel)
    work()
    exporting.sweep()
    assert len(short_pages.beginnings()) == 1
    with time_machine.travel(now() + timedelta(hours=25), tick=False):
        exporting.sweep()
        assert (count(Export), short_pages.beginnings()) == (0, set())
    assert panel.get(there).status_code == panel.post(f"{there}/download").status_code == 404


def test_it_is_in_the_language_and_on_the_clock_of_who_asked(panel, caio, fifty):
    with transaction():
        caio.locale = "en"
    there = ask(panel)
    work()
    lines = lines_of(panel.post(f"{there}/download"))
    joined = db.session.scalars(db.select(VIPSubscriber)).first().join_date
    assert lines[0][:3] == ["Id", "Name", "User"]
    assert lines[1][8] == workbooks.local_text(joined, "America/Mexico_City")


def test_two_workers_write_each_file_once(panel, fifty):
    ask(panel), ask(panel, "xlsx")
    with transaction():
        first = exports.claim()
    with transaction():
        second = exports.claim()
    with transaction():
        assert exports.claim() is None
    assert first.id != second.id and first.created_at <= second.created_at


def test_the_memory_does_not_grow_with_the_list(panel, plan, monkeypatch):
    monkeypatch.setattr(listing, "PAGE", 200)
    peaks = []
    for number in (2_000, 10_000):
        many(number, plan, begin=number * 10)
        ask(panel)
        tracemalloc.start()
        work()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0], peaks


def test_the_worker_writes_until_it_is_told_to_stop(app, panel, fifty, monkeypatch):
    there, stop = ask(panel), threading.Event()
    monkeypatch.setattr(exporting, "PAUSE", 0.01)
    hand = threading.Thread(target=exporting.keep_writing, args=(app, stop))
    hand.start()
    while "Descargar</button>" not in panel.get(there).text:
        stop.wait(0.02)
    stop.set()
    hand.join(10)
    assert not hand.is_alive()
