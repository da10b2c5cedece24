"""Reads of the hot paths: plain SQL on one kept connection per thread, in autocommit.

A session's machinery costs more than such a query itself, and on PostgreSQL BEGIN and ROLLBACK are round trips. A kept
connection goes when its engine is disposed; a lost one is replaced, once per question.
"""

import re
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from flask import current_app
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from webapp.base.db import connection, db


class _Kept(threading.local):
    """This thread's connection, and the engine that made it."""

    connection: Any = None
    engine: Engine | None = None
    app: Any = None


_kept = _Kept()


def engine() -> Engine:
    """The engine of the app in force; remembered, since finding it costs as much as a small query."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    if _kept.app is not app:
        forget()
        _kept.app, _kept.engine = app, db.engine
    assert _kept.engine is not None
    return _kept.engine


def rows(sql: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """What the query answers. `sql` names its parameters `:name`; moments are aware datetimes.

    Raises OperationalError when the database cannot be reached.
    """
    here = engine()
    lost = here.dialect.loaded_dbapi.OperationalError
    if here.dialect.name == "sqlite":
        params = {name: _plain(value) for name, value in params.items()}
    else:
        sql = _pyformat(sql)
    try:
        return _ask(here, sql, params)
    except lost:
        forget()
    try:
        return _ask(here, sql, params)
    except lost as error:
        forget()
        raise OperationalError(sql, None, error) from error


def within(sql: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The same on the connection of the session: what the transaction that is open has written, or locked, counts.

    Raises OperationalError when the database cannot be reached.
    """
    here = connection()
    if here.dialect.name == "sqlite":
        params = {name: _plain(value) for name, value in params.items()}
    else:
        sql = _pyformat(sql)
    result = here.exec_driver_sql(sql, params)
    assert result.cursor is not None
    found = result.cursor.fetchall()
    result.close()
    return list(found)


def moment(value: Any) -> datetime | None:
    """A moment as it comes from the database, aware, in UTC."""
    if isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return value.astimezone(UTC) if value else None


def forget() -> None:
    """Closes this thread's connection; the next question opens another."""
    connection, _kept.connection = _kept.connection, None
    if connection is not None:
        connection.close()


def _ask(engine: Engine, sql: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    if _kept.connection is None:
        _kept.connection = _open(engine)
    cursor = _kept.connection.execute(sql, params)
    found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def _open(engine: Engine) -> Any:
    pooled = engine.raw_connection()
    connection: Any = pooled.dbapi_connection
    pooled.detach()
    if engine.dialect.name != "sqlite":
        connection.autocommit = True
    return connection


def _plain(value: Any) -> Any:
    """As SQLite keeps it: a moment as AwareUTC writes it, so that text compares like time; a UUID by its digits."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
    return value.hex if isinstance(value, UUID) else value


@lru_cache(maxsize=256)
def _pyformat(sql: str) -> str:
    return re.sub(r"(?<!:):(\w+)", r"%(\1)s", sql)


@event.listens_for(Engine, "engine_disposed")
def _disposed(engine: Engine) -> None:
    if _kept.engine is engine:
        forget()
