"""Leases: who holds a part that only one process may hold at a time, and when it last gave a sign of life."""

from datetime import datetime, timedelta

from sqlalchemy import String, select, update
from sqlalchemy.orm import Mapped, mapped_column

from webapp.base.clock import now
from webapp.base.db import AwareUTC, Base, db, upsert


class Lease(Base):
    """One part (bot, worker …), its holder, until when, and its last beat."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder: Mapped[str] = mapped_column(String(80))
    until: Mapped[datetime] = mapped_column(AwareUTC)
    beat_at: Mapped[datetime] = mapped_column(AwareUTC)


def hold(name: str, holder: str, seconds: float) -> bool:
    """Takes or keeps the lease for `seconds`; False while another holder has it."""
    moment = now()
    values = {"name": name, "holder": holder, "until": moment + timedelta(seconds=seconds), "beat_at": moment}
    statement = (
        upsert(Lease)
        .values(values)
        .on_conflict_do_update(
            index_elements=["name"], set_=values, where=(Lease.holder == holder) | (Lease.until < moment)
        )
        .returning(Lease.name)
    )
    return db.session.scalar(statement) is not None


def release(name: str, holder: str) -> None:
    """Gives the lease back, so that the next holder need not wait."""
    statement = update(Lease).where(Lease.name == name, Lease.holder == holder).values(until=now())
    db.session.execute(statement, execution_options={"synchronize_session": False})


def holder_of(name: str) -> str | None:
    """Who holds `name` now; None when nobody does."""
    return db.session.scalar(select(Lease.holder).where(Lease.name == name, Lease.until >= now()))


def seconds_since_beat(name: str) -> float | None:
    """How long ago the holder of `name` gave a sign of life; None when there never was one."""
    beat = db.session.scalar(select(Lease.beat_at).where(Lease.name == name))
    return (now() - beat).total_seconds() if beat else None
