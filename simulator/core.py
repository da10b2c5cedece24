"""One simulated Telegram: the world, its misfortunes, limits and log, together."""

from aiohttp import web

from simulator import cast
from simulator.calls import Calls
from simulator.errors import Refusal
from simulator.faults import Faults
from simulator.limits import Limits
from simulator.settings import Settings
from simulator.state import World
from simulator.things import Person


class Simulator:
    """What the HTTP handlers share."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.world = World(settings.token)
        self.faults = Faults()
        self.limits = Limits(settings.limits)
        self.calls = Calls()
        self.changed = False
        cast.settle(self.world)

    def reset(self) -> None:
        """As it was at the first start."""
        cast.settle(self.world)
        self.world.clock.offset = 0
        self.faults.clear()
        self.limits = Limits(self.settings.limits)
        self.calls.clear()
        self.changed = True
        self.world.events.tell("reload", {})

    def person(self, who: object) -> Person:
        """By id, username or key. Raises Refusal."""
        person = self.world.person(who)
        if person is None:
            raise Refusal(f"no such person: {who}", 404)
        return person


SIMULATOR = web.AppKey("simulator", Simulator)
