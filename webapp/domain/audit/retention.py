"""Retention: what is old enough leaves, by whole stretches, and never unseen.

A stretch goes when it is signed, its end is known to somebody outside, and the chain was verified a short while ago.
What is left of it are the hashes at both its ends, over which the chain goes on, and a signature that it was pruned.
The database itself refuses any other removal (migration 0013).
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, select

from webapp.base.clock import now
from webapp.base.db import db
from webapp.base.errors import Conflict, Invalid
from webapp.base.i18n import _
from webapp.domain.audit import anchors, chain, trail, verifications
from webapp.domain.audit.actors import Actor
from webapp.domain.audit.models import AuditLog, AuditStretch, AuditText

LEAST = timedelta(days=90)
FRESH = timedelta(hours=36)  # how long a verification is good for
QUIET = {"synchronize_session": False}


def due(before: datetime) -> AuditStretch | None:
    """The oldest stretch left, when all of its rows are older than `before`; held until the transaction ends."""
    row = AuditStretch
    query = select(row).where(row.pruned_at.is_(None)).order_by(row.first_seq).limit(1).with_for_update()
    oldest = db.session.scalar(query, execution_options={"populate_existing": True})
    return oldest if oldest is not None and oldest.last_at is not None and oldest.last_at < before else None


def prune(before: datetime, *, by: Actor) -> int:
    """Removes the oldest stretch when it is over before that moment; returns how many rows went (0: nothing is due).

    Raises Invalid for a moment less than 90 days ago, Conflict while the chain is not verified, or not anchored.
    """
    if before > now() - LEAST:
        raise Invalid(_("Se guardan al menos %(n)s días.", n=LEAST.days))
    stretch = due(before)
    if stretch is None or stretch.last_seq is None:
        return 0
    _refuse_unproved(stretch.last_seq)
    mine = AuditLog.seq.between(stretch.first_seq, stretch.last_seq)
    with trail.watch(stretch, "prune", by=by, rows=stretch.last_seq - stretch.first_seq + 1):
        stretch.pruned_at = now()
        stretch.pruning = chain.sign_pruning(stretch, _key_of(stretch))
    db.session.execute(
        delete(AuditText).where(AuditText.audit_id.in_(select(AuditLog.id).where(mine))), execution_options=QUIET
    )
    gone = db.session.execute(delete(AuditLog).where(mine), execution_options=QUIET)
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _key_of(stretch: AuditStretch) -> bytes:
    """The key that signed it. Raises Conflict when that one is gone."""
    key = chain.held_keys().get(stretch.signed_by or "")
    if key is None:
        raise Conflict(_("La verificación encontró algo: nada se borra hasta que se aclare."))
    return key


def _refuse_unproved(seq: int) -> None:
    """Raises Conflict unless the chain up to this number was verified lately, whole, and is anchored."""
    last = verifications.last_finished()
    if last is None or last.finished_at is None or last.finished_at < now() - FRESH or last.up_to < seq:
        raise Conflict(_("Primero hay que verificar la cadena."))
    if last.findings:
        raise Conflict(_("La verificación encontró algo: nada se borra hasta que se aclare."))
    if anchors.anchored() < seq:
        raise Conflict(_("Falta un ancla fuera de la base de datos: elige un chat en Ajustes."))
