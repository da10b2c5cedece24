"""The sessions' table."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from webapp.base.clock import now
from webapp.base.db import AwareUTC, Base, BigInt


class UserSession(Base):
    """One device signed in, of one member (Mini App) or one staff account (panel)."""

    __tablename__ = "user_sessions"
    __table_args__ = (
        CheckConstraint("(user_id IS NULL) <> (staff_id IS NULL)", name="one_owner"),
        CheckConstraint("kind IN ('miniapp', 'panel')", name="kind"),
        CheckConstraint("auth_level IN ('pwd', 'mfa')", name="auth_level"),
        Index(None, "user_id", "is_active"),
        Index(None, "staff_id", "is_active"),
        Index(None, "is_active"),
        Index(None, "expires_at"),
        Index(None, "last_activity"),
        Index(None, "init_data_hash"),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int | None] = mapped_column(BigInt, ForeignKey("users.user_id", ondelete="CASCADE"))
    staff_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("staff_users.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(10))
    auth_level: Mapped[str] = mapped_column(String(3), default="pwd")
    init_data_hash: Mapped[str | None] = mapped_column(String(64))
    ip_address: Mapped[str | None] = mapped_column(String(45))
    user_agent: Mapped[str | None] = mapped_column(String(500))
    is_active: Mapped[bool] = mapped_column(default=True)
    revoked_by: Mapped[str | None] = mapped_column(String(64))
    last_activity: Mapped[datetime] = mapped_column(AwareUTC, default=now)
    expires_at: Mapped[datetime] = mapped_column(AwareUTC)
    absolute_expires_at: Mapped[datetime] = mapped_column(AwareUTC)
    sudo_until: Mapped[datetime | None] = mapped_column(AwareUTC)
    revoked_at: Mapped[datetime | None] = mapped_column(AwareUTC)
    created_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)
