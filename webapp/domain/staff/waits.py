"""Waits that grow with every failure, counted by where somebody comes from, so that no stranger bars a rightful person.

A try counts for its network; all tries from browsers that we do not know count for the account together, ten times as
patiently. A browser in which somebody signed in before counts by itself alone, and waits for nobody else's failures.
Password and code of the phone count together, and only a whole sign-in forgets them. Decision 0016.
"""

import ipaddress
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, delete, or_, select, update

from webapp.base.clock import now
from webapp.base.db import db, upsert
from webapp.domain.staff import notices
from webapp.domain.staff.models import StaffUser, StaffWait

STEP, LONGEST_WAIT, FORGET = 60, 15 * 60, timedelta(hours=24)
EACH, TOGETHER = 5, 50  # failures a step of waiting
NOTED = {"noted": True, "synchronize_session": False}


@dataclass(frozen=True)
class Origin:
    """Where a try comes from: its network, and the browser's name with the accounts that signed in there before."""

    network: str
    browser: str = ""
    accounts: frozenset[str] = frozenset()

    def knows(self, staff_id: uuid.UUID) -> bool:
        """Whether this account signed in in this browser before."""
        return bool(self.browser) and str(staff_id) in self.accounts

    def name(self, staff_id: uuid.UUID) -> str:
        """What an account's failures from here are counted under."""
        return (f"browser {self.browser}" if self.knows(staff_id) else f"network {self.network}")[:80]


def network(ip: str | None) -> str:
    """The network of an address: its /24, or /64 of IPv6, since that is what one person has."""
    try:
        address = ipaddress.ip_address(ip or "")
    except ValueError:
        return "?"
    bits = 24 if address.version == 4 else 64
    return str(ipaddress.ip_network(f"{address}/{bits}", strict=False))


def count(staff_id: uuid.UUID, origin: Origin) -> bool:
    """Counts a try before it is judged, so that tries that race are counted too; False while there is a wait, and then
    nothing is counted, and nothing may be compared."""
    if not _count_here(staff_id, origin):
        return False
    if not origin.knows(staff_id) and not _count_together(staff_id):
        forgive(staff_id, origin, together=False)
        return False
    return True


def forgive(staff_id: uuid.UUID, origin: Origin, *, together: bool = True) -> None:
    """Takes one counted try back: it was right, but the way in is not over."""
    row = StaffWait
    here = update(row).where(row.staff_id == staff_id, row.origin == origin.name(staff_id), row.failures > 0)
    db.session.execute(here.values(failures=row.failures - 1, waits_until=None), execution_options=NOTED)
    if together and not origin.knows(staff_id):
        fewer = update(StaffUser).where(StaffUser.id == staff_id, StaffUser.failed_login_attempts > 0)
        values = {"failed_login_attempts": StaffUser.failed_login_attempts - 1, "locked_until": None}
        db.session.execute(fewer.values(values), execution_options=NOTED)


def forget(staff_id: uuid.UUID, origin: Origin) -> None:
    """Somebody is in: the failures of where they come from are forgotten, and so is what is a day old."""
    row = StaffWait
    over = or_(row.origin == origin.name(staff_id), row.last_failed_at < now() - FORGET)
    db.session.execute(delete(row).where(row.staff_id == staff_id, over), execution_options=NOTED)
    if not origin.knows(staff_id):
        values = {"failed_login_attempts": 0, "locked_until": None}
        db.session.execute(update(StaffUser).where(StaffUser.id == staff_id).values(values), execution_options=NOTED)


def until(staff_id: uuid.UUID, origin: Origin) -> datetime | None:
    """When the wait ends, for somebody who has shown that they know the password; None when there is none."""
    row, name = StaffWait, origin.name(staff_id)
    ends = [db.session.scalar(select(row.waits_until).where(row.staff_id == staff_id, row.origin == name))]
    if not origin.knows(staff_id):
        ends.append(db.session.scalar(select(StaffUser.locked_until).where(StaffUser.id == staff_id)))
    return max((end for end in ends if end is not None and end > now()), default=None)


def wait(failures: int, each: int) -> timedelta:
    """How long so many failures make somebody wait: 60 s for every `each` of them, at most 15 minutes."""
    return timedelta(seconds=min(STEP * (failures // each), LONGEST_WAIT))


def _count_here(staff_id: uuid.UUID, origin: Origin) -> bool:
    row, moment = StaffWait, now()
    values = {"staff_id": staff_id, "origin": origin.name(staff_id), "failures": 1, "last_failed_at": moment}
    again = case((row.last_failed_at < moment - FORGET, 0), else_=row.failures) + 1
    free = or_(row.waits_until.is_(None), row.waits_until <= moment)
    statement = upsert(row).values(values)
    statement = statement.on_conflict_do_update(
        index_elements=["staff_id", "origin"], set_={"failures": again, "last_failed_at": moment}, where=free
    ).returning(row.failures)
    failures = db.session.scalar(statement, execution_options=NOTED)
    if failures is None:
        return False
    mine = update(row).where(row.staff_id == staff_id, row.origin == origin.name(staff_id))
    db.session.execute(mine.values(waits_until=moment + wait(failures, EACH)), execution_options=NOTED)
    if failures == EACH:
        notices.slowed(staff_id)
    return True


def _count_together(staff_id: uuid.UUID) -> bool:
    row, moment = StaffUser, now()
    again = case((row.last_failed_at < moment - FORGET, 0), else_=row.failed_login_attempts) + 1
    free = or_(row.locked_until.is_(None), row.locked_until <= moment)
    statement = update(row).where(row.id == staff_id, row.is_active, free)
    statement = statement.values(failed_login_attempts=again, last_failed_at=moment)
    failures = db.session.scalar(statement.returning(row.failed_login_attempts), execution_options=NOTED)
    if failures is None:
        return False
    locked = update(row).where(row.id == staff_id).values(locked_until=moment + wait(failures, TOGETHER))
    db.session.execute(locked, execution_options=NOTED)
    if failures == TOGETHER:
        notices.slowed(staff_id)
    return True
