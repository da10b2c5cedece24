"""Messages to Telegram: promised in the transaction of the deed, delivered after it.

A row is claimed with a lease, marked `sending_at` right before the call leaves, and settled after. A process that dies
therefore leaves a row that says how far it got: claimed and not marked → it goes again; marked and not settled → the
result is unknown, and only calls that do no harm twice go again. A chat's messages leave in the order they were
promised.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    bindparam,
    case,
    exists,
    func,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from webapp.base.bulk import insert_many
from webapp.base.clock import now
from webapp.base.db import AwareUTC, Base, BigInt, Document, Key, after_commit, db, upsert
from webapp.base.telegram import IDEMPOTENT

LEASE = timedelta(seconds=30)
UNFINISHED = ("ready", "leased", "retry")
PRIORITIES = (5, 2, 1, 0, -1)  # what leaves first; each has its own end of the index of the queue
WAITS = text("status IN ('ready', 'retry')")


class OutboxMessage(Base):
    """One call to the Bot API that was promised to be made."""

    __tablename__ = "outbox_messages"
    __table_args__ = (
        CheckConstraint("status IN ('ready', 'leased', 'sent', 'retry', 'failed', 'unknown')", name="status"),
        Index(None, "status", "next_attempt_at"),
        Index(None, "chat_id", "id"),
        Index(
            "ix_outbox_messages_unfinished",
            "chat_id",
            "id",
            sqlite_where=text("status IN ('ready', 'leased', 'retry')"),
            postgresql_where=text("status IN ('ready', 'leased', 'retry')"),
        ),
        Index("ix_outbox_messages_queue", "priority", "id", sqlite_where=WAITS, postgresql_where=WAITS),
    )

    id: Mapped[Key]
    edits_id: Mapped[int | None] = mapped_column(
        BigInt, ForeignKey("outbox_messages.id", ondelete="SET NULL"), index=True
    )
    method: Mapped[str] = mapped_column(String(40))
    chat_id: Mapped[int | None] = mapped_column(BigInt)
    payload: Mapped[dict[str, Any]] = mapped_column(Document)
    dedupe_key: Mapped[str | None] = mapped_column(String(120), unique=True)
    status: Mapped[str] = mapped_column(String(8), default="ready")
    priority: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    telegram_message_id: Mapped[int | None] = mapped_column(BigInt)
    last_error: Mapped[str | None] = mapped_column(Text)
    next_attempt_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)
    lease_until: Mapped[datetime | None] = mapped_column(AwareUTC)
    sending_at: Mapped[datetime | None] = mapped_column(AwareUTC)
    sent_at: Mapped[datetime | None] = mapped_column(AwareUTC)
    created_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)


class TelegramFile(Base):
    """Telegram's name of a file that we uploaded once, so that it need not leave again."""

    __tablename__ = "telegram_files"

    storage_key: Mapped[str] = mapped_column(String(80), primary_key=True)
    file_id: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)


# Built once, in Core: building a statement costs more than running it, and these run for every reply.
_rows: Any = OutboxMessage.__table__
_target = _rows.alias("target")
_WAITING = (
    select(_rows.c.id)
    .where(_rows.c.chat_id == bindparam("chat"), _rows.c.status.in_(UNFINISHED))
    .limit(bindparam("most", type_=Integer))
)
_MARK = (
    update(_rows)
    .where(
        _rows.c.id.in_(bindparam("ids", expanding=True)),
        _rows.c.status == "leased",
        _rows.c.lease_until > bindparam("moment"),
        _rows.c.sending_at.is_(None),
    )
    .values(sending_at=bindparam("moment"), lease_until=bindparam("until"), attempts=_rows.c.attempts + 1)
    .returning(_rows.c.id)
)
_MARKED = (
    select(*(_rows.c[name] for name in ("id", "method", "chat_id", "payload", "attempts", "edits_id", "dedupe_key")))
    .add_columns(_target.c.telegram_message_id)
    .outerjoin_from(_rows, _target, _target.c.id == _rows.c.edits_id)
    .where(_rows.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(_rows.c.id)
)

_queued = _rows.alias("queued")
_before = _rows.alias("before")
_NEXT = (
    select(_queued.c.id)
    .where(
        # Spelled exactly like the partial index's condition, so that the planner uses it.
        text("queued.status IN ('ready', 'retry')"),
        _queued.c.priority == bindparam("level"),
        _queued.c.next_attempt_at <= bindparam("moment"),
        ~exists().where(
            _before.c.chat_id == _queued.c.chat_id,
            _before.c.id < _queued.c.id,
            _before.c.status.in_(UNFINISHED),
        ),
    )
    .order_by(_queued.c.id)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True)
)
_LEASE = (
    update(_rows)
    .where(_rows.c.id.in_(bindparam("ids", expanding=True)))
    .values(status="leased", lease_until=bindparam("until"), sending_at=None)
)


