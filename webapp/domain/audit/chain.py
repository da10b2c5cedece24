"""The chain: rows are written unsealed, and one job puts them into an order that nobody can change unseen.

Each sealed row keeps a number, the hash before it and its own: an HMAC of all its columns and of the hash before, with
a key that no database holds. The number is not hashed: where a row belongs is told by the hash before it, so that what
was moved can be told from what was changed. A row that commits late gets a later number; none is passed over, since
what is looked for is whatever has no seal yet.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, func, select, text

from webapp.base.bulk import insert_many, update_many
from webapp.base.clock import now
from webapp.base.crypto import keys_for
from webapp.base.db import connection, db
from webapp.base.search import plain
from webapp.domain.audit.models import AuditLog, AuditStretch, AuditText

BATCH = 1000
LONGEST = 10_000  # rows of a stretch
OLDEST = timedelta(days=1)  # of an open one
GENESIS = "0" * 64
LOCK = 0x56_41_55_44  # PostgreSQL's number of the sealer's lock
SEARCHED = 1000  # letters of a row that are searched
TABLE = cast("Table", AuditLog.__table__)
SEALS = frozenset({"seq", "prev_hash", "row_hash"})
TOLD = tuple(column.name for column in TABLE.columns if column.name not in SEALS)
_UNSEALED = select(*(TABLE.c[name] for name in TOLD)).where(text("row_hash IS NULL")).order_by(TABLE.c.id)


@dataclass(frozen=True)
class Head:
    """The chain's end: how many were ever sealed, and the last one's hash."""

    seq: int
    hash: str


def held_keys() -> dict[str, bytes]:
    """The keys that seal, by name, the newest first."""
    return keys_for("audit-chain")


def digest(row: Mapping[str, Any], before: str, key: bytes) -> str:
    """The hash of a row (its columns without the seals) behind the one whose hash is `before`."""
    told = {name: _said(row[name]) for name in TOLD}
    words = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return hmac.new(key, f"{before}:{words}".encode(), hashlib.sha256).hexdigest()


def sign(stretch: AuditStretch, key: bytes) -> str:
    """The signature of a stretch: that of what it says of its rows."""
    told = [stretch.first_seq, stretch.last_seq, stretch.prev_hash, stretch.last_hash, stretch.key_id]
    words = json.dumps([*told, _said(stretch.first_at), _said(stretch.last_at)])
    return hmac.new(key, f"stretch:{words}".encode(), hashlib.sha256).hexdigest()


def sign_pruning(stretch: AuditStretch, key: bytes) -> str:
    """The signature of a stretch that left: that of its own, and of when it was pruned."""
    words = json.dumps([stretch.signature, _said(stretch.pruned_at)])
    return hmac.new(key, f"pruning:{words}".encode(), hashlib.sha256).hexdigest()


def head() -> Head:
    """Where the chain ends now."""
    row = AuditLog
    last = db.session.execute(
        select(row.seq, row.row_hash).where(row.seq.is_not(None)).order_by(row.seq.desc()).limit(1)
    ).one_or_none()
    if last is not None:
        return Head(int(last.seq or 0), str(last.row_hash))
    pruned = select(AuditStretch).where(AuditStretch.pruned_at.is_not(None)).order_by(AuditStretch.first_seq.desc())
    left = db.session.scalar(pruned.limit(1))
    return Head(left.last_seq, left.last_hash) if left and left.last_seq and left.last_hash else Head(0, GENESIS)


def unsealed() -> tuple[int, datetime | None]:
    """How many rows wait for their seal, and since when the oldest does."""
    count, since = db.session.execute(select(func.count(), func.min(AuditLog.at)).where(text("row_hash IS NULL"))).one()
    return count, since


def seal(limit: int = BATCH) -> int:
    """Seals up to `limit` rows that have no seal, in the order they were written; returns how many.

    Of two sealers at once one works, the other finds nothing to do. Closes a stretch that is long or old enough.
    """
    if not _alone():
        return 0
    rows = [dict(row) for row in connection().execute(_UNSEALED.limit(limit)).mappings()]
    if not rows:
        return 0
    end = head()
    stretch, key = _stretch(end)
    sealed, before = [], end.hash
    for seq, row in enumerate(rows, start=end.seq + 1):
        seen = digest(row, before, key)
        sealed.append({"id": row["id"], "seq": seq, "prev_hash": before, "row_hash": seen})
        before = seen
    update_many(AuditLog, sealed)
    insert_many(AuditText, [{"audit_id": row["id"], "search_text": _searched(row)} for row in rows], once="audit_id")
    last = end.seq + len(rows)
    if last - stretch.first_seq + 1 >= LONGEST or stretch.created_at <= now() - OLDEST:
        _close(stretch, Head(last, before))
    return len(rows)


def _alone() -> bool:
    """Whether nobody else seals until this transaction ends. On SQLite nobody else writes anyway."""
    if db.engine.dialect.name != "postgresql":
        return True
    return bool(db.session.scalar(select(func.pg_try_advisory_xact_lock(LOCK))))


def _stretch(end: Head) -> tuple[AuditStretch, bytes]:
    """The open stretch and its key; a new one where there is none, or where a newer key came."""
    name, key = next(iter(held_keys().items()))
    found = db.session.scalar(
        select(AuditStretch).where(AuditStretch.last_seq.is_(None)).order_by(AuditStretch.first_seq.desc()).limit(1),
        execution_options={"populate_existing": True},
    )
    if found is not None and found.key_id == name:
        return found, key
    if found is not None:
        _close(found, end)
    fresh = AuditStretch(first_seq=end.seq + 1, prev_hash=end.hash, key_id=name)
    db.session.add(fresh)
    db.session.flush()
    return fresh, key


def _close(stretch: AuditStretch, end: Head) -> None:
    """Ends a stretch at the chain's end and signs it: with its own key, or the newest where that one is gone."""
    row = AuditLog
    begun, over = db.session.execute(
        select(func.min(row.at), func.max(row.at)).where(row.seq >= stretch.first_seq, row.seq <= end.seq)
    ).one()
    stretch.last_seq, stretch.last_hash, stretch.first_at, stretch.last_at = end.seq, end.hash, begun, over
    held = held_keys()
    stretch.signed_by = stretch.key_id if stretch.key_id in held else next(iter(held))
    stretch.signature = sign(stretch, held[stretch.signed_by])
    db.session.flush()


def _said(value: Any) -> Any:
    return value.isoformat(timespec="microseconds") if isinstance(value, datetime) else value


def _searched(row: Mapping[str, Any]) -> str:
    """What a row says, in words: values, reason, who and what."""
    told = [row["actor_label"], row["resource_id"], row["reason"]]
    told += [word for name in ("old_values", "new_values", "additional_data") for word in _words(row[name])]
    return plain(" ".join(str(word) for word in told if word not in (None, "•••")))[:SEARCHED]


def _words(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _words(one)
    elif isinstance(value, list):
        for one in value:
            yield from _words(one)
    elif value is not None and not isinstance(value, bool):
        yield value
