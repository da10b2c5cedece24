"""Long lists taken away as files: asked for, written by the worker a page at a time, kept for a day, for who asked.

Whoever takes a file up has the number of its attempt, and only with that number may it be noted how far it is: one who
was held up for longer than the lease finds out at the next page, and what they wrote counts for nothing.
"""

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, or_, select, update

from webapp.base import workbooks
from webapp.base.clock import now
from webapp.base.db import db, upsert
from webapp.base.errors import Anothers, Conflict, NotFound
from webapp.base.files import Files
from webapp.base.i18n import _, locale_now
from webapp.domain.audit import trail
from webapp.domain.audit.actors import Actor
from webapp.domain.insights.listing import Listing
from webapp.domain.insights.listings import LISTINGS
from webapp.domain.insights.models import GOING, Export, ExportState
from webapp.domain.staff.models import StaffUser

LEASE = timedelta(seconds=60)
KEPT = timedelta(hours=24)
TRIES = 5  # of those who came no further
AT_ONCE = 5  # that one person may have going
COUNTED = 10_000_000
QUIET = {"synchronize_session": False}
Row = Export


@dataclass(frozen=True)
class Step:
    """One page written: its lines, how long the body is now, and where the next begins (None: that was all)."""

    lines: int
    written: int
    after: str | None


def ask(name: str, wanted: Any, kind: str, *, by: Actor, zone: str, filters: Mapping[str, str]) -> Export:
    """Asks for a list as a file; the same list that somebody waits for already is that one. `filters`: as they were in
    the address, for the audit. Raises Conflict for who waits for several."""
    listing, staff_id = LISTINGS[name], uuid.UUID(by.id)
    kept = listing.keep(wanted)
    told = json.dumps([name, kind, zone, locale_now(), kept], sort_keys=True)
    facts = {"id": uuid.uuid4(), "listing": name, "wanted": kept, "format": kind, "requested_by": staff_id}
    facts |= {"locale": locale_now(), "zone": zone, "fingerprint": hashlib.sha256(told.encode()).hexdigest()}
    db.session.execute(select(StaffUser.id).where(StaffUser.id == staff_id).with_for_update())
    mine = (Row.requested_by == staff_id, Row.state.in_(GOING))
    made = upsert(Row).values(**facts, expires_at=now() + KEPT).on_conflict_do_nothing().returning(Row)
    found: Export | None = db.session.scalar(made)
    if found is None:
        same = select(Row).where(Row.requested_by == staff_id, Row.fingerprint == facts["fingerprint"])
        return db.session.scalars(same.order_by(Row.created_at.desc()).limit(1)).one()
    if (db.session.scalar(select(func.count()).select_from(Row).where(*mine)) or 0) > AT_ONCE:
        raise Conflict(_("Ya tienes varios archivos en preparación. Espera a que termine alguno."))
    trail.note("export", listing.resource, kind, by=by, new={"filters": dict(filters)}, export=str(found.id))
    return found


def mine(export_id: uuid.UUID, *, by: Actor) -> Export:
    """The file that this very person asked for. Raises Anothers for anybody else's, NotFound for one that is gone."""
    found = db.session.scalar(select(Row).where(Row.id == export_id))
    if found is None or found.requested_by != uuid.UUID(by.id) or found.expires_at <= now():
        theirs = found is not None and found.requested_by != uuid.UUID(by.id)
        raise (Anothers if theirs else NotFound)(_("Ese archivo ya no está. Se borran a las 24 horas."))
    return found


def recent(*, by: Actor, limit: int = 50) -> Sequence[Export]:
    """What somebody asked for in the last day, the newest first."""
    query = select(Row).where(Row.requested_by == uuid.UUID(by.id), Row.expires_at > now())
    return db.session.scalars(query.order_by(Row.created_at.desc()).limit(limit)).all()


def cancel(made: Export, *, by: Actor) -> bool:
    """Wants it no longer; the worker stops at the next page. False when it was over already."""
    ended = update(Row).where(Row.id == made.id, Row.state.in_(GOING))
    ended = ended.values(state=ExportState.CANCELLED, finished_at=now()).returning(Row.id)
    if db.session.scalar(ended, execution_options=QUIET) is None:
        return False
    trail.note("cancel", Row.__tablename__, made.id, by=by)
    return True


def take(made: Export, *, by: Actor) -> None:
    """Notes that somebody takes the file. Raises Conflict for one that is not there to be taken."""
    if made.state is not ExportState.DONE:
        raise Conflict(_("El archivo todavía no está listo."))
    trail.note("download", Row.__tablename__, made.id, by=by, new={"listing": made.listing, "lines": made.done})


