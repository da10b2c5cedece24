"""Anchors outside, verifications by the worker, and what may leave: whole stretches, verified and anchored."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from tests.conftest import count
from tests.factories import StaffFactory
from tests.sealing import forge, seal, write
from webapp.base.clock import now
from webapp.base.db import db, transaction
from webapp.base.errors import Conflict, Invalid
from webapp.base.outbox import OutboxMessage
from webapp.base.settling import Outcome
from webapp.domain.audit import anchors, chain, proof, retention, verifications
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.audit.models import AuditAnchor, AuditLog, AuditStretch, AuditText, AuditVerification
from webapp.domain.audit.proof import Kind
from webapp.domain.settings import config
from webapp.domain.staff.models import StaffRole
from webapp.jobs import clockwork, sweeps

CHAT = -1001234567890


def found(*given):
    walk, _end = proof.whole(given)
    return [(one.kind, one.seq, one.until) for one in walk.findings]


def promise():
    with transaction():
        return anchors.promise_due(CHAT)


def tell():
    with transaction():
        told = anchors.tell(by=SYSTEM)
    return told.seq, told.row_hash


def verify():
    with transaction():
        verifications.ask(by=SYSTEM)
    while verifications.latest().finished_at is None:
        with transaction():
            verifications.step()
    return verifications.last_finished()


def prune(days=100):
    with transaction():
        return retention.prune(now() - timedelta(days=days), by=SYSTEM)


@pytest.fixture
def old(app):
    """A closed stretch of a year ago, and an open one of today."""
    with time_machine.travel(now() - timedelta(days=367)):
        write(5)
        seal()
    with time_machine.travel(now() - timedelta(days=365)):
        write(1)
        seal()
    write(3)
    seal()


def test_the_end_is_told_to_the_chat_and_again_when_it_is_time(app):
    assert promise() == 0, "nothing is sealed"
    write(2)
    seal()
    assert (promise(), promise()) == (1, 0)
    write(1)
    seal()
    assert promise() == 0, "too soon"
    with time_machine.travel(now() + anchors.EVERY + timedelta(minutes=1)):
        assert promise() == 1
    end = chain.head()
    said = db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id.desc())).first()
    assert (said.chat_id, f"{end.seq}:{end.hash}" in said.payload["text"]) == (CHAT, True)


def test_an_anchor_counts_when_its_message_arrived(app):
    write(2)
    seal()
    promise()
    key = db.session.scalar(select(OutboxMessage.dedupe_key))
    assert anchors.anchored() == 0
    for status, result in (("failed", None), ("sent", {"message_id": 77}), ("sent", {"message_id": 78})):
        with transaction():
            anchors.settled(Outcome(1, CHAT, status, dedupe_key=key, result=result))
    db.session.rollback()
    assert (anchors.anchored(), anchors.latest().message_id) == (2, 77)


def test_a_tail_that_was_cut_off_is_missed_by_its_anchor(app):
    write(6)
    seal()
    kept = tell()
    assert found() == []
    forge("DELETE FROM audit_logs WHERE seq > 4")
    assert found() == [(Kind.TRUNCATED, 5, 6)]
    forge("DELETE FROM audit_anchors", "DELETE FROM audit_stretches")
    assert found() == [], "nothing in the database tells"
    assert found(kept) == [(Kind.TRUNCATED, 5, 6)]


def test_a_tail_that_was_cut_off_and_grew_again_differs_from_its_anchor(app):
    write(6)
    seal()
    kept = tell()
    seal()
    forge("DELETE FROM audit_logs WHERE seq > 4", "DELETE FROM audit_anchors")
    write(5)
    seal()
    assert found(kept) == [(Kind.ANCHOR, 6, 6)]


def test_the_worker_seals_anchors_and_verifies(app):
    with transaction():
        config.change({"audit_chat_id": str(CHAT)}, by=SYSTEM)
    write(3)
    with transaction():
        verifications.ask(by=SYSTEM)
    clockwork.turn(4.0)
    db.session.rollback()
    assert count(AuditLog, AuditLog.seq.is_(None)) <= 1  # what the verification noted of itself
    assert count(AuditAnchor) == 1 and verifications.last_finished().findings == []


def test_a_verification_goes_on_where_it_was_and_another_is_not_begun_beside_it(app, monkeypatch):
    write(2500)
    for _batch in range(3):
        seal()
    with transaction():
        one = verifications.ask(by=SYSTEM)
    with transaction():
        assert verifications.step() == 1
    with transaction():
        assert verifications.ask(by=SYSTEM).id == one.id
    assert (count(AuditVerification), verifications.latest().reached) == (1, proof.CHUNK)
    assert verify().reached == 2500


def test_one_that_is_asked_for_while_the_worker_walks_is_the_one_it_walks(app, at_once):
    write(proof.CHUNK + 1)
    for _batch in range(2):
        seal()
    with transaction():
        one, asked = verifications.ask(by=SYSTEM).id, []
    at_once(verifications.step, lambda: asked.append(verifications.ask(by=SYSTEM).id))
    assert count(AuditVerification) == 1 and asked == [one]


def test_of_two_who_ask_at_once_both_ask_for_one(app, at_once):
    asked = []
    one = at_once(lambda: verifications.ask(by=SYSTEM).id, lambda: asked.append(verifications.ask(by=SYSTEM).id))
    assert count(AuditVerification) == 1 and asked == [one]


def test_what_a_verification_finds_is_told_to_the_chat(app):
    write(3)
    seal()
    forge("UPDATE audit_logs SET reason = 'x' WHERE seq = 2")
    with transaction():
        verifications.ask(by=SYSTEM)
    with transaction():
        verifications.step(CHAT)
    assert [one["kind"] for one in verifications.last_finished().findings] == ["edited"]
    assert "no está entera" in db.session.scalar(select(OutboxMessage.payload))["text"]


def test_an_old_stretch_leaves_and_the_chain_goes_on(app, old):
    tell()
    verify()
    assert prune() == 6
    assert prune() == 0, "the other is not over"
    assert count(AuditLog, AuditLog.seq <= 6) == count(AuditText, AuditText.audit_id <= 6) == 0
    assert found() == []
    assert count(AuditLog, AuditLog.action == "prune") == 1
    seal()
    assert found() == []


def test_nothing_leaves_that_was_not_verified_and_anchored(app, old):
    with pytest.raises(Conflict, match="verificar"):
        prune()
    verify()
    with pytest.raises(Conflict, match="ancla"):
        prune()
    tell()
    forge("UPDATE audit_logs SET reason = 'x' WHERE seq = 2")
    verify()
    with pytest.raises(Conflict, match="encontró"):
        prune()
    with pytest.raises(Invalid):
        prune(days=30)
    assert count(AuditLog, AuditLog.seq <= 6) == 6


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit_logs WHERE seq <= 6",
        "UPDATE audit_stretches SET pruned_at = created_at",
        "UPDATE audit_stretches SET last_seq = 900 WHERE last_seq IS NOT NULL",
        "DELETE FROM audit_stretches",
        "INSERT INTO audit_stretches (id, first_seq, last_seq, prev_hash, key_id, created_at, pruned_at) "
        "VALUES (99, 50, 90, 'x', 'x', '2026-01-01 00:00:00', '2026-01-01 00:00:00')",
        "INSERT INTO audit_anchors (id, seq, row_hash, created_at, told_at) "
        "VALUES (99, 6, 'made up', '2026-01-01 00:00:00', '2026-01-01 00:00:00')",
        "UPDATE audit_anchors SET seq = 1",
        "DELETE FROM audit_anchors",
    ],
)
def test_the_database_itself_refuses_other_ways_out(app, old, statement):
    with transaction():
        anchors.promise_due(CHAT)  # told to nobody yet
    with pytest.raises(DatabaseError, match="append-only"), db.engine.begin() as connection:
        connection.execute(text(statement))


def test_what_is_left_of_a_pruned_stretch_is_signed(app, old):
    tell()
    verify()
    prune()
    forge(f"UPDATE audit_stretches SET last_hash = '{'a' * 64}' WHERE pruned_at IS NOT NULL")
    assert (Kind.STRETCH, 1, 6) in found()
    forge("DELETE FROM audit_stretches WHERE pruned_at IS NOT NULL")
    assert (Kind.REMOVED, 1, 6) in found()


def test_a_stretch_that_nobody_pruned_is_missed(app, old):
    """By plain statements, which the triggers let pass: an anchor, the stretch said to be pruned, its rows gone."""
    seen, moment = chain.head(), "'2026-01-01 00:00:00.000000'"
    db.session.rollback()
    with db.engine.begin() as connection:
        for statement in (
            f"INSERT INTO audit_anchors (id, seq, row_hash, created_at, told_at) "
            f"VALUES (99, {seen.seq}, '{seen.hash}', {moment}, {moment})",
            f"UPDATE audit_stretches SET pruned_at = {moment} WHERE last_seq IS NOT NULL",
            "DELETE FROM audit_logs WHERE seq <= 6",
        ):
            connection.execute(text(statement))
    assert found() == [(Kind.REMOVED, 1, 6)]


@pytest.mark.parametrize(
    "value", ["pruned_at = '2001-01-01 00:00:00.000000'", f"pruning = '{'a' * 64}'", "pruning = NULL"]
)
def test_when_a_stretch_left_is_signed_too(app, old, value):
    tell()
    verify()
    prune()
    assert found() == []
    forge(f"UPDATE audit_stretches SET {value} WHERE pruned_at IS NOT NULL")
    assert found() == [(Kind.REMOVED, 1, 6)]


def test_every_night_what_is_old_leaves_and_the_rest_is_verified(app, old):
    tell()
    verify()
    with transaction():
        config.change({"audit_months": "6"}, by=SYSTEM)
    sweeps.keep_audit()
    assert count(AuditLog, AuditLog.seq <= 6) == 0
    assert count(AuditStretch, AuditStretch.pruned_at.is_not(None)) == 1
    assert verifications.latest().finished_at is None, "asked for; the worker goes on with it"


def test_what_the_audit_tells_is_told_in_the_creators_language(app):
    StaffFactory(role=StaffRole.SYSADMIN, locale="en", created_at=now() - timedelta(days=9))
    StaffFactory(role=StaffRole.SYSADMIN)
    with transaction():
        config.change({"audit_chat_id": CHAT}, by=SYSTEM)
    seal()
    forge("UPDATE audit_logs SET reason = 'x' WHERE seq = 1")
    with transaction():
        verifications.ask(by=SYSTEM)
    for part in (clockwork.anchor, clockwork.verify):
        with transaction():
            part()
    anchor, alarm = [
        one["text"] for one in db.session.scalars(select(OutboxMessage.payload).order_by(OutboxMessage.id))
    ]
    assert "Audit: 1 entries sealed" in anchor and "<code>flask audit verify --anchor 1:" in anchor
    assert "the chain is not whole" in alarm
