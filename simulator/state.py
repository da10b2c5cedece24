"""The world: everything that exists now, and the few things that happen to all of it."""

import asyncio
import itertools
import secrets
from typing import Any

from simulator.clock import Clock
from simulator.events import Events
from simulator.settings import TOKEN
from simulator.things import Bot, Chat, File, Person
from simulator.waiting import Updates

Json = dict[str, Any]


class World:
    """Everything, in plain objects of one event loop."""

    def __init__(self, token: str = TOKEN) -> None:
        self.token = token
        self.clock = Clock()
        self.events = Events()
        self.updates = Updates()
        self.poll: asyncio.Future[str] | None = None
        self.empty()

    def empty(self) -> None:
        """Forget everything; the bot keeps its name and token."""
        self.bot = Bot(int(self.token.split(":", 1)[0]))
        self.people: dict[int, Person] = {}
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, File] = {}
        self.invoices: dict[str, Json] = {}
        self.payments: dict[str, Json] = {}
        self.transactions: list[Json] = []
        self.queries: dict[str, Json] = {}
        self.updates.reset()
        self.last_message_id = 0
        self.counter = itertools.count(1)

    def person(self, who: object) -> Person | None:
        """By id, username (with or without @) or short key (`ana`)."""
        if isinstance(who, int) or (isinstance(who, str) and who.isdigit()):
            return self.people.get(int(who))
        name = str(who).lstrip("@").lower()
        for person in self.people.values():
            if name in (person.key, person.username.lower()):
                return person
        return None

    def private(self, person: Person) -> Chat:
        """The chat of a person with the bot, made when first needed."""
        chat = self.chats.get(person.id)
        if chat is None:
            chat = self.chats[person.id] = Chat(person.id, "private")
        return chat

    def brief(self, chat: Chat) -> Json:
        """As the Bot API's Chat."""
        if chat.type != "private":
            body: Json = {"id": chat.id, "title": chat.title}
            if chat.username:
                body["username"] = chat.username
            return {**body, "type": chat.type}
        person = self.people[chat.id]
        body = {"id": person.id, "first_name": person.first_name}
        if person.last_name:
            body["last_name"] = person.last_name
        if person.username:
            body["username"] = person.username
        return {**body, "type": "private"}

    def account(self, user_id: int) -> Json:
        """User object of a person or of the bot."""
        return self.bot.user() if user_id == self.bot.id else self.people[user_id].user()

    def audience(self, chat: Chat) -> list[int]:
        """Ids of the people whose pages show this chat's messages."""
        return [chat.id] if chat.type == "private" else chat.inside()

    def number(self, chat: Chat) -> int:
        """The next message id: one row for all private chats, one per group or channel, as for a real bot."""
        if chat.type in ("private", "group"):
            self.last_message_id += 1
            return self.last_message_id
        chat.last_id += 1
        return chat.last_id

    def post(self, chat: Chat, message: Json) -> Json:
        """Put a message (without id) into a chat and show it."""
        message = {"message_id": self.number(chat), **message}
        chat.messages[message["message_id"]] = message
        self.show(chat, message)
        return message

    def show(self, chat: Chat, message: Json) -> None:
        """Tell open pages about a new or changed message."""
        if self.events.listeners:
            self.events.tell("message", {"chat": chat.id, "message": message}, self.audience(chat))

    def secret(self, size: int = 12) -> str:
        """A fresh unguessable id."""
        return secrets.token_urlsafe(size)

    def query_id(self) -> str:
        """A fresh id of a query, digits as Telegram's."""
        return str(secrets.randbelow(9 * 10**18) + 10**18)
