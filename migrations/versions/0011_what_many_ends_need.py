"""Of a subscription's periods nothing changes but what was paid for them, of payments nothing, and none is removed;
the outbox finds what is next among hundreds of thousands; an index that another holds goes."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# What may be set anew: what was paid for a period, and, once, which period a payment made with a code was for.
MAY_CHANGE = {"subscription_periods": ("price", "currency"), "manual_payments": ("period_id",)}
ONCE = {"manual_payments": "OLD.period_id IS NOT NULL"}
INDEX, QUEUE = "ix_invitation_tokens_plan_id", "ix_outbox_messages_queue"
WAITS = sa.text("status IN ('ready', 'retry')")


def upgrade() -> None:
    op.drop_index(INDEX, "invitation_tokens")
    op.add_column("invitation_tokens", sa.Column("once", sa.String(length=32), nullable=True))
    op.create_index("uq_invitation_tokens_once", "invitation_tokens", ["once"], unique=True)
    op.create_index(QUEUE, "outbox_messages", ["priority", "id"], sqlite_where=WAITS, postgresql_where=WAITS)
    for table, free in MAY_CHANGE.items():
        _keep(table, free)


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table in MAY_CHANGE:
        for event in ("update", "delete"):
            op.execute(f"DROP TRIGGER {table}_no_{event}" + ("" if sqlite else f" ON {table}"))
        if not sqlite:
            op.execute(f"DROP FUNCTION {table}_append_only()")
    op.drop_index(QUEUE, "outbox_messages")
    op.drop_index("uq_invitation_tokens_once", "invitation_tokens")
    op.drop_column("invitation_tokens", "once")
    op.create_index(INDEX, "invitation_tokens", ["plan_id"])


def _keep(table: str, free: tuple[str, ...]) -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    different = "IS NOT" if sqlite else "IS DISTINCT FROM"
    kept = [one["name"] for one in sa.inspect(op.get_bind()).get_columns(table) if one["name"] not in free]
    changed = [f'NEW."{name}" {different} OLD."{name}"' for name in kept]
    changed = " OR ".join([ONCE[table], *changed] if table in ONCE else changed)
    if sqlite:
        refuse = f"SELECT RAISE(ABORT, '{table} is append-only')"
        op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} WHEN {changed} BEGIN {refuse}; END")
        op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} BEGIN {refuse}; END")
        return
    op.execute(
        f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
    )
    call = f"EXECUTE FUNCTION {table}_append_only()"
    op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({changed}) {call}")
    op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE OR TRUNCATE ON {table} FOR EACH STATEMENT {call}")
