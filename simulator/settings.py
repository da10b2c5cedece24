"""What can be chosen when the simulator starts, read from the environment."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TOKEN = "8000000001:AASimulatorTokenForDevelopmentOnly000"


class BadSetting(Exception):
    """A setting that does not let the simulator start, in one line for the person who set it."""


@dataclass(frozen=True)
class Settings:
    """Where to listen, the bot's token, where state is kept, whether Telegram's rate limits hold, and who (keys or ids)
    has already pressed START, or is inside the VIP channel, in a world that is new."""

    host: str = "127.0.0.1"
    port: int = 8081
    token: str = TOKEN
    state: Path | None = None
    limits: bool = False
    started: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()

    @property
    def bot_id(self) -> int:
        """Telegram writes the bot's id before the colon of its token."""
        return int(self.token.split(":", 1)[0])


def read(env: Mapping[str, str] = os.environ, arguments: list[str] | None = None) -> Settings:
    """Settings from `SIMULATOR_*` variables and `--limits`; refuses production.

    Raises BadSetting with the one line to print.
    """
    if env.get("VITRINA_ENV", "").lower() == "production":
        raise BadSetting("The Telegram simulator refuses to start: VITRINA_ENV is production.")
    port = env.get("SIMULATOR_PORT") or "8081"
    if not port.isdigit() or int(port) > 65535:
        raise BadSetting(f"SIMULATOR_PORT must be a port number, not {port!r}.")
    token = env.get("SIMULATOR_TOKEN") or TOKEN
    if not re.fullmatch(r"\d{5,15}:[A-Za-z0-9_-]{20,}", token):
        raise BadSetting("SIMULATOR_TOKEN must look like a bot token: digits, a colon, 35 letters.")
    state = env.get("SIMULATOR_STATE")
    limits = env.get("SIMULATOR_LIMITS") == "1" or "--limits" in (arguments or [])
    started, inside = _people(env.get("SIMULATOR_STARTED", "")), _people(env.get("SIMULATOR_INSIDE", ""))
    host = env.get("SIMULATOR_HOST") or "127.0.0.1"
    return Settings(host, int(port), token, Path(state) if state else None, limits, started, inside)


def _people(said: str) -> tuple[str, ...]:
    return tuple(who.strip() for who in said.split(",") if who.strip())
