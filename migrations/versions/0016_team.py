"""Accounts are removed and their invitations taken back; one-time codes confirm an e-mail and link a Telegram."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("staff_users") as staff:
        staff.add_column(sa.Column("deleted_at", MOMENT, nullable=True))
        staff.create_check_constraint(op.f("ck_staff_users_deleted_at"), "NOT is_active OR deleted_at IS NULL")
    with op.batch_alter_table("staff_invitations") as invitations:
        invitations.add_column(sa.Column("revoked_at", MOMENT, nullable=True))
    op.create_table(
        "staff_codes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(always=False), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("purpose IN ('email', 'telegram')", name=op.f("ck_staff_codes_purpose")),
        sa.CheckConstraint("(purpose = 'email') = (email IS NOT NULL)", name=op.f("ck_staff_codes_email")),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_users.id"], name=op.f("fk_staff_codes_staff_id_staff_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_codes")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_staff_codes_code_hash")),
        sa.UniqueConstraint("staff_id", "purpose", name=op.f("uq_staff_codes_staff_id_purpose")),
    )


def downgrade() -> None:
    op.drop_table("staff_codes")
    with op.batch_alter_table("staff_invitations") as invitations:
        invitations.drop_column("revoked_at")
    with op.batch_alter_table("staff_users") as staff:
        staff.drop_constraint(op.f("ck_staff_users_deleted_at"), type_="check")
        staff.drop_column("deleted_at")
