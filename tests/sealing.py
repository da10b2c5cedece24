"""Rows to seal, and somebody who can write to the database as they like."""

from sqlalchemy import text

from webapp.base.db import db, transaction
from webapp.domain.audit import chain, trail
from webapp.domain.audit.actors import SYSTEM

GUARDS = {
    "audit_logs": ("no_update", "no_delete", "whole_seal"),
    "audit_stretches": ("no_update", "no_delete", "born"),
    "audit_anchors": ("no_update", "no_delete", "born"),
}


def write(count: int) -> None:
    """So many rows, not sealed."""
    with transaction():
        for number in range(count):
            trail.note("update", "things", number, by=SYSTEM, old={"name": "Otoño"}, new={"name": f"Invierno {number}"})


def seal() -> int:
    """Seals what there is."""
    with transaction():
        return chain.seal()


def forge(*statements: str, **values: object) -> None:
    """Runs statements as somebody who owns the database and puts the triggers aside."""
    db.session.rollback()
    with db.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            for table, names in GUARDS.items():
                for name in names:
                    connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_{name}"))
        for statement in statements:
            used = {name: value for name, value in values.items() if f":{name}" in statement}
            connection.execute(text(statement), used)
    db.session.expire_all()
