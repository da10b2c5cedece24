"""The chain: every row is sealed once, in one order, whoever races; whatever is done to it afterwards is named."""

import threading
from datetime import timedelta

import pytest
import time_machine
from cryptography.fernet import Fernet
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from tests.conftest import count
from tests.sealing import forge, seal, write
from webapp.base import crypto
from webapp.base.clock import now
from webapp.base.db import db, transaction
from webapp.domain.audit import chain, proof, trail
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.audit.models import AuditLog, AuditStretch, AuditText
from webapp.domain.audit.proof import Kind

COPY = """
    INSERT INTO audit_logs (id, at, actor_type, actor_id, actor_label, action, resource_type, resource_id, seq,
    prev_hash, row_hash) SELECT 900000, at, actor_type, actor_id, 'Nadie', action, resource_type, resource_id, 3,
    prev_hash, '{}'
    FROM audit_logs WHERE seq = 2
"""
SWAP = (
    "UPDATE audit_logs SET seq = -1 WHERE seq = 3",
    "UPDATE audit_logs SET seq = 3 WHERE seq = 4",
    "UPDATE audit_logs SET seq = 4 WHERE seq = -1",
)
UP = ("UPDATE audit_logs SET seq = -seq - 1 WHERE seq >= 3", "UPDATE audit_logs SET seq = -seq WHERE seq < 0")
DOWN = ("UPDATE audit_logs SET seq = -seq + 1 WHERE seq > 3", "UPDATE audit_logs SET seq = -seq WHERE seq < 0")
TAMPERED = {
    "a value": (["UPDATE audit_logs SET actor_label = 'Otra' WHERE seq = 3"], [(Kind.EDITED, 3, 3)]),
    "a moment": (["UPDATE audit_logs SET at = '2001-01-01 00:00:00.000000' WHERE seq = 3"], [(Kind.EDITED, 3, 3)]),
    "a hash": (["UPDATE audit_logs SET row_hash = '{}' WHERE seq = 3"], [(Kind.EDITED, 3, 3)]),
    "two in a row": (["UPDATE audit_logs SET reason = 'x' WHERE seq IN (3, 4)"], [(Kind.EDITED, 3, 4)]),
    "the order": (SWAP, [(Kind.REORDERED, 3, 5)]),
    "one more": ([*UP, COPY], [(Kind.INSERTED, 3, 3)]),
    "one less": (["DELETE FROM audit_logs WHERE seq = 3"], [(Kind.REMOVED, 3, 3)]),
    "one less, renumbered": (["DELETE FROM audit_logs WHERE seq = 3", *DOWN], [(Kind.REMOVED, 3, 3)]),
    "the first ones": (["DELETE FROM audit_logs WHERE seq <= 2"], [(Kind.REMOVED, 1, 2)]),
    "taken out to be sealed anew": (
        ["UPDATE audit_logs SET seq = NULL, prev_hash = NULL, row_hash = NULL, reason = 'x' WHERE seq = 3"],
        [(Kind.REMOVED, 3, 3)],
    ),
}


def found(*given):
    walk, _end = proof.whole(given)
    return [(one.kind, one.seq, one.until) for one in walk.findings]


def rows():
    return db.session.scalars(select(AuditLog).order_by(AuditLog.seq)).all()


def test_each_row_follows_the_one_before(app):
    write(3)
    assert seal() == 3 and seal() == 0
    first, second, third = rows()
    assert [one.seq for one in (first, second, third)] == [1, 2, 3]
    assert (first.prev_hash, second.prev_hash, third.prev_hash) == (chain.GENESIS, first.row_hash, second.row_hash)
    assert found() == []


@pytest.mark.parametrize("done", TAMPERED)
def test_each_kind_of_tampering_is_named(app, done):
    write(6)
    seal()
    statements, names = TAMPERED[done]
    forge(*[statement.replace("{}", "f" * 64) for statement in statements])
    seen = found()
    if done.endswith("renumbered"):  # the number that is free now is at the end
        assert seen[:1] == names and {kind for kind, *_where in seen} <= {Kind.REMOVED, Kind.TRUNCATED}
    else:
        assert seen == names


def test_a_value_of_json_is_part_of_the_row(app):
    write(4)
    seal()
    forge("UPDATE audit_logs SET new_values = :told WHERE seq = 2", told='{"name": "Invierno 9"}')
    assert found() == [(Kind.EDITED, 2, 2)]


def test_what_stands_after_a_change_is_not_blamed_and_a_second_one_is_found(app):
    write(20)
    seal()
    forge("UPDATE audit_logs SET reason = 'x' WHERE seq = 3", "DELETE FROM audit_logs WHERE seq IN (9, 10)")
    assert found() == [(Kind.EDITED, 3, 3), (Kind.REMOVED, 9, 10)]


def test_a_walk_in_small_steps_finds_the_same(app, monkeypatch):
    write(20)
    seal()
    forge(*SWAP, "DELETE FROM audit_logs WHERE seq = 12")
    monkeypatch.setattr(proof, "CHUNK", 3)
    walk = proof.Walk()
    while proof.step(walk, 20, 3):
        walk = proof.resume(walk.reached, walk.hash, walk.told())
    assert [(one.kind, one.seq, one.until) for one in walk.findings] == [(Kind.REORDERED, 3, 5), (Kind.REMOVED, 12, 12)]


