"""One verification of the audit is under way at a time."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

NAME, TABLE, OPEN = "uq_audit_verifications_open", "audit_verifications", sa.text("finished_at IS NULL")


def upgrade() -> None:
    # A second one of the same moment was asked for; the first, which is further, does what both would.
    op.execute(
        f"DELETE FROM {TABLE} WHERE {OPEN} AND id > (SELECT min(one.id) FROM {TABLE} AS one WHERE one.{OPEN})"
    )
    op.create_index(NAME, TABLE, [sa.text("(finished_at IS NULL)")], unique=True, sqlite_where=OPEN, postgresql_where=OPEN)


def downgrade() -> None:
    op.drop_index(NAME, TABLE)
