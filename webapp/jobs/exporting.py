"""Files that somebody waits for: written one after the other, a page at a time, so that it can be stopped at any page.

No page is read inside a transaction: others who write wait only for the note of how far it is.
"""

import threading
import time
from datetime import timedelta

import structlog
from flask import Flask, current_app
from sqlalchemy.exc import SQLAlchemyError

from webapp.base.db import db, transaction
from webapp.base.files import Files
from webapp.base.i18n import speaking
from webapp.domain.insights import exports
from webapp.domain.insights.models import Export

PAUSE, SWEEP, AGAIN = 1.0, 600.0, timedelta(seconds=30)
RENEW = 10.0
log = structlog.get_logger(__name__)


def keep_writing(app: Flask, stop: threading.Event) -> None:
    """What the worker does beside everything else, until it is told to stop."""
    swept = 0.0
    while not stop.is_set():
        with app.app_context():
            if time.monotonic() - swept > SWEEP or not swept:
                swept = time.monotonic()
                sweep()
            while not stop.is_set() and write_next(stop):
                pass
        stop.wait(PAUSE)


def write_next(stop: threading.Event) -> bool:
    """Writes the file that has waited longest, to its end or until `stop`; False when there is none."""
    made = None
    try:
        with transaction():
            made = exports.claim()
        if made is None:
            return False
        with speaking(made.locale):
            _write(made, stop)
    except (SQLAlchemyError, OSError) as error:
        db.session.rollback()
        log.warning("worker.export_failed", error=type(error).__name__)
        _leave(made)
        return False
    return True


def sweep() -> None:
    """Removes what has lain there for its day."""
    try:
        with transaction():
            exports.forget_old(_files())
    except (SQLAlchemyError, OSError) as error:
        log.warning("worker.export_sweep_failed", error=type(error).__name__)


def _write(made: Export, stop: threading.Event) -> None:
    """Page by page, each noted, then the file itself; another's, or nobody's any more, is let go."""
    exports.begin(made, _files())
    ours, more = _held(made), not exports.is_too_long(made)
    while ours and more:
        if stop.is_set():
            _leave(made, timedelta(0))
            return
        step = exports.write(made, _files())
        db.session.expunge_all()
        db.session.rollback()  # no long reading keeps the database from tidying up
        ours, more = _held(made, step), step.after is not None and not exports.is_too_long(made)
    if ours and exports.is_too_long(made):
        with transaction():
            exports.fail(made, "long")
        ours = False
    if not (ours and _sealed(made)):
        _files().remove(made.file.removesuffix(f".{made.format}"))


def _held(made: Export, step: exports.Step | None = None) -> bool:
    with transaction():
        return exports.hold(made, step)


def _sealed(made: Export) -> bool:
    renewed = time.monotonic()

    def breathe() -> None:
        nonlocal renewed
        if time.monotonic() - renewed > RENEW:
            renewed = time.monotonic()
            _held(made)

    size = exports.seal(made, _files(), breathe)
    with transaction():
        return exports.finish(made, size)


def _leave(made: Export | None, wait: timedelta = AGAIN) -> None:
    """Lets go of the lease, so that it is taken up again; where that cannot be written, it ends by itself."""
    try:
        with transaction():
            if made is not None:
                exports.leave(made, wait)
    except SQLAlchemyError as error:
        log.warning("worker.export_not_left", error=type(error).__name__)


def _files() -> Files:
    files: Files = current_app.extensions["files"]
    return files
