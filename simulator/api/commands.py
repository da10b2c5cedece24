"""The bot's commands, per scope and language."""

import re
from typing import Any

from simulator.api.registry import method
from simulator.errors import bad
from simulator.params import Params
from simulator.state import World
from simulator.things import Person

Json = dict[str, Any]
SCOPES = {"default", "all_private_chats", "all_group_chats", "all_chat_administrators", "chat", "chat_administrators",
          "chat_member"}  # fmt: skip


@method("setMyCommands")
def set_my_commands(world: World, params: Params) -> bool:
    """Replace the list of one scope and language."""
    given = params.tree("commands", "commands")
    if not isinstance(given, list):
        raise bad("can't parse commands: expected an Array")
    if len(given) > 100:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    commands = []
    for item in given:
        name = str(item.get("command", "")).removeprefix("/").lower()
        text = str(item.get("description", "")).strip()
        if not re.fullmatch(r"[a-z0-9_]{1,32}", name):
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= len(text) <= 256:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
        commands.append({"command": name, "description": text})
    world.bot.commands[_key(world, params)] = commands
    world.events.tell("menu", {})
    return True


@method("getMyCommands")
def get_my_commands(world: World, params: Params) -> list[Json]:
    """The list of exactly this scope and language."""
    return world.bot.commands.get(_key(world, params), [])


@method("deleteMyCommands")
def delete_my_commands(world: World, params: Params) -> bool:
    """Back to the lists of wider scopes."""
    world.bot.commands.pop(_key(world, params), None)
    world.events.tell("menu", {})
    return True


def shown_to(world: World, person: Person) -> list[Json]:
    """What a person sees in the chat with the bot: the narrowest scope first, then their language."""
    language = person.language_code.split("-")[0]
    for scope in (f"chat:{person.id}", "all_private_chats", "default"):
        for key in (f"{scope}|{language}", f"{scope}|"):
            if world.bot.commands.get(key):
                return world.bot.commands[key]
    return []


def _key(world: World, params: Params) -> str:
    scope = params.tree("scope", "BotCommandScope") or {"type": "default"}
    kind = scope.get("type") if isinstance(scope, dict) else None
    if kind not in SCOPES:
        raise bad("can't parse BotCommandScope: unsupported type specified")
    if kind.startswith("chat"):
        chat_id = scope.get("chat_id")
        if chat_id in world.people:
            person = world.people[int(chat_id)]
            if not (person.started or person.seen):
                raise bad("chat not found")
        elif not str(chat_id).startswith("@") and int(chat_id or 0) not in world.chats:
            raise bad("chat not found")
        kind = f"{kind}:{chat_id}" + (f":{scope['user_id']}" if kind == "chat_member" else "")
    language = params.text("language_code")
    if language and not re.fullmatch(r"[a-z]{2}", language):
        raise bad("invalid language code specified")
    return f"{kind}|{language}"
