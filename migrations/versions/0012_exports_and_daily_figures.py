"""Long lists that somebody takes away as files; what happened on each day that is over, so that a year is 365 rows.

A day is told by the worker, and taken away by trigger when one of its rows changes or is added late.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

STATES = ("waiting", "running", "done", "failed", "cancelled")
GOING = sa.text("state IN ('waiting', 'running')")


TOLD = ("subscription_periods", "vip_subscribers")


def upgrade() -> None:
    _exports()
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "daily_figures",
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("starts", moment, nullable=False),
        sa.Column("what", sa.String(length=8), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("ends", moment, nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("marked", sa.Integer(), nullable=False),
        sa.Column("free", sa.Integer(), nullable=False),
        sa.Column("cents", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("zone", "starts", "what", "currency", name=op.f("pk_daily_figures")),
    )
    op.create_index("ix_daily_figures_starts", "daily_figures", ["starts"])
    op.create_index("ix_daily_figures_ends", "daily_figures", ["ends"])
    _untell()


def _untell() -> None:
    """A day whose row changes, or gets one more, is told no longer."""
    gone = "DELETE FROM daily_figures WHERE starts <= NEW.created_at AND ends > NEW.created_at"
    late = "NEW.created_at < (SELECT max(ends) FROM daily_figures)"
    priced = f"UPDATE OF price, currency ON {TOLD[0]}"
    if op.get_bind().dialect.name == "sqlite":
        for table in TOLD:
            op.execute(f"CREATE TRIGGER {table}_told_late AFTER INSERT ON {table} WHEN {late} BEGIN {gone}; END")
        op.execute(f"CREATE TRIGGER {TOLD[0]}_told_anew AFTER {priced} BEGIN {gone}; END")
        return
    body = f"BEGIN IF {late} THEN {gone}; END IF; RETURN NULL; END"
    op.execute(f"CREATE FUNCTION untell_day() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
    for table in TOLD:
        op.execute(f"CREATE TRIGGER {table}_told_late AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION untell_day()")
    op.execute(f"CREATE TRIGGER {TOLD[0]}_told_anew AFTER {priced} FOR EACH ROW EXECUTE FUNCTION untell_day()")


def _exports() -> None:
    document = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
    big, moment = sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.DateTime(timezone=True)
    op.create_table(
        "exports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("listing", sa.String(length=24), nullable=False),
        sa.Column("wanted", document, nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("format", sa.String(length=4), nullable=False),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("state", sa.Enum(*STATES, name="state", native_enum=False, create_constraint=True, length=24), nullable=False),
        sa.Column("problem", sa.String(length=24), nullable=True),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("written", big, nullable=False),
        sa.Column("size", big, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("lease_until", moment, nullable=True),
        sa.Column("finished_at", moment, nullable=True),
        sa.Column("expires_at", moment, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.CheckConstraint("format IN ('csv', 'xlsx')", name=op.f("ck_exports_format")),
        sa.CheckConstraint("done >= 0 AND written >= 0 AND attempts >= tries", name=op.f("ck_exports_counts")),
        sa.ForeignKeyConstraint(["requested_by"], ["staff_users.id"], name=op.f("fk_exports_requested_by_staff_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
    )
    # One person waits once for one list; the worker finds who waits longest.
    op.create_index("uq_exports_going", "exports", ["requested_by", "fingerprint"], unique=True, sqlite_where=GOING, postgresql_where=GOING)
    op.create_index("ix_exports_queue", "exports", ["created_at"], sqlite_where=GOING, postgresql_where=GOING)
    op.create_index("ix_exports_requested_by_created_at", "exports", ["requested_by", "created_at"])
    op.create_index("ix_exports_expires_at", "exports", ["expires_at"])


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table in TOLD:
        op.execute(f"DROP TRIGGER {table}_told_late" + ("" if sqlite else f" ON {table}"))
    op.execute(f"DROP TRIGGER {TOLD[0]}_told_anew" + ("" if sqlite else f" ON {TOLD[0]}"))
    if not sqlite:
        op.execute("DROP FUNCTION untell_day()")
    op.drop_table("daily_figures")
    op.drop_table("exports")
