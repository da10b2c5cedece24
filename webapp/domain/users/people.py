"""Meeting people and finding them again."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from webapp.base.clock import now
from webapp.base.db import Page, db, get, page, upsert
from webapp.base.errors import Denied, Invalid
from webapp.base.i18n import _
from webapp.base.search import matching, plain
from webapp.base.words import clean
from webapp.domain.audit import trail
from webapp.domain.audit.actors import SYSTEM, Actor
from webapp.domain.settings import config
from webapp.domain.users import roles
from webapp.domain.users.models import Reach, RoleChangeReason, User, UserRole

NEW = timedelta(minutes=10)
LONGEST_LABEL = 150  # as columns keep who acted
TOLD = ("username", "first_name", "last_name", "language_code")


def get_or_create_user(told: Mapping[str, Any], *, reach: Reach | None = None, listed: bool = False) -> User:
    """The person Telegram tells us of (`told`: its User object), with refreshed names; FREE when we first meet.

    `reach` is set when the contact proves it (a private message: OK). `listed`: the operator names them as admin.
    Safe when the same person arrives twice at once.
    """
    user_id = int(told["id"])
    facts = _facts(told)
    user = db.session.get(User, user_id)
    if user is None:
        user = _meet(user_id, facts, reach)
    elif any(getattr(user, name) != value for name, value in facts.items()):
        with trail.watch(user, "update", by=as_actor(user)):
            for name, value in facts.items():
                setattr(user, name, value)
    if reach is not None and user.reach is not reach:
        with trail.watch(user, "update", by=as_actor(user)):
            user.reach = reach
    user.last_seen_at = now()
    if listed:
        roles.change_role(user, UserRole.ADMIN, by=SYSTEM, reason=RoleChangeReason.SYSTEM_AUTOMATIC, listed=True)
    return user


def get_user(user_id: int) -> User:
    """The person with this Telegram id. Raises NotFound."""
    return get(User, user_id)


def met(user_id: int | None) -> User | None:
    """The person with this Telegram id, if we have met them."""
    return db.session.get(User, user_id) if user_id is not None else None


def find(named: str) -> User | None:
    """The one person with this id or @username, as it is written or else whatever the case; None for nobody, and
    for a name that two had."""
    text = clean(named).removeprefix("@")
    if not text:
        return None
    if text.isdecimal() and text.isascii():
        return db.session.get(User, int(text)) if len(text) <= 18 else None
    alike = (matching(User, text), func.lower(User.username) == text.lower())  # the first by the index of the search
    for called in ((User.username == text,), alike):
        found = db.session.scalars(select(User).where(*called).limit(2)).all()
        if found:
            return found[0] if len(found) == 1 else None
    return None


def get_users_by_role(role: UserRole, *, after: str | None = None, size: int = 50) -> Page:
    """Everybody of a role, newest first."""
    query = select(User).where(User.role == role)
    return page(query, User.created_at, User.user_id, after=after, size=size, scalars=True)


def is_admin(user_id: int) -> bool:
    """Whether this Telegram id is an admin's."""
    return db.session.scalar(select(User.role).where(User.user_id == user_id)) is UserRole.ADMIN


def reachable_admins() -> Sequence[User]:
    """The admins whom the bot can write to."""
    query = select(User).where(User.role == UserRole.ADMIN, User.reach == Reach.OK, User.is_blocked.is_(False))
    # In the order of ix_users_role_created_at_user_id: ordered by user_id SQLite reads every person there is.
    return db.session.scalars(query.order_by(User.created_at, User.user_id)).all()


def search(
    text: str,
    *,
    role: UserRole | None = None,
    reach: Reach | None = None,
    blocked: bool = False,
    sort: str = "-created",
    after: str | None = None,
    size: int = 50,
) -> Page:
    """People by name, @username or id; everybody when `text` is empty.

    `sort`: "created" (when we met) or "seen" (last seen; leaves out those never seen), with "-" the latest first.
    """
    query = select(User).where(*_search_conditions(text, role, reach, blocked))
    key: Any = User.created_at
    if sort.removeprefix("-") == "seen":
        key, query = User.last_seen_at, query.where(User.last_seen_at.is_not(None))
    return page(query, key, User.user_id, after=after, size=size, scalars=True, descending=sort.startswith("-"))


def count_found(
    text: str = "",
    *,
    role: UserRole | None = None,
    reach: Reach | None = None,
    blocked: bool = False,
    most: int = 10_001,
) -> int:
    """How many people a search finds, counted up to `most`."""
    some = select(User.user_id).where(*_search_conditions(text, role, reach, blocked)).limit(most).subquery()
    return db.session.scalar(select(func.count()).select_from(some)) or 0


def note_reach(user_id: int, reach: Reach, *, by: Actor = SYSTEM) -> None:
    """Notes whether the bot can still write to somebody; says nothing of people we do not know."""
    user = db.session.get(User, user_id)
    if user is None or user.reach is reach:
        return
    with trail.watch(user, "update", by=by):
        user.reach = reach


