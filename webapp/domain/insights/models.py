"""The insights' own tables: lists that somebody takes away as files, and what happened on each day."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.base.clock import now
from webapp.base.db import AwareUTC, Base, BigInt, Document, choice
from webapp.base.i18n import Spoken, lazy_gettext


def _where(condition: str) -> dict[str, Any]:
    return {f"{engine}_where": text(condition) for engine in ("sqlite", "postgresql")}


class ExportState(Spoken):
    """How far a file is: asked for, being written, there to be taken, given up, or no longer wanted."""

    WAITING = "waiting", lazy_gettext("En espera")
    RUNNING = "running", lazy_gettext("Preparándose")
    DONE = "done", lazy_gettext("Listo")
    FAILED = "failed", lazy_gettext("No se pudo")
    CANCELLED = "cancelled", lazy_gettext("Cancelado")


GOING = (ExportState.WAITING, ExportState.RUNNING)


class Export(Base):
    """One long list that somebody asked to take away as a file, and how far the worker is with it.

    `wanted` are its filters as they were; `after` is where the next lines begin, and `written` how many bytes of the
    file's body stand for those before: whoever goes on writes from there. `attempts` numbers those who took it up,
    `tries` those of them who came no further.
    """

    __tablename__ = "exports"
    __table_args__ = (
        CheckConstraint("format IN ('csv', 'xlsx')", name="format"),
        CheckConstraint("done >= 0 AND written >= 0 AND attempts >= tries", name="counts"),
        Index("uq_exports_going", "requested_by", "fingerprint", unique=True,
              **_where("state IN ('waiting', 'running')")),
        Index("ix_exports_queue", "created_at", **_where("state IN ('waiting', 'running')")),
        Index(None, "requested_by", "created_at"),
        Index(None, "expires_at"),
    )  # fmt: skip

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    listing: Mapped[str] = mapped_column(String(24))
    wanted: Mapped[dict[str, Any]] = mapped_column(Document)
    fingerprint: Mapped[str] = mapped_column(String(64))
    format: Mapped[str] = mapped_column(String(4))
    locale: Mapped[str] = mapped_column(String(8))
    zone: Mapped[str] = mapped_column(String(64))
    state: Mapped[ExportState] = mapped_column(choice(ExportState, "state"), default=ExportState.WAITING)
    problem: Mapped[str | None] = mapped_column(String(24))
    total: Mapped[int | None]
    done: Mapped[int] = mapped_column(default=0)
    after: Mapped[str | None] = mapped_column(Text)
    written: Mapped[int] = mapped_column(BigInt, default=0)
    size: Mapped[int | None] = mapped_column(BigInt)
    attempts: Mapped[int] = mapped_column(default=0)
    tries: Mapped[int] = mapped_column(default=0)
    requested_by: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("staff_users.id", ondelete="CASCADE"))
    lease_until: Mapped[datetime | None] = mapped_column(AwareUTC)
    finished_at: Mapped[datetime | None] = mapped_column(AwareUTC)
    expires_at: Mapped[datetime] = mapped_column(AwareUTC)
    created_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)

    @property
    def is_going(self) -> bool:
        """Whether the worker has it before it."""
        return self.state in GOING

    @property
    def file(self) -> str:
        """The name of its file among those that are kept: another for each who took it up, so that one who was held up
        for long writes into none that is given away."""
        return f"{self.id.hex}-{self.attempts}.{self.format}"


class DailyFigure(Base):
    """What happened to subscriptions on one whole day of the creator's that is over, by kind and currency.

    The kind "day" says that the day is told. One that is not told is counted from its rows: a trigger takes a day away
    when a row of it changes or is added, and the worker tells it anew. See insights/daily.py.
    """

    __tablename__ = "daily_figures"
    __table_args__ = (Index(None, "starts"), Index(None, "ends"))

    zone: Mapped[str] = mapped_column(String(64), primary_key=True)
    starts: Mapped[datetime] = mapped_column(AwareUTC, primary_key=True)
    what: Mapped[str] = mapped_column(String(8), primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    ends: Mapped[datetime] = mapped_column(AwareUTC)
    rows: Mapped[int] = mapped_column(default=0)
    marked: Mapped[int] = mapped_column(default=0)
    free: Mapped[int] = mapped_column(default=0)
    cents: Mapped[int] = mapped_column(BigInt, default=0)
