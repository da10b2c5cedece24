"""The databases: one session, one way to write (`transaction`), one way to list (`page`).

SQLite runs in WAL with foreign keys, and writers take the lock when they begin (BEGIN IMMEDIATE); with the default,
deferred mode a transaction that reads and then writes loses updates or fails with "database is locked".
"""

import base64
import enum
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Enum,
    Identity,
    Integer,
    MetaData,
    Select,
    TypeDecorator,
    create_engine,
    event,
    literal,
    tuple_,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import make_url
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Session, mapped_column
from sqlalchemy.sql.elements import ColumnElement

from webapp.base.errors import NotFound
from webapp.base.i18n import _

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


LARGEST, SMALLER = 2**63 - 1, 2**31 - 1  # BIGINT, INTEGER


class AwareUTC(TypeDecorator[datetime]):
    """A moment: aware UTC in Python, TIMESTAMPTZ on PostgreSQL, sortable UTC text on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Model = TypeVar("Model", bound="Base")

BigInt = BigInteger().with_variant(Integer, "sqlite")
Document = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

Key = Annotated[int, mapped_column(BigInt, Identity(), primary_key=True)]


class Base(DeclarativeBase):
    """Every table; constraint names come from the convention, so that a migration can find them again."""

    metadata = MetaData(naming_convention=NAMES)


db = SQLAlchemy(
    model_class=Base, session_options={"expire_on_commit": False, "autoflush": True}, disable_autonaming=True
)


def choice(kind: type[enum.Enum], name: str) -> Enum:
    """Column type for a string enum: VARCHAR with a CHECK called `name`; the value is stored, not the member's name."""
    return Enum(
        kind,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=24,
        values_callable=lambda members: [member.value for member in members],
    )


PATIENCE = 15  # seconds that a statement waits for a lock that another holds
QUEUE = 5  # seconds that somebody waits for a connection while all are in use


def engine_options(url: str) -> dict[str, Any]:
    """How an engine for `url` is pooled: pre-ping and a small pool, patient SQLite."""
    if make_url(url).get_backend_name() == "sqlite":
        return {"connect_args": {"timeout": PATIENCE, "check_same_thread": False}, "hide_parameters": True}
    return {
        "hide_parameters": True,  # what people told us has no place in a traceback
        "pool_size": 6,
        "max_overflow": 4,
        "pool_timeout": QUEUE,
        "pool_pre_ping": True,
        "pool_recycle": 1800,
        "connect_args": {"connect_timeout": 5},
    }


def tune(engine: Engine, synchronous: str = "NORMAL") -> None:
    """Sets SQLite's pragmas and hands the BEGIN over to us; gives PostgreSQL the same patience with locks."""
    if engine.dialect.name != "sqlite":
        event.listen(engine, "connect", _be_patient)
        return

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", f"synchronous={synchronous}", "foreign_keys=ON", "temp_store=MEMORY"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get("vitrina_writing")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _be_patient(connection: Any, _record: Any) -> None:
    """Without a limit a statement waits for ever, and with it the thread that asked. Compiling a statement, which
    PostgreSQL does where it expects many rows, takes up to a second, and ours never last that long."""
    connection.execute(f"SET lock_timeout = '{PATIENCE}s'; SET jit = off")
    connection.commit()


def new_engine(url: str) -> Engine:
    """A tuned engine outside an app: for tests, benches and backups."""
    engine = create_engine(url, **engine_options(url))
    tune(engine)
    return engine


@contextmanager
def transaction() -> Iterator[Session]:
    """One deed: everything inside is committed together, or nothing is.

    Only doors open it, one per deed, never nested. What was asked for with `after_commit` runs once it is durable.
    Raises RuntimeError when nested; otherwise re-raises what the block raises.
    """
    session = db.session()
    if session.info.get("deed"):
        raise RuntimeError("transaction() inside transaction()")
    if session.in_transaction():
        session.commit()  # ends the door's reads, so that the lock is taken by a fresh BEGIN
    session.info["deed"], session.info["after"] = True, []
    try:
        session.info["connection"] = session.connection(execution_options={"vitrina_writing": True})
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        session.info["after"] = []
        raise
    finally:
        session.info["deed"], session.info["connection"] = False, None
    for call in session.info.pop("after", []):
        call()


def connection() -> Connection:
    """The current transaction's connection, for statements that need nothing of the session's machinery."""
    session = db.session()
    return session.info.get("connection") or session.connection()


def after_commit(call: Callable[[], None]) -> None:
    """Runs `call` once after the current transaction is durable, however often asked for; never on a rollback."""
    waiting = db.session().info.setdefault("after", [])
    if call not in waiting:
        waiting.append(call)


def get(model: type[Model], key: Any, **columns: Any) -> Model:
    """The row with primary key `key` (or with these unique `columns` when key is None). Raises NotFound."""
    if key is not None:
        row = db.session.get(model, key)
    else:
        row = db.session.execute(db.select(model).filter_by(**columns)).scalar_one_or_none()
    if row is None:
        raise NotFound(_("No lo encontramos. Puede que ya no exista."))
    return row


def upsert(model: type[Base]) -> Any:
    """`INSERT` that knows ON CONFLICT, for the engine in use."""
    return postgresql.insert(model) if db.engine.dialect.name == "postgresql" else sqlite.insert(model)


@dataclass(frozen=True)
class Page:
    """Some rows of a list, and the cursor that continues after them (None: that was all)."""

    rows: Sequence[Any]
    after: str | None


def page(
    query: Select[Any],
    *keys: InstrumentedAttribute[Any] | ColumnElement[Any],
    after: str | None = None,
    size: int = 20,
    descending: bool = True,
    scalars: bool = False,
) -> Page:
    """Keyset page of `query` ordered by `keys` (the last must be unique), `size` rows after cursor `after`.

    The keys must be among the selected columns, or attributes of the single selected entity (`scalars=True`).
    A cursor that cannot be read counts as none.
    """
    order = [key.desc() if descending else key.asc() for key in keys]
    start = _read_cursor(after, keys)
    if start is not None:
        here, there = tuple_(*keys), tuple_(*start)
        query = query.where(here < there if descending else here > there)
    result = db.session.execute(query.order_by(*order).limit(size + 1))
    rows = list(result.scalars() if scalars else result)
    more = len(rows) > size
    return Page(rows[:size], _cursor(rows[size - 1], keys) if more else None)


def _cursor(row: Any, keys: Sequence[Any]) -> str:
    values = [getattr(row, key.key) for key in keys]
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def _read_cursor(text: str | None, keys: Sequence[Any]) -> list[ColumnElement[Any]] | None:
    """The bound values of a cursor, each typed like its key; None when there is none or it is not one of ours."""
    try:
        values = json.loads(base64.urlsafe_b64decode((text or "") + "=="))
        typed = [_read_value(key.type, value) for key, value in zip(keys, values, strict=True)]
        return [literal(value, key.type) for key, value in zip(keys, typed, strict=True)]
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None


def _read_value(kind: Any, value: Any) -> Any:
    """One value of a cursor, such as the database can compare. Raises ValueError, TypeError or OverflowError."""
    if isinstance(kind, AwareUTC):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("a moment without a time zone")
        return moment.astimezone(UTC)
    if type(value) is not kind.python_type:
        raise TypeError("not what the key is")
    if isinstance(value, int) and abs(value) > (LARGEST if isinstance(kind, BigInteger) else SMALLER):
        raise OverflowError("more than the column holds")
    if isinstance(value, str) and "\0" in value.encode().decode():  # a lone surrogate cannot be encoded
        raise ValueError("no text that a database keeps")
    return value
