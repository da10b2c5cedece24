"""What happens by itself: the worker's beat, the nightly clean-up, a look at the channels every six hours."""

import os
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from functools import cache

import psycopg
import redis
import structlog
from sqlalchemy import delete
from sqlalchemy.exc import SQLAlchemyError

from webapp.base import inbox, leases, outbox
from webapp.base.clock import now
from webapp.base.db import db, transaction
from webapp.base.errors import Conflict
from webapp.config import settings
from webapp.domain.audit import retention, verifications
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.catalog import notices
from webapp.domain.channels import checks
from webapp.domain.channels.models import Channel
from webapp.domain.sessions.models import UserSession
from webapp.domain.settings import config
from webapp.jobs import delivery

QUEUE_AWAY = (redis.RedisError, psycopg.Error, sqlite3.Error, OSError)
KEPT_OUTBOX = timedelta(days=90)
KEPT_SESSIONS = timedelta(days=30)
log = structlog.get_logger(__name__)


@cache
def holder() -> str:
    """This process's name on a lease."""
    return f"worker-{os.getpid()}"


def beat(wake: Callable[[], object]) -> bool:
    """A sign of life, and a wake-up when something is due that nobody was woken for; returns whether something is."""
    try:
        with transaction():
            leases.hold("worker", holder(), 30)
            outbox.release_expired()
            due = outbox.due_now() or notices.are_due()
        if due:
            wake()
    except (SQLAlchemyError, *QUEUE_AWAY) as error:
        log.warning("worker.beat_failed", error=type(error).__name__)
        return False
    return due


def deliver_alone() -> None:
    """Delivers what one round takes, without the queue."""
    try:
        delivery.deliver(once=True)
    except SQLAlchemyError as error:
        log.warning("worker.delivery_failed", error=type(error).__name__)


def look_around() -> None:
    """Asks Telegram what the bot may do in both channels: what it told while nobody listened is known again by then.
    Where somebody is asking just now, they are left alone."""
    with transaction():
        asked = checks.every()
        for kind in Channel:
            channel_id = getattr(config.current(), f"{kind.value}_channel_id")
            busy = kind.value in asked and asked[kind.value].is_recent
            if channel_id is not None and not busy:
                checks.ask_place(kind.value, channel_id, bot_id=settings().bot_id)


def clean() -> None:
    """Removes what nobody needs any more: settled updates after a week, delivered messages after 90 days, sessions
    that ended a month ago."""
    quiet = {"synchronize_session": False}
    with transaction():
        inbox.forget_old()
        old = outbox.OutboxMessage.sent_at < now() - KEPT_OUTBOX
        db.session.execute(delete(outbox.OutboxMessage).where(old), execution_options=quiet)
        ended = UserSession.absolute_expires_at < now() - KEPT_SESSIONS
        db.session.execute(delete(UserSession).where(ended), execution_options=quiet)


def keep_audit() -> None:
    """Every night: what is older than the creator keeps leaves the audit, by what the night before verified; then all
    that is left is verified anew."""
    months = config.current().audit_months
    gone = months is not None
    while gone:
        try:
            with transaction():
                gone = bool(retention.prune(now() - timedelta(days=30.44 * (months or 0)), by=SYSTEM))
        except Conflict as refusal:
            log.warning("audit.not_pruned", why=str(refusal))
            gone = False
    with transaction():
        verifications.ask(by=SYSTEM)
