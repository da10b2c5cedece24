"""Writing the audit: `watch` compares a row before and after a block, `note` tells what a conditional UPDATE did.

Column values are compared, not ORM history, which loses the old value after a flush.
"""

import enum
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, event, insert, inspect, update
from sqlalchemy.orm import ORMExecuteState

from webapp.base.bulk import insert_many
from webapp.base.clock import now
from webapp.base.db import Base, connection, db
from webapp.domain.audit.actors import Actor
from webapp.domain.audit.models import AuditLog

# Built once and without the session's machinery: every deed writes one.
_INSERT = insert(cast("Table", AuditLog.__table__)).inline()
PLAIN = (str, int, bool, float)  # what JSON knows
_hidden: dict[str, frozenset[str]] = {}


def audited(*, hide: tuple[str, ...] = ()) -> Any:
    """Class decorator: rows of this model change only under `watch` or with a `note`.

    A bulk ORM UPDATE or DELETE on it raises unless it says `execution_options(noted=True)`. Columns in `hide` are
    recorded as changed, never by value.
    """

    def mark(model: type[Base]) -> type[Base]:
        _hidden[model.__tablename__] = frozenset(hide)
        return model

    return mark


def audited_tables() -> frozenset[str]:
    """The tables whose rows change only with an audit row."""
    return frozenset(_hidden)


@contextmanager
def watch(thing: Base, action: str, *, by: Actor, reason: str | None = None, **more: Any) -> Iterator[None]:
    """Writes one audit row of what the block changed on `thing`, in the same transaction; none when nothing changed.

    `action`: create, update, delete …; with "create" and "delete" the row is written whatever changed. `more` (JSON
    types) goes to additional_data.
    """
    before = {} if action == "create" else _values(thing)
    yield
    db.session.add(thing)
    db.session.flush()
    after = {} if action == "delete" else _values(thing)
    changed = [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)]
    if not changed and action == "update":
        return
    note(
        action,
        thing.__tablename__,
        _key(thing),
        by=by,
        old={name: before[name] for name in changed if name in before} or None,
        new={name: after[name] for name in changed if name in after} or None,
        reason=reason,
        **more,
    )


def note(
    action: str,
    resource: str,
    resource_id: Any,
    *,
    by: Actor,
    old: Mapping[str, Any] | None = None,
    new: Mapping[str, Any] | None = None,
    reason: str | None = None,
    **more: Any,
) -> None:
    """Writes one audit row for `resource` (a table's name) and its key, in the current transaction."""
    hidden = _hidden.get(resource, frozenset())
    row = _deed(action, resource, by, reason) | {
        "resource_id": str(resource_id),
        "old_values": _plain(old, hidden),
        "new_values": _plain(new, hidden),
        "additional_data": _plain(_more(more, by), frozenset()),
    }
    connection().execute(_INSERT, row)


def change(
    model: type[Base],
    key: Any,
    *conditions: ColumnElement[bool],
    values: Mapping[str, Any],
    by: Actor,
    old: Mapping[str, Any] | None = None,
    new: Mapping[str, Any] | None = None,
    **more: Any,
) -> bool:
    """Sets `values` on the row with this key while all `conditions` hold, and notes it: `old`, and `new` (`values` when
    it is not told). False when they hold no longer: nothing was changed, and nothing noted."""
    primary = model.__mapper__.primary_key[0]
    changed = update(model).where(primary == key, *conditions).values(**values).returning(primary)
    if db.session.scalar(changed, execution_options={"noted": True, "synchronize_session": False}) is None:
        return False
    note("update", model.__tablename__, key, by=by, old=old, new=values if new is None else new, **more)
    return True


def note_many(
    action: str,
    resource: str,
    changes: Iterable[tuple[Any, Mapping[str, Any] | None, Mapping[str, Any] | None]],
    *,
    by: Actor,
    reason: str | None = None,
) -> None:
    """Writes one audit row for each of many things that a deed has changed: (key, old values, new values)."""
    hidden = _hidden.get(resource, frozenset())
    rows = [
        {"resource_id": str(key), "old_values": _plain(old, hidden), "new_values": _plain(new, hidden)}
        for key, old, new in changes
    ]
    insert_many(AuditLog, rows, **_deed(action, resource, by, reason), additional_data=_more({}, by), at=now())


def note_alike(
    action: str,
    resource: str,
    keys: Iterable[Any],
    *,
    by: Actor,
    old: Mapping[str, Any] | None = None,
    new: Mapping[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """The same for many things whose change was the same."""
    hidden = _hidden.get(resource, frozenset())
    values: dict[str, Any] = {"old_values": _plain(old, hidden), "new_values": _plain(new, hidden)}
    rows = [{"resource_id": str(key)} for key in keys]
    insert_many(
        AuditLog, rows, **_deed(action, resource, by, reason), **values, additional_data=_more({}, by), at=now()
    )


def told(thing: Base) -> dict[str, Any]:
    """What a row is now, as the audit tells it."""
    return _plain(_values(thing), _hidden.get(thing.__tablename__, frozenset())) or {}


def _more(more: Mapping[str, Any], by: Actor) -> Mapping[str, Any] | None:
    """What else there is to tell; a deed that takes another back names its row."""
    return {**more, **({"undoes": by.undoes} if by.undoes is not None else {})} or None


def _deed(action: str, resource: str, by: Actor, reason: str | None) -> dict[str, Any]:
    """The columns that say who did what, and from where."""
    return {
        "actor_type": by.kind,
        "actor_id": by.id,
        "actor_label": by.label[:150],
        "action": action,
        "resource_type": resource,
        "ip_address": by.ip,
        "user_agent": by.agent[:500] if by.agent else None,
        "session_id": by.session,
        "request_id": by.request,
        "reason": reason,
    }


def _key(thing: Base) -> Any:
    identity = inspect(thing).identity
    return identity[0] if identity else None


def _values(thing: Base) -> dict[str, Any]:
    state = inspect(thing)
    return {attribute.columns[0].name: getattr(thing, attribute.key) for attribute in state.mapper.column_attrs}


def _plain(values: Mapping[str, Any] | None, hidden: frozenset[str]) -> dict[str, Any] | None:
    if values is None:
        return None
    return {name: "•••" if name in hidden and value is not None else _json(value) for name, value in values.items()}


def _json(value: Any) -> Any:
    if value is None or value.__class__ in PLAIN:
        return value
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal | uuid.UUID):
        return str(value)
    return value


@event.listens_for(db.session, "do_orm_execute")
def _no_silent_bulk(state: ORMExecuteState) -> None:
    if not (state.is_update or state.is_delete) or state.execution_options.get("noted"):
        return
    mapper = state.bind_mapper
    table = mapper.class_.__tablename__ if mapper is not None else None
    if table in _hidden:
        raise RuntimeError(f"bulk change of {table} without an audit row")
