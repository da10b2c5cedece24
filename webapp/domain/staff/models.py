"""The staff's tables (seeds 003, 004)."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, Uuid, event, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.base.clock import now
from webapp.base.db import AwareUTC, Base, BigInt, Key, choice
from webapp.base.i18n import Spoken, lazy_gettext
from webapp.base.search import plain
from webapp.domain.audit.trail import audited

ENDS = text("is_active AND expires_at IS NOT NULL")


class StaffRole(Spoken):
    """A staff account's authority in the panel."""

    SYSADMIN = "sysadmin", lazy_gettext("Responsable")
    ADMIN = "admin", lazy_gettext("Administración")
    USER = "user", lazy_gettext("Equipo")

    @property
    def rank(self) -> int:
        """Who stands above whom: nobody gives a role above their own."""
        return ("user", "admin", "sysadmin").index(self.value)


@audited(hide=("password_hash", "totp_secret"))
class StaffUser(Base):
    """One account of the panel."""

    __tablename__ = "staff_users"
    __table_args__ = (CheckConstraint("NOT is_active OR deleted_at IS NULL", name="deleted_at"),)

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    full_name: Mapped[str] = mapped_column(String(100))
    password_hash: Mapped[str | None] = mapped_column(String(255))
    role: Mapped[StaffRole] = mapped_column(choice(StaffRole, "role"))
    telegram_user_id: Mapped[int | None] = mapped_column(BigInt, unique=True)
    locale: Mapped[str] = mapped_column(String(8), default="es")
    time_zone: Mapped[str | None] = mapped_column(String(64))
    totp_secret: Mapped[str | None] = mapped_column(String(255))
    totp_last_step: Mapped[int | None] = mapped_column(BigInt)
    failed_login_attempts: Mapped[int] = mapped_column(default=0)
    search_text: Mapped[str] = mapped_column(Text, default="")
    is_active: Mapped[bool] = mapped_column(default=True)
    created_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("staff_users.id", ondelete="SET NULL"))
    last_failed_at: Mapped[datetime | None] = mapped_column(AwareUTC)
    locked_until: Mapped[datetime | None] = mapped_column(AwareUTC)
    last_login_at: Mapped[datetime | None] = mapped_column(AwareUTC)
    password_changed_at: Mapped[datetime | None] = mapped_column(AwareUTC)
    totp_confirmed_at: Mapped[datetime | None] = mapped_column(AwareUTC)
    deleted_at: Mapped[datetime | None] = mapped_column(AwareUTC)
    created_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)

    @property
    def state(self) -> str:
        """active, suspended or removed."""
        if self.deleted_at is not None:
            return "removed"
        return "active" if self.is_active else "suspended"

    @property
    def is_responsible(self) -> bool:
        """Whether this account stands above all others, and works."""
        return self.is_active and self.role is StaffRole.SYSADMIN

    @staticmethod
    def searched(full_name: str, email: str) -> str:
        """What a search of the team looks at."""
        return plain(f"{full_name} {email}")


@event.listens_for(StaffUser, "before_insert")
@event.listens_for(StaffUser, "before_update")
def _keep_searched(_mapper: Any, _connection: Any, staff: StaffUser) -> None:
    """Whichever deed changes the name or the e-mail; only `accounts.join` writes past it."""
    staff.search_text = staff.searched(staff.full_name, staff.email)


class StaffInvitation(Base):
    """A one-time link with which one person makes a panel account."""

    __tablename__ = "staff_invitations"
    __table_args__ = (Index(None, "expires_at"),)

    id: Mapped[Key]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    email: Mapped[str | None] = mapped_column(String(254))
    role: Mapped[StaffRole] = mapped_column(choice(StaffRole, "role"))
    created_by: Mapped[str] = mapped_column(String(64))
    staff_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("staff_users.id", ondelete="SET NULL"))
    expires_at: Mapped[datetime] = mapped_column(AwareUTC)
    used_at: Mapped[datetime | None] = mapped_column(AwareUTC)
    revoked_at: Mapped[datetime | None] = mapped_column(AwareUTC)
    created_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)


