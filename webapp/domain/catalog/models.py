"""The catalogue's tables."""

import enum
import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, Text, Uuid, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.base.clock import now
from webapp.base.crypto import public_id
from webapp.base.db import AwareUTC, Base, BigInt, Key, choice
from webapp.base.i18n import Spoken, lazy_gettext
from webapp.domain.audit.trail import audited
from webapp.domain.users.models import User

# Conditions of partial indexes, worded as the queries word them, since the engines compare the words.
PENDING: dict[str, Any] = {
    "sqlite_where": text("is_attended IS 0 AND withdrawn_at IS NULL"),
    "postgresql_where": text("is_attended IS false AND withdrawn_at IS NULL"),
}
NOTICE_DUE: dict[str, Any] = {
    "sqlite_where": text("notice_due IS 1"),
    "postgresql_where": text("notice_due IS true"),
}
WITHDRAWN: dict[str, Any] = {f"{engine}_where": text("withdrawn_at IS NOT NULL") for engine in ("sqlite", "postgresql")}


class ContentCategory(enum.Enum):
    """Where a package stands in the showcase; the labels people read can be edited in the settings."""

    FREE_CONTENT = "free_content"
    VIP_CONTENT = "vip_content"
    VIP_PREMIUM = "vip_premium"

    @property
    def display_name(self) -> str:
        """The label as it comes; `settings.category_label` knows the creator's own."""
        return {"free_content": "Promos", "vip_content": "El Diván", "vip_premium": "Premium"}[self.value]

    @property
    def emoji(self) -> str:
        """Its mark."""
        return {"free_content": "🌸", "vip_content": "🛋️", "vip_premium": "💎"}[self.value]

    @property
    def for_vip(self) -> bool:
        """Whether FREE members see only a locked preview."""
        return self is not ContentCategory.FREE_CONTENT


class PackageType(Spoken):
    """What a package is made of."""

    STANDARD = "standard", lazy_gettext("Estándar")
    BUNDLE = "bundle", lazy_gettext("Paquete")
    COLLECTION = "collection", lazy_gettext("Colección")


@audited()
class Provider(Base):
    """One supplier of content, named on the packages that come from them."""

    __tablename__ = "providers"

    id: Mapped[Key]
    staff_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("staff_users.id", ondelete="SET NULL"))
    name: Mapped[str] = mapped_column(String(100), unique=True)
    display_name: Mapped[str] = mapped_column(String(100))
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)


@audited()
class ContentPackage(Base):
    """One thing in the showcase. Never deleted: `is_active` takes it down."""

    __tablename__ = "content_packages"
    __table_args__ = (
        CheckConstraint("length(trim(name)) BETWEEN 1 AND 200", name="name_not_blank"),
        CheckConstraint("price IS NULL OR price >= 0", name="price"),
        CheckConstraint("price_stars IS NULL OR price_stars >= 0", name="price_stars"),
        CheckConstraint("price_points IS NULL OR price_points >= 0", name="price_points"),
        CheckConstraint("published_until IS NULL OR published_until > published_from", name="published"),
        Index(None, "category", "is_active"),
        Index(None, "type", "is_active"),
        Index(None, "position", "id"),
        Index("ix_content_packages_listing", "is_active", "position", "id"),
        Index("ix_content_packages_listing_category", "is_active", "category", "position", "id"),
        Index(None, "updated_at"),
    )

    id: Mapped[Key]
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=public_id)
    provider_id: Mapped[int | None] = mapped_column(BigInt, ForeignKey("providers.id", ondelete="SET NULL"), index=True)
    team_id: Mapped[int | None] = mapped_column(BigInt)
    name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(String(500), default="")
    body: Mapped[str] = mapped_column(Text, default="")
    category: Mapped[ContentCategory] = mapped_column(choice(ContentCategory, "category"))
    type: Mapped[PackageType] = mapped_column(choice(PackageType, "type"), default=PackageType.STANDARD)
    price: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    currency: Mapped[str] = mapped_column(String(3), default="MXN")
    price_stars: Mapped[int | None]
    price_points: Mapped[int | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    position: Mapped[int] = mapped_column(BigInt, default=0)
    version: Mapped[int] = mapped_column(default=1)
    search_text: Mapped[str] = mapped_column(Text, default="")
    published_from: Mapped[datetime | None] = mapped_column(AwareUTC)
    published_until: Mapped[datetime | None] = mapped_column(AwareUTC)
    created_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)
    updated_at: Mapped[datetime] = mapped_column(AwareUTC, default=now, onupdate=now)

    provider: Mapped[Provider | None] = relationship(lazy="raise_on_sql")
    media: Mapped[list["PackageMedia"]] = relationship(
        order_by="PackageMedia.position", cascade="all, delete-orphan", lazy="raise_on_sql"
    )

    __mapper_args__ = {"version_id_col": version}


