"""Invite links, and the answers to those who ask to join."""

from typing import Any

from simulator.api.registry import method
from simulator.api.target import chat_of
from simulator.errors import bad
from simulator.members import change, knows, link_json, require
from simulator.params import Params
from simulator.state import World
from simulator.things import Chat, Link, Member, is_inside

Json = dict[str, Any]
MONTH = 2_592_000


def _chat(world: World, params: Params) -> Chat:
    chat = chat_of(world, params)
    require(world, chat, "can_invite_users", "not enough rights to manage chat invite link")
    return chat


def _fill(params: Params, link: Link) -> Link:
    link.name = params.text("name", link.name)
    link.expire_date = params.integer("expire_date", 0)
    link.member_limit = params.integer("member_limit", 0)
    link.creates_join_request = params.flag("creates_join_request")
    if len(link.name) > 32:
        raise bad("INVITE_LINK_NAME_INVALID")
    if link.creates_join_request and link.member_limit:
        raise bad("member limit can't be specified for links requiring administrator approval")
    if not 0 <= link.member_limit <= 99_999:
        raise bad("USAGE_LIMIT_INVALID")
    return link


@method("createChatInviteLink")
def create_chat_invite_link(world: World, params: Params) -> Json:
    """One more link."""
    chat = _chat(world, params)
    link = _fill(params, Link(f"https://t.me/+{world.secret()}", world.bot.id))
    if link.expire_date and link.expire_date <= world.clock.now():
        raise bad("EXPIRE_DATE_INVALID")
    chat.links[link.url] = link
    return link_json(world, link, chat)


@method("createChatSubscriptionInviteLink")
def create_chat_subscription_invite_link(world: World, params: Params) -> Json:
    """A link whose user pays Stars every 30 days; channels only."""
    chat = _chat(world, params)
    period, price = params.integer("subscription_period"), params.integer("subscription_price")
    if chat.type != "channel" or period != MONTH:
        raise bad("SUBSCRIPTION_PERIOD_INVALID")
    if not 1 <= price <= 10_000:
        raise bad("SUBSCRIPTION_PRICE_INVALID")
    link = Link(f"https://t.me/+{world.secret()}", world.bot.id, params.text("name"))
    link.subscription_period, link.subscription_price = period, price
    chat.links[link.url] = link
    return link_json(world, link, chat)


def _own(world: World, params: Params) -> tuple[Chat, Link]:
    chat = _chat(world, params)
    link = chat.links.get(params.text("invite_link"))
    if link is None or link.creator != world.bot.id:
        raise bad("INVITE_HASH_EXPIRED")
    return chat, link


@method("editChatInviteLink")
def edit_chat_invite_link(world: World, params: Params) -> Json:
    """Other terms for a link of the bot."""
    chat, link = _own(world, params)
    if link.is_revoked:
        raise bad("INVITE_HASH_EXPIRED")
    return link_json(world, _fill(params, link), chat)


@method("editChatSubscriptionInviteLink")
def edit_chat_subscription_invite_link(world: World, params: Params) -> Json:
    """Another name for a paid link."""
    chat, link = _own(world, params)
    link.name = params.text("name")
    return link_json(world, link, chat)


@method("revokeChatInviteLink")
def revoke_chat_invite_link(world: World, params: Params) -> Json:
    """Nobody enters with it any more."""
    chat, link = _own(world, params)
    link.is_revoked = True
    return link_json(world, link, chat)


@method("exportChatInviteLink")
def export_chat_invite_link(world: World, params: Params) -> str:
    """A new primary link in place of the old one."""
    chat = _chat(world, params)
    for link in chat.links.values():
        if link.is_primary and link.creator == world.bot.id:
            link.is_primary, link.is_revoked = False, True
    link = Link(f"https://t.me/+{world.secret()}", world.bot.id, is_primary=True)
    chat.links[link.url] = link
    return link.url


@method("approveChatJoinRequest")
def approve_chat_join_request(world: World, params: Params) -> bool:
    """Let somebody in who asked."""
    chat, user_id = _asked(world, params)
    request = chat.requests.pop(user_id)
    link = chat.links.get(request.link)
    change(world, chat, user_id, Member("member"), world.bot.id, link, via_request=True)
    return True


@method("declineChatJoinRequest")
def decline_chat_join_request(world: World, params: Params) -> bool:
    """Send somebody away who asked."""
    chat, user_id = _asked(world, params)
    del chat.requests[user_id]
    world.events.tell("chats", {}, [user_id])
    return True


def _asked(world: World, params: Params) -> tuple[Chat, int]:
    chat = chat_of(world, params)
    require(world, chat, "can_invite_users", "not enough rights to manage chat join requests")
    user_id = params.integer("user_id")
    person = knows(world, user_id)
    member = chat.members.get(user_id)
    if member and is_inside(member):
        raise bad("USER_ALREADY_PARTICIPANT")
    if user_id not in chat.requests:
        raise bad("HIDE_REQUESTER_MISSING")
    if person.deactivated:
        raise bad("INPUT_USER_DEACTIVATED")
    return chat, user_id
