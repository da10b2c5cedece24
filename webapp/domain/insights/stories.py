"""What there is to tell of one person, and of those who wait longest."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from webapp.base.db import db
from webapp.domain.audit.models import AuditLog
from webapp.domain.catalog.models import UserInterest
from webapp.domain.sessions import devices
from webapp.domain.sessions.models import UserSession
from webapp.domain.users import roles
from webapp.domain.users.models import User, UserRoleChangeLog

LONGEST = 50


@dataclass(frozen=True)
class Story:
    """One person: roles, interests, devices, and what they did or was done to them. Each at most 50, newest first."""

    roles: Sequence[UserRoleChangeLog]
    interests: Sequence[UserInterest]
    sessions: Sequence[UserSession]
    activity: Sequence[AuditLog]


def story(user: User) -> Story:
    """The whole story of a person. Five queries."""
    return Story(roles.history(user, LONGEST), _interests(user), devices.of(user_id=user.user_id), _activity(user))


def longest_waiting(limit: int = 6) -> Sequence[UserInterest]:
    """The interests that have waited longest, with their person and package."""
    query = (
        select(UserInterest)
        .where(UserInterest.is_attended.is_(False), UserInterest.withdrawn_at.is_(None))
        .options(joinedload(UserInterest.user), joinedload(UserInterest.package))
        .order_by(UserInterest.created_at, UserInterest.id)
    )
    return db.session.scalars(query.limit(limit)).all()


def _interests(user: User) -> Sequence[UserInterest]:
    query = select(UserInterest).where(UserInterest.user_id == user.user_id).options(joinedload(UserInterest.package))
    return db.session.scalars(
        query.order_by(UserInterest.created_at.desc(), UserInterest.id.desc()).limit(LONGEST)
    ).all()


def _activity(user: User) -> Sequence[AuditLog]:
    """By them and about them: two questions, each with its own index, merged here."""
    key = str(user.user_id)
    log = AuditLog
    found: dict[int, AuditLog] = {}
    for mine in (
        (log.actor_type == "user", log.actor_id == key),
        (log.resource_type == User.__tablename__, log.resource_id == key),
    ):
        query = select(log).where(*mine).order_by(log.id.desc()).limit(LONGEST)
        found |= {row.id: row for row in db.session.scalars(query)}
    return [found[number] for number in sorted(found, reverse=True)][:LONGEST]
