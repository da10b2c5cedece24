"""Opening the Mini App: from a button of a message, the menu button, a reply keyboard, or a direct link."""

import time
from typing import Any

from simulator import initdata
from simulator.errors import Refusal
from simulator.state import World
from simulator.talk import chat_instance
from simulator.things import Chat, Person

Json = dict[str, Any]


def from_button(
    world: World, person: Person, chat: Chat, message_id: int, text: str = "", theme: str = "light"
) -> Json:
    """A web_app button under a message: the one with this text, or the first. Raises Refusal."""
    message = chat.messages.get(message_id)
    rows = (message or {}).get("reply_markup", {}).get("inline_keyboard", [])
    for button in (item for row in rows for item in row):
        if "web_app" in button and text in ("", button["text"]):
            return _with_query(world, person, button["web_app"]["url"], theme)
    raise Refusal("no such button", 404)


def from_menu(world: World, person: Person, theme: str = "light") -> Json:
    """The menu button of the chat with the bot."""
    button = menu(world, person)
    if button.get("type") != "web_app":
        raise Refusal("the menu button opens no Mini App", 404)
    return _with_query(world, person, button["web_app"]["url"], theme)


def from_keyboard(world: World, person: Person, url: str, theme: str = "light") -> Json:
    """A button of a reply keyboard: Telegram gives these no launch data."""
    return {"url": initdata.launch_url(url, "", theme), "init_data": "", "title": world.bot.first_name}


def from_link(world: World, person: Person, start_param: str = "", theme: str = "light") -> Json:
    """A direct link, t.me/bot?startapp=…: opens the bot's main Mini App."""
    url = world.bot.main_app or world.bot.menus.get("", {}).get("web_app", {}).get("url", "")
    if not url:
        raise Refusal("the bot has no main Mini App: set a default menu button", 404)
    extra = {"chat_instance": chat_instance(world, world.private(person)), "chat_type": "sender"}
    if start_param:
        extra["start_param"] = start_param
    data = data_for(world, person, extra)
    return {"url": initdata.launch_url(url, data, theme, start_param), "init_data": data,
            "title": world.bot.first_name}  # fmt: skip


def menu(world: World, person: Person) -> Json:
    """The menu button a person sees."""
    found: Json = world.bot.menus.get(str(person.id)) or world.bot.menus.get("") or {"type": "default"}
    return found


def data_for(world: World, person: Person, extra: dict[str, str], auth_date: int | None = None) -> str:
    """Signed launch data of a person, at `auth_date`, else at the simulator's time; then of no time to come, since the
    product's own clock does not go along when the simulator's is put forward."""
    person.seen = True
    moment = min(world.clock.now(), int(time.time())) if auth_date is None else auth_date
    return initdata.compose(world.token, person.web_user(), moment, extra)


def _with_query(world: World, person: Person, url: str, theme: str) -> Json:
    query_id = "AA" + world.secret(16)
    world.queries[query_id] = {"kind": "web_app", "person": person.id, "date": world.clock.now()}
    data = data_for(world, person, {"query_id": query_id})
    return {"url": initdata.launch_url(url, data, theme), "init_data": data, "query_id": query_id,
            "title": world.bot.first_name}  # fmt: skip
