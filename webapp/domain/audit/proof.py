"""Verifying the chain: a walk from its first row to its end, which names what somebody did to it.

Whoever can write to the database can change, move, add and take away rows; without the key they cannot make them fit.
What a chain cannot show by itself is that its end was cut off: anchors, kept elsewhere, show that.
"""

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import exists, func, select

from webapp.base.db import connection, db
from webapp.domain.audit import chain
from webapp.domain.audit.chain import GENESIS, TABLE
from webapp.domain.audit.models import AuditAnchor, AuditLog, AuditStretch

CHUNK = 1000
MOST = 100  # findings; more say nothing new


class Kind(enum.StrEnum):
    """What was done to the chain."""

    EDITED = "edited"
    INSERTED = "inserted"
    REORDERED = "reordered"
    REMOVED = "removed"
    TRUNCATED = "truncated"
    ANCHOR = "anchor"
    STRETCH = "stretch"
    KEY = "key"


@dataclass
class Finding:
    """One thing that is wrong, from number `seq` to `until` of the chain; `row`: the first one's id, if it is there."""

    kind: Kind
    seq: int
    until: int
    row: int | None = None


@dataclass
class Walk:
    """How far a walk is: the number it reached, the hash it left (None: unknown), what it found."""

    reached: int = 0
    hash: str | None = GENESIS
    findings: list[Finding] = field(default_factory=list)

    def find(self, kind: Kind, seq: int, until: int | None = None, row: int | None = None) -> None:
        """Notes a finding, together with the one right before it when that is of the same kind."""
        last, until = self.findings[-1] if self.findings else None, seq if until is None else until
        if last is not None and last.kind is kind and last.until == seq - 1:
            last.until = until
        elif len(self.findings) < MOST:
            self.findings.append(Finding(kind, seq, until, row))

    def told(self) -> list[dict[str, Any]]:
        """The findings as JSON keeps them."""
        return [asdict(one) for one in self.findings]


class _Ground:
    """What a step stands on: our keys, and the stretches from where it begins."""

    def __init__(self, reached: int) -> None:
        row = AuditStretch
        query = select(row).where((row.last_seq > reached) | row.last_seq.is_(None)).order_by(row.first_seq)
        self.stretches = list(db.session.scalars(query.limit(5000), execution_options={"populate_existing": True}))
        self.keys = chain.held_keys()

    def stretch(self, seq: int) -> AuditStretch | None:
        """The stretch that holds this number; numbers are asked for in their order."""
        while self.stretches and self.stretches[0].last_seq is not None and self.stretches[0].last_seq < seq:
            self.stretches.pop(0)
        return self.stretches[0] if self.stretches and self.stretches[0].first_seq <= seq else None

    def fault(self, stretch: AuditStretch) -> Kind | None:
        """What is wrong with what a stretch says of itself."""
        key = self.keys.get(stretch.signed_by or "")
        if key is None:
            return Kind.KEY
        return None if stretch.signature == chain.sign(stretch, key) else Kind.STRETCH

    def parting(self, stretch: AuditStretch) -> Kind | None:
        """What is wrong with how a stretch left: what nobody signed as pruned was removed."""
        fault = self.fault(stretch)
        if fault is not None:
            return fault
        pruned = chain.sign_pruning(stretch, self.keys[stretch.signed_by or ""])
        return None if stretch.pruning == pruned else Kind.REMOVED


def resume(reached: int, seen: str | None, told: Iterable[Mapping[str, Any]]) -> Walk:
    """A walk that goes on where it was left."""
    return Walk(reached, seen, [Finding(**{**one, "kind": Kind(one["kind"])}) for one in told])


def step(walk: Walk, up_to: int, chunk: int = CHUNK) -> bool:
    """Looks at the next rows, up to number `up_to`; False when there are no more."""
    ground = _Ground(walk.reached)
    query = select(TABLE).where(TABLE.c.seq > walk.reached, TABLE.c.seq <= up_to).order_by(TABLE.c.seq)
    found = [dict(row) for row in connection().execute(query.limit(chunk + 1)).mappings()]
    for place, row in enumerate(found[:chunk]):
        _look(walk, row, found[place + 1] if place + 1 < len(found) else None, ground)
    if len(found) > chunk:
        return True
    if walk.reached < up_to:
        _cross(walk, up_to + 1, ground)
    return False


def finish(walk: Walk, up_to: int, given: Sequence[tuple[int, str]] = ()) -> None:
    """What only the whole shows: rows that stand beside the chain, an end that was cut off, anchors that say otherwise.
    `given`: (number, hash)."""
    end, row = chain.head(), AuditStretch
    for number, row_id in _beside():
        walk.find(Kind.INSERTED, number, row=row_id)
    query = select(AuditAnchor.seq, AuditAnchor.row_hash).order_by(AuditAnchor.seq)
    anchors = sorted({*((seq, seen) for seq, seen in db.session.execute(query)), *given})
    for seq, seen in anchors:
        if seq <= end.seq:
            _compare(walk, seq, seen)
    begun = db.session.scalar(select(func.max(func.coalesce(row.last_seq, row.first_seq)))) or 0
    reached = max([up_to, begun, *(seq for seq, _seen in anchors)])
    if reached > end.seq:
        walk.find(Kind.TRUNCATED, end.seq + 1, reached)


