"""Delivers updates to the bot's webhook, one by one and in order, until it answers 2xx."""

import asyncio
import json
from typing import Any

import aiohttp

from simulator.botapi import BotApi
from simulator.core import Simulator
from simulator.params import Params

Json = dict[str, Any]
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 30.0


async def deliver(simulator: Simulator, api: BotApi) -> None:
    """Run for ever: whenever a webhook is set and updates wait, post them."""
    updates = simulator.world.updates
    pause = FIRST_PAUSE
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
        while True:
            await updates.arrived.wait()
            hook = simulator.world.bot.webhook
            if not hook.get("url") or not updates.pending:
                await asyncio.sleep(0.05)
                continue
            update = updates.pending[0]
            problem = await _post(session, simulator, api, hook, update)
            if problem:
                hook.update(last_error_date=simulator.world.clock.now(), last_error_message=problem)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
                continue
            pause = FIRST_PAUSE
            updates.confirm(update["update_id"] + 1)


async def _post(session: aiohttp.ClientSession, simulator: Simulator, api: BotApi, hook: Json, update: Json) -> str:
    """What went wrong, in Telegram's words, or nothing. The answer may itself be a call of the Bot API."""
    headers = {"X-Telegram-Bot-Api-Secret-Token": hook["secret"]} if hook.get("secret") else {}
    try:
        async with session.post(hook["url"], json=update, headers=headers, allow_redirects=False) as response:
            if not 200 <= response.status < 300:
                return f"Wrong response from the webhook: {response.status} {response.reason}"
            await _call_back(simulator, api, await response.read())
    except aiohttp.ClientConnectorError:
        return "Connection refused"
    except TimeoutError:
        return "Read timeout expired"
    except aiohttp.ClientError:
        return "Connection reset by peer"
    return ""


async def _call_back(simulator: Simulator, api: BotApi, body: bytes) -> None:
    try:
        given = json.loads(body or b"null")
    except ValueError:
        return
    if isinstance(given, dict) and isinstance(given.get("method"), str):
        name = given.pop("method").lower()
        call = simulator.calls.note(name, given, simulator.world.clock.exact())
        await api.answer(name, Params(given), call)