@pytest.mark.parametrize("seq", [0, -7, None])
def test_a_row_with_a_seal_and_no_place_in_the_chain_is_named(app, seq):
    write(3)
    seal()
    forge(COPY.replace("resource_id, 3,", "resource_id, :seq,").replace("{}", "f" * 64), seq=seq)
    assert found() == [(Kind.INSERTED, seq or 0, seq or 0)]


def test_the_last_row_is_not_hidden_by_taking_its_number_away(app):
    write(3)
    seal()
    forge("UPDATE audit_logs SET seq = NULL, reason = 'x' WHERE seq = 3")
    assert found() == [(Kind.INSERTED, 0, 0)]


def test_nobody_seals_by_hand_what_they_cannot_sign(app):
    write(3)
    seal()
    write(1)
    forge(
        f"UPDATE audit_logs SET seq = 4, prev_hash = '{rows()[2].row_hash}', row_hash = '{'a' * 64}' WHERE seq IS NULL"
    )
    assert found() == [(Kind.EDITED, 4, 4)]


def test_a_half_seal_is_refused_by_the_database(app):
    write(1)
    with pytest.raises(DatabaseError, match="append-only"), db.engine.begin() as connection:
        connection.execute(text("UPDATE audit_logs SET seq = 7"))


def test_thirty_writers_and_two_sealers_make_one_chain(app, engine_kind):
    ended, broken = threading.Event(), []

    def writer(number):
        with app.app_context():
            for turn in range(50):
                with transaction():
                    trail.note("update", "things", f"{number}-{turn}", by=SYSTEM, new={"turn": turn})
            db.session.remove()

    def sealer():
        with app.app_context():
            try:
                while not ended.is_set() or count(AuditLog, AuditLog.seq.is_(None)):
                    with transaction():
                        chain.seal(100)
            except Exception as error:
                broken.append(error)
            db.session.remove()

    sealers = [threading.Thread(target=sealer) for _one in range(2)]
    # PostgreSQL has ten connections here; whoever finds none waits for theirs.
    waves = [[threading.Thread(target=writer, args=(wave + one,)) for one in range(6)] for wave in range(0, 30, 6)]
    for one in sealers:
        one.start()
    for wave in waves:
        for one in wave:
            one.start()
        for one in wave:
            one.join()
    ended.set()
    for one in sealers:
        one.join()
    assert broken == []
    assert [one.seq for one in rows()] == list(range(1, 1501))
    assert found() == []


def test_a_row_that_commits_late_is_sealed_later_and_never_missed(app, engine_kind):
    if engine_kind == "sqlite":  # nobody writes while another has not ended: there is no such row
        return
    late = db.engine.connect()
    late.execute(chain.TABLE.insert().values(actor_type="system", actor_id="0", actor_label="", action="update",
                                             resource_type="late", resource_id="1", at=now()))  # fmt: skip
    write(2)
    assert seal() == 2
    late.commit()
    late.close()
    assert seal() == 1
    assert [one.resource_type for one in rows()] == ["things", "things", "late"]
    assert rows()[2].id < rows()[0].id and found() == []


def test_a_new_key_begins_a_stretch_and_the_old_one_still_verifies(app):
    kept = {name: list(keys) for name, keys in crypto._keys.items()}
    write(3)
    seal()
    try:
        crypto.set_keys(kept["secret"], [Fernet.generate_key().decode(), *kept["data"]])
        write(2)
        seal()
        first, second = db.session.scalars(select(AuditStretch).order_by(AuditStretch.first_seq)).all()
        assert (first.last_seq, second.first_seq, first.key_id != second.key_id) == (3, 4, True)
        assert found() == []
        crypto.set_keys(kept["secret"], [Fernet.generate_key().decode()])
        assert found() == [(Kind.KEY, 1, 5)]
    finally:
        crypto.set_keys(**kept)


def test_a_stretch_ends_after_a_day_and_says_from_when_to_when(app):
    write(2)
    seal()
    with time_machine.travel(now() + timedelta(days=1, minutes=1)):
        write(1)
        seal()
        write(1)
        seal()
    first, second = db.session.scalars(select(AuditStretch).order_by(AuditStretch.first_seq)).all()
    assert (first.first_seq, first.last_seq, second.first_seq) == (1, 3, 4)
    assert first.last_hash == rows()[2].row_hash and first.last_at - first.first_at > timedelta(days=1)
    assert found() == []


def test_a_signature_that_was_made_up_is_named(app):
    write(2)
    seal()
    with time_machine.travel(now() + timedelta(days=1, minutes=1)):
        write(1)
        seal()
    assert found() == []
    forge("UPDATE audit_stretches SET last_at = '2001-01-01 00:00:00.000000' WHERE first_seq = 1")
    assert found() == [(Kind.STRETCH, 1, 3)]


def test_what_is_searched_is_written_with_the_seal_and_hides_what_is_hidden(app):
    with transaction():
        trail.note("update", "things", 1, by=SYSTEM, new={"name": "Día Ñandú", "hash": "•••"}, reason="Corrección")
    assert count(AuditText) == 0
    seal()
    assert db.session.scalar(select(AuditText.search_text)) == "sistema 1 correccion dia nandu"