@audited()
class PackageMedia(Base):
    """One picture of a package, the first is the cover: an upload (`storage_key`) or one of Telegram's (`file_id`)."""

    __tablename__ = "package_media"
    __table_args__ = (
        CheckConstraint("kind IN ('image', 'video')", name="kind"),
        CheckConstraint("(storage_key IS NULL) <> (file_id IS NULL)", name="one_source"),
        Index(None, "package_id", "position"),
    )

    id: Mapped[Key]
    package_id: Mapped[int] = mapped_column(BigInt, ForeignKey("content_packages.id", ondelete="CASCADE"))
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(String(8), default="image")
    storage_key: Mapped[str | None] = mapped_column(String(80))
    file_id: Mapped[str | None] = mapped_column(String(200))
    alt: Mapped[str] = mapped_column(String(200), default="")
    width: Mapped[int] = mapped_column(default=0)
    height: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)


@audited()
class UserInterest(Base):
    """One person's "Me interesa" in one package, or in the VIP subscription itself (package NULL)."""

    __tablename__ = "user_interests"
    __table_args__ = (
        CheckConstraint("click_count >= 1", name="clicks"),
        CheckConstraint("stage IN ('nuevo', 'contactado', 'oferta', 'comprado', 'descartado')", name="stage"),
        Index("idx_interest_user_package", "user_id", "package_id", unique=True),
        Index(
            "idx_interest_user_vip",
            "user_id",
            unique=True,
            sqlite_where=text("package_id IS NULL"),
            postgresql_where=text("package_id IS NULL"),
        ),
        Index("idx_interest_user_package_attended", "user_id", "package_id", "is_attended"),
        Index(None, "is_attended", "created_at", "id"),
        Index(None, "created_at", "id"),
        Index(None, "package_id", "created_at", "id"),
        Index(None, "user_id", "created_at", "id"),
        Index("ix_user_interests_notice_due", "id", **NOTICE_DUE),
        Index("ix_user_interests_pending", "created_at", "id", **PENDING),
        Index("ix_user_interests_package_pending", "package_id", "created_at", "id", **PENDING),
        Index("ix_user_interests_withdrawn", "created_at", "id", **WITHDRAWN),
        Index("ix_user_interests_package_withdrawn", "package_id", **WITHDRAWN),
    )

    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(BigInt, ForeignKey("users.user_id", ondelete="CASCADE"))
    package_id: Mapped[int | None] = mapped_column(BigInt, ForeignKey("content_packages.id", ondelete="CASCADE"))
    conversation_id: Mapped[int | None] = mapped_column(BigInt)
    owner: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("staff_users.id", ondelete="SET NULL"))
    stage: Mapped[str] = mapped_column(String(12), default="nuevo")
    is_attended: Mapped[bool] = mapped_column(default=False)
    attended_by: Mapped[str | None] = mapped_column(String(64))
    attended_by_label: Mapped[str | None] = mapped_column(String(150))
    click_count: Mapped[int] = mapped_column(default=1)
    notice_count: Mapped[int] = mapped_column(default=0)
    notice_due: Mapped[bool] = mapped_column(default=False, server_default=false())
    noticed_at: Mapped[datetime | None] = mapped_column(AwareUTC)
    attended_at: Mapped[datetime | None] = mapped_column(AwareUTC)
    withdrawn_at: Mapped[datetime | None] = mapped_column(AwareUTC)
    created_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)

    user: Mapped[User] = relationship(lazy="raise_on_sql")
    package: Mapped[ContentPackage | None] = relationship(lazy="raise_on_sql")

    @property
    def state(self) -> str:
        """withdrawn, attended or pending."""
        return "withdrawn" if self.withdrawn_at else "attended" if self.is_attended else "pending"


@audited()
class InterestNote(Base):
    """What a staff member wrote down about an interest."""

    __tablename__ = "interest_notes"
    __table_args__ = (Index(None, "interest_id", "id"),)

    id: Mapped[Key]
    interest_id: Mapped[int] = mapped_column(BigInt, ForeignKey("user_interests.id", ondelete="CASCADE"))
    author: Mapped[str] = mapped_column(String(64))
    author_label: Mapped[str] = mapped_column(String(150))
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)


class CatalogVersion(Base):
    """One row: a number that grows in the transaction of every change that members could see."""

    __tablename__ = "catalog_version"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    version: Mapped[int] = mapped_column(BigInt, default=1)
