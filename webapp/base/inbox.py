"""Updates of Telegram: stored before they are confirmed, handled once, in order within a chat.

A handler that raises gets the update again, five times in all with growing waits, while its chat waits and the other
chats go on; after that the update is dead and somebody is told.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Index,
    String,
    Text,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, aliased, mapped_column

from webapp.base.clock import now
from webapp.base.db import LARGEST, AwareUTC, Base, BigInt, Document, db, upsert

MAX_ATTEMPTS = 5
LEASE = timedelta(seconds=60)
KEPT = timedelta(days=7)
WAITS = (1, 4, 15, 60)
DEEPEST = 64
OPEN = ("received", "failed")


class TelegramUpdate(Base):
    """One update as Telegram sent it."""

    __tablename__ = "telegram_updates"
    __table_args__ = (
        CheckConstraint("status IN ('received', 'done', 'failed', 'dead')", name="status"),
        Index(None, "status", "received_at"),
        Index(
            "ix_telegram_updates_open",
            "chat_id",
            "update_id",
            sqlite_where=text("status IN ('received', 'failed')"),
            postgresql_where=text("status IN ('received', 'failed')"),
        ),
        Index(None, "done_at"),
    )

    update_id: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(40))
    chat_id: Mapped[int | None] = mapped_column(BigInt)
    payload: Mapped[dict[str, Any]] = mapped_column(Document)
    status: Mapped[str] = mapped_column(String(8), default="received")
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text)
    next_attempt_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)
    lease_until: Mapped[datetime | None] = mapped_column(AwareUTC)
    received_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)
    done_at: Mapped[datetime | None] = mapped_column(AwareUTC)


# Built once, in Core: building a statement costs more than running it, and this one runs for every update.
_rows: Any = TelegramUpdate.__table__
_earlier = _rows.alias("earlier")
_TAKE = (
    update(_rows)
    .where(
        _rows.c.update_id == bindparam("this"),
        _rows.c.status.in_(OPEN),
        ~exists().where(
            _earlier.c.chat_id == _rows.c.chat_id,
            _earlier.c.update_id < _rows.c.update_id,
            _earlier.c.status.in_(OPEN),
        ),
    )
    .values(status="done", done_at=bindparam("moment"), attempts=_rows.c.attempts + 1, error=None)
    .returning(_rows.c.payload)
)

_STRIP = update(_rows).where(_rows.c.update_id == bindparam("this")).values(payload={})


def receive(updates: Iterable[Mapping[str, Any]]) -> int:
    """Stores updates as they came, those already known left alone; returns how many were new."""
    rows = [_row(one) for one in updates]
    if not rows:
        return 0
    statement = upsert(TelegramUpdate).on_conflict_do_nothing(index_elements=["update_id"])
    return len(db.session.scalars(statement.returning(TelegramUpdate.update_id), rows).all())


def due(limit: int = 100) -> list[int]:
    """Ids of updates to handle now, oldest first; of a chat none that stands behind one that waits for a retry."""
    row, earlier = TelegramUpdate, aliased(TelegramUpdate)
    waits = exists().where(
        earlier.chat_id == row.chat_id,
        earlier.update_id < row.update_id,
        earlier.status == "failed",
        earlier.next_attempt_at > now(),
    )
    query = select(row.update_id).where(row.status.in_(OPEN), row.next_attempt_at <= now(), ~waits)
    return list(db.session.scalars(query.order_by(row.update_id).limit(limit)))


def take(update_id: int) -> dict[str, Any] | None:
    """Marks one open update as done in the current transaction and returns its payload; a rollback opens it again.

    None when somebody else has handled it, or an earlier one of its chat is still open.
    """
    payload: dict[str, Any] | None = db.session.scalar(_TAKE, {"this": update_id, "moment": now()})
    return payload


def strip(update_id: int) -> None:
    """Keeps of an update, from the end of the current transaction, no more than that it came."""
    db.session.execute(_STRIP, {"this": update_id})


def fail(update_id: int, error: str) -> bool:
    """Notes a failed attempt; True when it was the last and the update is now dead."""
    row, moment = TelegramUpdate, now()
    attempts, kind = row.attempts + 1, row.next_attempt_at.type
    dead = attempts >= MAX_ATTEMPTS
    again = {count: literal(moment + timedelta(seconds=wait), kind) for count, wait in enumerate(WAITS, start=1)}
    values: dict[str, Any] = {
        "status": case((dead, "dead"), else_="failed"),
        "attempts": attempts,
        "error": error.replace("\0", "")[:2000],
        "next_attempt_at": case(again, value=attempts, else_=literal(moment, kind)),
        "done_at": case((dead, literal(moment, kind)), else_=None),
    }
    statement = update(row).where(row.update_id == update_id, row.status.in_(OPEN)).values(values).returning(row.status)
    status: str | None = db.session.scalar(statement, execution_options={"synchronize_session": False})
    return status == "dead"


def backlog() -> tuple[int, float]:
    """(how many wait, age in seconds of the oldest)."""
    row = TelegramUpdate
    count, oldest = db.session.execute(
        select(func.count(), func.min(row.received_at)).where(row.status.in_(OPEN))
    ).one()
    return count, (now() - oldest).total_seconds() if oldest else 0.0


def forget_old() -> int:
    """Removes what was settled more than a week ago; returns how many."""
    row = TelegramUpdate
    statement = delete(row).where(row.status.in_(("done", "dead")), row.done_at < now() - KEPT)
    return db.session.execute(statement, execution_options={"synchronize_session": False}).rowcount  # type: ignore[attr-defined, no-any-return]


def _row(told: Mapping[str, Any]) -> dict[str, Any]:
    kind = next((name for name in told if name != "update_id"), "unknown")
    return {
        "update_id": int(told["update_id"]),
        "kind": kind.replace("\0", "")[:40],
        "chat_id": _chat_of(told.get(kind)),
        "payload": _storable(dict(told)),
    }


def _storable(value: Any, depth: int = 0) -> Any:
    """The same without NUL characters, which PostgreSQL keeps in no text and no JSON, and without bottomless nests."""
    if isinstance(value, str):
        return value.replace("\0", "") if "\0" in value else value
    if isinstance(value, Mapping | list) and depth == DEEPEST:
        return None
    if isinstance(value, Mapping):
        return {_storable(key): _storable(inner, depth + 1) for key, inner in value.items()}
    return [_storable(inner, depth + 1) for inner in value] if isinstance(value, list) else value


def _chat_of(event: Any) -> int | None:
    """The chat whose order an update belongs to; for events without one, the person."""
    if not isinstance(event, Mapping):
        return None
    message = event.get("message")
    for holder in (event, message if isinstance(message, Mapping) else {}):
        chat = holder.get("chat")
        if isinstance(chat, Mapping) and "id" in chat:
            return telegram_id(chat)
    return telegram_id(event.get("from") or event.get("user"))


def telegram_id(thing: Any) -> int | None:
    """The `id` of a person or a chat; None for what has none that we could keep."""
    number = thing.get("id") if isinstance(thing, Mapping) else None
    return number if type(number) is int and abs(number) <= LARGEST else None