def claim() -> Export | None:
    """Takes up the file that has waited longest, or that somebody has left; None when there is none. What several came
    no further with is given up."""
    free = or_(Row.lease_until.is_(None), Row.lease_until < now())
    first = select(Row.id).where(Row.state.in_(GOING), free).order_by(Row.created_at).limit(1).scalar_subquery()
    taken = update(Row).where(Row.id == first, Row.state.in_(GOING), free)
    taken = taken.values(
        state=ExportState.RUNNING, attempts=Row.attempts + 1, tries=Row.tries + 1, lease_until=now() + LEASE
    )
    made = db.session.scalar(taken.returning(Row), execution_options={**QUIET, "populate_existing": True})
    if made is None:
        return None
    db.session.expunge(made)  # what is changed on it from here on is written by `hold` alone
    return made if made.tries <= TRIES or not fail(made, "error") else None


def begin(made: Export, files: Files) -> None:
    """Makes ready to go on where the one before stopped, or from the begin where nothing of it is left. Counts how many
    lines there will be. What it changes on the row is `hold`'s to write."""
    if not made.written or not files.inherit(made.file, _earlier(made), made.written):
        files.remove(made.id.hex)
        made.written, made.done, made.after = 0, 0, None
    if made.total is None:
        made.total = listing(made).count(listing(made).read(made.wanted), COUNTED)


def write(made: Export, files: Files) -> Step:
    """Writes the next page into the body. Changes no row."""
    wanted = listing(made).read(made.wanted)
    found = listing(made).page(wanted, made.after)
    line = listing(made).maker(wanted, made.zone)
    head = b"" if made.written else workbooks.begin(made.format, listing(made).heads(wanted))
    data = head + workbooks.more(made.format, [line(row) for row in found.rows])
    return Step(len(found.rows), files.extend(made.file, made.written, data), found.after)


def hold(made: Export, step: Step | None = None) -> bool:
    """Notes how far it is, and keeps the lease; False when it is no longer ours: cancelled, or taken up by another."""
    values: dict[str, Any] = {"total": made.total, "lease_until": now() + LEASE}
    if step is not None:
        made.done, made.written, made.after = made.done + step.lines, step.written, step.after
        values |= {"done": made.done, "written": made.written, "after": made.after, "tries": 0}
    return _ours(made, values)


def seal(made: Export, files: Files, breathe: Callable[[], None]) -> int:
    """Makes the file of the body; returns its size. `breathe` is called on the way."""
    name = listing(made).name
    return files.seal(made.file, lambda body, file: workbooks.seal(made.format, name, body, file, breathe))


def finish(made: Export, size: int) -> bool:
    """It is there to be taken, for a day; False when it is no longer ours."""
    moment = now()
    return _ours(made, {"state": ExportState.DONE, "size": size, "finished_at": moment, "expires_at": moment + KEPT})


def fail(made: Export, problem: str) -> bool:
    """Gives it up: "long" (more lines than a sheet has) or "error"."""
    return _ours(made, {"state": ExportState.FAILED, "problem": problem, "finished_at": now()})


def leave(made: Export, wait: timedelta = timedelta(0)) -> bool:
    """Leaves it for the next one, after a `wait`."""
    return _ours(made, {"lease_until": now() + wait})


def is_too_long(made: Export) -> bool:
    """Whether it has more lines than one sheet holds."""
    return made.format == "xlsx" and max(made.total or 0, made.done) > workbooks.MOST_LINES


def forget_old(files: Files) -> int:
    """Removes what was kept for its day, rows and files, and files that no row knows; returns how many rows."""
    gone = db.session.scalars(delete(Row).where(Row.expires_at <= now()).returning(Row.id), execution_options=QUIET)
    old = list(gone)
    lying = files.beginnings()
    known = {one.hex for one in db.session.scalars(select(Row.id).where(Row.state.in_((*GOING, ExportState.DONE))))}
    for beginning in lying - known if lying else ():
        files.remove(beginning)
    return len(old)


def listing(made: Export) -> Listing:
    """Which list it is."""
    return LISTINGS[made.listing]


def _earlier(made: Export) -> str:
    return f"{made.id.hex}-{made.attempts - 1}.{made.format}"


def _ours(made: Export, values: Mapping[str, Any]) -> bool:
    still = (Row.id == made.id, Row.attempts == made.attempts, Row.state == ExportState.RUNNING)
    changed = update(Row).where(*still).values(**values).returning(Row.id)
    return db.session.scalar(changed, execution_options=QUIET) is not None
