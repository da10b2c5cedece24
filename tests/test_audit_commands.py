"""What an operator types about the audit: verify, anchor, prune."""

from datetime import timedelta

import time_machine

from tests.conftest import count
from tests.sealing import forge, seal, write
from webapp.base.clock import now
from webapp.domain.audit.models import AuditLog


def run(app, *words):
    return app.test_cli_runner().invoke(args=["audit", *words])


def test_a_whole_chain_is_said_to_be_whole(app):
    write(3)
    seal()
    write(1)
    told = run(app, "verify")
    assert (told.exit_code, told.output) == (0, "3 rows sealed, 1 waiting for their seal\nthe chain is whole\n")


def test_what_was_done_is_named_and_the_command_fails(app):
    write(5)
    seal()
    forge("UPDATE audit_logs SET reason = 'x' WHERE seq = 2", "DELETE FROM audit_logs WHERE seq IN (4, 5)")
    told = run(app, "verify", "--anchor", "5:" + "a" * 64)
    assert told.exit_code == 1
    assert "edited: number 2 (row " in told.output and "truncated: number 4 to 5" in told.output


def test_an_anchor_is_printed_as_what_compares_it(app):
    write(2)
    words = run(app, "anchor").output.split()
    assert words[:4] == ["flask", "audit", "verify", "--anchor"]
    assert run(app, *words[2:]).exit_code == 0
    forge("DELETE FROM audit_logs WHERE seq = 2", "DELETE FROM audit_anchors")
    assert "truncated: number 2" in run(app, *words[2:]).output


def test_what_is_no_anchor_is_refused(app):
    assert run(app, "verify", "--anchor", "two").exit_code == 2


def test_old_rows_leave_when_they_are_verified_and_anchored(app):
    with time_machine.travel(now() - timedelta(days=367)):
        write(5)
        seal()
    with time_machine.travel(now() - timedelta(days=365)):
        write(1)
        seal()
    write(1)
    day = (now() - timedelta(days=100)).strftime("%Y-%m-%d")
    refused = run(app, "prune", "--before", day)
    assert refused.exit_code == 1 and "ancla" in refused.output
    assert run(app, "anchor").exit_code == 0
    assert run(app, "prune", "--before", day).output == "6 rows removed\n"
    assert count(AuditLog, AuditLog.seq <= 6) == 0 and run(app, "verify").exit_code == 0
