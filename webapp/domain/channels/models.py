"""The channels' tables (seeds 000, 001)."""

import enum
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.base.clock import now
from webapp.base.db import AwareUTC, Base, BigInt, Key, choice
from webapp.base.i18n import Spoken, lazy_gettext
from webapp.domain.audit.trail import audited
from webapp.domain.users.models import User

# Conditions of partial indexes, worded as the queries word them, since the engines compare the words.
HAS_ACCESS = "status NOT IN ('paused', 'expired', 'revoked')"
UNSPENT, EXHAUSTED = "revoked_at IS NULL AND uses < max_uses", "revoked_at IS NULL AND uses >= max_uses"
UNDECIDED = "status NOT IN ('approved', 'declined', 'expired', 'error', 'cancelled')"


def _where(condition: str) -> dict[str, Any]:
    return {f"{engine}_where": text(condition) for engine in ("sqlite", "postgresql")}


WAITING = _where("status IN ('pending', 'approving')")
REMINDED = _where("next_reminder_at IS NOT NULL")
PAID = _where("price > 0")
DISTURBED = _where("what IN ('pause', 'resume', 'revoke', 'correct')")
UNPAID = _where("price = 0 AND what IN ('start', 'extend')")
MARKED = _where("what IN ('gift', 'revoke', 'correct')")
REVOKED = _where("revoked_at IS NOT NULL")


class Channel(enum.Enum):
    """Which of the creator's two channels."""

    VIP = "vip"
    FREE = "free"


class Eligibility(enum.Enum):
    """Who may buy a plan: everyone, those never subscribed, those subscribed now, or those who were."""

    EVERYONE = "everyone"
    NEW = "new"
    ACTIVE = "active"
    PAST = "past"


class Status(Spoken):
    """How a subscription stands. What the channel knows of it is ChannelState."""

    PENDING_ENTRY = "pending_entry", lazy_gettext("Falta entrar al canal")
    ACTIVE = "active", lazy_gettext("Activa")
    GRACE = "grace", lazy_gettext("En días de gracia")
    PAUSED = "paused", lazy_gettext("En pausa")
    EXPIRED = "expired", lazy_gettext("Vencida")
    REVOKED = "revoked", lazy_gettext("Retirada")


OPEN = (Status.PENDING_ENTRY, Status.ACTIVE, Status.GRACE)
ENDED = (Status.EXPIRED, Status.REVOKED)


class ChannelState(Spoken):
    """What we know of a subscriber's place in the VIP channel."""

    NONE = "none", lazy_gettext("Fuera del canal")
    INVITED = "invited", lazy_gettext("Con enlace")
    MEMBER = "member", lazy_gettext("Dentro del canal")
    EXPELLED = "expelled", lazy_gettext("Expulsado")


class RequestStatus(Spoken):
    """How a request to join the Free channel stands."""

    PENDING = "pending", lazy_gettext("En espera")
    APPROVING = "approving", lazy_gettext("Se está aprobando")
    APPROVED = "approved", lazy_gettext("Aprobada")
    DECLINED = "declined", lazy_gettext("Rechazada")
    EXPIRED = "expired", lazy_gettext("Caducada")
    ERROR = "error", lazy_gettext("Con error")
    CANCELLED = "cancelled", lazy_gettext("Retirada por la persona")


TOKEN_STATES = {
    "active": lazy_gettext("Vigente"),
    "exhausted": lazy_gettext("Usado"),
    "expired": lazy_gettext("Caducado"),
    "revoked": lazy_gettext("Anulado"),
}


class _Terms:
    """What was sold: copied from the plan, so that a change of the plan touches nobody who bought."""

    plan_name: Mapped[str] = mapped_column(String(100))
    duration_days: Mapped[int]
    price: Mapped[Decimal] = mapped_column(Numeric(10, 2), default=Decimal(0))
    currency: Mapped[str] = mapped_column(String(3))


