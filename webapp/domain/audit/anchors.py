"""Anchors: the chain's end, told to somebody outside the database, so that a tail that was cut off is missed there."""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import func, select

from webapp.base import outbox, texts
from webapp.base.clock import now
from webapp.base.db import db
from webapp.base.errors import Conflict
from webapp.base.i18n import SOURCE, _, speaking
from webapp.base.settling import Outcome
from webapp.domain.audit import chain, trail
from webapp.domain.audit.actors import Actor
from webapp.domain.audit.models import AuditAnchor

EVERY = timedelta(hours=6)
ROWS = 1000  # or so many rows, whichever comes first
KEY = "audit:"


def command(seq: int, seen: str) -> str:
    """What an operator types to compare the chain with an anchor."""
    return f"flask audit verify --anchor {seq}:{seen}"


def latest() -> AuditAnchor | None:
    """The last anchor there is."""
    return db.session.scalar(select(AuditAnchor).order_by(AuditAnchor.id.desc()).limit(1))


def anchored() -> int:
    """Up to which number the chain is known to somebody outside; 0 when to nobody."""
    return db.session.scalar(select(func.max(AuditAnchor.seq)).where(AuditAnchor.told_at.is_not(None))) or 0


def promise_due(chat_id: int | None, locale: str = SOURCE) -> int:
    """Promises the chain's end to this chat when the last one is old, or many rows back; returns how many (0 or 1).

    One that could not be told (the chat is gone, or another was chosen) is promised anew with the next. `locale`: the
    language of the chat.
    """
    end, last = chain.head(), latest()
    if chat_id is None or end.seq == 0 or (last is not None and last.seq >= end.seq and last.chat_id == chat_id):
        return 0
    fresh = last is None or last.chat_id != chat_id
    if not fresh and last is not None and end.seq - last.seq < ROWS and last.created_at > now() - EVERY:
        return 0
    key = f"{KEY}{chat_id}:{end.seq}"
    with speaking(locale):
        words = texts.render("audit/anchor", n=end.seq, command=command(end.seq, end.hash))
    payload = {**texts.payload(words), "disable_notification": True}
    if outbox.promise("sendMessage", chat_id, payload, dedupe_key=key) is None:
        return 0
    # No audit row: rows about the chain's own end would never come to one.
    db.session.add(AuditAnchor(seq=end.seq, row_hash=end.hash, chat_id=chat_id))
    return 1


def tell(*, by: Actor) -> AuditAnchor:
    """Tells the chain's end to an operator, who keeps it elsewhere. Raises Conflict while nothing is sealed."""
    end = chain.head()
    if end.seq == 0:
        raise Conflict(_("Todavía no hay nada sellado."))
    anchor = AuditAnchor(seq=end.seq, row_hash=end.hash, told_at=now())
    with trail.watch(anchor, "create", by=by):
        db.session.add(anchor)
    return anchor


def settled(outcome: Outcome) -> None:
    """An anchor's message arrived: notes so, and which message it is. One that did not leaves the anchor untold."""
    if outcome.status != "sent":
        return
    chat, _sign, seq = (outcome.dedupe_key or "").removeprefix(KEY).partition(":")
    row = AuditAnchor
    found = db.session.scalar(
        select(row).where(row.seq == int(seq), row.chat_id == int(chat), row.told_at.is_(None)).with_for_update()
    )
    if found is not None:
        found.told_at = now()
        found.message_id = outcome.result.get("message_id") if isinstance(outcome.result, Mapping) else None
