"""The audit's tables: rows, stretches and anchors of their chain, what was verified, what is searched."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.base.clock import now
from webapp.base.db import AwareUTC, Base, BigInt, Document, Key

GOING = text("finished_at IS NULL")
UNSEALED = text("row_hash IS NULL")


class AuditLog(Base):
    """One deed on one thing, with what it was and what it became. Append-only: triggers refuse change and removal.

    `seq`, `prev_hash` and `row_hash` are empty until the row is sealed into the chain: the one change that is allowed.
    """

    __tablename__ = "audit_logs"
    __table_args__ = (
        # Each filter of the list ends in the list's own order, so that a page costs the same among a million rows.
        Index(None, "resource_type", "resource_id", "id"),
        Index(None, "resource_type", "at", "id"),
        Index(None, "actor_type", "actor_id", "at", "id"),
        Index(None, "action", "at", "id"),
        Index(None, "at", "id"),
        Index(None, "request_id"),
        Index("ix_audit_logs_unsealed", "id", sqlite_where=UNSEALED, postgresql_where=UNSEALED),
    )

    id: Mapped[Key]
    actor_type: Mapped[str] = mapped_column(String(10))
    actor_id: Mapped[str] = mapped_column(String(64))
    actor_label: Mapped[str] = mapped_column(String(150), default="")
    action: Mapped[str] = mapped_column(String(30))
    resource_type: Mapped[str] = mapped_column(String(50))
    resource_id: Mapped[str] = mapped_column(String(64))
    old_values: Mapped[dict[str, Any] | None] = mapped_column(Document)
    new_values: Mapped[dict[str, Any] | None] = mapped_column(Document)
    ip_address: Mapped[str | None] = mapped_column(String(45))
    user_agent: Mapped[str | None] = mapped_column(String(500))
    session_id: Mapped[str | None] = mapped_column(String(64))
    request_id: Mapped[str | None] = mapped_column(String(64))
    reason: Mapped[str | None] = mapped_column(Text)
    additional_data: Mapped[dict[str, Any] | None] = mapped_column(Document)
    seq: Mapped[int | None] = mapped_column(BigInt, unique=True)
    prev_hash: Mapped[str | None] = mapped_column(String(64))
    row_hash: Mapped[str | None] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(AwareUTC, default=now)


class AuditStretch(Base):
    """A run of the chain from `first_seq` on, sealed with one key; open until its end is known and signed.

    What is pruned leaves its stretch: the hashes at both ends, over which the chain goes on, and `pruning`, which signs
    that they were pruned, and when.
    """

    __tablename__ = "audit_stretches"
    __table_args__ = (Index(None, "last_at"),)

    id: Mapped[Key]
    first_seq: Mapped[int] = mapped_column(BigInt, unique=True)
    last_seq: Mapped[int | None] = mapped_column(BigInt, unique=True)
    prev_hash: Mapped[str] = mapped_column(String(64))
    last_hash: Mapped[str | None] = mapped_column(String(64))
    key_id: Mapped[str] = mapped_column(String(16))
    signed_by: Mapped[str | None] = mapped_column(String(16))
    signature: Mapped[str | None] = mapped_column(String(64))
    pruning: Mapped[str | None] = mapped_column(String(64))
    first_at: Mapped[datetime | None] = mapped_column(AwareUTC)
    last_at: Mapped[datetime | None] = mapped_column(AwareUTC)
    created_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)
    pruned_at: Mapped[datetime | None] = mapped_column(AwareUTC)


class AuditAnchor(Base):
    """The chain's end as it was told to somebody outside the database: to a chat, or to an operator (no chat)."""

    __tablename__ = "audit_anchors"

    id: Mapped[Key]
    seq: Mapped[int] = mapped_column(BigInt, index=True)
    row_hash: Mapped[str] = mapped_column(String(64))
    chat_id: Mapped[int | None] = mapped_column(BigInt)
    message_id: Mapped[int | None] = mapped_column(BigInt)
    created_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)
    told_at: Mapped[datetime | None] = mapped_column(AwareUTC)


class AuditVerification(Base):
    """One walk over the chain: how far it is, and what it found."""

    __tablename__ = "audit_verifications"
    __table_args__ = (
        Index(
            "uq_audit_verifications_open", text(f"({GOING})"), unique=True, sqlite_where=GOING, postgresql_where=GOING
        ),
    )

    id: Mapped[Key]
    up_to: Mapped[int] = mapped_column(BigInt)
    reached: Mapped[int] = mapped_column(BigInt, default=0)
    hash: Mapped[str | None] = mapped_column(String(64))
    findings: Mapped[list[dict[str, Any]]] = mapped_column(Document, default=list)
    asked_by: Mapped[str] = mapped_column(String(64))
    asked_by_label: Mapped[str] = mapped_column(String(150), default="")
    created_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)
    finished_at: Mapped[datetime | None] = mapped_column(AwareUTC)


class AuditText(Base):
    """What is searched of one audit row; written when it is sealed, so that no deed waits for it."""

    __tablename__ = "audit_texts"

    audit_id: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False)
    search_text: Mapped[str] = mapped_column(Text)
