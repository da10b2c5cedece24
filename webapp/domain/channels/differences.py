"""Where the VIP channel and the subscriptions say different things, and how to mend it. Bots cannot list members: what
is compared is what Telegram has told of people coming and going."""

from collections.abc import Iterable
from typing import Any, Literal

from sqlalchemy import Select, and_, func, or_, select

from webapp.base import outbox
from webapp.base.clock import now
from webapp.base.db import Page, db, page
from webapp.base.errors import Conflict
from webapp.base.i18n import Spoken, _, lazy_gettext
from webapp.domain.audit import trail
from webapp.domain.audit.actors import Actor
from webapp.domain.channels import expulsions, invites, members, subscriptions
from webapp.domain.channels.models import OPEN, ChannelMember, ChannelState, VIPSubscriber
from webapp.domain.settings import config
from webapp.domain.users.models import User, UserRole


class Difference(Spoken):
    """What does not fit together."""

    INSIDE_WITHOUT_RIGHT = "inside_without_right", lazy_gettext("Dentro sin derecho")
    OUTSIDE_WITH_RIGHT = "outside_with_right", lazy_gettext("Fuera con derecho")
    BANNED_BUT_PAID = "banned_but_paid", lazy_gettext("Expulsado aunque pagó")

    @property
    def puts_out(self) -> bool:
        """Whether mending it takes people out of the channel; else it sends them a link into it."""
        return self is Difference.INSIDE_WITHOUT_RIGHT

    @property
    def act(self) -> Literal["update", "delete"]:
        """The right on subscriptions that mending it takes: what putting one person out takes, or a link."""
        return "delete" if self.puts_out else "update"


PLAIN = ("member", "restricted")  # admins and the owner of a channel are there by their own right


def found(kind: Difference, *, after: str | None = None, size: int = 25) -> Page:
    """The people concerned, with names: user_id, first_name, last_name, username, subscriber_id (None when they never
    had one), in the order of their id."""
    columns: tuple[Any, ...] = (User.user_id, User.first_name, User.last_name, User.username)
    query: Any = _of(kind).with_only_columns(*columns, VIPSubscriber.id.label("subscriber_id"))
    return page(query, User.user_id, after=after, size=size, descending=False)


def counts() -> dict[Difference, int]:
    """How many of each, at most 10,001."""
    told = {}
    for kind in Difference:
        some = _of(kind).with_only_columns(User.user_id).limit(10_001).subquery()
        told[kind] = db.session.scalar(select(func.count()).select_from(some)) or 0
    return told


def mend(kind: Difference, user_ids: Iterable[int], *, by: Actor) -> int:
    """Mends those of them that still differ so, at most 1,000: puts out, makes a link, or lets in again and makes a
    link. Returns how many. Raises Conflict while no VIP channel is set."""
    channel_id = config.current().vip_channel_id
    if channel_id is None:
        raise Conflict(_("Todavía no hay canal VIP. Elígelo en Canales."))
    query = _of(kind).where(User.user_id.in_(list(user_ids)[:1000])).with_only_columns(User).order_by(User.user_id)
    concerned = db.session.scalars(query).all()
    for user in concerned:
        if kind is Difference.INSIDE_WITHOUT_RIGHT:
            _put_out(user, by=by)
        else:
            if kind is Difference.BANNED_BUT_PAID:
                call: dict[str, Any] = {"chat_id": channel_id, "user_id": user.user_id, "only_if_banned": True}
                outbox.promise("unbanChatMember", None, call, dedupe_key=f"unban:mend:{user.user_id}:{_moment()}")
            invites.enter(user, by=by)
        trail.note("update", ChannelMember.__tablename__, user.user_id, by=by, new={"mended": kind.value})
    return len(concerned)


def _put_out(user: User, *, by: Actor) -> None:
    subscriber = subscriptions.held(user.user_id)
    if subscriber is not None and subscriber.has_access:
        return  # renewed since the list was read
    if subscriber is None:
        expulsions.put_out(user.user_id, f"mend:{user.user_id}:{_moment()}")
        return
    with trail.watch(subscriber, "update", by=by):
        subscriber.channel_state = ChannelState.MEMBER
    expulsions.begin(subscriber)


def _moment() -> int:
    return int(now().timestamp())


def _of(kind: Difference) -> Select[Any]:
    """The people of one difference. Somebody asked to leave already, or whose link is on its way, is none."""
    channel_id = config.current().vip_channel_id
    member, row = ChannelMember, VIPSubscriber
    here = and_(member.user_id == User.user_id, member.channel_id == channel_id)
    query = select(User).outerjoin(row, row.user_id == User.user_id)
    if kind is Difference.INSIDE_WITHOUT_RIGHT:
        without = or_(row.id.is_(None), row.status.not_in(OPEN))
        return query.join(member, here).where(member.status.in_(PLAIN), without, User.role != UserRole.ADMIN)
    banned = and_(member.status == "kicked", row.status.in_(OPEN))
    if kind is Difference.BANNED_BUT_PAID:
        return query.join(member, here).where(banned)
    outside = or_(member.status.is_(None), member.status.not_in((*members.HERE, "kicked")))
    return query.outerjoin(member, here).where(row.status.in_(OPEN), outside)
