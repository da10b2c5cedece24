"""How people come into channels and groups, and go."""

from typing import Any

from simulator.errors import Refusal
from simulator.members import change, emit, link_json
from simulator.state import World
from simulator.things import Chat, Link, Member, Person, Request, is_inside

Json = dict[str, Any]
GRACE = 300
MONTH = 2_592_000


def find(world: World, link_url: str, chat_id: int | None) -> tuple[Chat, Link | None]:
    """The chat behind an invite link, or a chat by id with the link its own page offers."""
    for chat in world.chats.values():
        if link_url and link_url in chat.links:
            return chat, chat.links[link_url]
    found = world.chats.get(chat_id or 0)
    if link_url or found is None or found.type == "private":
        raise Refusal("INVITE_HASH_EXPIRED" if link_url else "no such chat", 404)
    return found, found.links.get(found.entry)


def join(world: World, person: Person, link_url: str = "", chat_id: int | None = None) -> str:
    """Enter with a link, or by the button of a channel one can see. Returns `joined`, `requested` or `inside`.

    Raises Refusal for links that no longer work, for the banned, and where an invitation is needed.
    """
    chat, link = find(world, link_url, chat_id)
    member = chat.members.get(person.id)
    if member and is_inside(member):
        return "inside"
    if member and member.status == "kicked" and (not member.until or member.until > world.clock.now()):
        raise Refusal("USER_KICKED: banned from this chat", 403)
    if link is None and not chat.username:
        raise Refusal("an invitation is needed", 403)
    if link:
        _check(world, link)
        if link.creates_join_request:
            return _ask(world, person, chat, link)
    paid = 0
    if link and link.subscription_price:
        paid = _pay(world, person, link)
    change(world, chat, person.id, Member("member", paid_until=paid), person.id, link)
    return "joined"


def _check(world: World, link: Link) -> None:
    expired = link.expire_date and link.expire_date <= world.clock.now()
    if link.is_revoked or expired or (link.member_limit and link.used >= link.member_limit):
        raise Refusal("INVITE_HASH_EXPIRED", 410)


def _ask(world: World, person: Person, chat: Chat, link: Link) -> str:
    if person.id in chat.requests:
        return "requested"
    chat.requests[person.id] = Request(person.id, world.clock.now(), link.url)
    person.write_until = world.clock.exact() + GRACE
    emit(world, "chat_join_request", {
        "chat": world.brief(chat), "from": person.user(), "user_chat_id": person.id, "date": world.clock.now(),
        "invite_link": link_json(world, link, chat),
    }, chat)  # fmt: skip
    world.events.tell("chats", {}, [person.id])
    return "requested"


def _pay(world: World, person: Person, link: Link) -> int:
    if person.stars < link.subscription_price:
        raise Refusal("not enough Stars", 402)
    person.stars -= link.subscription_price
    world.bot.stars += link.subscription_price
    return world.clock.now() + MONTH


def leave(world: World, person: Person, chat: Chat) -> None:
    """Go away, or take back a request to join."""
    chat.requests.pop(person.id, None)
    member = chat.members.get(person.id)
    if member and is_inside(member):
        change(world, chat, person.id, Member("left"), person.id)
    world.events.tell("chats", {}, [person.id])
