"""How a row for a test is made: in a transaction of its own, or in the one that is open."""

from contextlib import nullcontext
from typing import Any

import factory.random
from factory.alchemy import SQLAlchemyModelFactory

from webapp.base.db import db, transaction

LOCALE = "es_MX"
SEED = "vitrina"


def start_over() -> None:
    """From here on the same names come in the same order."""
    factory.random.reseed_random(SEED)


class Factory(SQLAlchemyModelFactory):
    """Makes rows that are valid by default."""

    class Meta:
        abstract = True
        sqlalchemy_session_factory = lambda: db.session  # noqa: E731

    @classmethod
    def _save(cls, model_class, session, args, kwargs):
        """A transaction of its own: with other writers about, SQLite lets nobody write who has begun by reading."""
        row = model_class(*args, **kwargs)
        with transaction() if not session().info.get("deed") else nullcontext():
            session.add(row)
            session.flush()
        return row


class OneRow(Factory):
    """Of a table with one row, which the migrations made: changes it."""

    class Meta:
        abstract = True

    @classmethod
    def _save(cls, model_class, session, args, kwargs):
        with transaction() if not session().info.get("deed") else nullcontext():
            row: Any = session.get_one(model_class, 1)
            for name, value in kwargs.items():
                setattr(row, name, value)
            session.flush()
        return row
