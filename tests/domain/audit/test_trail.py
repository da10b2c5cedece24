"""Every write leaves one row with what was and what became; what is rolled back leaves none."""

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from tests.conftest import count
from webapp.base.db import db, transaction
from webapp.domain.audit import rows, trail
from webapp.domain.audit.actors import SYSTEM, Actor
from webapp.domain.audit.models import AuditLog
from webapp.domain.users.models import User


def last():
    return db.session.scalar(select(AuditLog).order_by(AuditLog.id.desc()).limit(1))


def test_a_change_is_told_by_its_old_and_new_values(ana, by_dora):
    with trail.watch(ana, "update", by=by_dora, reason="corrección"):
        ana.first_name = "Anita"
    row = last()
    assert (row.old_values["first_name"], row.new_values["first_name"]) == ("Ana", "Anita")
    assert (row.actor_type, row.actor_id, row.actor_label) == ("user", "710000004", "Dora Ruiz")
    assert (row.resource_type, row.resource_id, row.reason) == ("users", "710000001", "corrección")


def test_no_change_leaves_no_row(ana, by_dora):
    with trail.watch(ana, "update", by=by_dora):
        ana.first_name = "Ana"
    assert db.session.scalars(select(AuditLog)).all() == []


def test_a_deed_that_fails_leaves_no_row(ana, by_dora):
    with pytest.raises(ZeroDivisionError), transaction(), trail.watch(ana, "update", by=by_dora):
        ana.first_name = "Anita"
        _ = 1 / 0
    assert count(AuditLog) == 0


def test_where_it_came_from_is_in_the_row(ana):
    actor = Actor("staff", "x", "Caio", ip="203.0.113.7", agent="Firefox", session="s", request="r")
    with trail.watch(ana, "update", by=actor):
        ana.first_name = "Anita"
    row = last()
    assert (row.ip_address, row.user_agent, row.session_id, row.request_id) == ("203.0.113.7", "Firefox", "s", "r")


def test_a_password_is_recorded_as_changed_never_by_value(caio, by_dora):
    with trail.watch(caio, "update", by=by_dora):
        caio.password_hash = "$argon2id$secret"
    assert last().new_values["password_hash"] == "•••"


def test_a_bulk_change_without_a_row_is_refused(ana):
    with pytest.raises(RuntimeError, match="without an audit row"):
        db.session.execute(update(User).values(first_name="Todos"))


def test_what_was_undone_is_known_however_much_was_done_since(app):
    with transaction():
        trail.note("update", "things", 7, by=SYSTEM)
    first = db.session.scalars(select(AuditLog).order_by(AuditLog.id)).first()
    with transaction():
        trail.note_alike("update", "things", ["7"] * 250, by=SYSTEM)
        trail.note("update", "things", 8, by=replace(SYSTEM, undoes=str(first.id)))
        assert rows.undone_by(first) is None
        trail.note("update", "things", 7, by=replace(SYSTEM, undoes=str(first.id)))
    assert rows.undone_by(first).id == first.id + 252
