"""Starts and stops the simulator: in the foreground for people, in a thread for tests."""

import asyncio
import errno
import gc
import signal
import sys
import threading
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import web

from simulator import cast, client, control, looking, members, settings, snapshot, talk
from simulator.botapi import BotApi
from simulator.core import SIMULATOR, Simulator
from simulator.settings import BadSetting, Settings
from simulator.things import Member
from simulator.webhook import deliver

LARGEST_BODY = 60 * 2**20
SAVE_EVERY = 1.0
RARELY = (50_000, 20, 100)  # messages and calls live long: looking for garbage among them costs a tenth of the time


class Server:
    """One listening simulator."""

    def __init__(self, chosen: Settings) -> None:
        self.settings = chosen
        self.simulator = Simulator(chosen)
        self.api = BotApi(self.simulator)
        self.tasks: list[asyncio.Task[None]] = []
        self.runner: web.AppRunner | None = None
        self.port = chosen.port

    async def open(self) -> None:
        """Load the snapshot and listen. Raises OSError when the port is taken."""
        if not (self.settings.state and snapshot.load(self.simulator.world, self.settings.state)):
            self._begin()
        app = web.Application(client_max_size=LARGEST_BODY)
        app[SIMULATOR] = self.simulator
        app.add_routes(self.api.routes())
        app.add_routes([*client.ROUTES, *looking.ROUTES, web.post("/control/{deed}", control.post)])
        self.runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=0.1, handle_signals=False, handler_cancellation=True
        )
        await self.runner.setup()
        site = web.TCPSite(self.runner, self.settings.host, self.settings.port)
        await site.start()
        self.port = self.runner.addresses[0][1]
        self.tasks.append(asyncio.create_task(deliver(self.simulator, self.api)))
        if self.settings.state:
            self.tasks.append(asyncio.create_task(self._save_often()))

    def _begin(self) -> None:
        world = self.simulator.world
        for who in self.settings.started:
            talk.start(world, self.simulator.person(who))
        for who in self.settings.inside:
            person = self.simulator.person(who)
            members.change(world, world.chats[cast.VIP], person.id, Member("member"), person.id)

    async def shut(self) -> None:
        """Stop at once, whatever is under way; save first."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.save()
        self.simulator.world.events.close()
        if self.runner:
            await self.runner.cleanup()

    def save(self) -> None:
        """Write the snapshot, if one is kept and something changed."""
        if self.settings.state and self.simulator.changed:
            self.simulator.changed = False
            snapshot.save(self.simulator.world, self.settings.state)

    async def _save_often(self) -> None:
        while True:
            await asyncio.sleep(SAVE_EVERY)
            self.save()


@dataclass
class Running:
    """A simulator in a thread: its addresses, its token, and how to stop it."""

    url: str
    token: str
    control: str
    server: Server = field(repr=False)
    loop: asyncio.AbstractEventLoop = field(repr=False)
    thread: threading.Thread = field(repr=False)

    def stop(self) -> None:
        """Stop it and wait for its thread."""
        asyncio.run_coroutine_threadsafe(self.server.shut(), self.loop).result(5)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)


def start(port: int = 0, **options: Any) -> Running:
    """Start in a thread, for tests; port 0 takes a free one. `options` are fields of Settings.

    Raises OSError when the port is taken.
    """
    chosen = replace(Settings(), port=port, **options)
    server = Server(chosen)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=_spin, args=(loop,), name="simulator", daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.open(), loop).result(10)
    url = f"http://{chosen.host}:{server.port}"
    return Running(url, chosen.token, f"{url}/control", server, loop, thread)


def _spin(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    loop.run_forever()
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    loop.close()


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; the exit code."""
    try:
        chosen = settings.read(arguments=sys.argv[1:] if arguments is None else arguments)
        return asyncio.run(_serve(chosen))
    except BadSetting as problem:
        sys.stderr.write(f"{problem}\n")
        return 1


async def _serve(chosen: Settings) -> int:
    gc.set_threshold(*RARELY)
    server = Server(chosen)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    try:
        await server.open()
    except OSError as problem:
        if problem.errno != errno.EADDRINUSE:
            raise BadSetting(f"The Telegram simulator cannot listen on {chosen.host}:{chosen.port}: "
                             f"{problem.strerror}") from None  # fmt: skip
        raise BadSetting(f"Port {chosen.port} is taken: set SIMULATOR_PORT to another one.") from None
    sys.stdout.write(f"Simulated Telegram: http://{chosen.host}:{server.port}/\n")
    sys.stdout.flush()
    await ended.wait()
    await server.shut()
    return 0
