"""The members' tables (seeds 000, 001, 002)."""

from datetime import datetime
from typing import Any

from markupsafe import Markup, escape
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.base.clock import now
from webapp.base.crypto import public_id
from webapp.base.db import AwareUTC, Base, BigInt, Document, Key, choice
from webapp.base.i18n import Spoken, _, lazy_gettext, locale_for
from webapp.domain.audit.trail import audited


class UserRole(Spoken):
    """What a person is to us."""

    FREE = "free", lazy_gettext("Usuario Free")
    VIP = "vip", lazy_gettext("Usuario VIP")
    ADMIN = "admin", lazy_gettext("Administrador")

    @property
    def emoji(self) -> str:
        """Its mark."""
        return {"free": "🆓", "vip": "⭐", "admin": "👑"}[self.value]


class RoleChangeReason(Spoken):
    """Why a role changed."""

    ADMIN_GRANTED = "admin_granted", lazy_gettext("Otorgado por un administrador")
    ADMIN_REVOKED = "admin_revoked", lazy_gettext("Retirado por un administrador")
    VIP_PURCHASED = "vip_purchased", lazy_gettext("VIP comprado")
    VIP_REDEEMED = "vip_redeemed", lazy_gettext("VIP canjeado con token")
    VIP_EXPIRED = "vip_expired", lazy_gettext("VIP vencido")
    VIP_EXTENDED = "vip_extended", lazy_gettext("VIP extendido")
    VIP_ENTRY_COMPLETED = "vip_entry_completed", lazy_gettext("Entrada VIP completada")
    MANUAL_CHANGE = "manual_change", lazy_gettext("Cambio manual")
    SYSTEM_AUTOMATIC = "system_automatic", lazy_gettext("Automático del sistema")

    @property
    def member_name(self) -> str:
        """How the person themselves reads it, in their language."""
        return str(_REASONS_TO_MEMBERS[self.value])


_REASONS_TO_MEMBERS = {
    "admin_granted": lazy_gettext("Te lo dio el equipo"),
    "admin_revoked": lazy_gettext("El equipo cambió tu acceso"),
    "vip_purchased": lazy_gettext("Compraste el VIP"),
    "vip_redeemed": lazy_gettext("Canjeaste un token"),
    "vip_expired": lazy_gettext("Terminó tu VIP"),
    "vip_extended": lazy_gettext("Tu VIP se alargó"),
    "vip_entry_completed": lazy_gettext("Entraste al canal VIP"),
    "manual_change": lazy_gettext("El equipo cambió tu acceso"),
    "system_automatic": lazy_gettext("Cambio automático"),
}


class Reach(Spoken):
    """Whether the bot can write to somebody."""

    OK = "ok", lazy_gettext("Se le puede escribir")
    NEVER_STARTED = "never_started", lazy_gettext("No ha iniciado el bot")
    BLOCKED = "blocked", lazy_gettext("Bloqueó el bot")
    DELETED = "deleted", lazy_gettext("Cuenta borrada")


@audited()
class User(Base):
    """One person of Telegram that we have met. `user_id` is Telegram's id."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("referred_by <> user_id", name="not_own_referrer"),
        Index(None, "role", "created_at", "user_id"),
        Index(None, "created_at", "user_id"),
        Index(None, "last_seen_at"),
    )

    user_id: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False)
    username: Mapped[str | None] = mapped_column(String(64), index=True)
    first_name: Mapped[str] = mapped_column(String(128), default="")
    last_name: Mapped[str | None] = mapped_column(String(128))
    language_code: Mapped[str | None] = mapped_column(String(16))
    chosen_locale: Mapped[str | None] = mapped_column(String(8))
    time_zone: Mapped[str | None] = mapped_column(String(64))
    role: Mapped[UserRole] = mapped_column(choice(UserRole, "role"), default=UserRole.FREE)
    reach: Mapped[Reach] = mapped_column(choice(Reach, "reach"), default=Reach.NEVER_STARTED)
    referral_code: Mapped[str] = mapped_column(String(16), unique=True, default=public_id)
    referred_by: Mapped[int | None] = mapped_column(
        BigInt, ForeignKey("users.user_id", ondelete="SET NULL"), index=True
    )
    is_blocked: Mapped[bool] = mapped_column(default=False)
    blocked_until: Mapped[datetime | None] = mapped_column(AwareUTC)
    blocked_reason: Mapped[str | None] = mapped_column(Text)
    search_text: Mapped[str] = mapped_column(Text, default="")
    last_seen_at: Mapped[datetime | None] = mapped_column(AwareUTC)
    created_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)
    updated_at: Mapped[datetime] = mapped_column(AwareUTC, default=now, onupdate=now)
    erased_at: Mapped[datetime | None] = mapped_column(AwareUTC)

    @property
    def full_name(self) -> str:
        """First and last name; something to call them by when Telegram gave none."""
        return f"{self.first_name} {self.last_name or ''}".strip() or _("Sin nombre")

    @property
    def mention(self) -> Markup:
        """A link to the person in Telegram HTML, the name escaped."""
        return Markup('<a href="tg://user?id={}">{}</a>').format(self.user_id, escape(self.full_name))

    @property
    def is_admin(self) -> bool:
        return self.role is UserRole.ADMIN

    @property
    def is_vip(self) -> bool:
        return self.role is UserRole.VIP

    @property
    def is_free(self) -> bool:
        return self.role is UserRole.FREE

    @property
    def sees_vip(self) -> bool:
        """Whether VIP packages are open to them."""
        return self.role is not UserRole.FREE

    @property
    def locale(self) -> str:
        """The language we speak with them: chosen, or by Telegram's."""
        return self.chosen_locale or locale_for(self.language_code)


class UserRoleChangeLog(Base):
    """One change of somebody's role. Append-only; stays when the person is erased."""

    __tablename__ = "user_role_change_log"
    __table_args__ = (
        CheckConstraint("change_source IN ('ADMIN_PANEL', 'SYSTEM', 'API')", name="change_source"),
        Index("idx_role_log_user_changed_at", "user_id", "changed_at"),
        Index("idx_role_log_changed_by_changed_at", "changed_by", "changed_at"),
    )

    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(BigInt, index=True)
    previous_role: Mapped[UserRole | None] = mapped_column(choice(UserRole, "previous_role"))
    new_role: Mapped[UserRole] = mapped_column(choice(UserRole, "new_role"))
    changed_by: Mapped[int] = mapped_column(BigInt, index=True)
    reason: Mapped[RoleChangeReason] = mapped_column(choice(RoleChangeReason, "reason"))
    change_source: Mapped[str] = mapped_column(String(12))
    meta: Mapped[dict[str, Any] | None] = mapped_column("metadata", Document)
    changed_at: Mapped[datetime] = mapped_column(AwareUTC, default=now, index=True)
