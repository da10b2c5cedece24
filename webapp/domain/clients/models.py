"""The clients' tables: who buys, and the lists of them that somebody sent."""

import secrets
import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.base.clock import now
from webapp.base.crypto import decrypt
from webapp.base.db import AwareUTC, Base, BigInt, Document, Key, choice
from webapp.base.sheets import ImportState
from webapp.domain.audit.trail import audited
from webapp.domain.clients import cpf
from webapp.domain.users.models import User

LIVING = text("deleted_at IS NULL")


@audited(hide=("cpf_encrypted", "cpf_hash", "cpf_keys"))
class Client(Base):
    """The billing identity of somebody who buys. Never removed: `deleted_at` takes them out of sight.

    The CPF lies encrypted, beside a keyed hash by which it is found and of which the living have one each; `cpf_keys`
    names the keys of both. `search_key` is a number of the row's own, for cursors and SQLite's search index, which know
    no UUIDs.
    """

    __tablename__ = "clients"
    __table_args__ = (
        CheckConstraint("is_active = (deleted_at IS NULL)", name="deleted"),
        CheckConstraint("version > 0", name="version"),
        Index("uq_clients_cpf_living", "cpf_hash", unique=True, sqlite_where=LIVING, postgresql_where=LIVING),
        Index(None, "cpf_hash"),
        Index(None, "email"),
        Index(None, "is_active", "created_at", "search_key"),
        Index(None, "is_active", "search_text", "search_key"),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    user_id: Mapped[int | None] = mapped_column(BigInt, ForeignKey("users.user_id", ondelete="SET NULL"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    cpf_encrypted: Mapped[str] = mapped_column(Text)
    cpf_hash: Mapped[str] = mapped_column(String(64))
    cpf_keys: Mapped[str] = mapped_column(String(33))
    birth_date: Mapped[date | None] = mapped_column(Date)
    email: Mapped[str | None] = mapped_column(String(254))
    phone: Mapped[str | None] = mapped_column(String(16))
    notes: Mapped[str | None] = mapped_column(Text)
    search_text: Mapped[str] = mapped_column(Text, default="")
    search_key: Mapped[int] = mapped_column(BigInt, unique=True, default=lambda: secrets.randbits(62))
    is_active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    created_by: Mapped[str] = mapped_column(String(60))
    created_by_label: Mapped[str] = mapped_column(String(150), default="")
    deleted_by: Mapped[str | None] = mapped_column(String(60))
    deleted_at: Mapped[datetime | None] = mapped_column(AwareUTC)
    created_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)
    updated_at: Mapped[datetime] = mapped_column(AwareUTC, default=now, onupdate=now)

    user: Mapped[User | None] = relationship(lazy="raise_on_sql")

    @property
    def cpf(self) -> str:
        """Its eleven digits. Raises ValueError when the key is not there any more."""
        return decrypt(self.cpf_encrypted)

    @property
    def masked_cpf(self) -> str:
        """The CPF as it may be shown."""
        try:
            return cpf.masked(self.cpf)
        except ValueError:
            return cpf.HIDDEN


@audited(hide=("body",))
class ClientImport(Base):
    """One list of clients, as somebody sent it. `body`, encrypted, is gone when the list is over.

    `reached`: the last line that was looked at; `problems`: [line, what is wrong of it], nothing of whom it names.
    """

    __tablename__ = "client_imports"
    __table_args__ = (Index(None, "created_at", "id"),)

    id: Mapped[Key]
    file_name: Mapped[str] = mapped_column(String(120))
    state: Mapped[ImportState] = mapped_column(choice(ImportState, "state"), default=ImportState.READ)
    body: Mapped[str | None] = mapped_column(Text)
    total: Mapped[int] = mapped_column(default=0)
    made: Mapped[int] = mapped_column(default=0)
    reached: Mapped[int] = mapped_column(default=0)
    problems: Mapped[list[list[Any]]] = mapped_column(Document, default=list)
    by: Mapped[str] = mapped_column(String(60))
    by_label: Mapped[str] = mapped_column(String(150))
    finished_at: Mapped[datetime | None] = mapped_column(AwareUTC)
    created_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)
