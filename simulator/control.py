"""/control: what tests and the page do as people, and how they bend faults and time. JSON in, JSON out.

POST bodies must be application/json, so that no other page of the browser can send them unasked.
"""

from collections.abc import Awaitable

from aiohttp import web

from simulator import acting, sharing, staging  # noqa: F401  (they register their deeds)
from simulator.core import SIMULATOR, Simulator
from simulator.errors import Refusal
from simulator.registry import DEEDS


async def post(request: web.Request) -> web.Response:
    """Find the deed and do it; a refusal is 4xx with {"error"}."""
    simulator: Simulator = request.app[SIMULATOR]
    do = DEEDS.get(request.match_info["deed"])
    if do is None:
        return web.json_response({"error": "no such deed"}, status=404)
    if request.body_exists and request.content_type != "application/json":
        return web.json_response({"error": "send JSON"}, status=415)
    try:
        body = await request.json() if request.body_exists else {}
        result = do(simulator, body)
        answer = await result if isinstance(result, Awaitable) else result
    except Refusal as refusal:
        return web.json_response({"error": refusal.reason}, status=refusal.status)
    except (KeyError, TypeError, ValueError) as problem:
        return web.json_response({"error": f"bad request: {problem!r}"}, status=400)
    simulator.changed = True
    return web.json_response(answer)
