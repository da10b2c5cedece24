"""Clients made, changed, put away and brought back, linked to a member; the CPF shown to who may see it.

Two editors never overwrite each other: who saves says which version they saw. A CPF belongs to one living client,
whoever races: a partial unique index is the judge. The audit tells a CPF masked, never in clear.
"""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from webapp.base.clock import now
from webapp.base.crypto import encrypt, keyed_hash, keys_in_force
from webapp.base.db import db, get, upsert
from webapp.base.errors import Conflict, Invalid
from webapp.base.i18n import _
from webapp.base.search import plain
from webapp.domain.audit import trail
from webapp.domain.audit.actors import Actor
from webapp.domain.clients import cpf, drafts
from webapp.domain.clients.models import LIVING, Client
from webapp.domain.users.models import User

PURPOSE = "clients.cpf"
NOTED = {"noted": True, "synchronize_session": False}
UNTOLD = frozenset({"search_text", "search_key", "cpf_encrypted", "cpf_hash", "cpf_keys"})
TABLE = Client.__tablename__


class Duplicate(Invalid):
    """Another living client has this CPF: `other` (None when they went away this very moment)."""

    def __init__(self, other: uuid.UUID | None) -> None:
        super().__init__(fields={"cpf": _("Ya hay un cliente con este CPF.")})
        self.other = other


def create(typed: Mapping[str, Any], *, by: Actor, user: User | None = None, **more: Any) -> Client:
    """A new client, linked to the member `user` when one is told; `typed`: see `drafts.read`. `more` goes to the audit.

    Raises Invalid naming the fields that do not fit, Duplicate when a living client has the CPF.
    """
    told = drafts.read({"name": "", "cpf": "", **typed})
    values = _columns(told) | {"id": uuid.uuid4(), "user_id": user.user_id if user is not None else None}
    values |= {"created_by": by.ref, "created_by_label": by.label[:150]}
    born = upsert(Client).values(values)
    born = born.on_conflict_do_nothing(index_elements=["cpf_hash"], index_where=LIVING).returning(Client.id)
    if db.session.scalar(born, execution_options=NOTED) is None:
        raise Duplicate(_living(values["cpf_hash"]))
    trail.note("create", TABLE, values["id"], by=by, new=_told(values, cpf.masked(told["cpf"])), **more)
    return get_client(values["id"])


def edit(client: Client, typed: Mapping[str, Any], *, version: int, by: Actor) -> bool:
    """Changes what is in `typed` of a client whom the editor saw as `version`; an empty CPF stays as it is. False when
    nothing is different.

    Raises Invalid naming the fields that do not fit, Duplicate (CPF), Conflict when somebody else saved in between or
    put the client away.
    """
    told = drafts.read({name: value for name, value in typed.items() if name != "cpf" or str(value or "").strip()})
    client = get_client(client.id)
    _refuse_put_away(client)
    if client.version != version:
        raise _overtaken()
    values = {name: value for name, value in _columns(told).items() if getattr(client, name) != value}
    if "cpf_hash" not in values:  # the same number, encrypted anew, is no change
        values = {name: value for name, value in values.items() if not name.startswith("cpf_")}
    if not values:
        return False
    old = _told({name: getattr(client, name) for name in values}, client.masked_cpf)
    new = _told(values, cpf.masked(told["cpf"]) if "cpf" in told else "")
    values["version"] = version + 1
    still = (Client.version == version, Client.is_active.is_(True))
    with _unless_taken(values.get("cpf_hash")):
        if not trail.change(Client, client.id, *still, values=values, by=by, old=old, new=new):
            raise _overtaken()
    db.session.refresh(client)
    return True


def remove(client: Client, *, by: Actor) -> bool:
    """Puts a client away: out of every list, to be brought back; their CPF is free. False when they were already."""
    values = {"is_active": False, "deleted_at": now(), "deleted_by": by.ref}
    return _set(client, Client.is_active, values=values, by=by)


