"""Members who were sold to before: a list read and shown first, then made a few at a time, each line once.

A line names somebody by Telegram id or @username, and says until when (a date, days, or a plan's days). Whom the bot
never met waits until they open it: see adoptions.py. An import counts no money: when it was paid nobody knows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import func, insert, select

from webapp.base import outbox, sheets
from webapp.base.clock import now
from webapp.base.db import Page, db, get, page
from webapp.base.errors import Conflict, Invalid
from webapp.base.i18n import _
from webapp.base.search import plain
from webapp.base.sheets import ImportState
from webapp.base.words import clean
from webapp.domain.audit import trail
from webapp.domain.audit.actors import Actor
from webapp.domain.channels import lines, members, plans, subscriptions
from webapp.domain.channels.lines import Line
from webapp.domain.channels.models import ENDED, OPEN, ChannelState, Status, SubscriptionPlan, VIPSubscriber
from webapp.domain.channels.plans import GIFT, Sale
from webapp.domain.channels.records import ImportedMember, MemberImport, RowState
from webapp.domain.settings import config
from webapp.domain.users.models import RoleChangeReason, User

MOST = 20_000
STEP = 50  # lines in a transaction: others who write wait for so many
CHUNK = 500
EXISTING = ("skip", "extend")


@dataclass
class Prepared:
    """A list as read, before anything is kept: each line with its state."""

    file_name: str
    lines: Sequence[Line]
    states: list[RowState] = field(default_factory=list)
    had_access: list[bool] = field(default_factory=list)


def read(file_name: str, data: bytes) -> Prepared:
    """Reads a sheet, and finds out of each line who it is. Writes nothing. Raises Invalid (file) for what is none."""
    rows = sheets.read(data, most=MOST + 1)
    places = lines.heads(rows[0][1])
    zone, known = config.current().time_zone, {plain(plan.name): plan.id for plan in plans.every()}
    found = [lines.read(number, cells, places, known, zone) for number, cells in rows[1:]]
    if not found:
        raise Invalid(fields={"file": _("El archivo tiene títulos pero ninguna persona.")})
    return _judge(Prepared(clean(file_name)[:120] or "lista.csv", _met(found)))


def keep(prepared: Prepared, *, by: Actor) -> MemberImport:
    """Keeps a list as read, to be looked at; nobody gets anything yet."""
    made = MemberImport(
        file_name=prepared.file_name, total=len(prepared.lines), by=by.ref, by_label=by.label[:150], existing="skip"
    )
    with trail.watch(made, "create", by=by):
        db.session.add(made)
    told = zip(prepared.lines, prepared.states, prepared.had_access, strict=True)
    rows = [_row(made.id, *one) for one in told]
    for place in range(0, len(rows), CHUNK):
        db.session.execute(insert(ImportedMember), rows[place : place + CHUNK])
    return made


def begin(made: MemberImport, existing: str, *, by: Actor) -> None:
    """A person has looked at the list: it is to be made. `existing`: what to do with those who have access: "skip" or
    "extend". Does nothing while it runs already. Raises Conflict for one that is over, Invalid (existing)."""
    if existing not in EXISTING:
        raise Invalid(fields={"existing": _("Elige qué hacer con quienes ya tienen acceso.")})
    values = {"state": ImportState.RUNNING, "existing": existing}
    begun = trail.change(MemberImport, made.id, MemberImport.state == ImportState.READ, values=values, by=by)
    if not begun and _state(made.id) is not ImportState.RUNNING:
        raise Conflict(_("Esta lista ya terminó."))


def step(made: MemberImport, *, by: Actor, limit: int = STEP) -> int:
    """Makes the next lines of a list that runs, in the current transaction; returns how many were looked at, 0 when
    there are no more and it is done. Two who do it at once take different lines."""
    made = _held(made.id)
    if made.state is not ImportState.RUNNING:
        return 0
    row = ImportedMember
    query = select(row).where(row.import_id == made.id, row.state == RowState.READY).order_by(row.line).limit(limit)
    found = db.session.scalars(query.with_for_update().execution_options(populate_existing=True)).all()
    for one in found:
        give(one, get(User, one.user_id or 0), made, by=by)
    if not found:
        with trail.watch(made, "update", by=by):
            made.state, made.finished_at = ImportState.DONE, now()
    return len(found)


def cancel(made: MemberImport, *, by: Actor) -> bool:
    """Stops a list: what was made stays, nothing more is made, nobody who waits is taken in; False when it was over."""
    going = MemberImport.state.in_((ImportState.READ, ImportState.RUNNING))
    values = {"state": ImportState.CANCELLED, "finished_at": now()}
    return trail.change(MemberImport, made.id, going, values=values, by=by)


def give(row: ImportedMember, user: User, made: MemberImport, *, by: Actor) -> VIPSubscriber | None:
    """Gives somebody what their line says; None when they are left as they are (the line says so). The row is held."""
    mine = subscriptions.of(user.user_id)
    row.done_at, row.claimed_by = now(), user.user_id
    if user.is_blocked or user.erased_at is not None:
        row.state, row.problem = RowState.WRONG, "blocked"
        return None
    if row.until is not None and row.until <= now():
        row.state, row.problem = RowState.WRONG, "late"
        return None
    if mine is not None and mine.status is Status.PAUSED and row.until is not None and made.existing != "skip":
        row.state, row.problem = RowState.WRONG, "paused"  # a date would move when the time runs again
        return None
    if mine is not None and mine.status not in ENDED and made.existing == "skip":
        row.state, row.had_access = RowState.SKIPPED, True
        return None
    row.state = RowState.DONE
    note, reason = _("Importado de %(file)s", file=made.file_name), RoleChangeReason.ADMIN_GRANTED
    terms, nothing = _terms(row), Decimal(0)
    subscriber = subscriptions.add(user, terms, by=by, reason=reason, note=note, paid=nothing, until=row.until)
    _place(subscriber, row)
    return subscriber


def every(after: str | None = None, size: int = 25) -> Page:
    """The lists that were sent, the newest first."""
    row = MemberImport
    return page(select(row), row.created_at, row.id, after=after, size=size, scalars=True)


def rows_of(made: MemberImport, state: RowState | None, *, after: str | None = None, size: int = 50) -> Page:
    """The lines of a list in their order, those in one state or all, each with its person's names (None: not met)."""
    row = ImportedMember
    columns: tuple[Any, ...] = (*row.__table__.c, User.first_name, User.last_name)
    query: Any = select(*columns).outerjoin(User, User.user_id == func.coalesce(row.claimed_by, row.user_id))
    query = query.where(row.import_id == made.id, *([row.state == state] if state else []))
    return page(query, row.line, row.id, after=after, size=size, descending=False)


