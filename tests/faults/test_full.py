"""The disk is full: a clear no in the asker's language, nothing corrupted, and on it goes once there is room."""

import errno
import os
import resource
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import event, text

from tests.conftest import ENGINES, count
from tests.factories import PackageFactory
from tests.faults.conftest import until
from tests.faults.doors import member, staff
from tests.faults.test_drain import LONG
from tests.faults.test_killed import DONE, WAITING
from tests.panel.conftest import Browser
from webapp.base import leases
from webapp.base.db import db
from webapp.base.inbox import TelegramUpdate
from webapp.base.outbox import OutboxMessage
from webapp.domain.audit.models import AuditLog
from webapp.domain.catalog.models import ContentPackage, PackageMedia, UserInterest

only_sqlite = pytest.mark.parametrize("engine_kind", [kind for kind in ENGINES if kind == "sqlite"])
NO_ROOM = {"es": "No queda espacio", "en": "There is no space left", "pt_BR": "Não há mais espaço"}


class Disk:
    """How far the database may grow, for connections from now on."""

    def __init__(self):
        self.most = 2**30
        event.listen(db.engine, "connect", self._limit)

    def _limit(self, connection, _record):
        connection.execute(f"PRAGMA max_page_count = {self.most}")

    def fill(self, most=1):
        """Not by a page more than it has."""
        self.most = most
        db.session.remove()
        db.engine.dispose()

    def free(self):
        self.fill(2**30)


@pytest.fixture
def disk(app):
    found = Disk()
    yield found
    event.remove(db.engine, "connect", found._limit)
    db.session.remove()
    db.engine.dispose()


def well(app):
    """Whether the database is whole, down to its foreign keys."""
    db.session.rollback()
    checked = db.session.execute(text("PRAGMA integrity_check")).scalars().all()
    return checked == ["ok"] and not db.session.execute(text("PRAGMA foreign_key_check")).all()


def picture():
    kept = BytesIO()
    Image.effect_noise((900, 900), 90).convert("RGB").save(kept, "JPEG")
    return kept.getvalue()


DRAFT = {"name": "Otoño", "category": "free_content", "type": "standard", "currency": "MXN", "body": "x" * 19_000}


@only_sqlite
@pytest.mark.parametrize("locale", NO_ROOM)
@pytest.mark.parametrize("htmx", [True, False], ids=["htmx", "plain"])
def test_a_full_database_says_so_in_the_askers_language_and_keeps_nothing(app, caio, disk, locale, htmx):
    caio.locale = locale
    db.session.commit()
    browser, before = Browser(app.test_client(), caio), (count(ContentPackage), count(AuditLog))
    disk.fill()
    refused = browser.post("/panel/packages/", DRAFT, htmx=htmx)
    assert refused.status_code == 507
    assert NO_ROOM[locale] in refused.text
    assert browser.get("/panel/packages/").status_code == 200, "reading goes on"
    disk.free()
    assert (count(ContentPackage), count(AuditLog)) == before and well(app)
    assert browser.post("/panel/packages/", DRAFT).status_code == 303
    assert count(ContentPackage) == before[0] + 1


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EDQUOT], ids=["full", "quota"])
def test_a_picture_that_finds_no_room_leaves_no_part_of_it(app, caio, kit, monkeypatch, fault):
    browser, write = Browser(app.test_client(), caio), Path.write_bytes

    def half(path, content):
        write(path, content[: len(content) // 2])
        raise OSError(fault, os.strerror(fault))

    folder = app.extensions["storage"].root
    before = sorted(folder.rglob("*"))
    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", half)
        image = (BytesIO(picture()), "foto.jpg")
        refused = browser.post(f"/panel/packages/{kit.id}/media", {"images": image}, content_type="multipart/form-data")
    assert refused.status_code == 507
    assert NO_ROOM["es"] in refused.text
    assert [path for path in folder.rglob("*") if path.is_file() and path not in before] == []
    assert count(PackageMedia) == 0
    image = (BytesIO(picture()), "foto.jpg")
    browser.post(f"/panel/packages/{kit.id}/media", {"images": image}, content_type="multipart/form-data")
    assert count(PackageMedia) == 1


def limit(processes, most):
    """No file of these processes and of their children may grow beyond `most` bytes."""
    sessions = {process.pid for process in processes}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, session = int(status.parent.name), int(status.read_text().rpartition(")")[2].split()[3])
            if session in sessions:
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
        except (OSError, ValueError):
            continue


@only_sqlite
@pytest.mark.processes
def test_all_processes_live_through_a_full_disk(app, house, telegram, engine_kind):
    """The system itself refuses every write that makes a file longer, and later allows it again."""
    kit = PackageFactory()
    web = house.start_web(workers=1)
    house.start("bot")
    house.start("worker")
    ana, rita = member(telegram, web, "ana"), staff(web)
    csrf, press = rita.csrf(), f"/miniapp/packages/{kit.public_id}/press"
    telegram.do("start", person="dora")
    until(lambda: telegram.texts("dora"), "the bot has met Dora", LONG)
    until(lambda: leases.seconds_since_beat("worker") is not None, "the worker has begun", LONG)
    limit(house.running, 1)
    refused = ana.ask(press, {}, **{"HX-Request": "true"})
    assert (refused.status, NO_ROOM["es"] in refused.data.decode()) == (507, True)
    refused = rita.ask("/panel/packages/", DRAFT | {"csrf_token": csrf})
    assert (refused.status, NO_ROOM["es"] in refused.data.decode()) == (507, True)
    assert ana.ask("/miniapp/").status == rita.ask("/panel/").status == 200, "reading goes on"
    for number in range(3):
        telegram.do("say", person="ana", text=f"hola {number}")
    until(lambda: "hola" in str(telegram.see("calls", method="getUpdates")["calls"]), "the bot has been told", LONG)
    assert count(UserInterest) == count(TelegramUpdate, ~DONE) == 0
    assert telegram.see("updates")["pending"] == 3, "nothing is confirmed that is not stored"
    limit(house.running, resource.RLIM_INFINITY)
    until(lambda: count(TelegramUpdate, DONE) == 4, "the bot goes on", LONG)
    assert ana.ask(press, {}, **{"HX-Request": "true"}).status == 200
    until(lambda: count(OutboxMessage, OutboxMessage.dedupe_key.like("interest:%")) == 1, "Dora is told", LONG)
    until(lambda: not count(OutboxMessage, WAITING), "all is said", LONG)
    assert all(process.poll() is None for process in house.running)
    assert count(UserInterest) == 1 and well(app)
