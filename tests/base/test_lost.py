"""The database goes away: a polite answer, nothing half written, and back by itself."""

import threading

import pytest
from sqlalchemy import create_engine, text

from tests.conftest import count
from webapp import create_app
from webapp.base.db import db, new_engine, transaction
from webapp.base.outbox import OutboxMessage, promise


def cut(app):
    """Ends every connection of the app's pool, as a restart of the server does."""
    with create_engine(app.config["SQLALCHEMY_DATABASE_URI"], isolation_level="AUTOCOMMIT").connect() as killer:
        mine = "pid <> pg_backend_pid() AND datname = current_database()"
        killer.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {mine}"))
    killer.engine.dispose()


def test_after_a_restart_of_postgresql_the_next_request_is_served(app, client, engine_kind):
    if engine_kind == "sqlite":
        db.engine.dispose()
    else:
        client.get("/readyz")
        cut(app)
    answer = client.get("/readyz")
    assert answer.json["database"] == "ok"


def test_a_connection_lost_inside_a_deed_leaves_nothing_of_it(app, engine_kind):
    with pytest.raises(Exception, match=r"closed|terminat|locked|connection|boom"), transaction():
        promise("sendMessage", 1, {"text": "hola"})
        if engine_kind == "sqlite":
            raise RuntimeError("boom")
        cut(app)
        promise("sendMessage", 1, {"text": "otra"})
    assert count(OutboxMessage) == 0


def test_no_database_at_all_is_a_polite_503_with_a_time_to_come_back(databases):
    app = create_app(databases.settings("sqlite", database_url="postgresql://nobody@127.0.0.1:9/none"))
    answer = app.test_client().get("/metrics")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "OperationalError" not in answer.text


def test_a_writer_waits_for_another_and_then_goes_on(app, engine_kind, tmp_path):
    engine = new_engine(app.config["SQLALCHEMY_DATABASE_URI"])
    busy = engine.connect().execution_options(vitrina_writing=True)
    busy.execute(text("UPDATE catalog_version SET version = version + 1"))
    threading.Timer(0.2, lambda: (busy.commit(), busy.close())).start()
    with transaction() as session:
        session.execute(text("UPDATE catalog_version SET version = version + 1"))
    engine.dispose()
