"""One way to write, one way to list."""

import base64
import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from tests.conftest import count
from tests.factories import UserFactory
from webapp.base.db import after_commit, db, get, page, transaction
from webapp.base.errors import NotFound
from webapp.domain.catalog.models import CatalogVersion, Provider
from webapp.domain.users.models import User


def test_what_fails_leaves_nothing(app):
    with pytest.raises(ZeroDivisionError), transaction() as session:
        session.add(Provider(name="a", display_name="A"))
        session.flush()
        _ = 1 / 0
    assert count(Provider) == 0


def test_transactions_are_never_nested(app):
    with pytest.raises(RuntimeError), transaction(), transaction():
        pass


def test_after_commit_runs_once_and_only_after_a_commit(app):
    heard = []

    def hear():
        heard.append(db.session().in_transaction())

    with transaction():
        after_commit(hear)
        after_commit(hear)
        assert heard == []
    assert heard == [False]


def test_after_commit_is_forgotten_with_a_rollback(app):
    heard = []
    with pytest.raises(ZeroDivisionError), transaction():
        after_commit(lambda: heard.append(1))
        _ = 1 / 0
    with transaction():
        pass
    assert heard == []


def test_two_threads_that_read_then_write_lose_no_update(app):
    def add_ten():
        for _ in range(10):
            with app.app_context(), transaction():
                row = db.session.get_one(CatalogVersion, 1, with_for_update=True)
                row.version += 1

    before = db.session.get_one(CatalogVersion, 1).version
    db.session.rollback()
    threads = [threading.Thread(target=add_ten) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    assert db.session.get_one(CatalogVersion, 1).version == before + 40


def test_foreign_keys_hold(app):
    with pytest.raises(IntegrityError), transaction() as session:
        session.add(User(user_id=1, first_name="Ana", referred_by=404))


def test_nobody_there_is_not_found(app):
    with pytest.raises(NotFound):
        get(User, 404)


def test_moments_come_back_aware_in_utc(ana):
    db.session.expire_all()
    assert db.session.get(User, ana.user_id).created_at.tzinfo is UTC


def test_a_moment_without_a_zone_is_refused(app):
    with pytest.raises(Exception, match="without a time zone"), transaction() as session:
        session.add(User(user_id=1, last_seen_at=datetime(2026, 1, 1)))  # noqa: DTZ001


@pytest.mark.parametrize("descending", [True, False])
def test_pages_show_everybody_once_whatever_the_size(app, descending):
    for number in range(7):
        UserFactory(user_id=number + 1, created_at=datetime(2026, 1, 1 + number // 3, tzinfo=UTC))
    seen, after = [], None
    while True:
        found = page(
            select(User), User.created_at, User.user_id, after=after, size=2, descending=descending, scalars=True
        )
        seen += [user.user_id for user in found.rows]
        after = found.after
        if after is None:
            break
    assert seen == sorted(range(1, 8), reverse=descending)


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "W10", "WyJhIiwgMV0", "ñ", "WzEsMiwzXQ"])
def test_a_cursor_that_is_not_ours_starts_at_the_beginning(ana, cursor):
    found = page(select(User), User.created_at, User.user_id, after=cursor, scalars=True)
    assert [user.user_id for user in found.rows] == [ana.user_id]


@pytest.mark.parametrize(
    "values",
    [
        "[" * 20_000,
        "[Infinity, 1]",
        f"[{10**40}, 1]",
        '["2026-01-01T00:00:00", 1]',
        '["0001-01-01T00:00:00+23:59", 1]',
        '["2026-01-01T00:00:00+00:00", 1e300]',
        f'["2026-01-01T00:00:00+00:00", {2**63}]',
        '["2026-01-01T00:00:00+00:00", true]',
    ],
)
def test_a_forged_cursor_starts_at_the_beginning(ana, values):
    forged = base64.urlsafe_b64encode(values.encode()).decode().rstrip("=")
    assert page(select(User), User.created_at, User.user_id, after=forged, scalars=True).rows == [ana]


@pytest.mark.parametrize("text", [r"\ud800", r"\u0000"])
def test_a_forged_cursor_of_text_starts_at_the_beginning(ana, text):
    forged = base64.urlsafe_b64encode(f'["{text}", 1]'.encode()).decode().rstrip("=")
    found = page(select(User), User.search_text, User.user_id, after=forged, scalars=True, descending=False)
    assert found.rows == [ana]
