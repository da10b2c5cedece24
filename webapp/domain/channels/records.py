"""More of the channels' tables: money that staff received by hand, and lists of members who were sold to before."""

import enum
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.base.clock import now
from webapp.base.db import AwareUTC, Base, BigInt, Document, Key, choice
from webapp.base.i18n import Spoken, lazy_gettext
from webapp.base.sheets import ImportState
from webapp.domain.audit.trail import audited


class Method(enum.Enum):
    """How money changed hands."""

    CASH = "cash"
    TRANSFER = "transfer"
    CARD = "card"
    OTHER = "other"

    @property
    def display_name(self) -> str:
        """How staff read it, in their language."""
        return str(_METHOD_NAMES[self.value])


_METHOD_NAMES = {
    "cash": lazy_gettext("Efectivo"),
    "transfer": lazy_gettext("Transferencia"),
    "card": lazy_gettext("Tarjeta"),
    "other": lazy_gettext("Otro"),
}


@audited()
class ManualPayment(Base):
    """One sum that staff received outside Telegram for a period, or for a code not redeemed yet. Never changed: what is
    wrong is reversed, by a row with the negative sum, at most one each."""

    __tablename__ = "manual_payments"
    __table_args__ = (
        CheckConstraint("(amount < 0) = (reverses_id IS NOT NULL) AND amount <> 0", name="sign"),
        CheckConstraint("token_id IS NOT NULL OR period_id IS NOT NULL", name="for_something"),
        Index(None, "created_at", "id"),
    )

    id: Mapped[Key]
    token_id: Mapped[int | None] = mapped_column(BigInt, ForeignKey("invitation_tokens.id"), index=True)
    period_id: Mapped[int | None] = mapped_column(BigInt, ForeignKey("subscription_periods.id"), index=True)
    reverses_id: Mapped[int | None] = mapped_column(BigInt, ForeignKey("manual_payments.id"), unique=True)
    amount: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    currency: Mapped[str] = mapped_column(String(3))
    method: Mapped[Method] = mapped_column(choice(Method, "method"))
    note: Mapped[str | None] = mapped_column(Text)
    once: Mapped[str | None] = mapped_column(String(32), unique=True)
    by: Mapped[str] = mapped_column(String(60))
    by_label: Mapped[str] = mapped_column(String(150))
    created_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)


class RowState(Spoken):
    """What became of one line of a list.

    READY: made at the next step. WAITING: the bot never met this person; made when they open it. DONE: made. SKIPPED:
    had access already. WRONG: cannot be read, `problem` says why.
    """

    READY = "ready", lazy_gettext("Por hacer")
    WAITING = "waiting", lazy_gettext("Esperan al bot")
    DONE = "done", lazy_gettext("Hechas")
    SKIPPED = "skipped", lazy_gettext("Sin cambios")
    WRONG = "wrong", lazy_gettext("Con error")


WAITS: dict[str, Any] = {f"{engine}_where": text("state = 'waiting'") for engine in ("sqlite", "postgresql")}


@audited()
class MemberImport(Base):
    """One list of members who were sold to before, as somebody sent it."""

    __tablename__ = "member_imports"
    __table_args__ = (
        CheckConstraint("existing IN ('extend', 'skip')", name="existing"),
        Index(None, "created_at", "id"),
    )

    id: Mapped[Key]
    file_name: Mapped[str] = mapped_column(String(120))
    state: Mapped[ImportState] = mapped_column(choice(ImportState, "state"), default=ImportState.READ)
    existing: Mapped[str] = mapped_column(String(8), default="skip")
    total: Mapped[int] = mapped_column(default=0)
    by: Mapped[str] = mapped_column(String(60))
    by_label: Mapped[str] = mapped_column(String(150))
    finished_at: Mapped[datetime | None] = mapped_column(AwareUTC)
    created_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)


class ImportedMember(Base):
    """One line of such a list: whom it names, what it gives them, and what became of it.

    `typed`: its cells as they came (who, until, days, plan). `had_access`: when the list was read.
    """

    __tablename__ = "imported_members"
    __table_args__ = (
        Index("uq_imported_members_line", "import_id", "line", unique=True),
        Index(None, "import_id", "state", "line"),
        Index("ix_imported_members_user", "user_id", **WAITS),
        Index("ix_imported_members_username", "username", **WAITS),
    )

    id: Mapped[Key]
    import_id: Mapped[int] = mapped_column(BigInt, ForeignKey("member_imports.id"))
    line: Mapped[int]
    state: Mapped[RowState] = mapped_column(choice(RowState, "state"))
    typed: Mapped[list[str]] = mapped_column(Document)
    user_id: Mapped[int | None] = mapped_column(BigInt)
    username: Mapped[str | None] = mapped_column(String(64))
    plan_id: Mapped[int | None] = mapped_column(BigInt, ForeignKey("subscription_plans.id", ondelete="SET NULL"))
    days: Mapped[int | None]
    until: Mapped[datetime | None] = mapped_column(AwareUTC)
    problem: Mapped[str | None] = mapped_column(String(40))
    had_access: Mapped[bool] = mapped_column(default=False)
    claimed_by: Mapped[int | None] = mapped_column(BigInt)
    done_at: Mapped[datetime | None] = mapped_column(AwareUTC)
