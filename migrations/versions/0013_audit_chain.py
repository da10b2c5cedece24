"""The audit's chain: its stretches, anchors and verifications; what of the audit is searched; rows leave it only with a
stretch that is signed, anchored and pruned; each filter of the list finds its page at once."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
MOMENT = sa.DateTime(timezone=True)
LOGS, STRETCHES, ANCHORS, TEXTS = "audit_logs", "audit_stretches", "audit_anchors", "audit_texts"
SEALED = ("seq", "prev_hash", "row_hash")
CLOSING = ("last_seq", "last_hash", "signed_by", "signature", "first_at", "last_at", "pruned_at")
TOLD = ("message_id", "told_at")
UNSEALED = sa.text("row_hash IS NULL")
OLD_INDEXES = (("actor_type", "actor_id", "id"), ("action", "id"), ("at",))
NEW_INDEXES = (
    ("resource_type", "at", "id"), ("actor_type", "actor_id", "at", "id"), ("action", "at", "id"), ("at", "id"),
)  # fmt: skip
CHECK = ("ck_bot_config_audit_months", "audit_months BETWEEN 3 AND 240")


def upgrade() -> None:
    _tables()
    sqlite = op.get_bind().dialect.name == "sqlite"
    _indexes(OLD_INDEXES, NEW_INDEXES)
    op.create_index("ix_audit_logs_unsealed", LOGS, ["id"], sqlite_where=UNSEALED, postgresql_where=UNSEALED)
    with op.batch_alter_table("bot_config") as config:
        config.add_column(sa.Column("audit_chat_id", KEY, nullable=True))
        config.add_column(sa.Column("audit_months", sa.Integer(), nullable=True))
        config.create_check_constraint(op.f(CHECK[0]), CHECK[1])
    _drop_delete_guard(sqlite)
    (_guard_sqlite if sqlite else _guard_postgresql)()
    (_search_sqlite if sqlite else _search_postgresql)()


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    names = [f"{LOGS}_no_delete", f"{LOGS}_whole_seal"]
    names += [f"{table}_{what}" for table in (STRETCHES, ANCHORS) for what in ("no_update", "no_delete", "born")]
    tables = [LOGS] * 2 + [STRETCHES] * 3 + [ANCHORS] * 3
    for name, table in zip(names, tables, strict=True):
        op.execute(f"DROP TRIGGER {name}" + ("" if sqlite else f" ON {table}"))
    if sqlite:
        for event in ("insert", "update", "delete"):
            op.execute(f"DROP TRIGGER {TEXTS}_fts_{event}")
        op.execute(f"DROP TABLE {TEXTS}_fts")
        refuse = f"SELECT RAISE(ABORT, '{LOGS} is append-only')"
        op.execute(f"CREATE TRIGGER {LOGS}_no_delete BEFORE DELETE ON {LOGS} BEGIN {refuse}; END")
    else:
        op.execute(f"DROP TRIGGER {LOGS}_no_truncate ON {LOGS}")
        for name in (f"{LOGS}_may_go", f"{STRETCHES}_kept", f"{ANCHORS}_kept"):
            op.execute(f"DROP FUNCTION {name}()")
        call = f"EXECUTE FUNCTION {LOGS}_append_only()"
        op.execute(f"CREATE TRIGGER {LOGS}_no_delete BEFORE DELETE OR TRUNCATE ON {LOGS} FOR EACH STATEMENT {call}")
    with op.batch_alter_table("bot_config") as config:
        config.drop_constraint(op.f(CHECK[0]), type_="check")
        config.drop_column("audit_months")
        config.drop_column("audit_chat_id")
    op.drop_index("ix_audit_logs_unsealed", LOGS)
    _indexes(NEW_INDEXES, OLD_INDEXES)
    for table in (TEXTS, "audit_verifications", ANCHORS, STRETCHES):
        op.drop_table(table)


def _tables() -> None:
    op.create_table(
        STRETCHES,
        sa.Column("id", KEY, sa.Identity(), nullable=False),
        sa.Column("first_seq", KEY, nullable=False),
        sa.Column("last_seq", KEY, nullable=True),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("last_hash", sa.String(length=64), nullable=True),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("signed_by", sa.String(length=16), nullable=True),
        sa.Column("signature", sa.String(length=64), nullable=True),
        sa.Column("first_at", MOMENT, nullable=True),
        sa.Column("last_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("pruned_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_stretches")),
        sa.UniqueConstraint("first_seq", name=op.f("uq_audit_stretches_first_seq")),
        sa.UniqueConstraint("last_seq", name=op.f("uq_audit_stretches_last_seq")),
    )
    op.create_index(op.f("ix_audit_stretches_last_at"), STRETCHES, ["last_at"])
    op.create_table(
        ANCHORS,
        sa.Column("id", KEY, sa.Identity(), nullable=False),
        sa.Column("seq", KEY, nullable=False),
        sa.Column("row_hash", sa.String(length=64), nullable=False),
        sa.Column("chat_id", KEY, nullable=True),
        sa.Column("message_id", KEY, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_anchors")),
    )
    op.create_index(op.f("ix_audit_anchors_seq"), ANCHORS, ["seq"])
    op.create_table(
        "audit_verifications",
        sa.Column("id", KEY, sa.Identity(), nullable=False),
        sa.Column("up_to", KEY, nullable=False),
        sa.Column("reached", KEY, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=True),
        sa.Column("findings", DOCUMENT, nullable=False),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        sa.Column("asked_by_label", sa.String(length=150), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_verifications")),
    )
    op.create_table(
        TEXTS,
        sa.Column("audit_id", KEY, autoincrement=False, nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("audit_id", name=op.f("pk_audit_texts")),
    )


def _indexes(gone: tuple[tuple[str, ...], ...], made: tuple[tuple[str, ...], ...]) -> None:
    for columns in gone:
        op.drop_index(f"ix_{LOGS}_" + "_".join(columns), LOGS)
    for columns in made:
        op.create_index(f"ix_{LOGS}_" + "_".join(columns), LOGS, list(columns))


def _drop_delete_guard(sqlite: bool) -> None:
    op.execute(f"DROP TRIGGER {LOGS}_no_delete" + ("" if sqlite else f" ON {LOGS}"))


def _different(table: str, but: tuple[str, ...], sign: str) -> str:
    """Some column changes that is not one of these."""
    names = [one["name"] for one in sa.inspect(op.get_bind()).get_columns(table) if one["name"] not in but]
    return " OR ".join(f'NEW."{name}" {sign} OLD."{name}"' for name in names)


def _refused(sign: str) -> tuple[str, str, str, str]:
    """When a change of a row is refused: of the audit, of a stretch, of an anchor; and how a removal is allowed."""
    half = " OR ".join(f"NEW.{name} IS NULL" for name in SEALED)
    told = f"EXISTS (SELECT 1 FROM {ANCHORS} WHERE {ANCHORS}.seq >= OLD.last_seq AND {ANCHORS}.told_at IS NOT NULL)"
    whole = " AND ".join(f"NEW.{name} IS NOT NULL" for name in CLOSING[:-1])
    closes = f"(OLD.last_seq IS NULL AND {whole} AND NEW.pruned_at IS NULL)"
    prunes = (
        f"(OLD.signature IS NOT NULL AND OLD.pruned_at IS NULL AND NEW.pruned_at IS NOT NULL"
        f" AND NOT ({_different(STRETCHES, ('pruned_at',), sign)}) AND {told})"
    )
    stretch = f"({_different(STRETCHES, CLOSING, sign)}) OR NOT ({closes} OR {prunes})"
    anchor = f"({_different(ANCHORS, TOLD, sign)}) OR OLD.told_at IS NOT NULL OR NEW.told_at IS NULL"
    goes = (
        f"EXISTS (SELECT 1 FROM {STRETCHES} WHERE {STRETCHES}.pruned_at IS NOT NULL"
        f" AND {STRETCHES}.first_seq <= OLD.seq AND {STRETCHES}.last_seq >= OLD.seq)"
    )
    return half, stretch, anchor, goes


# A stretch begins open, behind the one before; an anchor begins untold, or was told to an operator at once.
BEGINS = (
    "NEW.last_seq IS NOT NULL OR NEW.signature IS NOT NULL OR NEW.pruned_at IS NOT NULL OR "
    f"NEW.first_seq <= (SELECT COALESCE(MAX({STRETCHES}.last_seq), 0) FROM {STRETCHES})"
)
SAID = (
    "(NEW.told_at IS NOT NULL AND NEW.chat_id IS NOT NULL) OR "
    f"NOT EXISTS (SELECT 1 FROM {LOGS} WHERE {LOGS}.seq = NEW.seq AND {LOGS}.row_hash = NEW.row_hash)"
)


def _guard_sqlite() -> None:
    half, stretch, anchor, goes = _refused("IS NOT")

    def trigger(name: str, event: str, table: str, when: str) -> None:
        refuse = f"SELECT RAISE(ABORT, '{table} is append-only')"
        condition = f"WHEN {when}" if when else ""
        op.execute(f"CREATE TRIGGER {table}_{name} BEFORE {event} ON {table} {condition} BEGIN {refuse}; END")

    trigger("no_delete", "DELETE", LOGS, f"NOT {goes}")
    trigger("whole_seal", "UPDATE", LOGS, half)
    trigger("no_update", "UPDATE", STRETCHES, stretch)
    trigger("no_update", "UPDATE", ANCHORS, anchor)
    trigger("born", "INSERT", STRETCHES, BEGINS)
    trigger("born", "INSERT", ANCHORS, SAID)
    for table in (STRETCHES, ANCHORS):
        trigger("no_delete", "DELETE", table, "")


def _guard_postgresql() -> None:
    half, stretch, anchor, goes = _refused("IS DISTINCT FROM")

    def function(name: str, table: str, body: str) -> None:
        fail = f"RAISE EXCEPTION '{table} is append-only'"
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} {fail}; END $$"
        )

    def kept(table: str, born: str, changed: str) -> None:
        """No WHEN may look into another table: the function does."""
        body = (
            f"IF TG_OP = 'INSERT' THEN IF NOT ({born}) THEN RETURN NEW; END IF; END IF; "
            f"IF TG_OP = 'UPDATE' THEN IF NOT ({changed}) THEN RETURN NEW; END IF; END IF;"
        )
        function(f"{table}_kept", table, body)
        call = f"EXECUTE FUNCTION {table}_kept()"
        op.execute(f"CREATE TRIGGER {table}_born BEFORE INSERT ON {table} FOR EACH ROW {call}")
        op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW {call}")
        op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE OR TRUNCATE ON {table} FOR EACH STATEMENT {call}")

    function(f"{LOGS}_may_go", LOGS, f"IF {goes} THEN RETURN OLD; END IF;")
    op.execute(f"CREATE TRIGGER {LOGS}_no_delete BEFORE DELETE ON {LOGS} FOR EACH ROW EXECUTE FUNCTION {LOGS}_may_go()")
    refuse = f"EXECUTE FUNCTION {LOGS}_append_only()"
    op.execute(f"CREATE TRIGGER {LOGS}_no_truncate BEFORE TRUNCATE ON {LOGS} FOR EACH STATEMENT {refuse}")
    op.execute(f"CREATE TRIGGER {LOGS}_whole_seal BEFORE UPDATE ON {LOGS} FOR EACH ROW WHEN ({half}) {refuse}")
    kept(STRETCHES, BEGINS, stretch)
    kept(ANCHORS, SAID, anchor)


def _search_sqlite() -> None:
    fts = f"{TEXTS}_fts"
    op.execute(
        f"CREATE VIRTUAL TABLE {fts} USING fts5(search_text, content='{TEXTS}', content_rowid='audit_id', "
        "tokenize='trigram')"
    )
    add = f"INSERT INTO {fts}(rowid, search_text) VALUES (new.audit_id, new.search_text)"
    remove = f"INSERT INTO {fts}({fts}, rowid, search_text) VALUES ('delete', old.audit_id, old.search_text)"
    op.execute(f"CREATE TRIGGER {fts}_insert AFTER INSERT ON {TEXTS} BEGIN {add}; END")
    op.execute(f"CREATE TRIGGER {fts}_delete AFTER DELETE ON {TEXTS} BEGIN {remove}; END")
    op.execute(f"CREATE TRIGGER {fts}_update AFTER UPDATE OF search_text ON {TEXTS} BEGIN {remove}; {add}; END")


def _search_postgresql() -> None:
    op.execute(f"CREATE INDEX ix_{TEXTS}_search_trgm ON {TEXTS} USING gin (search_text gin_trgm_ops)")
