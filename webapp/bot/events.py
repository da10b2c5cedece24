"""Reading an update: what kind it is, who did it, where, and what they said."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webapp.base.inbox import telegram_id


@dataclass(frozen=True)
class Event:
    """One update, read: what kind it is, who did it and where."""

    kind: str
    body: Mapping[str, Any]
    person: Mapping[str, Any] | None
    chat_id: int | None
    chat_type: str
    message: Mapping[str, Any] | None = None
    text: str = ""

    @property
    def query_id(self) -> str | None:
        """The id of the press to answer, when a button was pressed."""
        return str(self.body["id"]) if self.kind == "callback_query" and "id" in self.body else None

    @property
    def is_private(self) -> bool:
        """Whether it happened in the person's own chat with the bot."""
        return self.chat_type == "private"


def read(update: Mapping[str, Any]) -> Event:
    """What an update says; the keys that Telegram sends besides are left in `body`. What has not the shape that
    Telegram gives it counts as not there."""
    kind = next((name for name in update if name != "update_id"), "unknown")
    body = _mapping(update.get(kind))
    message = _mapping(body.get("message")) if kind == "callback_query" else body
    chat, person = _mapping(message.get("chat")), _mapping(body.get("from") or body.get("user"))
    said = body.get("data") if kind == "callback_query" else body.get("text") or body.get("caption")
    chat_id = telegram_id(chat)
    chat_type = "" if chat_id is None else str(chat.get("type", ""))
    known = person if telegram_id(person) is not None else None
    return Event(kind, body, known, chat_id, chat_type, message, said if isinstance(said, str) else "")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