def restore(client: Client, *, by: Actor) -> bool:
    """Brings a client back; False when they were never away. Raises Duplicate when their CPF is another's by now."""
    values = {"is_active": True, "deleted_at": None, "deleted_by": None}
    with _unless_taken(client.cpf_hash):
        return _set(client, Client.is_active.is_(False), values=values, by=by)


def link(client: Client, user: User, *, by: Actor) -> bool:
    """Says whose member this client is; False when it was said already. Raises Conflict for one put away."""
    _refuse_put_away(client)
    return _set(client, Client.user_id.is_distinct_from(user.user_id), values={"user_id": user.user_id}, by=by)


def unlink(client: Client, *, by: Actor) -> bool:
    """Says so no longer; False when nobody was linked."""
    return _set(client, Client.user_id.is_not(None), values={"user_id": None}, by=by)


def reveal(client: Client, *, by: Actor) -> str:
    """The CPF in clear, which the audit notes as read."""
    try:
        digits = client.cpf
    except ValueError:
        raise Conflict(_("Falta la clave con que se cifró este CPF (DATA_KEY).")) from None
    trail.note("read", TABLE, client.id, by=by, new={"cpf": client.masked_cpf})
    return cpf.written(digits)


def rekey(*, by: Actor, limit: int = 500) -> int:
    """Encrypts and hashes anew what was written by keys that are being changed; returns how many (0: all is done)."""
    query = select(Client).where(Client.cpf_keys != keys_in_force()).order_by(Client.cpf_keys, Client.id).limit(limit)
    found = db.session.scalars(query.with_for_update().execution_options(populate_existing=True)).all()
    for client in found:
        anew = update(Client).where(Client.id == client.id).values(**_kept(client.cpf), updated_at=client.updated_at)
        db.session.execute(anew, execution_options=NOTED)
    trail.note_alike("rekey", TABLE, [client.id for client in found], by=by)
    return len(found)


def get_client(client_id: uuid.UUID) -> Client:
    """One client as they are now, put away or not. Raises NotFound."""
    known = db.session.get(Client, client_id, populate_existing=True)
    return known if known is not None else get(Client, client_id)


def hash_of(digits: str) -> str:
    """By what a CPF is found."""
    return keyed_hash(digits, PURPOSE)


def _set(client: Client, condition: Any, *, values: Mapping[str, Any], by: Actor) -> bool:
    old = {name: getattr(client, name) for name in values}
    done = trail.change(Client, client.id, condition, values=values, by=by, old=old)
    db.session.refresh(client)
    return done


def _columns(told: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of what was read."""
    values = {name: value for name, value in told.items() if name != "cpf"}
    if "name" in told:
        values["search_text"] = plain(told["name"])
    return values | (_kept(told["cpf"]) if "cpf" in told else {})


def _kept(digits: str) -> dict[str, str]:
    """A CPF as the database keeps it."""
    return {"cpf_encrypted": encrypt(digits), "cpf_hash": hash_of(digits), "cpf_keys": keys_in_force()}


def _told(values: Mapping[str, Any], masked: str) -> dict[str, Any]:
    """What the audit tells of these columns."""
    told = {name: value for name, value in values.items() if name not in UNTOLD}
    return told | ({"cpf": masked} if "cpf_hash" in values else {})


def _living(cpf_hash: str) -> uuid.UUID | None:
    return db.session.scalar(select(Client.id).where(Client.cpf_hash == cpf_hash, Client.deleted_at.is_(None)))


@contextmanager
def _unless_taken(cpf_hash: str | None) -> Iterator[None]:
    """Raises Duplicate when the block would give one CPF to two living clients."""
    try:
        with db.session.begin_nested():
            yield
    except IntegrityError:
        if cpf_hash is None:
            raise
        raise Duplicate(_living(cpf_hash)) from None


def _refuse_put_away(client: Client) -> None:
    if not client.is_active:
        raise Conflict(_("Este cliente está borrado. Restáuralo primero."))


def _overtaken() -> Conflict:
    return Conflict(_("Alguien guardó cambios en este cliente mientras lo editabas."))