@dataclass(frozen=True)
class Claimed:
    """A promise that its maker sends itself, before `lease_until`."""

    id: int
    chat_id: int | None
    method: str
    payload: dict[str, Any]
    lease_until: datetime


_wake: list[Callable[[], None]] = []


def on_promise(wake: Callable[[], None]) -> None:
    """Sets what wakes the worker after a promise is durable."""
    _wake[:] = [wake]


def promise(
    method: str,
    chat_id: int | None,
    payload: dict[str, Any],
    *,
    dedupe_key: str | None = None,
    edits: int | None = None,
    priority: int = 0,
) -> int | None:
    """Promises one call in the current transaction; returns the row's id, None when `dedupe_key` was promised before.

    `payload`: the call's parameters without chat_id; {"upload": storage_key} as a value sends a stored file. `edits`:
    the promise whose message this one changes.
    """
    if priority not in PRIORITIES:
        raise ValueError(f"priority {priority} is none of {PRIORITIES}")
    values = {"method": method, "chat_id": chat_id, "payload": payload, "dedupe_key": dedupe_key}
    wake()
    return _insert(values | {"edits_id": edits, "priority": priority})


@dataclass(frozen=True)
class Promise:
    """One call to promise; see `promise` for what the fields mean."""

    method: str
    chat_id: int | None
    payload: dict[str, Any]
    dedupe_key: str


def promise_many(promises: Sequence[Promise]) -> None:
    """Promises many calls in the current transaction, in their order; those that were promised before are left out."""
    if not promises:
        return
    rows, moment = [vars(one) for one in promises], now()
    begun = {"status": "ready", "priority": 0, "attempts": 0}
    insert_many(OutboxMessage, rows, once="dedupe_key", **begun, next_attempt_at=moment, created_at=moment)
    wake()


def promise_own(
    method: str,
    chat_id: int | None,
    payload: dict[str, Any],
    *,
    dedupe_key: str | None = None,
    behind: Collection[int] = (),
) -> Claimed | None:
    """Promises one call that the caller makes itself right after the commit, and claims it.

    None when `dedupe_key` was promised before, or when something to this chat waits already that the caller does not
    send itself (`behind`: what it does): then this one waits behind it for the worker.
    """
    values: dict[str, Any] = {"method": method, "chat_id": chat_id, "payload": payload, "dedupe_key": dedupe_key}
    waits, until = _waiting(chat_id, behind), now() + LEASE
    if waits:
        wake()
    else:
        values |= {"status": "leased", "lease_until": until}
    message_id = _insert(values)
    return None if waits or message_id is None else Claimed(message_id, chat_id, method, payload, until)


def _insert(values: dict[str, Any]) -> int | None:
    statement = _insertion(db.engine.dialect.name, values["dedupe_key"] is not None)
    message_id: int | None = db.session.scalar(statement, values)
    return message_id


@cache
def _insertion(_dialect: str, once: bool) -> Any:
    statement = upsert(_rows).returning(_rows.c.id)
    return statement.on_conflict_do_nothing(index_elements=["dedupe_key"]) if once else statement


def cancel(prefix: str) -> int:
    """Takes back the promises whose key starts with `prefix` and that have not left; returns how many."""
    row = OutboxMessage
    # Found by its key, not by its status: thousands may wait.
    waiting = (row.status.concat("").in_(("ready", "retry")), row.sending_at.is_(None))
    named = (row.dedupe_key >= prefix, row.dedupe_key < prefix + "\U0010ffff")
    statement = update(row).where(*named, *waiting).values(status="failed", last_error="taken back")
    done = db.session.execute(statement, execution_options={"synchronize_session": False})
    return int(done.rowcount)  # type: ignore[attr-defined]


def wake() -> None:
    """Wakes the worker once the current transaction is durable."""
    for call in _wake:
        after_commit(call)


def find(prefix: str) -> Sequence[tuple[int, int, str]]:
    """(id, chat_id, dedupe_key) of the promises whose key starts with `prefix`, oldest first, without the failed."""
    row = OutboxMessage
    query = select(row.id, row.chat_id, row.dedupe_key).where(
        row.dedupe_key >= prefix, row.dedupe_key < prefix + "\U0010ffff", row.status != "failed"
    )
    return [(found.id, found.chat_id, found.dedupe_key) for found in db.session.execute(query.order_by(row.id))]


@dataclass(frozen=True, kw_only=True)
class Call:
    """What a thread needs to know of one row."""

    id: int
    method: str
    chat_id: int | None
    payload: dict[str, Any]
    attempts: int
    known_files: dict[str, str]
    impossible: str | None = None
    dedupe_key: str | None = None

    @property
    def is_message(self) -> bool:
        return self.method.startswith(("send", "copy", "forward", "edit")) and self.method != "sendChatAction"

    @property
    def is_paced(self) -> bool:
        """Whether it counts for Telegram's pace: messages, and what many may be in for at once."""
        return self.is_message or self.method.startswith(("ban", "unban", "approve", "decline", "create", "revoke"))