@audited()
class SubscriptionPlan(Base):
    """One offer of so many days for so much. Never deleted: `is_active` takes it down."""

    __tablename__ = "subscription_plans"
    __table_args__ = (
        CheckConstraint("length(trim(name)) BETWEEN 1 AND 100", name="name_not_blank"),
        CheckConstraint("duration_days BETWEEN 1 AND 3650", name="duration_days"),
        CheckConstraint("price >= 0", name="price"),
        CheckConstraint("price_stars IS NULL OR price_stars > 0", name="price_stars"),
        Index(None, "is_active", "position", "id"),
    )

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(100))
    duration_days: Mapped[int]
    price: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    currency: Mapped[str] = mapped_column(String(3))
    price_stars: Mapped[int | None]
    eligibility: Mapped[Eligibility] = mapped_column(choice(Eligibility, "eligibility"), default=Eligibility.EVERYONE)
    position: Mapped[int] = mapped_column(default=0)
    is_active: Mapped[bool] = mapped_column(default=True)
    created_by: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)
    updated_at: Mapped[datetime] = mapped_column(AwareUTC, default=now, onupdate=now)


@audited(hide=("token_hash",))
class InvitationToken(_Terms, Base):
    """One code that turns into days of VIP, `max_uses` times before `expires_at`. The code itself is not kept."""

    __tablename__ = "invitation_tokens"
    __table_args__ = (
        CheckConstraint("max_uses >= 1", name="max_uses"),
        CheckConstraint("uses >= 0 AND uses <= max_uses", name="uses"),
        CheckConstraint("duration_days BETWEEN 1 AND 3650", name="duration_days"),
        Index("uq_invitation_tokens_once", "once", unique=True),
        Index(None, "created_at", "id"),
        Index(None, "batch_id"),
        # What the panel lists: of a plan, and by state.
        Index(None, "plan_id", "created_at", "id"),
        Index("ix_invitation_tokens_unspent", "expires_at", "id", **_where(UNSPENT)),
        Index("ix_invitation_tokens_exhausted", "created_at", "id", **_where(EXHAUSTED)),
        Index("ix_invitation_tokens_revoked", "created_at", "id", **_where("revoked_at IS NOT NULL")),
        Index(None, "expires_at"),
        Index("ix_invitation_tokens_revoked_at", "revoked_at", **REVOKED),
    )

    id: Mapped[Key]
    plan_id: Mapped[int | None] = mapped_column(BigInt, ForeignKey("subscription_plans.id", ondelete="SET NULL"))
    batch_id: Mapped[str | None] = mapped_column(String(16))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    hint: Mapped[str] = mapped_column(String(4))
    shelf_hours: Mapped[int] = mapped_column(default=24)
    max_uses: Mapped[int] = mapped_column(default=1)
    uses: Mapped[int] = mapped_column(default=0)
    once: Mapped[str | None] = mapped_column(String(32))
    generated_by: Mapped[str] = mapped_column(String(60))
    generated_by_label: Mapped[str] = mapped_column(String(150))
    expires_at: Mapped[datetime] = mapped_column(AwareUTC)
    revoked_at: Mapped[datetime | None] = mapped_column(AwareUTC)
    created_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)

    @property
    def state(self) -> str:
        """active, exhausted, expired or revoked: a key of TOKEN_STATES, which has the words."""
        if self.revoked_at is not None:
            return "revoked"
        if self.uses >= self.max_uses:
            return "exhausted"
        return "expired" if self.expires_at <= now() else "active"


class TokenRedemption(Base):
    """One person's use of one token."""

    __tablename__ = "token_redemptions"
    __table_args__ = (UniqueConstraint("token_id", "user_id"), Index(None, "redeemed_at"))

    id: Mapped[Key]
    token_id: Mapped[int] = mapped_column(BigInt, ForeignKey("invitation_tokens.id"))
    user_id: Mapped[int] = mapped_column(BigInt, index=True)
    redeemed_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)


