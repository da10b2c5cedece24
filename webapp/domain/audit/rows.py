"""What is asked of the audit: its rows by who, what, which thing, when and which words; one row and all of its request.

Newest first, by (at, id): each filter has an index that ends so, and a page costs the same among a million rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, column, exists, func, select, table, text
from sqlalchemy.orm import InstrumentedAttribute

from webapp.base.bulk import among
from webapp.base.db import Page, db, page
from webapp.base.search import matching, plain
from webapp.domain.audit.models import AuditLog, AuditText

FEW = 2000  # so many rows that hold the words are looked up; more are met soon on the way
DENIED = ("denied", "login_failed", "code_failed", "sudo_failed")
LONGEST = 50
ROW = AuditLog


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which rows. `actor_type` alone means everybody of that kind; `since`, `until`: half-open, aware; `words` are
    looked for in values, reasons and names; `denied`: what was refused."""

    actor_type: str = ""
    actor_id: str = ""
    action: str = ""
    resource: str = ""
    resource_id: str = ""
    since: datetime | None = None
    until: datetime | None = None
    words: str = ""
    request: str = ""
    denied: bool = False


def search(wanted: Filter, *, after: str | None = None, size: int = 50) -> Page:
    """A page of rows, newest first."""
    query: Select[Any] = select(ROW).where(*_conditions(wanted))
    return page(query, ROW.at, ROW.id, after=after, size=size, scalars=True)


def count(wanted: Filter, *, most: int) -> int:
    """How many rows there are, up to `most`."""
    some = select(ROW.id).where(*_conditions(wanted)).limit(most).subquery()
    return db.session.scalar(select(func.count()).select_from(some)) or 0


def get_row(row_id: int) -> AuditLog | None:
    """One row; None when it is not there (any more)."""
    return db.session.get(AuditLog, row_id)


def of_request(row: AuditLog, limit: int = LONGEST) -> Sequence[AuditLog]:
    """The other rows of the same request, in their order."""
    if not row.request_id:
        return []
    query = select(ROW).where(ROW.request_id == row.request_id, ROW.id != row.id)
    return db.session.scalars(query.order_by(ROW.id).limit(limit)).all()


def undone_by(row: AuditLog) -> AuditLog | None:
    """The row with which a deed took this one back."""
    same = (ROW.resource_type == row.resource_type, ROW.resource_id == row.resource_id)
    says = ROW.additional_data["undoes"].as_string() == str(row.id)
    return db.session.scalar(select(ROW).where(*same, ROW.id > row.id, says).order_by(ROW.id).limit(1))


def is_searchable(words: str) -> bool:
    """Whether words are long enough to be looked for."""
    return any(len(word) >= 3 for word in plain(words).split())


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.actor_id:
        found += [ROW.actor_type == wanted.actor_type, ROW.actor_id == wanted.actor_id]
    elif wanted.actor_type:
        found.append(_loosely(ROW.actor_type, wanted.actor_type))
    if wanted.resource_id:
        found += [ROW.resource_type == wanted.resource, ROW.resource_id == wanted.resource_id]
    elif wanted.resource:
        found.append(ROW.resource_type == wanted.resource)
    if wanted.denied:
        found.append(ROW.action.in_(DENIED))
    if wanted.action:
        found.append(ROW.action == wanted.action)
    if wanted.request:
        found.append(ROW.request_id == wanted.request)
    if wanted.since:
        found.append(ROW.at >= wanted.since)
    if wanted.until:
        found.append(ROW.at < wanted.until)
    if is_searchable(wanted.words):
        found.append(_holding(wanted.words))
    return found


def _loosely(which: InstrumentedAttribute[str], value: str) -> ColumnElement[bool]:
    """Equal, by no index: one with three kinds is walked faster in the order of the list than found and sorted."""
    return which.concat("") == value


def _holding(words: str) -> ColumnElement[bool]:
    """Rows that hold the words: looked up where they are few, asked of each row on the way where they are many."""
    found = select(AuditText.audit_id).where(matching(AuditText, words)).limit(FEW + 1)
    ids = db.session.scalars(found).all()
    if len(ids) <= FEW:
        return among(ROW.id, ids) if ids else ROW.id < 0
    if db.engine.dialect.name == "sqlite":
        index = table("audit_texts_fts", column("rowid"))
        quoted = " AND ".join(f'"{word}"' for word in _long(words))
        asked = and_(text("audit_texts_fts MATCH :audit_words").bindparams(audit_words=quoted), index.c.rowid == ROW.id)
        return exists(select(index.c.rowid).where(asked))
    texts = [AuditText.search_text.contains(word, autoescape=True) for word in _long(words)]
    return exists().where(AuditText.audit_id == ROW.id, *texts)


def _long(words: str) -> list[str]:
    return [word[:64].replace('"', '""') for word in plain(words).split()[:8] if len(word) >= 3]
