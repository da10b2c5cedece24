"""Say which interests wait for their notices, so that whoever presses need not write them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INDEX = "ix_user_interests_notice_due"
DUE = {"sqlite_where": sa.text("notice_due IS 1"), "postgresql_where": sa.text("notice_due IS true")}


def upgrade() -> None:
    with op.batch_alter_table("user_interests") as table:
        table.add_column(sa.Column("notice_due", sa.Boolean(), server_default=sa.false(), nullable=False))
        table.create_index(INDEX, ["id"], **DUE)


def downgrade() -> None:
    with op.batch_alter_table("user_interests") as table:
        table.drop_index(INDEX, **DUE)
        table.drop_column("notice_due")
