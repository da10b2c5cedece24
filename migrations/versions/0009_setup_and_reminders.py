"""What Telegram answered about the set-up; which reminders are sent and when people sleep; a person's own time zone."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
CHECKS = (
    ("quiet_hours", "quiet_from BETWEEN 0 AND 23 AND quiet_until BETWEEN 0 AND 23"),
    ("quiet_both", "(quiet_from IS NULL) = (quiet_until IS NULL)"),
)
COLUMNS = ("reminder_rules", "quiet_until", "quiet_from", "comeback_days", "remind_after", "remind_end", "remind_before")


def upgrade() -> None:
    op.create_table(
        "telegram_checks",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("target", sa.String(length=64), nullable=True),
        sa.Column("told_to", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("answer", DOCUMENT, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_telegram_checks")),
    )
    op.add_column("users", sa.Column("time_zone", sa.String(length=64), nullable=True))
    with op.batch_alter_table("bot_config") as config:
        for name in ("remind_before", "remind_end", "remind_after"):
            config.add_column(sa.Column(name, sa.Boolean(), server_default=sa.true(), nullable=False))
        config.add_column(sa.Column("comeback_days", DOCUMENT, server_default="[1, 3, 7]", nullable=False))
        config.add_column(sa.Column("quiet_from", sa.Integer(), nullable=True))
        config.add_column(sa.Column("quiet_until", sa.Integer(), nullable=True))
        # One ahead of the subscriptions: the worker plans anew what was planned the old way.
        config.add_column(sa.Column("reminder_rules", sa.Integer(), server_default="2", nullable=False))
        for name, condition in CHECKS:
            config.create_check_constraint(op.f(f"ck_bot_config_{name}"), condition)
    op.add_column("vip_subscribers", sa.Column("next_reminder", sa.Integer(), nullable=True))
    op.add_column("vip_subscribers", sa.Column("reminder_rules", sa.Integer(), server_default="1", nullable=False))
    op.create_index("ix_vip_subscribers_reminder_rules_id", "vip_subscribers", ["reminder_rules", "id"])


def downgrade() -> None:
    op.drop_index("ix_vip_subscribers_reminder_rules_id", "vip_subscribers")
    op.drop_column("vip_subscribers", "reminder_rules")
    op.drop_column("vip_subscribers", "next_reminder")
    with op.batch_alter_table("bot_config") as config:
        for name, _condition in CHECKS:
            config.drop_constraint(op.f(f"ck_bot_config_{name}"), type_="check")
        for name in COLUMNS:
            config.drop_column(name)
    op.drop_column("users", "time_zone")
    op.drop_table("telegram_checks")
