"""The second factor, its recovery codes, the waits of each account, remembered browsers, a zone of one's own."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("staff_users", sa.Column("totp_secret", sa.String(length=255), nullable=True))
    op.add_column("staff_users", sa.Column("totp_confirmed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("staff_users", sa.Column("totp_last_step", BIG, nullable=True))
    op.add_column("staff_users", sa.Column("time_zone", sa.String(length=64), nullable=True))
    remember = sa.Column("remember_browsers", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("bot_config", remember)
    _recovery_codes()
    _waits()
    _browsers()
    # Whoever was signed in by a password alone signs in again, and sets up their phone.
    op.execute("UPDATE user_sessions SET is_active = false, revoked_at = CURRENT_TIMESTAMP WHERE kind = 'panel'")


def downgrade() -> None:
    op.drop_table("staff_browsers")
    op.drop_table("staff_waits")
    op.drop_table("staff_recovery_codes")
    op.drop_column("bot_config", "remember_browsers")
    for name in ("time_zone", "totp_last_step", "totp_confirmed_at", "totp_secret"):
        op.drop_column("staff_users", name)


def _recovery_codes() -> None:
    op.create_table(
        "staff_recovery_codes",
        sa.Column("id", BIG, sa.Identity(always=False), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("locator", sa.String(length=8), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_users.id"], name=op.f("fk_staff_recovery_codes_staff_id_staff_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_recovery_codes")),
        sa.UniqueConstraint("staff_id", "locator", name=op.f("uq_staff_recovery_codes_staff_id_locator")),
    )


def _waits() -> None:
    op.create_table(
        "staff_waits",
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("origin", sa.String(length=80), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("waits_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_users.id"], name=op.f("fk_staff_waits_staff_id_staff_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("staff_id", "origin", name=op.f("pk_staff_waits")),
    )


def _browsers() -> None:
    op.create_table(
        "staff_browsers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_agent", sa.String(length=500), nullable=True),
        sa.Column("ip_address", sa.String(length=45), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_users.id"], name=op.f("fk_staff_browsers_staff_id_staff_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_browsers")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_staff_browsers_token_hash")),
    )
    op.create_index(op.f("ix_staff_browsers_staff_id"), "staff_browsers", ["staff_id"])
