"""What the page asks: what one person sees, files, and the stream of what happens."""

import asyncio
import json
from pathlib import Path
from typing import Any

from aiohttp import web

from simulator.api.commands import shown_to
from simulator.apps import menu
from simulator.cast import part
from simulator.core import SIMULATOR, Simulator
from simulator.initdata import THEMES
from simulator.state import World
from simulator.things import Chat, Person, is_inside

Json = dict[str, Any]
PAGE = Path(__file__).parent / "page"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        "frame-src http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
HEARTBEAT = 20.0
SHOWN = 120


async def page(request: web.Request) -> web.FileResponse:
    """The client itself; /open is the same page, which then follows the link."""
    return web.FileResponse(PAGE / "index.html", headers=HEADERS)


async def asset(request: web.Request) -> web.StreamResponse:
    """Its scripts and styles."""
    name = request.match_info["name"]
    path = PAGE / name
    if "/" in name or not path.is_file():
        return web.Response(status=404)
    return web.FileResponse(path, headers=HEADERS)


async def state(request: web.Request) -> web.Response:
    """Everything a person's page needs at first: ?as=ana."""
    simulator: Simulator = request.app[SIMULATOR]
    world = simulator.world
    me = world.person(request.query.get("as", "ana")) or next(iter(world.people.values()))
    return web.json_response({
        "me": {**me.user(), "key": me.key, "stars": me.stars, "phone": me.phone},
        "people": [_face(world, person) for person in world.people.values() if person.id < 900_000_000],
        "bot": {**world.bot.user(), "description": world.bot.texts.get("description:", "")},
        "chats": chats_of(world, me), "commands": shown_to(world, me), "menu": menu(world, me),
        "started": me.started, "blocked": me.blocked, "now": world.clock.now(), "offset": world.clock.offset,
        "faults": simulator.faults.describe(), "themes": THEMES,
    })  # fmt: skip


def _face(world: World, person: Person) -> Json:
    return {**person.user(), "key": person.key, "shown": person.shown, "part": part(world, person)}


def chats_of(world: World, me: Person) -> list[Json]:
    """The chat list of a person: the bot, and every group or channel they are in or may see."""
    found = [_row(world, me, world.private(me))]
    for chat in world.chats.values():
        if chat.type == "private" or chat.migrated_to:
            continue
        if chat.type == "channel" or me.id in chat.inside():
            found.append(_row(world, me, chat))
    return found


def _row(world: World, me: Person, chat: Chat) -> Json:
    member = chat.members.get(me.id)
    inside = chat.type == "private" or bool(member and is_inside(member))
    last = next(reversed(chat.messages.values()), None) if inside else None
    seen = me.read.get(str(chat.id), 0)
    unread = 0
    if inside:
        unread = sum(key > seen and item.get("from", {}).get("id") != me.id for key, item in chat.messages.items())
    entry = chat.links.get(chat.entry)
    return {
        "id": chat.id, "type": chat.type, "inside": inside, "last": last, "unread": min(unread, 999),
        "title": world.bot.first_name if chat.type == "private" else chat.title, "description": chat.description,
        "status": member.status if member else "left", "requested": me.id in chat.requests,
        "entry": ("request" if entry.creates_join_request else "join") if entry else ("join" if chat.username else ""),
        "members": len(chat.inside()), "pinned": chat.messages.get(chat.pinned[-1]) if chat.pinned and inside else None,
        "writes": chat.type != "channel" or bool(member and member.status in ("creator", "administrator")),
    }  # fmt: skip


async def messages(request: web.Request) -> web.Response:
    """The last messages of a chat the person is in: ?as= &chat= [&before=]."""
    world: World = request.app[SIMULATOR].world
    me = world.person(request.query.get("as", "ana"))
    chat = world.chats.get(int(request.query["chat"]))
    if me is None or chat is None or me.id not in (chat.id, *chat.inside()):
        return web.json_response({"messages": []})
    before = int(request.query.get("before", 0))
    found = [item for key, item in chat.messages.items() if not before or key < before]
    return web.json_response({"messages": found[-SHOWN:], "more": len(found) > SHOWN})


async def file(request: web.Request) -> web.Response:
    """A photo or document inside a bubble."""
    found = request.app[SIMULATOR].world.files.get(request.match_info["id"])
    if found is None:
        return web.Response(status=404)
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=3600",
               "Content-Security-Policy": "default-src 'none'; sandbox"}  # fmt: skip
    if not found.width:
        headers["Content-Disposition"] = "attachment"
    kind = "image/jpeg" if found.width else "application/octet-stream"
    return web.Response(body=found.data, content_type=kind, headers=headers)


async def invoice(request: web.Request) -> web.Response:
    """What an invoice asks for, by its slug."""
    found = request.app[SIMULATOR].world.invoices.get(request.match_info["slug"])
    return web.json_response(found or {"error": "no such invoice"}, status=200 if found else 404)


async def events(request: web.Request) -> web.StreamResponse:
    """Server-Sent Events for one person's page: ?as=ana."""
    world: World = request.app[SIMULATOR].world
    me = world.person(request.query.get("as", "ana"))
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await response.prepare(request)
    queue = world.events.listen(me.id if me else 0)
    try:
        await response.write(b"retry: 700\n\nevent: hello\ndata: {}\n\n")
        while True:
            try:
                item = await asyncio.wait_for(queue.get(), HEARTBEAT)
            except TimeoutError:
                await response.write(b": still here\n\n")
                continue
            if item is None:
                break
            text = json.dumps(item[1], ensure_ascii=False, separators=(",", ":"))
            await response.write(f"event: {item[0]}\ndata: {text}\n\n".encode("utf-8", "replace"))
    except ConnectionResetError:
        pass
    finally:
        world.events.leave(queue)
    return response


ROUTES = [
    web.get("/", page),
    web.get("/open", page),
    web.get("/page/{name}", asset),
    web.get("/client/state", state),
    web.get("/client/messages", messages),
    web.get("/client/events", events),
    web.get("/client/invoices/{slug}", invoice),
    web.get("/client/files/{id}", file),
]
