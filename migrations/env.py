"""How Alembic runs: on the app's own engine, with what autogenerate must not touch left out."""

from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import JSON

from webapp.base.db import AwareUTC, Base

SEARCH_INDEX = "_fts"  # SQLite's search tables and their shadows are made by hand in migrations


def _mine(_thing: Any, name: str | None, kind: str, _reflected: bool, _compared: Any) -> bool:
    if kind == "table":
        return SEARCH_INDEX not in (name or "")
    return not (kind == "index" and (name or "").endswith("_trgm"))


def _no_empty(_context: Any, _revision: Any, directives: list[Any]) -> None:
    if getattr(context.config.cmd_opts, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
        directives[:] = []


def _spelled(kind: str, thing: Any, _context: Any) -> str | bool:
    """Our own column types are written as what they are to the database."""
    if kind == "type" and isinstance(thing, AwareUTC):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(thing, JSON):
        return "sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql')"
    return False


def run() -> None:
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect() as connection:
        sqlite = engine.dialect.name == "sqlite"
        if sqlite:  # a table is rebuilt by dropping it, which must not cascade
            connection.connection.dbapi_connection.execute("PRAGMA foreign_keys=OFF")
        try:
            context.configure(
                connection=connection,
                target_metadata=Base.metadata,
                include_object=_mine,
                render_item=_spelled,
                process_revision_directives=_no_empty,
                transaction_per_migration=True,
                **current_app.extensions["migrate"].configure_args,
            )
            with context.begin_transaction():
                context.run_migrations()
            connection.commit()
        finally:
            if sqlite:
                connection.connection.dbapi_connection.execute("PRAGMA foreign_keys=ON")


run()