@audited()
class VIPSubscriber(_Terms, Base):
    """One person's subscription to the VIP channel: until when, how it stands, and what the channel knows of it."""

    __tablename__ = "vip_subscribers"
    __table_args__ = (
        CheckConstraint("vip_entry_stage BETWEEN 1 AND 3", name="vip_entry_stage"),
        CheckConstraint("(status = 'paused') = (paused_at IS NOT NULL)", name="paused"),
        Index(None, "status", "expiry_date", "id"),
        Index(None, "channel_state", "status", "next_attempt_at"),
        Index(None, "expiry_date", "id"),
        Index(None, "next_reminder_at", **REMINDED),
        Index(None, "reminder_rules", "id"),
        # What the panel lists.
        Index(None, "join_date", "id"),
        Index(None, "status", "join_date", "id"),
        Index("ix_vip_subscribers_open", "expiry_date", "id", **_where(HAS_ACCESS)),
        Index("ix_vip_subscribers_failed", "expiry_date", "id", **_where("last_error IS NOT NULL")),
        Index(None, "created_at", "id"),
    )

    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(BigInt, ForeignKey("users.user_id"), unique=True)
    plan_id: Mapped[int | None] = mapped_column(
        BigInt, ForeignKey("subscription_plans.id", ondelete="SET NULL"), index=True
    )
    status: Mapped[Status] = mapped_column(choice(Status, "status"))
    vip_entry_stage: Mapped[int | None]
    channel_state: Mapped[ChannelState] = mapped_column(
        choice(ChannelState, "channel_state"), default=ChannelState.NONE
    )
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(Text)
    join_date: Mapped[datetime] = mapped_column(AwareUTC)
    expiry_date: Mapped[datetime] = mapped_column(AwareUTC)
    paused_at: Mapped[datetime | None] = mapped_column(AwareUTC)
    kicked_from_channel_at: Mapped[datetime | None] = mapped_column(AwareUTC)
    next_attempt_at: Mapped[datetime | None] = mapped_column(AwareUTC)
    next_reminder: Mapped[int | None]
    reminder_rules: Mapped[int] = mapped_column(server_default="1", default=1)
    next_reminder_at: Mapped[datetime | None] = mapped_column(AwareUTC)
    created_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)
    updated_at: Mapped[datetime] = mapped_column(AwareUTC, default=now, onupdate=now)

    user: Mapped[User] = relationship()

    @property
    def has_access(self) -> bool:
        """Whether they may be in the channel now."""
        return self.status in OPEN


class SubscriptionPeriod(Base):
    """One thing that happened to a subscription: what, for how much, from when until when, by whom. Append-only."""

    __tablename__ = "subscription_periods"
    __table_args__ = (
        CheckConstraint(
            "what IN ('start', 'extend', 'gift', 'pause', 'resume', 'revoke', 'expire', 'correct')", name="what"
        ),
        Index(None, "subscriber_id", "id"),
        Index(None, "created_at", "id"),
        Index("ix_subscription_periods_flows", "what", "currency", "created_at", "price"),
        Index("ix_subscription_periods_free", "what", "currency", "price", "created_at", **UNPAID),
        Index("ix_subscription_periods_marked", "what", "created_at", **MARKED),
        Index("ix_subscription_periods_paid", "ends_at", "starts_at", "currency", "price", "days", "subscriber_id",
              **PAID),
        Index("ix_subscription_periods_disturbed", "subscriber_id", "id", **DISTURBED),
        Index("ix_subscription_periods_moved", "ends_at", "created_at", "subscriber_id", **DISTURBED),
    )  # fmt: skip

    id: Mapped[Key]
    subscriber_id: Mapped[int] = mapped_column(BigInt, ForeignKey("vip_subscribers.id"))
    token_id: Mapped[int | None] = mapped_column(BigInt, ForeignKey("invitation_tokens.id"), index=True)
    what: Mapped[str] = mapped_column(String(8))
    plan_name: Mapped[str | None] = mapped_column(String(100))
    days: Mapped[int] = mapped_column(default=0)
    price: Mapped[Decimal] = mapped_column(Numeric(10, 2), default=Decimal(0))
    currency: Mapped[str | None] = mapped_column(String(3))
    reason: Mapped[str | None] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(60))
    by_label: Mapped[str] = mapped_column(String(150))
    starts_at: Mapped[datetime] = mapped_column(AwareUTC)
    ends_at: Mapped[datetime] = mapped_column(AwareUTC)
    created_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)


