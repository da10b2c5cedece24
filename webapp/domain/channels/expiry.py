"""The sweep that ends what is over, by the database's clock; with a brake, so that a wrong clock empties no channel."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select, text, update

from webapp.base.clock import now
from webapp.base.db import db, upsert
from webapp.base.errors import Conflict
from webapp.base.i18n import _
from webapp.domain.audit import trail
from webapp.domain.audit.actors import SYSTEM, Actor
from webapp.domain.channels import ends, reminders
from webapp.domain.channels.ends import Over
from webapp.domain.channels.models import HAS_ACCESS, OPEN, ExpulsionRun, Status, VIPSubscriber
from webapp.domain.settings import config
from webapp.domain.users import people
from webapp.domain.users.models import User

BATCH = 600  # others who write wait as long as one of these takes
FEW = 10  # so many may always leave at once, whatever share that is
MANY = 100_000


@dataclass(frozen=True)
class Due:
    """How many subscriptions are over now, of how many that have access."""

    over: int
    members: int

    @property
    def too_many(self) -> bool:
        """Whether the brake holds so many."""
        settings = config.current()
        share = 100 * self.over > settings.brake_share * self.members
        return self.over > FEW and (self.over > settings.brake_most or share)


def sweep(limit: int = BATCH) -> int:
    """Ends at most `limit` subscriptions whose time (and grace) is over, in the current transaction; returns how many.

    When more are due at once than the brake allows, nobody is touched until a person says `release`. Whoever is being
    changed by somebody else at this moment is left to the next sweep.
    """
    if not _may_run():
        return 0
    moment = now()
    last = moment - _grace()
    found = [Over(*one) for one in db.session.execute(_held(limit, moment))]
    ends.into_grace([one for one in found if one.expiry_date > last])
    ends.end([one for one in found if one.expiry_date <= last])
    db.session.flush()
    db.session.expire_all()  # the rows have changed behind the objects that stand for them
    return len(found)


def due() -> Due:
    """What a sweep would end now: its preview."""
    row = VIPSubscriber
    over = select(row.id).where(_ended(now())).limit(MANY).subquery()
    members = db.session.scalar(select(func.count()).select_from(row).where(row.status.in_(OPEN))) or 0
    return Due(db.session.scalar(select(func.count()).select_from(over)) or 0, members)


def braked() -> ExpulsionRun | None:
    """The run that waits for a person; None when the brake is not on."""
    return db.session.scalar(select(ExpulsionRun).where(ExpulsionRun.state == "braked"))


def release(run: ExpulsionRun, *, by: Actor, seen: int | None = None) -> None:
    """A person has looked: those who are due now may leave, and the sweep goes on; a crowd that becomes due after them
    is held again. `seen`: how many they saw. Raises Conflict when it was decided before, or many more are due now."""
    row, over = ExpulsionRun, due().over
    if seen is not None and over > seen + FEW:
        raise Conflict(_("Ya se hizo, o alguien lo cambió. Mira cómo está ahora."))
    decided = update(row).where(row.id == run.id, row.state == "braked")
    decided = decided.values(state="released", due=over, decided_by=by.ref, decided_at=now()).returning(row.id)
    done = db.session.scalar(decided, execution_options={"noted": True, "synchronize_session": False})
    if done is None:
        raise Conflict(_("Alguien ya lo decidió."))
    db.session.refresh(run)
    new = {"state": "released", "due": over}
    trail.note("update", row.__tablename__, run.id, by=by, old={"state": "braked"}, new=new)


def _may_run() -> bool:
    """Looks at the brake; sets it, once, when it must hold."""
    run = braked()
    if run is None and (_are_few() or _released()):
        return True
    standing = due()
    if run is not None:
        if standing.too_many:
            return False
        with trail.watch(run, "update", by=SYSTEM):  # dates were corrected meanwhile
            run.state, run.decided_at, run.decided_by = "cleared", now(), SYSTEM.ref
        return True
    if not standing.too_many:
        return True
    values: dict[str, Any] = {"state": "braked", "due": standing.over, "members": standing.members}
    made = upsert(ExpulsionRun).values(values).on_conflict_do_nothing().returning(ExpulsionRun.id)
    run_id = db.session.scalar(made)
    if run_id is not None:
        trail.note("create", ExpulsionRun.__tablename__, run_id, by=SYSTEM, new=values)
        for admin in people.reachable_admins():
            reminders.write(admin, "channels/braked", f"braked:{run_id}:{admin.user_id}", due=standing)
    return False


def _are_few() -> bool:
    """Whether no brake asks how many there are: what nearly every sweep finds."""
    some = select(VIPSubscriber.id).where(_ended(now())).limit(FEW + 1).subquery()
    return (db.session.scalar(select(func.count()).select_from(some)) or 0) <= FEW


def _released() -> bool:
    """Whether the last run was released within the hour: what it let go is still being ended, and not many more."""
    row = ExpulsionRun
    newest = db.session.scalar(select(row).order_by(row.id.desc()).limit(1))
    recent = newest is not None and newest.decided_at is not None and now() - newest.decided_at < timedelta(hours=1)
    if newest is None or not recent or newest.state != "released":
        return False
    others = select(VIPSubscriber.id).where(_ended(now())).offset(newest.due + FEW).limit(1)
    return db.session.scalar(others) is None


def _held(limit: int, moment: datetime) -> Any:
    """The next that are over, the longest first, held together with their people: nobody changes them meanwhile, and
    nobody is waited for."""
    row = VIPSubscriber
    columns = [getattr(row if hasattr(row, name) else User, name) for name in Over._fields]
    query = select(*columns).join(User, User.user_id == row.user_id).where(_over(moment))
    query = query.order_by(row.expiry_date, row.id).limit(limit)
    return query.with_for_update(of=(row, User), skip_locked=True, key_share=True)


def _over(moment: datetime) -> Any:
    """Time is over, and grace for those who have had it. In the words of the index that holds who has access by their
    end, so that the longest over are found without looking at all."""
    row = VIPSubscriber
    return and_(
        text(HAS_ACCESS),
        row.expiry_date <= moment,
        or_(row.status != Status.GRACE, row.expiry_date <= moment - _grace()),
    )


def _ended(moment: datetime) -> Any:
    """Time and grace are over."""
    return and_(VIPSubscriber.status.in_(OPEN), VIPSubscriber.expiry_date <= moment - _grace())


def _grace() -> timedelta:
    return timedelta(hours=config.current().grace_hours)
