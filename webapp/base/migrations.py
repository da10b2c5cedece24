"""`flask db`, and where the schema stands. Alembic is loaded only where somebody migrates: it weighs 12 MB."""

from functools import cache
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.local import LocalProxy

from webapp.base.db import db
from webapp.base.later import later

flask_migrate = later("flask_migrate")


def init_app(app: Flask) -> None:
    """Adds `flask db`, and the extension that Flask-Migrate's functions look for; both become real when first used."""

    @cache
    def settled() -> Any:
        flask_migrate.Migrate(app, db, render_as_batch=True, compare_type=True)
        return app.extensions["migrate"]

    app.extensions["migrate"] = LocalProxy(settled)
    app.cli.add_command(_Migrations(app))


class _Migrations(click.Command):
    """Stands for Flask-Migrate's group of commands until somebody calls it."""

    def __init__(self, app: Flask) -> None:
        super().__init__("db", help="Migrates the database.")
        self.app = app

    def make_context(self, *told: Any, **more: Any) -> click.Context:
        """The context of the real group, which goes on from here."""
        self.app.extensions["migrate"].directory  # noqa: B018  settles it, and with it the command in our place
        return self.app.cli.commands["db"].make_context(*told, **more)


def standing() -> tuple[str | None, str]:
    """The migration that the database is at (None: nothing was ever migrated), and the newest there is."""
    head = _newest(Path(current_app.root_path).parent / "migrations" / "versions")
    try:
        return db.session.scalar(text("SELECT version_num FROM alembic_version")), head
    except SQLAlchemyError:
        db.session.rollback()
        return None, head


@cache
def _newest(folder: Path) -> str:
    return max(file.name for file in folder.glob("[0-9]*.py")).partition("_")[0]
