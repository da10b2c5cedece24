"""Two deeds at the same moment, as two people do them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from sqlalchemy import text

from tests.conftest import PATIENCE
from webapp.base.db import db, transaction

WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


@pytest.fixture
def at_once(app):
    """Begins a second deed when the first has done everything but end, which it does once the second has to wait for
    it, or is over where nothing makes it wait; gives what the first gave."""

    def do(first: Callable, second: Callable):
        begun, over = Event(), Event()

        def other():
            with app.app_context():
                try:
                    begun.set()  # on SQLite two transactions that write are never open at once
                    with transaction():
                        second()
                finally:
                    over.set()

        with ThreadPoolExecutor(1) as beside:
            with transaction():
                given = first()
                late = beside.submit(other)
                assert begun.wait(PATIENCE)
                until_it_waits(over)
            late.result()
        db.session.rollback()
        return given

    return do


def until_it_waits(over: Event):
    """Until somebody waits for a lock on PostgreSQL, or is over."""
    if db.engine.dialect.name == "sqlite":
        return
    with db.engine.connect() as beside:
        for _look in range(PATIENCE * 50):
            if over.wait(0.02) or beside.scalar(WAITING):
                return
            beside.rollback()
    raise AssertionError("the second deed neither waits nor ends")
