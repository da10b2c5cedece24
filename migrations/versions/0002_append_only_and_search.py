"""Rows that nobody can change or remove, the search indexes, and the two one-row tables."""

from datetime import datetime, timezone

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = ("audit_logs", "user_role_change_log")
SEALED = ("seq", "prev_hash", "row_hash")
SEARCHED = {"users": "user_id", "content_packages": "id"}


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table in APPEND_ONLY:
        (_guard_sqlite if sqlite else _guard_postgresql)(table)
    for table, key in SEARCHED.items():
        (_search_sqlite if sqlite else _search_postgresql)(table, key)
    moment = datetime.now(timezone.utc)
    config = sa.table("bot_config", *(sa.column(name) for name in ("id", "creator_name", "time_zone", "currency")))
    config.append_column(sa.column("category_labels", sa.JSON))
    config.append_column(sa.column("texts", sa.JSON))
    config.append_column(sa.column("updated_at", sa.DateTime(timezone=True)))
    first = {"id": 1, "creator_name": "Vitrina", "time_zone": "America/Mexico_City", "currency": "MXN"}
    op.bulk_insert(config, [first | {"category_labels": {}, "texts": {}, "updated_at": moment}])
    op.bulk_insert(sa.table("catalog_version", sa.column("id"), sa.column("version")), [{"id": 1, "version": 1}])


def downgrade() -> None:
    op.execute("DELETE FROM catalog_version")
    op.execute("DELETE FROM bot_config")
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table in SEARCHED:
        if sqlite:
            for event in ("insert", "update", "delete"):
                op.execute(f"DROP TRIGGER {table}_fts_{event}")
            op.execute(f"DROP TABLE {table}_fts")
        else:
            op.execute(f"DROP INDEX ix_{table}_search_trgm")
    for table in APPEND_ONLY:
        for event in ("update", "delete"):
            op.execute(f"DROP TRIGGER {table}_no_{event}" + ("" if sqlite else f" ON {table}"))
        if not sqlite:
            op.execute(f"DROP FUNCTION {table}_append_only()")


def _kept(table: str) -> list[str]:
    """The columns that may never change; sealing fills the others, once."""
    columns = [column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)]
    return [name for name in columns if name not in SEALED] if table == "audit_logs" else columns


def _may_seal(table: str, different: str) -> str:
    """The condition under which an UPDATE is refused."""
    if table != "audit_logs":
        return "1 = 1"
    changed = " OR ".join(f'NEW."{name}" {different} OLD."{name}"' for name in _kept(table))
    return f"OLD.row_hash IS NOT NULL OR {changed}"


def _guard_sqlite(table: str) -> None:
    refuse = f"SELECT RAISE(ABORT, '{table} is append-only')"
    when = _may_seal(table, "IS NOT")
    op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} WHEN {when} BEGIN {refuse}; END")
    op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} BEGIN {refuse}; END")


def _guard_postgresql(table: str) -> None:
    op.execute(
        f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
    )
    when = _may_seal(table, "IS DISTINCT FROM")
    call = f"EXECUTE FUNCTION {table}_append_only()"
    op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({when}) {call}")
    op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE OR TRUNCATE ON {table} FOR EACH STATEMENT {call}")


def _search_sqlite(table: str, key: str) -> None:
    fts = f"{table}_fts"
    op.execute(
        f"CREATE VIRTUAL TABLE {fts} USING fts5(search_text, content='{table}', content_rowid='{key}', "
        "tokenize='trigram')"
    )
    add = f"INSERT INTO {fts}(rowid, search_text) VALUES (new.{key}, new.search_text)"
    remove = f"INSERT INTO {fts}({fts}, rowid, search_text) VALUES ('delete', old.{key}, old.search_text)"
    op.execute(f"CREATE TRIGGER {fts}_insert AFTER INSERT ON {table} BEGIN {add}; END")
    op.execute(f"CREATE TRIGGER {fts}_delete AFTER DELETE ON {table} BEGIN {remove}; END")
    op.execute(
        f"CREATE TRIGGER {fts}_update AFTER UPDATE OF search_text ON {table} "
        f"WHEN old.search_text IS NOT new.search_text BEGIN {remove}; {add}; END"
    )
    op.execute(f"INSERT INTO {fts}(rowid, search_text) SELECT {key}, search_text FROM {table}")


def _search_postgresql(table: str, _key: str) -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.execute(f"CREATE INDEX ix_{table}_search_trgm ON {table} USING gin (search_text gin_trgm_ops)")
