"""/control by GET: what tests look at."""

from typing import Any

from aiohttp import web

from simulator import members
from simulator.api.commands import shown_to
from simulator.apps import menu
from simulator.core import SIMULATOR, Simulator
from simulator.errors import Refusal
from simulator.staging import chat_by_id

Json = dict[str, Any]


def _simulator(request: web.Request) -> Simulator:
    found: Simulator = request.app[SIMULATOR]
    return found


async def calls(request: web.Request) -> web.Response:
    """The log of the bot's calls: ?method= &chat_id= &since= &limit=."""
    log, query = _simulator(request).calls, request.query
    found = log.find(query.get("method", ""), query.get("chat_id", ""), int(query.get("since", 0)),
                     int(query.get("limit", 1000)))  # fmt: skip
    return web.json_response({"total": log.total, "counts": dict(log.counts), "calls": found})


async def clear_calls(request: web.Request) -> web.Response:
    """DELETE: forget the log and the counts."""
    _simulator(request).calls.clear()
    return web.json_response({"ok": True})


async def messages(request: web.Request) -> web.Response:
    """A chat's messages as its people see them: ?chat=<id or person> [&limit=]."""
    simulator = _simulator(request)
    who = request.query["chat"]
    try:
        chat_id = int(who) if who.lstrip("-").isdigit() else simulator.person(who).id
    except Refusal as refusal:
        return web.json_response({"error": refusal.reason}, status=refusal.status)
    chat = simulator.world.chats.get(chat_id)
    found = list(chat.messages.values())[-int(request.query.get("limit", 200)) :] if chat else []
    return web.json_response({"messages": found})


async def updates(request: web.Request) -> web.Response:
    """What waits for the bot."""
    waiting = _simulator(request).world.updates
    return web.json_response({"pending": len(waiting.pending), "updates": waiting.first(100),
                              "next_id": waiting.next_id})  # fmt: skip


async def people(request: web.Request) -> web.Response:
    """Everybody, with how the bot stands with them."""
    found = [{**person.user(), "key": person.key, "started": person.started, "blocked": person.blocked,
              "stars": person.stars} for person in _simulator(request).world.people.values()]  # fmt: skip
    return web.json_response({"people": found})


async def person(request: web.Request) -> web.Response:
    """One person: their commands and menu button."""
    simulator = _simulator(request)
    found = simulator.world.person(request.match_info["who"])
    if found is None:
        return web.json_response({"error": "no such person"}, status=404)
    body = {**found.user(), "key": found.key, "started": found.started, "blocked": found.blocked,
            "commands": shown_to(simulator.world, found), "menu_button": menu(simulator.world, found)}  # fmt: skip
    return web.json_response(body)


async def chat(request: web.Request) -> web.Response:
    """One group or channel: members, links, requests."""
    simulator = _simulator(request)
    try:
        found = chat_by_id(simulator, request.match_info["chat"])
    except Refusal as refusal:
        return web.json_response({"error": refusal.reason}, status=refusal.status)
    world = simulator.world
    return web.json_response({
        "chat": world.brief(found),
        "members": [members.describe(world, found, user_id) for user_id in found.members],
        "links": [vars(link) for link in found.links.values()],
        "requests": [vars(request) for request in found.requests.values()],
    })  # fmt: skip


async def state(request: web.Request) -> web.Response:
    """Clock, faults, webhook and queue in one look."""
    simulator = _simulator(request)
    world = simulator.world
    return web.json_response({
        "now": world.clock.now(), "offset": world.clock.offset, "faults": simulator.faults.describe(),
        "pending": len(world.updates.pending), "allowed_updates": sorted(world.updates.allowed or []),
        "webhook": world.bot.webhook.get("url", ""), "bot": world.bot.user(), "token": world.token,
        "polling": bool(world.poll),
    })  # fmt: skip


ROUTES = [
    web.get("/control/calls", calls),
    web.delete("/control/calls", clear_calls),
    web.get("/control/messages", messages),
    web.get("/control/updates", updates),
    web.get("/control/people", people),
    web.get("/control/people/{who}", person),
    web.get("/control/chats/{chat}", chat),
    web.get("/control/state", state),
]
