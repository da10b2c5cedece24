"""That a stretch of the audit left by pruning is signed: whoever only says so of it in the database is found out."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # In place, not by a batch: that would make SQLite's table anew, without its triggers.
    op.add_column("audit_stretches", sa.Column("pruning", sa.String(length=64), nullable=True))


def downgrade() -> None:
    op.drop_column("audit_stretches", "pruning")
