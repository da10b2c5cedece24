"""Readmissions: an expulsion taken back. Who was put out by mistake is unbanned, gets access and a fresh link."""

from datetime import datetime

from webapp.base import outbox
from webapp.base.clock import now
from webapp.base.errors import Conflict, Invalid
from webapp.base.i18n import _
from webapp.domain.audit import trail
from webapp.domain.audit.actors import Actor
from webapp.domain.channels import expulsions, invites, subscriptions
from webapp.domain.channels.models import ChannelState, VIPSubscriber
from webapp.domain.settings import config
from webapp.domain.users import people


def readmit(subscriber: VIPSubscriber, *, by: Actor, reason: str, until: datetime | None = None) -> None:
    """Takes an expulsion back, or one that is on its way: access `until` then (who still has some keeps it without),
    unbanned, a fresh personal link, a note of the `reason`.

    Raises Invalid without a reason or a date to come, Conflict for somebody whom nobody put out, Denied for a blocked
    person.
    """
    subscriber = subscriptions.hold(subscriber.user_id)
    people.refuse_giving(subscriber.user)
    if subscriber.channel_state is not ChannelState.EXPELLED and not expulsions.is_leaving(subscriber):
        raise Conflict(_("A esa persona no la sacó nadie del canal."))
    if not subscriber.has_access and (until is None or until <= now()):
        raise Invalid(fields={"until": _("Elige hasta cuándo tendrá acceso.")})
    subscriptions.correct(subscriber, until or subscriber.expiry_date, by=by, reason=reason)
    trail.note("update", subscriber.__tablename__, subscriber.id, by=by, new={"readmitted": True}, reason=reason)
    if subscriber.channel_state is ChannelState.MEMBER:
        return  # still inside: what was on its way is taken back
    _unban(subscriber)
    invites.revoke_open([subscriber.user_id])
    invites.enter(subscriber.user, by=by)


def _unban(subscriber: VIPSubscriber) -> None:
    """Before the link: whoever is banned cannot use one."""
    call = {"chat_id": config.current().vip_channel_id, "user_id": subscriber.user_id, "only_if_banned": True}
    key = f"unban:readmit:{subscriber.id}:{int(now().timestamp() * 1000)}"
    outbox.promise("unbanChatMember", None, call, dedupe_key=key, priority=2)
