"""How the bot gets its updates: long polling or webhook, never both."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

from simulator import errors
from simulator.api.registry import method
from simulator.errors import ApiError, bad
from simulator.params import Params
from simulator.state import World

Json = dict[str, Any]
LONGEST_POLL = 50
LOCAL = {"localhost", "127.0.0.1"}


@method("getUpdates")
async def get_updates(world: World, params: Params) -> list[Json]:
    """Unconfirmed updates from `offset` on, waiting up to `timeout` seconds for the first.

    A second poller ends the first one's wait with 409.
    """
    if world.bot.webhook.get("url"):
        raise ApiError(409, errors.CONFLICT_WEBHOOK)
    updates = world.updates
    updates.allow(_allowed(params))
    _interrupt(world, errors.CONFLICT_POLL)
    updates.confirm(params.integer("offset"))
    limit = params.integer("limit", 100)
    limit = limit if 1 <= limit <= 100 else 100
    timeout = min(max(params.integer("timeout"), 0), LONGEST_POLL)
    if updates.pending or not timeout:
        return updates.first(limit)
    return await _wait(world, limit, timeout)


async def _wait(world: World, limit: int, timeout: int) -> list[Json]:
    ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    world.poll = ended
    arrival = asyncio.ensure_future(world.updates.arrived.wait())
    try:
        both: set[asyncio.Future[Any]] = {ended, arrival}
        await asyncio.wait(both, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        arrival.cancel()
        if world.poll is ended:
            world.poll = None
    if ended.done():
        raise ApiError(409, ended.result())
    return world.updates.first(limit)


def _interrupt(world: World, reason: str) -> None:
    if world.poll and not world.poll.done():
        world.poll.set_result(reason)


def _allowed(params: Params) -> list[str] | None:
    kinds = params.tree("allowed_updates")
    return [str(kind) for kind in kinds] if isinstance(kinds, list) else None


@method("setWebhook")
def set_webhook(world: World, params: Params) -> bool:
    """Have updates delivered to an address; an empty one means polling again.

    Telegram wants HTTPS; here http://localhost and http://127.0.0.1 pass as well.
    """
    url = params.text("url")
    if params.flag("drop_pending_updates"):
        world.updates.clear()
    if not url:
        world.bot.webhook = {}
        return True
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in LOCAL:
        raise bad("bad webhook: An HTTPS URL must be provided for webhook")
    secret = params.text("secret_token")
    if len(secret) > 256 or not all(char.isascii() and (char.isalnum() or char in "_-") for char in secret):
        raise bad("secret token contains unallowed characters")
    world.updates.allow(_allowed(params))
    world.bot.webhook = {"url": url, "secret": secret, "max_connections": params.integer("max_connections", 40)}
    _interrupt(world, errors.CONFLICT_SET_WEBHOOK)
    world.updates.arrived.set()
    return True


@method("deleteWebhook")
def delete_webhook(world: World, params: Params) -> bool:
    """Back to polling."""
    if params.flag("drop_pending_updates"):
        world.updates.clear()
    world.bot.webhook = {}
    return True


@method("getWebhookInfo")
def get_webhook_info(world: World, params: Params) -> Json:
    """Where updates go, how many wait, and the last failure."""
    hook = world.bot.webhook
    body: Json = {"url": hook.get("url", ""), "has_custom_certificate": False,
                  "pending_update_count": len(world.updates.pending)}  # fmt: skip
    for name in ("max_connections", "last_error_date", "last_error_message"):
        if hook.get(name):
            body[name] = hook[name]
    if hook.get("url"):
        body["ip_address"] = "127.0.0.1"
    if world.updates.allowed:
        body["allowed_updates"] = sorted(world.updates.allowed)
    return body
