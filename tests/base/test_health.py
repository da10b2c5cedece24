"""Alive, ready, counted."""

import os
import subprocess
import sys
from pathlib import Path

from alembic.script import ScriptDirectory

from webapp.base import leases, migrations, outbox
from webapp.base.db import transaction

ROOT = Path(__file__).parent.parent.parent


def beat(*names):
    with transaction():
        for name in names:
            leases.hold(name, "somebody", 30)


def test_alive_asks_nothing_of_the_database(client):
    assert client.get("/healthz").json == {"status": "alive"}


def test_ready_when_every_part_gave_a_sign_of_life(client):
    beat("bot", "worker")
    answer = client.get("/readyz")
    assert answer.status_code == 200, answer.json


def test_not_ready_and_says_why_when_a_part_was_never_seen(client):
    beat("bot")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json["worker"] == "never seen"


def test_metrics_count_what_waits(client):
    with transaction():
        outbox.promise("sendMessage", 5, {"text": "hola"})
    assert b"vitrina_outbox_waiting 1.0" in client.get("/metrics").data


def test_metrics_are_for_this_machine_only(client):
    assert client.get("/metrics", environ_overrides={"REMOTE_ADDR": "203.0.113.9"}).status_code == 404


def test_every_answer_carries_its_id_and_is_not_kept(client):
    answer = client.get("/healthz")
    assert len(answer.headers["X-Request-Id"]) == 12
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_unknown_page_is_refused_politely(client):
    answer = client.get("/nada")
    assert answer.status_code == 404
    assert "No encontramos" in answer.text


def test_the_newest_migration_by_its_number_is_the_one_alembic_would_go_to():
    folder = ROOT / "migrations"
    assert migrations._newest(folder / "versions") == ScriptDirectory(str(folder)).get_current_head()


def test_a_web_process_carries_neither_the_bot_library_nor_alembic(tmp_path):
    """20 and 12 MB, and a quarter of a second of its start."""
    code = "import sys, wsgi; sys.exit(bool({'telebot.types', 'alembic'} & set(sys.modules)))"
    environment = {"PATH": os.environ["PATH"], "VITRINA_ENV": "test", "VITRINA_HOME": str(tmp_path)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT).returncode == 0
