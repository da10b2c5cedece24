"""The Bot API over HTTP: /bot<token>/<method> and /file/bot<token>/<path>."""

import asyncio
import inspect
import json
import socket
import struct
import time
from typing import Any

from aiohttp import web

from simulator.api import METHODS
from simulator.calls import Call
from simulator.core import Simulator
from simulator.errors import ApiError
from simulator.faults import Rule
from simulator.params import Params

Json = dict[str, Any]
FOREVER = 3600.0


class BotApi:
    """Answers the bot's calls."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    def routes(self) -> list[web.RouteDef]:
        """For the application."""
        return [
            web.route("*", "/bot{token}/{method}", self.call),
            web.get("/file/bot{token}/{path:.+}", self.download),
        ]

    async def call(self, request: web.Request) -> web.StreamResponse:
        """One call: token, parameters, misfortune, deed, answer."""
        simulator = self.simulator
        if simulator.faults.is_down:
            return _cut(request)
        if request.match_info["token"] != simulator.settings.token:
            return _reply(ApiError(401, "Unauthorized").answer())
        name = request.match_info["method"].lower()
        try:
            params = await _params(request)
        except ValueError:
            return _reply(ApiError(400, "Bad Request: can't parse request body").answer())
        method = METHODS.get(name)
        call = simulator.calls.note(method.name if method else name, _noted(params), simulator.world.clock.exact())
        chat_id = params.text("chat_id")
        rule = simulator.faults.next(name, chat_id) if simulator.faults.rules else None
        if rule is None:
            return _reply(await self.answer(name, params, call))
        call.fault = rule.kind
        return await self._strike(rule, request, name, params, call)

    async def answer(self, name: str, params: Params, call: Call) -> Json:
        """Do the deed and log it: the JSON object to answer."""
        began = time.perf_counter()
        method = METHODS.get(name)
        try:
            if method is None:
                raise ApiError(404, "Not Found")
            self.simulator.limits.count(name, params.text("chat_id"))
            result = method.handle(self.simulator.world, params)
            if inspect.isawaitable(result):
                result = await result
            answer: Json = {"ok": True, "result": result}
        except ApiError as error:
            answer = error.answer()
        call.answer = answer
        call.seconds = time.perf_counter() - began
        self.simulator.changed = True
        return answer

    async def _strike(self, rule: Rule, request: web.Request, name: str, params: Params,
                      call: Call) -> web.StreamResponse:  # fmt: skip
        refused = _refusal(rule)
        if refused:
            call.answer = refused
            return _reply(refused)
        if rule.kind == "reset" and not rule.after:
            return _cut(request)
        if rule.kind == "latency":
            await asyncio.sleep(rule.latency_ms / 1000)
        answer = await self.answer(name, params, call)
        if rule.kind == "timeout_after":
            await asyncio.sleep(rule.seconds or FOREVER)
        if rule.kind in ("timeout_after", "reset"):
            return _cut(request)
        if rule.kind == "invalid_json":
            return web.Response(text='<html><body>{"ok":tru', content_type="application/json")
        if rule.kind == "slow":
            return await _drip(request, answer, rule.seconds or 1.0)
        return _reply(answer)

    async def download(self, request: web.Request) -> web.StreamResponse:
        """The bytes of a file that getFile named."""
        if request.match_info["token"] != self.simulator.settings.token:
            return _reply(ApiError(401, "Unauthorized").answer())
        for file in self.simulator.world.files.values():
            if file.path == request.match_info["path"]:
                return web.Response(body=file.data, content_type="application/octet-stream")
        return _reply(ApiError(404, "Not Found").answer())


def _reply(answer: Json) -> web.Response:
    text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
    return web.Response(body=text.encode("utf-8", "replace"), content_type="application/json",
                        status=200 if answer["ok"] else answer["error_code"])  # fmt: skip


async def _params(request: web.Request) -> Params:
    """From query and body; the body wins. Raises ValueError for a body that cannot be read."""
    values: Json = dict(request.query)
    if not request.body_exists:
        return Params(values)
    kind = request.content_type
    if kind == "application/json":
        body = json.loads(await request.read())
        if not isinstance(body, dict):
            raise ValueError("not an object")
        values.update(body)
        return Params(values)
    files: dict[str, tuple[str, bytes]] = {}
    for key, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            files[key] = (value.filename, value.file.read())
        else:
            values[key] = value.decode() if isinstance(value, (bytes, bytearray)) else value
    return Params(values, files)


def _noted(params: Params) -> Json:
    if not params.files:
        return params.values
    return {**params.values, **{key: f"{name} ({len(data)} bytes)" for key, (name, data) in params.files.items()}}


def _refusal(rule: Rule) -> Json | None:
    """The answer of a fault that is only an answer."""
    if rule.kind == "429":
        seconds = rule.retry_after
        return ApiError(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds}).answer()
    if rule.kind == "5xx":
        code = rule.code or 502
        names = {500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}
        return ApiError(code, rule.description or names.get(code, "Bad Gateway")).answer()
    if rule.kind == "error":
        return ApiError(rule.code or 400, rule.description or "Bad Request", rule.parameters).answer()
    return None


def _cut(request: web.Request) -> web.Response:
    """Reset the connection: the caller sees no answer."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response()


async def _drip(request: web.Request, answer: Json, pause: float) -> web.StreamResponse:
    """One byte at a time."""
    body = json.dumps(answer).encode()
    response = web.StreamResponse(status=200 if answer["ok"] else answer["error_code"])
    response.content_type = "application/json"
    response.content_length = len(body)
    await response.prepare(request)
    for byte in body:
        await response.write(bytes([byte]))
        await asyncio.sleep(pause)
    return response
