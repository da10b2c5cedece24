"""The chat's words on the channels: redeeming a code, the entry in steps, the Free queue, and who comes and goes."""

from collections.abc import Mapping
from typing import Any

from webapp.base import texts
from webapp.base.i18n import _
from webapp.bot import users
from webapp.bot.catalog import vip as about_vip
from webapp.bot.events import Event
from webapp.bot.guard import allow
from webapp.bot.links import home, rows
from webapp.bot.replies import Reply
from webapp.bot.routes import on
from webapp.domain.channels import adoptions, invites, members, places, reminders, requests, subscriptions, tokens
from webapp.domain.channels.models import Channel, ChannelState, VIPSubscriber
from webapp.domain.settings import config
from webapp.domain.settings import texts as creator_texts
from webapp.domain.users.models import User
from webapp.domain.users.people import as_actor, zone_of


@on.deep_link("vip")
@on.confidential
def redeem(user: User, code: str) -> Reply:
    """Somebody opened the link of a token."""
    subscriber = tokens.redeem(code, user, by=as_actor(user))
    name = "vip_extended" if _inside(subscriber) else "vip_redeemed"
    words = _written(name, user, dias=subscriber.duration_days, fecha=subscriber.expiry_date)
    return Reply("creator", words=words, buttons=rows(_door(subscriber), home()))


@on.command("start")
def start(user: User) -> Reply:
    """Greets by role; somebody who was sold to before the bot came gets what is theirs."""
    subscriber = adoptions.claim(user, by=as_actor(user)) if user.is_free else None
    return users.menu(user) if subscriber is None else _adopted(subscriber, user)


@on.deep_link("alta")
def adopt(user: User, code: str) -> Reply:
    """Somebody opened a link for members who were sold to before: their own, or the one for all."""
    by = as_actor(user)
    if code and (found := adoptions.claim_by_code(code, user, by=by)) is not None:
        return _adopted(found, user)
    found = None if code else adoptions.claim(user, by=by)
    if found is not None:
        return _adopted(found, user)
    subscriber = subscriptions.of(user.user_id)
    if subscriber is not None and subscriber.has_access:
        return vip(user)
    return Reply("channels/not_listed", buttons=[home()])


@on.command("vip")
@on.confidential
def vip(user: User, code: str = "") -> Reply:
    """How one's subscription stands, what VIP is for those without; with a code, redeems it."""
    if code:
        return redeem(user, code.rpartition("vip_")[2])
    subscriber = subscriptions.of(user.user_id)
    if subscriber is None:
        return about_vip(user)
    return Reply("channels/access", subscriber=subscriber, inside=_inside(subscriber), zone=zone_of(user),
                 buttons=rows(_door(subscriber), home()))  # fmt: skip


@on.button("enter")
def enter(user: User) -> Reply:
    """Somebody wants into the VIP channel: their link, or the promise that it comes. It takes the place of what they
    pressed, which said that they are VIP: so does this."""
    invite = invites.enter(user, by=as_actor(user))
    told: dict[str, Any] = {"subscriber": subscriptions.of(user.user_id), "zone": zone_of(user)}
    if invite.link is None:
        return Reply("channels/making", **told)
    door = [[texts.link(_("Entrar al canal VIP"), invite.link)]]
    return Reply("channels/door", words=_written("vip_door", user, fecha=invite.expires_at), buttons=door, **told)


@on.command("free")
def free(user: User) -> Reply:
    """The place in the Free queue, and when it is one's turn."""
    request = requests.waiting_of(user.user_id)
    place = requests.place_of(request) if request else 0
    inside = members.is_inside(config.current().free_channel_id, user.user_id)
    return Reply("channels/free", request=request, place=place, inside=inside, zone=zone_of(user), buttons=[home()])


@on.update("chat_join_request")
def asks(event: Event) -> None:
    """Somebody asks to join a channel."""
    if event.person and event.chat_id is not None:
        told = event.body.get("user_chat_id")
        requests.receive(event.chat_id, event.person, told if isinstance(told, int) else int(event.person["id"]))


@on.update("chat_member")
def moved(event: Event) -> None:
    """Somebody came into a channel, left it, or was put out."""
    told = _part(event.body, "new_chat_member")
    person, link = _part(told, "user"), _part(event.body, "invite_link").get("invite_link")
    if isinstance(person.get("id"), int) and event.chat_id is not None:
        is_in = told.get("is_member") is not False
        members.note(event.chat_id, person, str(told.get("status")), link=str(link) if link else None, is_in=is_in)


@on.update("my_chat_member")
def placed(event: Event) -> None:
    """Somebody blocks the bot or lets it write again; or it is put into a channel, given rights there, taken out."""
    if event.is_private:
        users.reach(event)
    elif event.chat_type == "channel" and event.chat_id is not None:
        places.note(event.chat_id, _part(event.body, "chat"), _part(event.body, "new_chat_member"))


@on.button("place")
@allow("settings", "update")
def place(user: User, kind: str, chat_id: int) -> Reply:
    """An admin says which of the two channels this one is."""
    chosen = places.choose(Channel(kind) if kind in ("vip", "free") else None, chat_id, by=as_actor(user))
    return Reply("channels/placed", place=chosen, kind=kind, names=places.NAMES, buttons=[home()])


def _adopted(subscriber: VIPSubscriber, user: User) -> Reply:
    return Reply("channels/adopted", subscriber=subscriber, inside=_inside(subscriber), zone=zone_of(user),
                 buttons=rows(_door(subscriber), home()))  # fmt: skip


def _part(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A part of what Telegram tells; nothing when it is of another shape."""
    found = told.get(name)
    return found if isinstance(found, Mapping) else {}


def _door(subscriber: VIPSubscriber) -> list[dict[str, str]]:
    """A row with the way into the channel, for those who may enter and are not inside."""
    if not subscriber.has_access or _inside(subscriber):
        return []
    return [texts.button(_("Entrar al canal VIP"), "enter")]


def _inside(subscriber: VIPSubscriber) -> bool:
    return subscriber.channel_state is ChannelState.MEMBER


def _written(name: str, user: User, **told: Any) -> str:
    """A text of the creator's, told of this reader."""
    return creator_texts.render(name, **reminders.worded(user, **told))
