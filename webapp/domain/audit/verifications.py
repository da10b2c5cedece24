"""Verifications: walks over the chain that the worker does, some rows at a time, while somebody looks on."""

from sqlalchemy import select

from webapp.base import outbox, texts
from webapp.base.clock import now
from webapp.base.db import db, upsert
from webapp.base.i18n import SOURCE, speaking
from webapp.domain.audit import chain, proof, trail
from webapp.domain.audit.actors import SYSTEM, Actor
from webapp.domain.audit.models import AuditVerification


def ask(*, by: Actor) -> AuditVerification:
    """Asks for a verification of all that is sealed now; one that is under way is what is asked for, whoever races."""
    row = AuditVerification
    told = {"up_to": chain.head().seq, "asked_by": by.ref, "asked_by_label": by.label[:150], "created_at": now()}
    asked = upsert(row).values(**told, reached=0, hash=chain.GENESIS, findings=[]).on_conflict_do_nothing()
    fresh = db.session.scalar(asked.returning(row.id))
    if fresh is None:
        going = db.session.scalar(select(row).where(row.finished_at.is_(None)))
        return going or ask(by=by)  # it came to its end this moment
    trail.note("create", row.__tablename__, fresh, by=by, new=told)
    return db.session.get_one(row, fresh)


def latest() -> AuditVerification | None:
    """The last one that was asked for."""
    return db.session.scalar(select(AuditVerification).order_by(AuditVerification.id.desc()).limit(1))


def last_finished() -> AuditVerification | None:
    """The last one that came to its end."""
    row = AuditVerification
    return db.session.scalar(select(row).where(row.finished_at.is_not(None)).order_by(row.id.desc()).limit(1))


def step(chat_id: int | None = None, locale: str = SOURCE) -> int:
    """Goes on with the verification that is under way; returns 1 while there is more to do. What it finds is told to
    the chat that keeps the anchors, in this language."""
    going = _going()
    if going is None:
        return 0
    walk = proof.resume(going.reached, going.hash, going.findings)
    more = proof.step(walk, going.up_to)
    if more:
        going.reached, going.hash, going.findings = walk.reached, walk.hash, walk.told()
        return 1
    proof.finish(walk, going.up_to)
    with trail.watch(going, "update", by=SYSTEM):
        going.reached, going.hash, going.findings = going.up_to, walk.hash, walk.told()
        going.finished_at = now()
    if going.findings and chat_id is not None:
        with speaking(locale):
            words = texts.render("audit/alarm")
        outbox.promise("sendMessage", chat_id, texts.payload(words), dedupe_key=f"audit-alarm:{going.id}")
    return 0


def _going() -> AuditVerification | None:
    """The one under way, held until the transaction ends; None also while another worker holds it."""
    row = AuditVerification
    query = select(row).where(row.finished_at.is_(None)).order_by(row.id).limit(1).with_for_update(skip_locked=True)
    return db.session.scalar(query, execution_options={"populate_existing": True})