def give_back(ids: Collection[int]) -> None:
    """Leaves claimed promises, not marked yet, to the worker."""
    row = OutboxMessage
    statement = update(row).where(row.id.in_(ids), row.status == "leased", row.sending_at.is_(None))
    db.session.execute(
        statement.values(status="ready", lease_until=None), execution_options={"synchronize_session": False}
    )
    wake()


def release_expired() -> int:
    """Takes back what somebody claimed and never settled: not sent → ready; maybe sent → unknown, unless doing it twice
    does no harm. Returns how many rows."""
    row = OutboxMessage
    lost = (row.status == "leased") & (row.lease_until < now())
    again = lost & (row.sending_at.is_(None) | row.method.in_(IDEMPOTENT))
    first = update(row).where(again).values(status="ready", lease_until=None, sending_at=None, next_attempt_at=now())
    second = update(row).where(lost).values(status="unknown", lease_until=None, last_error="interrupted while sending")
    return sum(
        db.session.execute(statement, execution_options={"synchronize_session": False}).rowcount  # type: ignore[attr-defined]
        for statement in (first, second)
    )


def due_now() -> bool:
    """Whether something waits to be sent now."""
    row = OutboxMessage
    due = exists().where(row.status.in_(("ready", "retry")), row.next_attempt_at <= now())
    return bool(db.session.scalar(select(due)))


def backlog() -> tuple[int, float]:
    """(how many wait, age in seconds of the oldest that is due, or that was tried in vain)."""
    row = OutboxMessage
    since = func.min(case((row.status == "retry", row.created_at), else_=row.next_attempt_at))
    count, oldest = db.session.execute(select(func.count(), since).where(row.status.in_(UNFINISHED))).one()
    return count, max(0.0, (now() - oldest).total_seconds()) if oldest else 0.0


def resend(message_id: int) -> bool:
    """Sends again, by a person's decision, one that failed or whose result is unknown; False when it is neither."""
    row = OutboxMessage
    statement = update(row).where(row.id == message_id, row.status.in_(("failed", "unknown")))
    statement = statement.values(status="ready", attempts=0, sending_at=None, next_attempt_at=now())
    done = db.session.execute(statement, execution_options={"synchronize_session": False})
    wake()
    return bool(done.rowcount)  # type: ignore[attr-defined]


def _waiting(chat_id: int | None, behind: Collection[int]) -> bool:
    """Whether something to this chat is unfinished; what belongs to no chat waits for nothing."""
    if chat_id is None:
        return False
    found = db.session.scalars(_WAITING, {"chat": chat_id, "most": len(behind) + 1})
    return any(message_id not in behind for message_id in found)


def claim(limit: int) -> list[int]:
    """Leases the next due message of up to `limit` chats; those with nothing earlier still unfinished."""
    moment, found = now(), list[int]()
    for level in PRIORITIES:
        if len(found) < limit:
            found += db.session.scalars(_NEXT, {"level": level, "most": limit - len(found), "moment": moment})
    if found:
        db.session.execute(_LEASE, {"ids": found, "until": moment + LEASE})
    return sorted(found)


def mark(ids: Sequence[int]) -> list[Call]:
    """Notes that these claimed calls leave now, and returns what they say; those whose claim ran out are left out."""
    if not ids:
        return []
    moment = now()
    marked = db.session.scalars(_MARK, {"ids": list(ids), "moment": moment, "until": moment + LEASE}).all()
    found = db.session.execute(_MARKED, {"ids": marked}).all()
    keys = [value["upload"] for one in found for value in one.payload.values() if _is_upload(value)]
    files = select(TelegramFile.storage_key, TelegramFile.file_id).where(TelegramFile.storage_key.in_(keys))
    known = {one.storage_key: one.file_id for one in db.session.execute(files)} if keys else {}
    return [_call(one, known) for one in found]


def _call(found: Any, known_files: dict[str, str]) -> Call:
    payload = dict(found.payload)
    if found.chat_id is not None:
        payload["chat_id"] = found.chat_id
    impossible = None
    if found.edits_id is not None:
        payload["message_id"] = found.telegram_message_id
        impossible = None if found.telegram_message_id else "the message to change was never sent"
    return Call(
        id=found.id,
        method=found.method,
        chat_id=found.chat_id,
        payload=payload,
        attempts=found.attempts,
        known_files=known_files,
        impossible=impossible,
        dedupe_key=found.dedupe_key,
    )


def _is_upload(value: Any) -> bool:
    return isinstance(value, dict) and "upload" in value
