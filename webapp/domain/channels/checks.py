"""What Telegram says of the set-up when it is asked now: who the bot is, its commands and button, its channels.

Nobody waits for the answer: the question is promised (outbox.py), and how it ended is written where pages look for it.
Of each thing only the latest asking counts; an answer to an earlier one is let go.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import String, Text, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from webapp.base import outbox
from webapp.base.clock import now
from webapp.base.db import AwareUTC, Base, BigInt, Document, db, upsert
from webapp.base.inbox import telegram_id
from webapp.base.settling import Outcome
from webapp.domain.channels import places

ASKED = ("me", "commands", "menu", "vip", "free")
PATIENCE = timedelta(seconds=20)  # after so long without an answer a page stops looking, and one may ask again
RECENT = timedelta(minutes=10)
SCOPE = {"type": "all_private_chats"}
PLAIN: Mapping[str, tuple[str, dict[str, Any]]] = {
    "me": ("getMe", {}),
    "commands": ("getMyCommands", {"scope": SCOPE}),
    "menu": ("getChatMenuButton", {}),
}


class TelegramCheck(Base):
    """One thing about the set-up that Telegram was asked (the latest asking), and what it answered."""

    __tablename__ = "telegram_checks"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    number: Mapped[int] = mapped_column(default=1)
    target: Mapped[str | None] = mapped_column(String(64))
    told_to: Mapped[int | None] = mapped_column(BigInt)
    answer: Mapped[dict[str, Any] | None] = mapped_column(Document)
    error: Mapped[str | None] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(AwareUTC, default=now)
    answered_at: Mapped[datetime | None] = mapped_column(AwareUTC)

    @property
    def is_asking(self) -> bool:
        """Whether the answer may still come any moment."""
        return self.answered_at is None and now() - self.asked_at < PATIENCE

    @property
    def is_well(self) -> bool:
        """Whether Telegram answered what it should."""
        return self.answered_at is not None and self.error is None

    @property
    def is_recent(self) -> bool:
        """Whether somebody is still busy with it."""
        return now() - self.asked_at < RECENT

    def told(self, part: str) -> Mapping[str, Any]:
        """One object of the answer; nothing when it is of another shape."""
        found = (self.answer or {}).get(part)
        return found if isinstance(found, dict) else {}

    @property
    def chat_id(self) -> int | None:
        """The channel that was found."""
        return telegram_id((self.answer or {}).get("chat"))


def ask(name: str) -> bool:
    """Asks Telegram who the bot is ("me"), for its "commands", or its "menu" button; False while it is being asked."""
    number = _begin(name, None, None)
    if number is None:
        return False
    method, payload = PLAIN[name]
    outbox.promise(method, None, payload, dedupe_key=f"look:{number}:{name}:{name}", priority=5)
    return True


def ask_place(name: str, target: str | int, *, bot_id: int, told_to: int | None = None) -> bool:
    """Asks for a channel (its id or @name) and what the bot may do there; False while it is being asked.

    `name`: "vip", "free", or one of the asker's own. `told_to`: the admin who reads the answer in the chat.
    """
    number = _begin(name, str(target)[:64], told_to)
    if number is None:
        return False
    key = f"look:{number}:{name}"
    outbox.promise("getChat", None, {"chat_id": target}, dedupe_key=f"{key}:chat", priority=5)
    member = {"chat_id": target, "user_id": bot_id}
    outbox.promise("getChatMember", None, member, dedupe_key=f"{key}:member", priority=5)
    return True


def every() -> dict[str, TelegramCheck]:
    """What was asked last, by name."""
    found = db.session.scalars(select(TelegramCheck).where(TelegramCheck.name.in_(ASKED)))
    return {one.name: one for one in found}


def settled(outcome: Outcome) -> None:
    """Telegram answered, or would not."""
    _look, number, name, part = (outcome.dedupe_key or "").split(":")
    row = TelegramCheck
    query = select(row).where(row.name == name, row.number == int(number), row.answered_at.is_(None)).with_for_update()
    check = db.session.scalar(query.execution_options(populate_existing=True))
    if check is None:
        return
    if outcome.status != "sent":
        _refused(check, outcome.error or "no answer")
        return
    check.answer = (check.answer or {}) | {part: outcome.result}
    if check.target is None or {"chat", "member"} <= check.answer.keys():
        check.answered_at = now()
        if check.target is not None:
            _learn(check)


def _begin(name: str, target: str | None, told_to: int | None) -> int | None:
    """The number of this asking; None while the same is being asked."""
    values: dict[str, Any] = {"name": name, "target": target, "told_to": told_to, "asked_at": now()}
    blank = {"answer": None, "error": None, "answered_at": None, "number": TelegramCheck.number + 1}
    row = TelegramCheck
    again = or_(row.answered_at.is_not(None), row.asked_at < now() - PATIENCE, row.target.is_distinct_from(target))
    statement = upsert(row).values(values | {"number": 1})
    statement = statement.on_conflict_do_update(index_elements=["name"], set_=values | blank, where=again)
    number: int | None = db.session.scalar(
        statement.returning(row.number), execution_options={"populate_existing": True}
    )
    return number


def _learn(check: TelegramCheck) -> None:
    """The bot's place in a channel is as Telegram says now; whoever asked in the chat reads it."""
    chat, member = (check.answer or {}).get("chat"), (check.answer or {}).get("member")
    chat_id = telegram_id(chat)
    if not isinstance(chat, dict) or not isinstance(member, dict) or chat_id is None or chat.get("type") != "channel":
        _refused(check, "not a channel")
        return
    place = places.keep(chat_id, chat, member)
    if check.told_to is not None:
        places.tell_asker(check.told_to, place, f"seen:{check.name}:{check.number}")


def _refused(check: TelegramCheck, error: str) -> None:
    check.error, check.answered_at = error[:500], now()
    target = check.target or ""
    if target.lstrip("-").isdigit() and is_outside(error):
        places.lose(int(target))
    if check.told_to is not None:
        places.tell_lost(check.told_to, f"seen:{check.name}:{check.number}")


def is_outside(error: str) -> bool:
    """Whether Telegram's words mean that the bot is not in that channel."""
    return any(words in error.lower() for words in ("not a member", "was kicked", "chat not found"))