def counts(made: MemberImport) -> dict[str, int]:
    """How many lines are in each state; "existing": of those ready, how many have access already. One query."""
    row = ImportedMember
    query = select(row.state, row.had_access, func.count()).where(row.import_id == made.id)
    found = dict.fromkeys([*(state.value for state in RowState), "existing"], 0)
    for state, had, count in db.session.execute(query.group_by(row.state, row.had_access)):
        found[state.value] += count
        found["existing"] += count if had and state is RowState.READY else 0
    return found


def _met(found: Sequence[Line]) -> Sequence[Line]:
    """Lines that name somebody by a @username of one whom the bot has met name them by id, too."""
    names = {line.username for line in found if line.username and not line.problem}
    ids: dict[str, set[int]] = {}
    query = select(User.username, User.user_id).where(func.lower(User.username).in_(names))
    for name, user_id in db.session.execute(query) if names else ():  # all at once: no index knows names in small
        ids.setdefault(str(name).lower(), set()).add(user_id)
    return [_with_id(line, ids.get(line.username or "", set())) for line in found]


def _with_id(line: Line, ids: set[int]) -> Line:
    """Two people whom we knew by one name: who has it now shows when they open the bot."""
    return Line(**{**line.__dict__, "user_id": next(iter(ids))}) if len(ids) == 1 and line.user_id is None else line


def _judge(prepared: Prepared) -> Prepared:
    """What each line is: wrong, of somebody named before, of somebody known, or of somebody we have not met."""
    ids = {line.user_id for line in prepared.lines if line.user_id is not None}
    met: dict[int, bool] = {}
    access: set[int] = set()
    for some in _chunks(ids):
        kept_out = User.is_blocked | User.erased_at.is_not(None)
        met |= {user_id: bool(out) for user_id, out in db.session.execute(
            select(User.user_id, kept_out).where(User.user_id.in_(some)))}  # fmt: skip
        open_ = (VIPSubscriber.user_id.in_(some), VIPSubscriber.status.in_((*OPEN, Status.PAUSED)))
        access |= set(db.session.scalars(select(VIPSubscriber.user_id).where(*open_)))
    seen: set[Any] = set()
    judged = []
    for line in prepared.lines:
        key = line.user_id if line.user_id is not None else line.username
        problem = line.problem or ("twice" if key in seen else "blocked" if met.get(line.user_id or 0) else None)
        seen.add(key)
        judged.append(Line(**{**line.__dict__, "problem": problem}))
        known = RowState.READY if line.user_id in met else RowState.WAITING
        prepared.states.append(RowState.WRONG if problem else known)
        prepared.had_access.append(line.user_id in access)
    prepared.lines = judged
    return prepared


def _row(import_id: int, line: Line, state: RowState, had_access: bool) -> dict[str, Any]:
    facts = {"line": line.number, "typed": line.typed, "user_id": line.user_id, "username": line.username}
    facts |= {"until": line.until, "days": line.days, "plan_id": line.plan_id, "problem": line.problem}
    return {"import_id": import_id, "state": state, "had_access": had_access, **facts}


def _terms(row: ImportedMember) -> Sale:
    plan = db.session.get(SubscriptionPlan, row.plan_id) if row.plan_id is not None else None
    days = row.days or (plan.duration_days if plan and row.until is None else 0)
    if row.until is not None:
        days = max(1, -((now() - row.until).days))
    if plan is None:
        return Sale(GIFT, days, Decimal(0), config.current().currency)
    return Sale(plan.name, days, plan.price, plan.currency, plan.id)


def _place(subscriber: VIPSubscriber, row: ImportedMember) -> None:
    """Where an imported member stands: most are in the channel already. Until Telegram says, they count as invited, so
    that they can ask for their link, and leave at their end."""
    channel_id = config.current().vip_channel_id
    if channel_id is None or subscriber.channel_state is not ChannelState.NONE:
        return
    if members.is_inside(channel_id, subscriber.user_id):
        subscriber.channel_state, subscriber.vip_entry_stage = ChannelState.MEMBER, None
        subscriber.status = Status.ACTIVE
        return
    subscriber.channel_state = ChannelState.INVITED
    call = {"chat_id": channel_id, "user_id": subscriber.user_id}
    outbox.promise("getChatMember", None, call, dedupe_key=f"where:{row.id}", priority=-1)


def _state(import_id: int) -> ImportState | None:
    return db.session.scalar(select(MemberImport.state).where(MemberImport.id == import_id))


def _held(import_id: int) -> MemberImport:
    query = select(MemberImport).where(MemberImport.id == import_id).with_for_update()
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def _chunks(values: Iterable[Any]) -> Iterable[list[Any]]:
    told = list(values)
    return (told[place : place + CHUNK] for place in range(0, len(told), CHUNK))
