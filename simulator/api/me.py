"""The bot itself: who it is, its names and texts, its menu button."""

from typing import Any

from simulator import keyboards
from simulator.api.registry import method
from simulator.api.target import chat_of
from simulator.errors import bad
from simulator.params import Params
from simulator.state import World

Json = dict[str, Any]
TEXTS = {"Name": ("name", 64), "Description": ("description", 512), "ShortDescription": ("short_description", 120)}


@method("getMe")
def get_me(world: World, params: Params) -> Json:
    """The bot as a User, with what it can do."""
    return {
        **world.bot.user(), "can_join_groups": True, "can_read_all_group_messages": False,
        "supports_inline_queries": False, "can_connect_to_business": False,
        "has_main_web_app": bool(world.bot.main_app or world.bot.menus.get("")), "has_topics_enabled": False,
        "allows_users_to_create_topics": False, "can_manage_bots": False,
    }  # fmt: skip


@method("logOut")
def log_out(world: World, params: Params) -> bool:
    """Nothing to leave here."""
    return True


@method("close")
def close(world: World, params: Params) -> bool:
    """Nothing to close here."""
    return True


def _register(suffix: str, name: str, limit: int) -> None:
    @method(f"setMy{suffix}")
    def set_text(world: World, params: Params) -> bool:
        """The text for one language, or for all others."""
        value = params.text(name)
        if len(value) > limit:
            raise bad(f"bot {name.replace('_', ' ')} is too long")
        language = params.text("language_code")
        world.bot.texts[f"{name}:{language}"] = value
        if name == "name" and not language and value:
            world.bot.first_name = value
        world.events.tell("chats", {})
        return True

    @method(f"getMy{suffix}")
    def get_text(world: World, params: Params) -> Json:
        """The text in a language, or the one for all others."""
        texts = world.bot.texts
        default = world.bot.first_name if name == "name" else ""
        value = texts.get(f"{name}:{params.text('language_code')}") or texts.get(f"{name}:") or default
        return {name: value}


for _suffix, (_name, _limit) in TEXTS.items():
    _register(_suffix, _name, _limit)


@method("setChatMenuButton")
def set_chat_menu_button(world: World, params: Params) -> bool:
    """The button left of the composer, for one person or for all."""
    button = params.tree("menu_button", "menu button") or {"type": "default"}
    kind = button.get("type") if isinstance(button, dict) else None
    if kind not in ("default", "commands", "web_app"):
        raise bad("can't parse menu button: unallowed menu button type specified")
    if kind == "web_app":
        if not button.get("text"):
            raise bad('can\'t parse menu button: Field "text" must be of type String')
        keyboards.web_url(str(button.get("web_app", {}).get("url", "")), "menu button Web App URL")
    key = ""
    if params.has("chat_id"):
        key = str(_private_id(world, params))
    if kind == "default":
        world.bot.menus.pop(key, None)
    else:
        world.bot.menus[key] = button
    world.events.tell("menu", {})
    return True


@method("getChatMenuButton")
def get_chat_menu_button(world: World, params: Params) -> Json:
    """The button that a person sees, or the default one."""
    key = str(_private_id(world, params)) if params.has("chat_id") else ""
    return world.bot.menus.get(key) or world.bot.menus.get("") or {"type": "default"}


def _private_id(world: World, params: Params) -> int:
    chat = chat_of(world, params)
    if chat.type != "private":
        raise bad("chat not found")
    return chat.id