class ChannelInvite(Base):
    """One link into a channel, made for one person and good once. `link` is empty until Telegram has made it."""

    __tablename__ = "channel_invites"
    __table_args__ = (Index(None, "user_id", "channel", "id"), Index(None, "link"))

    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(BigInt)
    channel: Mapped[Channel] = mapped_column(choice(Channel, "channel"), default=Channel.VIP)
    link: Mapped[str | None] = mapped_column(String(200))
    used_by: Mapped[int | None] = mapped_column(BigInt)
    error: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(AwareUTC)
    used_at: Mapped[datetime | None] = mapped_column(AwareUTC)
    revoked_at: Mapped[datetime | None] = mapped_column(AwareUTC)
    created_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)


class ChannelMember(Base):
    """What Telegram last told of one person in one channel."""

    __tablename__ = "channel_members"

    channel_id: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False, index=True)
    status: Mapped[str] = mapped_column(String(16))
    via_link: Mapped[str | None] = mapped_column(String(200))
    seen_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)


class BotChannel(Base):
    """One channel that the bot was put into, and what it may do there, as Telegram last told."""

    __tablename__ = "bot_channels"

    chat_id: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False)
    title: Mapped[str] = mapped_column(String(200), default="")
    username: Mapped[str | None] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16))
    can_invite_users: Mapped[bool] = mapped_column(default=False)
    can_restrict_members: Mapped[bool] = mapped_column(default=False)
    can_post_messages: Mapped[bool] = mapped_column(default=False)
    seen_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)

    def lacks(self, kind: Channel) -> list[str]:
        """The rights that the bot needs in the channel of this kind and does not have here, by Telegram's names."""
        inside = self.status in ("administrator", "creator")
        return [name for name in NEEDED[kind] if not (inside and getattr(self, name))]


RIGHTS = ("can_invite_users", "can_restrict_members", "can_post_messages")
NEEDED = {Channel.VIP: RIGHTS, Channel.FREE: RIGHTS[:1]}  # nobody is put out of the Free channel


@audited()
class FreeChannelRequest(Base):
    """One person's request to join the Free channel, approved by itself after the wait."""

    __tablename__ = "free_channel_requests"
    __table_args__ = (
        Index("uq_free_channel_requests_waiting", "user_id", "chat_id", unique=True, **WAITING),
        Index(None, "status", "approve_after", "id"),
        Index(None, "user_id", "id"),
        Index(None, "request_date", "id"),
        Index("ix_free_channel_requests_queue", "approve_after", "id", **_where(UNDECIDED)),
        Index("ix_free_channel_requests_processed", "status", "processed_at", "request_date"),
    )

    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(BigInt, ForeignKey("users.user_id"))
    chat_id: Mapped[int] = mapped_column(BigInt)
    user_chat_id: Mapped[int] = mapped_column(BigInt)
    status: Mapped[RequestStatus] = mapped_column(choice(RequestStatus, "status"), default=RequestStatus.PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text)
    request_date: Mapped[datetime] = mapped_column(AwareUTC, default=now)
    approve_after: Mapped[datetime] = mapped_column(AwareUTC)
    processed_at: Mapped[datetime | None] = mapped_column(AwareUTC)

    user: Mapped[User] = relationship()


@audited()
class ExpulsionRun(Base):
    """One sweep that would have ended more subscriptions at once than the brake allows: it waits for a person."""

    __tablename__ = "expulsion_runs"
    __table_args__ = (
        CheckConstraint("state IN ('braked', 'released', 'cleared')", name="state"),
        Index("uq_expulsion_runs_braked", "state", unique=True, **_where("state = 'braked'")),
    )

    id: Mapped[Key]
    state: Mapped[str] = mapped_column(String(8), default="braked")
    due: Mapped[int]
    members: Mapped[int]
    decided_by: Mapped[str | None] = mapped_column(String(60))
    decided_at: Mapped[datetime | None] = mapped_column(AwareUTC)
    created_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)
