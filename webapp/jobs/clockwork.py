"""What the clock opens in the channels: approvals, ends, reminders, expulsions to try again. Each a few at a time.

Every turn looks at the database's rows, so that a worker that was away, or two at once, do each thing once.
"""

from collections.abc import Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError

from webapp.base.clock import now
from webapp.base.db import db, transaction
from webapp.domain.audit import anchors, chain, verifications
from webapp.domain.channels import expiry, expulsions, reminders, requests
from webapp.domain.insights import daily
from webapp.domain.settings import config
from webapp.domain.staff import team


def anchor() -> int:
    """Tells the end of the audit's chain to the chat that keeps it, when it is time."""
    return anchors.promise_due(config.current().audit_chat_id, team.creators_locale())


def verify() -> int:
    """Goes on with a verification of the audit that somebody asked for."""
    return verifications.step(config.current().audit_chat_id, team.creators_locale())


PARTS: tuple[Callable[[], int], ...] = (
    *(requests.approve_due, expiry.sweep, expulsions.retry_due),
    *(reminders.plan_due, reminders.send_due, daily.make_due),
    *(chain.seal, anchor),
)
SOON = 0.05
ROUNDS = 50
log = structlog.get_logger(__name__)


def turn(longest: float) -> float:
    """Does what is due; returns how many seconds to wait until the next turn, at most `longest`."""
    try:
        for part in PARTS:
            _work_off(part)
        if _work_off(verify):  # somebody looks on
            longest = SOON
        due = requests.next_due()
        db.session.rollback()
    except SQLAlchemyError as error:
        db.session.rollback()
        log.warning("worker.clockwork_failed", error=type(error).__name__)
        return longest
    return longest if due is None else min(longest, max(SOON, (due - now()).total_seconds()))


def _work_off(part: Callable[[], int]) -> bool:
    """Again until nothing is left, a transaction each; at most so often that the other parts have their turn: then
    True, since something may be left."""
    for _round in range(ROUNDS):
        with transaction():
            done = part()
        if not done:
            return False
    return True
