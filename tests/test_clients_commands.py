"""`flask clients rekey`: every CPF written by the keys in force, as often as it is asked."""

from sqlalchemy import select

from tests.factories import ClientFactory
from webapp.base.crypto import keys_in_force
from webapp.base.db import db
from webapp.domain.clients.models import Client


def test_whatever_other_keys_wrote_is_written_anew_once(app):
    for keys in ("old.old", "old.old", keys_in_force()):
        ClientFactory(cpf_keys=keys)
    told = [app.test_cli_runner().invoke(args=["clients", "rekey"]).output.strip() for _ in range(2)]
    assert told == ["2 clients", "0 clients"]
    db.session.rollback()
    db.session.expire_all()
    assert set(db.session.scalars(select(Client.cpf_keys))) == {keys_in_force()}
