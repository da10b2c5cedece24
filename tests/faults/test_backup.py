"""`flask backup` while people press: the copy is one moment of the whole database, and it can be lived in."""

import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask_migrate import upgrade
from sqlalchemy import NullPool, create_engine, func, insert, make_url, select, text
from sqlalchemy.exc import DBAPIError

from tests.conftest import ENGINES, count
from tests.factories import PackageFactory, UserFactory
from tests.faults.conftest import ROOT, until
from tests.faults.test_drain import LONG
from webapp import create_app
from webapp.base.db import db, transaction
from webapp.domain.audit.models import AuditLog
from webapp.domain.catalog import interests
from webapp.domain.catalog.models import ContentCategory, ContentPackage, UserInterest
from webapp.domain.users.people import as_actor, get_user

pytestmark = [
    pytest.mark.processes,
    pytest.mark.parametrize("engine_kind", [kind for kind in ENGINES if kind == "sqlite" or shutil.which("pg_dump")]),
]


def backup(house, target):
    command = [sys.executable, "-m", "flask", "backup", str(target)]
    subprocess.run(command, env=house.environment, cwd=ROOT, check=True, capture_output=True, timeout=300)


def ask_server(address, *statements):
    with create_engine(address, isolation_level="AUTOCOMMIT", poolclass=NullPool).connect() as server:
        for statement in statements:
            server.execute(text(statement))


def restore(app, copy):
    """The address of a new database made from a copy as docs/guide/backup.md says."""
    here = make_url(app.config["SQLALCHEMY_DATABASE_URI"])
    if here.get_backend_name() == "sqlite":
        place = copy.with_suffix(".db")
        shutil.copy(copy, place)
        return f"sqlite:///{place}"
    there = here.set(database=f"{here.database}_again")
    ask_server(here, f'DROP DATABASE IF EXISTS "{there.database}"', f'CREATE DATABASE "{there.database}"')
    address = there.set(drivername="postgresql").render_as_string(hide_password=False)
    command = ["pg_restore", "--no-owner", "--exit-on-error", "--dbname", address, str(copy)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return address


@pytest.fixture
def restored(app, databases, engine_kind, tmp_path):
    """Makes an app that lives in a copy; what was made goes again."""
    made = []

    def live(copy):
        again = create_app(databases.settings(engine_kind, database_url=restore(app, copy), vitrina_home=tmp_path))
        made.append(again)
        return again

    yield live
    for again in made:
        with again.app_context():
            db.session.remove()
            db.engine.dispose()
    if made and engine_kind == "postgresql":
        here = make_url(app.config["SQLALCHEMY_DATABASE_URI"])
        ask_server(here, f'DROP DATABASE IF EXISTS "{here.database}_again" WITH (FORCE)')


def rows():
    """All rows of all tables."""
    db.session.rollback()
    return {table.name: sorted(map(repr, db.session.execute(select(table)))) for table in db.metadata.sorted_tables}


def clicks():
    db.session.rollback()
    return db.session.scalar(select(func.sum(UserInterest.click_count))) or 0


def fill():
    """Makes the database larger than what is copied in one breath (some 40 MB)."""
    like = {"category": ContentCategory.VIP_CONTENT, "body": "x" * 19_000, "search_text": "", "is_active": False}
    with transaction():
        db.session.execute(insert(ContentPackage), [{"name": f"Paquete {number}", **like} for number in range(2000)])


def keep_pressing(app, user_id, package_id, ended):
    with app.app_context():
        while not ended.is_set():
            with transaction():
                user = get_user(user_id)
                interests.press(user, db.session.get_one(ContentPackage, package_id), by=as_actor(user))
            db.session.remove()


def test_a_copy_made_while_people_press_is_whole(app, house, restored, tmp_path):
    people, kits, ended = [UserFactory() for _ in range(4)], [PackageFactory() for _ in range(4)], threading.Event()
    fill()
    with ThreadPoolExecutor(4) as hands:
        pressing = [
            hands.submit(keep_pressing, app, person.user_id, kit.id, ended)
            for person, kit in zip(people, kits, strict=True)
        ]
        try:
            until(lambda: clicks() > 40, "people press", LONG)
            before = clicks()
            backup(house, tmp_path / "copy")
            after = clicks()
        finally:
            ended.set()
        for hand in pressing:
            hand.result()
    with restored(tmp_path / "copy").app_context():
        pressed = clicks()
        assert before <= pressed <= after
        assert count(AuditLog, AuditLog.resource_type == "user_interests") == pressed, "no press without its audit row"
        assert len(rows()["users"]) >= len(people)
        if db.engine.dialect.name == "sqlite":
            assert db.session.execute(text("PRAGMA integrity_check")).scalars().all() == ["ok"]
            assert db.session.execute(text("PRAGMA foreign_key_check")).all() == []


def test_a_restored_copy_equals_what_was_copied_and_can_be_lived_in(app, house, restored, tmp_path, ana, kit):
    with transaction():
        interests.press(get_user(ana.user_id), db.session.get_one(ContentPackage, kit.id), by=as_actor(ana))
    backup(house, tmp_path / "copy")
    was = rows()
    with restored(tmp_path / "copy").app_context():
        assert rows() == was
        upgrade(str(ROOT / "migrations"))
        with transaction():
            interests.press(get_user(ana.user_id), db.session.get_one(ContentPackage, kit.id), by=as_actor(ana))
        assert clicks() == 2
        with pytest.raises(DBAPIError), transaction():
            db.session.execute(text("DELETE FROM audit_logs"))
        db.session.rollback()
    assert rows() == was, "the original is untouched"