class StaffCode(Base):
    """What one account was last given to confirm something with, once, by a hash: a new e-mail, or its Telegram.

    One row an account and purpose: asking again writes it anew, so that an earlier code is worth nothing.
    """

    __tablename__ = "staff_codes"
    __table_args__ = (
        UniqueConstraint("staff_id", "purpose"),
        CheckConstraint("purpose IN ('email', 'telegram')", name="purpose"),
        CheckConstraint("(purpose = 'email') = (email IS NOT NULL)", name="email"),
    )

    id: Mapped[Key]
    staff_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("staff_users.id", ondelete="CASCADE"))
    purpose: Mapped[str] = mapped_column(String(10))
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    email: Mapped[str | None] = mapped_column(String(254))
    expires_at: Mapped[datetime] = mapped_column(AwareUTC)
    used_at: Mapped[datetime | None] = mapped_column(AwareUTC)
    created_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)


class StaffRecoveryCode(Base):
    """One of the ten codes that stand in for somebody's second factor, once each; told once, kept as a hash."""

    __tablename__ = "staff_recovery_codes"
    __table_args__ = (UniqueConstraint("staff_id", "locator"),)

    id: Mapped[Key]
    staff_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("staff_users.id", ondelete="CASCADE"))
    locator: Mapped[str] = mapped_column(String(8))
    code_hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None] = mapped_column(AwareUTC)
    created_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)


class StaffWait(Base):
    """How often the doors of one account were tried in vain from one network or one known browser."""

    __tablename__ = "staff_waits"

    staff_id: Mapped[uuid.UUID] = mapped_column(
        Uuid, ForeignKey("staff_users.id", ondelete="CASCADE"), primary_key=True
    )
    origin: Mapped[str] = mapped_column(String(80), primary_key=True)
    failures: Mapped[int] = mapped_column(default=1)
    last_failed_at: Mapped[datetime] = mapped_column(AwareUTC)
    waits_until: Mapped[datetime | None] = mapped_column(AwareUTC)


class StaffBrowser(Base):
    """One browser that somebody asked to remember: for thirty days it is not asked for the code of the phone."""

    __tablename__ = "staff_browsers"
    __table_args__ = (Index(None, "staff_id"),)

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    staff_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("staff_users.id", ondelete="CASCADE"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_agent: Mapped[str | None] = mapped_column(String(500))
    ip_address: Mapped[str | None] = mapped_column(String(45))
    created_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)
    expires_at: Mapped[datetime] = mapped_column(AwareUTC)
    revoked_at: Mapped[datetime | None] = mapped_column(AwareUTC)


@audited()
class UserAgentPermission(Base):
    """What one account may do in one section of the panel (`agent_name`), by whose word, until when.

    One row a person and section: granting again writes it anew, revoking keeps it.
    """

    __tablename__ = "user_agent_permissions"
    __table_args__ = (
        UniqueConstraint("user_id", "agent_name"),
        CheckConstraint("granted_by <> user_id", name="granted_by"),
        CheckConstraint("expires_at > granted_at", name="expires_at"),
        CheckConstraint("can_read OR NOT is_active", name="can_read"),
        Index(None, "expires_at", "id", sqlite_where=ENDS, postgresql_where=ENDS),
    )

    id: Mapped[Key]
    user_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("staff_users.id", ondelete="CASCADE"))
    agent_name: Mapped[str] = mapped_column(String(40))
    can_create: Mapped[bool] = mapped_column(default=False)
    can_read: Mapped[bool] = mapped_column(default=False)
    can_update: Mapped[bool] = mapped_column(default=False)
    can_delete: Mapped[bool] = mapped_column(default=False)
    granted_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("staff_users.id", ondelete="SET NULL"))
    is_active: Mapped[bool] = mapped_column(default=True)
    revoked_by: Mapped[str | None] = mapped_column(String(64))
    granted_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)
    expires_at: Mapped[datetime | None] = mapped_column(AwareUTC)
    revoked_at: Mapped[datetime | None] = mapped_column(AwareUTC)
