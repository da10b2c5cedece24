"""Lists of clients that somebody sends: read and shown first, then made a few at a time, each line once.

What was sent lies encrypted in one piece, and is gone as soon as the list is over; of a line that cannot be made only
its number and the reason stay. Who is a client already is left as they are.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select

from webapp.base import sheets
from webapp.base.clock import now
from webapp.base.crypto import decrypt, encrypt
from webapp.base.db import Page, db, page
from webapp.base.errors import Conflict, Invalid
from webapp.base.i18n import _, lazy_gettext
from webapp.base.sheets import ImportState
from webapp.base.words import clean
from webapp.domain.audit import trail
from webapp.domain.audit.actors import Actor
from webapp.domain.clients import clients, cpf, drafts
from webapp.domain.clients.clients import Duplicate
from webapp.domain.clients.models import Client, ClientImport

MOST = 20_000
STEP = 50  # lines in a transaction: others who write wait for so many
CHUNK = 500
COLUMNS = ("name", "cpf", "birth_date", "email", "phone", "notes")
NAMES = {
    "name": ("nombre", "nombre completo", "name", "full name", "nome", "nome completo", "cliente", "client"),
    "cpf": ("cpf", "documento"),
    "birth_date": ("nacimiento", "fecha de nacimiento", "nascimento", "data de nascimento", "birth date", "birth_date"),
    "email": ("correo", "email", "e-mail", "correo electronico"),
    "phone": ("telefono", "phone", "telefone", "celular"),
    "notes": ("notas", "nota", "notes", "observaciones", "observacoes"),
}
KNOWN = {name: column for column, names in NAMES.items() for name in names}
PROBLEMS = {
    "name": lazy_gettext("El nombre tiene entre 2 y 100 caracteres, y ningún CPF."),
    "cpf": lazy_gettext("Ese CPF no existe: revisa sus 11 números."),
    "birth_date": lazy_gettext("La fecha de nacimiento no se entiende, o no da entre 16 y 120 años."),
    "email": lazy_gettext("El correo no parece válido."),
    "phone": lazy_gettext("El teléfono tiene de 7 a 15 números."),
    "notes": lazy_gettext("Las notas son demasiado largas, o llevan un CPF."),
    "twice": lazy_gettext("Este CPF ya está en otra línea."),
    "known": lazy_gettext("Ya es cliente: se queda como está."),
}


@dataclass(frozen=True)
class Line:
    """A line as read: its cells as typed, and the `problem` (a key of PROBLEMS) that keeps it from being made."""

    number: int
    typed: Mapping[str, str]
    problem: str | None = None

    @property
    def masked_cpf(self) -> str:
        """Its CPF as it may be shown; what is none is not shown either."""
        try:
            return cpf.masked(cpf.read(self.typed["cpf"]))
        except ValueError:
            return "–"


@dataclass(frozen=True)
class Prepared:
    """A list as read, before anything is kept."""

    file_name: str
    lines: Sequence[Line]


def read(file_name: str, data: bytes) -> Prepared:
    """Reads a sheet, and finds what is wrong of each line. Writes nothing. Raises Invalid (file) for what is none."""
    rows = sheets.read(data, most=MOST + 1)
    places = sheets.heads(rows[0][1], KNOWN)
    if not {"name", "cpf"} <= places.keys():
        raise Invalid(fields={"file": _("La primera fila nombra las columnas: nombre y cpf, y las demás que tengas.")})
    told = [(number, {name: sheets.cell(cells, places.get(name)) for name in COLUMNS}) for number, cells in rows[1:]]
    if not told:
        raise Invalid(fields={"file": _("El archivo tiene títulos pero ningún cliente.")})
    return Prepared(clean(file_name)[:120] or "lista.csv", _judged([_read(*one) for one in told]))


def keep(prepared: Prepared, *, by: Actor) -> ClientImport:
    """Keeps a list as read, to be looked at; nobody is made a client yet."""
    lines = [[line.number, *(line.typed[name][:4000] for name in COLUMNS)] for line in prepared.lines]
    problems = [[line.number, line.problem] for line in prepared.lines if line.problem]
    listed = ClientImport(file_name=prepared.file_name, total=len(lines), problems=problems, body=_closed(lines))
    listed.by, listed.by_label = by.ref, by.label[:150]
    with trail.watch(listed, "create", by=by):
        db.session.add(listed)
    return listed


def begin(listed: ClientImport, *, by: Actor) -> None:
    """A person has looked at the list: it is to be made. Does nothing while it runs already. Raises Conflict for one
    that is over."""
    values = {"state": ImportState.RUNNING}
    begun = trail.change(ClientImport, listed.id, ClientImport.state == ImportState.READ, values=values, by=by)
    if not begun and _held(listed.id).state is not ImportState.RUNNING:
        raise Conflict(_("Esta lista ya terminó."))


def step(listed: ClientImport, *, by: Actor, limit: int = STEP) -> int:
    """Makes the next lines of a list that runs, in the current transaction; returns how many were looked at, 0 when
    there are no more and it is done. Two who do it at once take different lines."""
    listed = _held(listed.id)
    if listed.state is not ImportState.RUNNING:
        return 0
    wrong = dict(listed.problems)
    some = [line for line in _opened(listed) if line.number > listed.reached][:limit]
    problems = {line.number: _make(line, listed, by=by) for line in some if line.number not in wrong}
    with trail.watch(listed, "update", by=by):
        if not some:
            listed.state, listed.finished_at, listed.body = ImportState.DONE, now(), None
        else:
            listed.reached = some[-1].number
            listed.made += sum(problem is None for problem in problems.values())
            late = [[number, problem] for number, problem in problems.items() if problem]
            listed.problems = sorted([*listed.problems, *late]) if late else listed.problems
    return len(some)


def cancel(listed: ClientImport, *, by: Actor) -> bool:
    """Stops a list: who was made a client stays one, nobody more becomes one; False when it was over."""
    going = ClientImport.state.in_((ImportState.READ, ImportState.RUNNING))
    values = {"state": ImportState.CANCELLED, "finished_at": now(), "body": None}
    return trail.change(ClientImport, listed.id, going, values=values, by=by)


def every(after: str | None = None, size: int = 25) -> Page:
    """The lists that were sent, the newest first."""
    row = ClientImport
    return page(select(row), row.created_at, row.id, after=after, size=size, scalars=True)


def lines_of(
    listed: ClientImport, *, wrong: bool = False, after: int = 0, size: int = 50
) -> tuple[list[Line], int | None]:
    """(the lines of a list behind line `after`, the number of the last when there are more); `wrong`: those alone that
    cannot be made. Of a list that is over nothing stays but the numbers of those."""
    problems = dict(listed.problems)
    blank = dict.fromkeys(COLUMNS, "")
    known = _opened(listed) or [Line(number, blank) for number in sorted(problems)]
    told = [replace(line, problem=problems.get(line.number)) for line in known if line.number > after]
    told = [line for line in told if line.problem] if wrong else told
    return told[:size], told[size - 1].number if len(told) > size else None


def _read(number: int, typed: Mapping[str, str]) -> Line:
    try:
        drafts.read(typed)
    except Invalid as fault:
        return Line(number, typed, next(iter(fault.fields)))
    return Line(number, typed)


def _judged(lines: Sequence[Line]) -> list[Line]:
    """The lines, those too told that name somebody named before, or a client."""
    hashes = {line.number: clients.hash_of(cpf.read(line.typed["cpf"])) for line in lines if not line.problem}
    asked, known = list(hashes.values()), set()
    for place in range(0, len(asked), CHUNK):
        some = Client.cpf_hash.in_(asked[place : place + CHUNK])
        known |= set(db.session.scalars(select(Client.cpf_hash).where(some, Client.deleted_at.is_(None))))
    seen: set[str] = set()
    judged = []
    for line in lines:
        found = hashes.get(line.number, "")
        problem = line.problem or ("twice" if found in seen else "known" if found in known else None)
        seen.add(found)
        judged.append(replace(line, problem=problem))
    return judged


def _make(line: Line, listed: ClientImport, *, by: Actor) -> str | None:
    """Makes somebody a client; what kept them from it, else None."""
    try:
        clients.create(line.typed, by=by, list=listed.id)
    except Duplicate:
        return "known"
    except Invalid as fault:
        return next(iter(fault.fields))
    return None


def _closed(lines: list[list[Any]]) -> str:
    return encrypt(json.dumps(lines, ensure_ascii=False, separators=(",", ":")))


def _opened(listed: ClientImport) -> list[Line]:
    """The lines as they were sent; none of a list that is over. Raises Conflict when their key is gone."""
    if listed.body is None:
        return []
    try:
        told = json.loads(decrypt(listed.body))
    except ValueError:
        raise Conflict(_("Falta la clave con que se cifró esta lista (DATA_KEY). Súbela otra vez.")) from None
    return [Line(number, dict(zip(COLUMNS, cells, strict=True))) for number, *cells in told]


def _held(import_id: int) -> ClientImport:
    query = select(ClientImport).where(ClientImport.id == import_id).with_for_update()
    return db.session.scalars(query.execution_options(populate_existing=True)).one()