def choose_locale(user: User, locale: str, *, by: Actor) -> None:
    """The language the person wants us to speak."""
    with trail.watch(user, "update", by=by):
        user.chosen_locale = locale


def refer(user: User, code: str, *, by: Actor) -> bool:
    """Notes by whose link somebody came, when we have just met them; False when nothing was noted."""
    referrer = db.session.scalar(select(User.user_id).where(User.referral_code == code[:16]))
    db.session.refresh(user, with_for_update=True)  # by one link, whoever races
    if referrer in (None, user.user_id) or user.referred_by is not None or now() - user.created_at > NEW:
        return False
    with trail.watch(user, "update", by=by):
        user.referred_by = referrer
    return True


def block(user: User, *, by: Actor, reason: str) -> None:
    """Keeps somebody out of the Mini App and the bot, for a `reason` in words. Raises Invalid without one.

    Raises Denied for admins: take their role away first.
    """
    reason = clean(reason)[:500]
    if not reason:
        raise Invalid(fields={"reason": _("Escribe por qué.")})
    db.session.refresh(user, with_for_update=True)
    if user.is_admin:
        raise Denied(_("No se puede bloquear a un administrador."))
    with trail.watch(user, "update", by=by, reason=reason):
        user.is_blocked, user.blocked_reason = True, reason


def zone_of(user: User) -> str:
    """The time zone in which somebody reads moments: their own when we know it, else the creator's; admins, who look
    after the creator's house, always the creator's."""
    return zone_for(user.role, user.time_zone, config.current().time_zone)


def zone_for(role: UserRole, time_zone: str | None, house: str) -> str:
    """The same for somebody of this role whose time zone is known to be this one, or not known; `house` is the
    creator's."""
    return house if role is UserRole.ADMIN else time_zone or house


def choose_time_zone(user: User, zone: str, *, by: Actor) -> bool:
    """The person's time zone, by its IANA name; False when it was so already. Raises Invalid for one that is none."""
    if not config.is_zone(zone):
        raise Invalid(fields={"time_zone": _("No conocemos esa zona horaria.")})
    if user.time_zone == zone:
        return False
    with trail.watch(user, "update", by=by):
        user.time_zone = zone
    return True


def unblock(user: User, *, by: Actor) -> None:
    """Lets somebody in again."""
    with trail.watch(user, "update", by=by):
        user.is_blocked, user.blocked_until, user.blocked_reason = False, None, None


def refuse_blocked(user: User) -> None:
    """Raises Denied when this person is kept out (or has been erased)."""
    if _is_kept_out(user):
        raise Denied(_("Tu acceso está cerrado. Si crees que es un error, pregúntale al equipo."))


def refuse_giving(user: User) -> None:
    """Raises Denied when staff would give access to somebody who is kept out."""
    if _is_kept_out(user):
        raise Denied(_("Esa persona está bloqueada. Desbloquéala primero."))


def _is_kept_out(user: User) -> bool:
    over = user.blocked_until is not None and user.blocked_until <= now()
    return user.erased_at is not None or (user.is_blocked and not over)


def as_actor(user: User, **where: Any) -> Actor:
    """The person as the one who acts; `where`: ip, agent, session, request."""
    return Actor("user", str(user.user_id), user.full_name[:LONGEST_LABEL], **where)


def _search_conditions(text: str, role: UserRole | None, reach: Reach | None, blocked: bool) -> list[Any]:
    conditions: list[Any] = [User.role == role] if role is not None else []
    if reach is not None:
        conditions.append(User.reach == reach)
    if blocked:
        conditions.append(User.is_blocked)
    text = text.strip().removeprefix("@")
    if text.isdecimal() and text.isascii():
        conditions.append(User.user_id == int(text[:18]))
    elif text:
        conditions.append(matching(User, text))
    return conditions


def _meet(user_id: int, facts: dict[str, Any], reach: Reach | None) -> User:
    values = {"user_id": user_id, "reach": reach or Reach.NEVER_STARTED, **facts}
    born = db.session.execute(
        upsert(User).values(values).on_conflict_do_nothing(index_elements=["user_id"]).returning(User.user_id)
    ).scalar()
    user = db.session.get_one(User, user_id)
    if born is not None:
        roles.log_role(user_id, None, user.role, by=SYSTEM, reason=RoleChangeReason.SYSTEM_AUTOMATIC)
        trail.note("create", User.__tablename__, user_id, by=as_actor(user), new={**facts, "role": user.role})
    return user


def _facts(told: Mapping[str, Any]) -> dict[str, Any]:
    """What Telegram says of a person, cut to our columns, with what the search looks at."""
    limits = {"username": 64, "first_name": 128, "last_name": 128, "language_code": 16}
    facts: dict[str, Any] = {name: (clean(told.get(name))[: limits[name]] or None) for name in TOLD}
    facts["first_name"] = facts["first_name"] or ""
    facts["search_text"] = plain(" ".join(str(facts[name] or "") for name in ("first_name", "last_name", "username")))
    return facts
