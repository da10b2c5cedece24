"""The search over everything: a few of each kind, by name, id or @username."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from webapp.base.db import db
from webapp.base.search import matching
from webapp.domain.catalog.models import ContentPackage, UserInterest
from webapp.domain.clients import lists as clients
from webapp.domain.clients.models import Client
from webapp.domain.users import people
from webapp.domain.users.models import User

FEW = 6


def people_like(words: str) -> Sequence[User]:
    """A few people, the newest first."""
    return people.search(words, size=FEW).rows


def packages_like(words: str) -> Sequence[ContentPackage]:
    """A few packages, by name, description or number; what is taken down comes last."""
    which = matching(ContentPackage, words)
    if words.isdecimal() and words.isascii():
        which = which | (ContentPackage.id == int(words[:18]))
    query = select(ContentPackage).where(which).order_by(ContentPackage.is_active.desc(), ContentPackage.id.desc())
    return db.session.scalars(query.limit(FEW)).all()


def clients_like(words: str) -> Sequence[Client]:
    """A few clients by name, or by an e-mail whole; never by a CPF, which is asked for where tries are counted."""
    rows: Sequence[Client] = clients.search(clients.ClientFilter(words), size=FEW).rows
    return rows


def interests_like(words: str) -> Sequence[UserInterest]:
    """A few interests that wait, of the people whom the words find."""
    ids = [user.user_id for user in people_like(words)]
    query = (
        select(UserInterest)
        .where(UserInterest.user_id.in_(ids), UserInterest.is_attended.is_(False), UserInterest.withdrawn_at.is_(None))
        .options(joinedload(UserInterest.user), joinedload(UserInterest.package))
        .order_by(UserInterest.created_at.desc())
    )
    return db.session.scalars(query.limit(FEW)).all()
