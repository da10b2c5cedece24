"""What is asked of the clients: a list by name or e-mail, whoever has a CPF, those of a member."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import joinedload

from webapp.base.db import Page, db, page
from webapp.base.search import matching
from webapp.domain.clients import clients, cpf
from webapp.domain.clients.models import Client

SORTS = ("name", "-name", "-created", "created")
FEW = 20


@dataclass(frozen=True)
class ClientFilter:
    """Which clients, in which order. `words`: of the name, or an e-mail whole; `deleted`: those put away."""

    words: str = ""
    deleted: bool = False
    sort: str = SORTS[0]


def search(wanted: ClientFilter, *, after: str | None = None, size: int = 25) -> Page:
    """A page of clients, each with the member they are linked to."""
    query = select(Client).where(*_conditions(wanted)).options(joinedload(Client.user))
    key = Client.search_text if wanted.sort.endswith("name") else Client.created_at
    down = wanted.sort.startswith("-")
    return page(query, key, Client.search_key, after=after, size=size, descending=down, scalars=True)


def count(wanted: ClientFilter, *, most: int = 10_001) -> int:
    """How many there are, counted up to `most`."""
    some = select(Client.id).where(*_conditions(wanted)).limit(most).subquery()
    return db.session.scalar(select(func.count()).select_from(some)) or 0


def with_cpf(digits: str) -> Sequence[Client]:
    """Everybody who has this CPF: the living one first, then those put away, the latest first."""
    query = select(Client).where(Client.cpf_hash == clients.hash_of(digits)).options(joinedload(Client.user))
    return db.session.scalars(query.order_by(Client.is_active.desc(), Client.created_at.desc()).limit(FEW)).all()


def of_member(user_id: int) -> Sequence[Client]:
    """The clients that are linked to a member, those put away left out."""
    query = select(Client).where(Client.user_id == user_id, Client.deleted_at.is_(None))
    return db.session.scalars(query.order_by(Client.created_at, Client.id).limit(FEW)).all()


def _conditions(wanted: ClientFilter) -> list[ColumnElement[bool]]:
    """A number is no name, and finds nobody: a CPF is asked for by `with_cpf` alone."""
    words = wanted.words.strip()
    if "@" in words:  # told by `deleted_at`, lest SQLite walk the index of all the living in its order
        away = Client.deleted_at.is_not(None) if wanted.deleted else Client.deleted_at.is_(None)
        return [Client.email == words.casefold(), away]
    found: list[ColumnElement[bool]] = [Client.is_active == (not wanted.deleted)]
    if words:
        found.append(Client.id.is_(None) if cpf.may_be(words) else matching(Client, words))
    return found
