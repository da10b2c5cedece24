"""What each account may do, section by section, by whose word, until when."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLE = "user_agent_permissions"
ENDS = sa.text("is_active AND expires_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("agent_name", sa.String(length=40), nullable=False),
        sa.Column("can_create", sa.Boolean(), nullable=False),
        sa.Column("can_read", sa.Boolean(), nullable=False),
        sa.Column("can_update", sa.Boolean(), nullable=False),
        sa.Column("can_delete", sa.Boolean(), nullable=False),
        sa.Column("granted_by", sa.Uuid(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("revoked_by", sa.String(length=64), nullable=True),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("granted_by <> user_id", name=op.f("ck_user_agent_permissions_granted_by")),
        sa.CheckConstraint("expires_at > granted_at", name=op.f("ck_user_agent_permissions_expires_at")),
        sa.CheckConstraint("can_read OR NOT is_active", name=op.f("ck_user_agent_permissions_can_read")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["staff_users.id"], name=op.f("fk_user_agent_permissions_user_id_staff_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["granted_by"], ["staff_users.id"], name=op.f("fk_user_agent_permissions_granted_by_staff_users"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_agent_permissions")),
        sa.UniqueConstraint("user_id", "agent_name", name=op.f("uq_user_agent_permissions_user_id_agent_name")),
    )
    index = op.f("ix_user_agent_permissions_expires_at_id")
    op.create_index(index, TABLE, ["expires_at", "id"], sqlite_where=ENDS, postgresql_where=ENDS)


def downgrade() -> None:
    op.drop_table(TABLE)