def whole(given: Sequence[tuple[int, str]] = ()) -> tuple[Walk, int]:
    """Walks over all of the chain: (the walk, the number it went up to)."""
    walk, end = Walk(), chain.head().seq
    while step(walk, end):
        db.session.rollback()  # no long reading keeps the database from tidying up
    finish(walk, end, given)
    return walk, end


def _beside() -> list[tuple[int, int]]:
    """(number, id) of the rows that look sealed and have no place in the chain: no walk comes by them."""
    log = AuditLog
    looks = (log.seq <= 0) | (log.seq.is_(None) & log.row_hash.is_not(None))
    found = db.session.execute(select(log.seq, log.id).where(looks).order_by(log.seq, log.id).limit(MOST))
    return [(seq or 0, row_id) for seq, row_id in found]


def _compare(walk: Walk, seq: int, seen: str) -> None:
    """One anchor with what the chain has there; of what was pruned only the end is left."""
    row = db.session.execute(select(AuditLog.id, AuditLog.row_hash).where(AuditLog.seq == seq)).one_or_none()
    left = (
        row.row_hash if row else db.session.scalar(select(AuditStretch.last_hash).where(AuditStretch.last_seq == seq))
    )
    if left is not None and left != seen:
        walk.find(Kind.ANCHOR, seq, row=row.id if row else None)


def _look(walk: Walk, row: dict[str, Any], after: dict[str, Any] | None, ground: _Ground) -> None:
    """One row: does it follow what is before it, and is it what was sealed?"""
    seq = row["seq"]
    if seq > walk.reached + 1:
        _cross(walk, seq, ground)
    own = ground.stretch(seq)
    if not _authentic(row, own, ground.keys):
        _strange(walk, row, after, own, ground.keys)
    else:
        if walk.hash is not None and row["prev_hash"] != walk.hash:
            walk.find(_displaced(row["prev_hash"]), seq, row=row["id"])
        walk.hash = row["row_hash"]
    walk.reached = seq
    if own is None or own.last_seq != seq:
        return
    fault = ground.fault(own) or (None if own.last_hash == row["row_hash"] else Kind.STRETCH)
    known = fault is Kind.KEY and walk.findings and walk.findings[-1].until == seq
    if fault is not None and not known:
        walk.find(fault, own.first_seq, seq)


def _authentic(row: dict[str, Any], own: AuditStretch | None, keys: Mapping[str, bytes]) -> bool:
    """Whether one of our keys has sealed this row as it is; that of its stretch is tried first."""
    names = sorted(keys, key=lambda name: own is None or name != own.key_id)
    return any(chain.digest(row, row["prev_hash"], keys[name]) == row["row_hash"] for name in names)


def _strange(
    walk: Walk,
    row: dict[str, Any],
    after: dict[str, Any] | None,
    own: AuditStretch | None,
    keys: Mapping[str, bytes],
) -> None:
    """A row that none of our keys has sealed as it is: added, where the next follows the one before; else changed."""
    if own is not None and own.key_id not in keys:
        walk.find(Kind.KEY, row["seq"], row=row["id"])
    elif after is not None and after["prev_hash"] == walk.hash and after["prev_hash"] != row["row_hash"]:
        walk.find(Kind.INSERTED, row["seq"], row=row["id"])
        return
    else:
        walk.find(Kind.EDITED, row["seq"], row=row["id"])
    resealed = {chain.digest(row, row["prev_hash"], key) for key in keys.values()}
    walk.hash = after["prev_hash"] if after is not None and after["prev_hash"] in resealed else row["row_hash"]


def _displaced(before: str) -> Kind:
    """What became of the row that stood before: it stands elsewhere, or nowhere any more."""
    moved = before == GENESIS or db.session.scalar(select(exists().where(AuditLog.row_hash == before)))
    return Kind.REORDERED if moved else Kind.REMOVED


def _cross(walk: Walk, seq: int, ground: _Ground) -> None:
    """Crosses numbers without rows, up to before `seq`: what was pruned leaves its stretch, all else was removed."""
    for one in ground.stretches:
        if one.pruned_at is None or one.last_seq is None or one.first_seq != walk.reached + 1 or one.last_seq >= seq:
            continue
        fault = ground.parting(one)
        if fault is not None or (walk.hash is not None and one.prev_hash != walk.hash):
            walk.find(fault or Kind.STRETCH, one.first_seq, one.last_seq)
        walk.reached, walk.hash = one.last_seq, one.last_hash
    if walk.reached + 1 < seq:
        walk.find(Kind.REMOVED, walk.reached + 1, seq - 1)
        walk.reached, walk.hash = seq - 1, None
