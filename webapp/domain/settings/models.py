"""The settings' table (seeds 000, 001)."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, String, Text, false, true
from sqlalchemy.orm import Mapped, mapped_column

from webapp.base.clock import now
from webapp.base.db import AwareUTC, Base, BigInt, Document
from webapp.domain.audit.trail import audited


@audited()
class BotConfig(Base):
    """The one row of what the creator has set."""

    __tablename__ = "bot_config"
    __table_args__ = (
        CheckConstraint("id = 1", name="one_row"),
        CheckConstraint("wait_time_minutes >= 1", name="wait_time_minutes"),
        CheckConstraint("grace_hours >= 0", name="grace_hours"),
        CheckConstraint("expiry_hour BETWEEN 0 AND 23", name="expiry_hour"),
        CheckConstraint("quiet_from BETWEEN 0 AND 23 AND quiet_until BETWEEN 0 AND 23", name="quiet_hours"),
        CheckConstraint("(quiet_from IS NULL) = (quiet_until IS NULL)", name="quiet_both"),
        CheckConstraint("audit_months BETWEEN 3 AND 240", name="audit_months"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    bot_username: Mapped[str | None] = mapped_column(String(64))
    creator_name: Mapped[str] = mapped_column(String(80), default="Vitrina")
    contact_url: Mapped[str | None] = mapped_column(String(200))
    contact_text: Mapped[str | None] = mapped_column(Text)
    social_instagram: Mapped[str | None] = mapped_column(String(100))
    social_tiktok: Mapped[str | None] = mapped_column(String(100))
    social_x: Mapped[str | None] = mapped_column(String(100))
    time_zone: Mapped[str] = mapped_column(String(64), default="America/Mexico_City")
    currency: Mapped[str] = mapped_column(String(3), default="MXN")
    category_labels: Mapped[dict[str, str]] = mapped_column(Document, default=dict)
    texts: Mapped[dict[str, Any]] = mapped_column(Document, default=dict)
    vip_channel_id: Mapped[int | None] = mapped_column(BigInt)
    vip_channel_title: Mapped[str | None] = mapped_column(String(200))
    free_channel_id: Mapped[int | None] = mapped_column(BigInt)
    free_channel_title: Mapped[str | None] = mapped_column(String(200))
    wait_time_minutes: Mapped[int] = mapped_column(server_default="5", default=5)
    grace_hours: Mapped[int] = mapped_column(server_default="0", default=0)
    expiry_hour: Mapped[int | None]
    reminder_days: Mapped[list[int]] = mapped_column(Document, server_default="[3, 1]", default=lambda: [3, 1])
    comeback_days: Mapped[list[int]] = mapped_column(Document, server_default="[1, 3, 7]", default=lambda: [1, 3, 7])
    remind_before: Mapped[bool] = mapped_column(server_default=true(), default=True)
    remind_end: Mapped[bool] = mapped_column(server_default=true(), default=True)
    remind_after: Mapped[bool] = mapped_column(server_default=true(), default=True)
    quiet_from: Mapped[int | None]
    quiet_until: Mapped[int | None]
    reminder_rules: Mapped[int] = mapped_column(server_default="2", default=2)
    brake_most: Mapped[int] = mapped_column(server_default="50", default=50)
    brake_share: Mapped[int] = mapped_column(server_default="30", default=30)
    audit_chat_id: Mapped[int | None] = mapped_column(BigInt)
    audit_months: Mapped[int | None]
    remember_browsers: Mapped[bool] = mapped_column(server_default=false(), default=False)
    updated_at: Mapped[datetime] = mapped_column(AwareUTC, default=now, onupdate=now)
