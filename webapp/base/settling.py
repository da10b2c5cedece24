"""How calls to Telegram ended: what is written down of each, and what its promise becomes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from random import SystemRandom
from typing import Any

import structlog
from sqlalchemy import bindparam, update

from webapp.base.clock import now
from webapp.base.db import db, upsert
from webapp.base.outbox import Call, OutboxMessage, TelegramFile
from webapp.base.telegram import IDEMPOTENT, Moved, ResultUnknown, RetryLater, TelegramError, Terminal

MAX_ATTEMPTS = 12
FLEETING = "secret:"  # begins the key of a message that is not kept once it was sent
MAX_ATTEMPTS_AWAY = 300  # with waits of up to five minutes: a day
log = structlog.get_logger(__name__)
_random = SystemRandom()
_rows: Any = OutboxMessage.__table__
_SETTLE = update(_rows).where(_rows.c.id == bindparam("this"))


@dataclass(frozen=True)
class Outcome:
    """How one call ended: `status` is the row's new one; `unreachable` says that the person cannot be written to;
    `result` is what Telegram answered when it was done."""

    id: int
    chat_id: int | None
    status: str
    error: str | None = None
    unreachable: bool = False
    dedupe_key: str | None = None
    result: Any = None


def settle(ended: Iterable[tuple[Call, Any]]) -> list[Outcome]:
    """Writes down how calls ended; `ended`: each with its result, or the TelegramError that it ended in."""
    outcomes = []
    alike: dict[frozenset[str], list[dict[str, Any]]] = {}
    for call, result in ended:
        values = _ending(call, result)
        alike.setdefault(frozenset(values), []).append({"this": call.id, **values})
        outcomes.append(_outcome(call, result, values))
    for rows in alike.values():
        db.session.execute(_SETTLE, rows)
    return outcomes


def _ending(call: Call, result: Any) -> dict[str, Any]:
    """The columns of a row whose call ended so."""
    values: dict[str, Any] = {"lease_until": None, "last_error": str(result) if isinstance(result, Exception) else None}
    again = {"status": "retry", "sending_at": None}
    if isinstance(result, RetryLater) and result.flood:
        return values | again | {"next_attempt_at": now() + timedelta(seconds=result.after)}
    if isinstance(result, RetryLater) and call.attempts < (MAX_ATTEMPTS_AWAY if result.away else MAX_ATTEMPTS):
        wait = min(300.0, result.after * 2 ** (call.attempts - 1)) * _random.uniform(0.8, 1.2)
        return values | again | {"next_attempt_at": now() + timedelta(seconds=wait)}
    if isinstance(result, Moved):
        return values | again | {"chat_id": result.chat_id, "next_attempt_at": now()}
    if isinstance(result, ResultUnknown) and call.method in IDEMPOTENT and call.attempts < MAX_ATTEMPTS:
        return values | again | {"next_attempt_at": now() + timedelta(seconds=2)}
    if isinstance(result, ResultUnknown):
        return values | {"status": "unknown"}
    if isinstance(result, TelegramError) and not _as_good_as_done(result):
        return values | {"status": "failed"}
    _remember_file(call, result)
    sent = {"status": "sent", "sent_at": now(), "telegram_message_id": _message_id(result)}
    return values | sent | ({"payload": {}} if (call.dedupe_key or "").startswith(FLEETING) else {})


def _outcome(call: Call, result: Any, values: dict[str, Any]) -> Outcome:
    status, error = values["status"], values["last_error"]
    if status in ("failed", "unknown"):
        log.warning("outbox.not_sent", id=call.id, method=call.method, status=status, error=error)
    gone = isinstance(result, Terminal) and result.unreachable
    return Outcome(call.id, call.chat_id, status, error, gone, call.dedupe_key, result if status == "sent" else None)


def _as_good_as_done(error: TelegramError) -> bool:
    """An edit that would change nothing, an answer to a button that nobody waits for any more."""
    words = error.description.lower()
    return "message is not modified" in words or "query is too old" in words


def _message_id(result: Any) -> int | None:
    return result.get("message_id") if isinstance(result, dict) else None


def _remember_file(call: Call, result: Any) -> None:
    upload = call.payload.get("photo")
    photos = result.get("photo") if isinstance(result, dict) else None
    if not isinstance(upload, dict) or not photos:
        return
    row = {"storage_key": upload["upload"], "file_id": photos[-1]["file_id"]}
    db.session.execute(upsert(TelegramFile).values(row).on_conflict_do_nothing())
