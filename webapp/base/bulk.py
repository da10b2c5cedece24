"""Many rows in one statement, for deeds on thousands at once.

The rows travel as one JSON document, which the database takes apart itself: a fraction of what a statement for each, or
a thousand parameters, would cost. Columns without a default in the database must be told.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import ARRAY, BigInteger, any_, bindparam, column, func, select, text

from webapp.base.db import Base, connection, db

Rows = Sequence[Mapping[str, Any]]


def insert_many(model: type[Base], rows: Rows, *, once: str | None = None, **shared: Any) -> None:
    """Inserts rows that name the same columns, in the current transaction, in their order; `shared` are the columns
    that are the same in all. `once`: the unique column by which those that are there already are left alone."""
    if not rows:
        return
    names = ", ".join(f'"{name}"' for name in (*rows[0], *shared))
    values = ", ".join((*(f'told."{name}"' for name in rows[0]), *(f":{name}" for name in shared)))
    ending = f"ON CONFLICT ({once}) DO NOTHING" if once else ""
    table = model.__tablename__
    told = _told(model, rows[0])
    _run(model, f"INSERT INTO {table} ({names}) SELECT {values} FROM {told} WHERE true {ending}", rows, shared)  # noqa: S608


def update_many(model: type[Base], rows: Rows, *, key: str = "id", **shared: Any) -> None:
    """Sets the named columns of the rows with these keys, which the caller holds, in the current transaction."""
    if not rows:
        return
    values = [f'"{name}" = told."{name}"' for name in rows[0] if name != key] + [
        f'"{name}" = :{name}' for name in shared
    ]
    table = model.__tablename__
    same = f'{table}."{key}" = told."{key}"'
    _run(model, f"UPDATE {table} SET {', '.join(values)} FROM {_told(model, rows[0])} WHERE {same}", rows, shared)  # noqa: S608


def among(which: Any, keys: Collection[int]) -> Any:
    """`column IN (…)` for many integers, passed as a single parameter."""
    told = list(keys)
    if _is_postgresql():
        return which == any_(bindparam(None, told, ARRAY(BigInteger), unique=True))
    return which.in_(select(column("value")).select_from(func.json_each(orjson.dumps(told).decode())))


def _run(model: type[Base], statement: str, rows: Rows, shared: Mapping[str, Any]) -> None:
    table: Any = model.__table__
    typed = [bindparam(name, value, type_=table.c[name].type) for name, value in shared.items()]
    how = None if _is_postgresql() else orjson.OPT_PASSTHROUGH_DATETIME
    document = orjson.dumps(list(rows), default=_moment, option=how).decode()
    connection().execute(text(statement).bindparams(bindparam("rows", document), *typed))


def _told(model: type[Base], row: Mapping[str, Any]) -> str:
    """The rows as a table `told` whose columns have the types of the model's."""
    if _is_postgresql():
        return f"json_populate_recordset(NULL::{model.__tablename__}, CAST(:rows AS json)) AS told"
    parts = ", ".join(f"json_extract(value, '$.{name}') AS \"{name}\"" for name in row)
    return f"(SELECT {parts} FROM json_each(:rows)) AS told"  # noqa: S608


def _moment(value: datetime) -> str:
    """As SQLite keeps it; see AwareUTC."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _is_postgresql() -> bool:
    return db.engine.dialect.name == "postgresql"
