"""Updates in a transaction: taken from the inbox, told to their handlers, their answers promised, done.

A few share one transaction, since its begin and end cost as much as a deed; when anything in it is refused or fails,
nothing of it stays and each is handled in a transaction of its own. A refusal is answered with its words. Anything else
that a handler raises is a bug: nothing it wrote stays, the update is tried again, and after the last try the person and
the admins read a short code that the log knows too.
"""

import zlib
from collections import defaultdict
from collections.abc import Sequence

import structlog
from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from webapp.base import inbox, outbox, texts
from webapp.base.db import db, transaction
from webapp.base.errors import Denied, Refused
from webapp.base.i18n import _, locale_for, speaking
from webapp.base.inbox import TelegramUpdate
from webapp.bot.events import Event, read
from webapp.bot.replies import MAX_TOAST, Behind, Mouth, Reply, nothing
from webapp.bot.routes import on
from webapp.config import settings
from webapp.domain.settings import config
from webapp.domain.users import people
from webapp.domain.users.models import Reach, User

AWAY = (OperationalError, InterfaceError, PoolTimeout)
MAX_ERROR = 500
log = structlog.get_logger(__name__)


class DatabaseAway(Exception):
    """The database does not answer; nothing was done, and the same update can be handled later."""


def handle_all(update_ids: Sequence[int], behind: Behind = nothing) -> list[outbox.Claimed]:
    """Handles a few stored updates, in this order and together if possible; as `handle`, which it falls back to."""
    claimed: list[outbox.Claimed] = []
    mine: defaultdict[int, list[int]] = defaultdict(list)

    def before(chat_id: int) -> list[int]:
        return [*behind(chat_id), *mine[chat_id]]

    def keep(made: list[outbox.Claimed]) -> None:
        claimed.extend(made)
        for one in made:
            mine[one.chat_id or 0].append(one.id)

    try:
        with transaction():
            for update_id in update_ids:
                keep(_taken(update_id, before, None))
    except Exception:  # noqa: BLE001  whose fault it was is found by handling each alone
        claimed.clear()
        mine.clear()
        for update_id in update_ids:
            keep(handle(update_id, before))
            db.session.remove()
    return claimed


def handle(update_id: int, behind: Behind = nothing) -> list[outbox.Claimed]:
    """Handles one stored update; returns the claimed promises that the caller sends now.

    `behind`: the ids of the promises to a chat that the caller sends already. Needs an app context, opens its own
    transactions. Raises DatabaseAway.
    """
    try:
        return _answered(update_id, behind)
    except AWAY as error:
        db.session.rollback()
        if getattr(error, "connection_invalidated", False) or not _database_answers():
            raise DatabaseAway(type(error).__name__) from None
        return _failed(update_id, error)
    except Exception as error:  # noqa: BLE001  the one place where a bug of a handler is caught
        return _failed(update_id, error)


def _answered(update_id: int, behind: Behind) -> list[outbox.Claimed]:
    """What the update's handler answers, or the words of its refusal, promised and durable."""
    refusal = None
    for _again in range(2):
        try:
            with transaction():
                return _taken(update_id, behind, refusal)
        except Refused as error:  # what the handler wrote is undone; its words are said in a transaction of their own
            refusal = error
    return []


def _taken(update_id: int, behind: Behind, refusal: Refused | None) -> list[outbox.Claimed]:
    """Takes an update and says its answer, in the current transaction; nothing when somebody else has handled it."""
    payload = inbox.take(update_id)
    if payload is None:
        return []
    event = read(payload)
    if on.is_confidential(event):
        inbox.strip(update_id)
    return Mouth(event, behind).say(*_answer(event, refusal))


def _answer(event: Event, refusal: Refused | None) -> tuple[User | None, Reply | None]:
    """Whom to answer, and with what."""
    told = event.person
    if event.kind not in ("message", "callback_query") or not told or told.get("is_bot"):
        _tell(event)
        return None, None
    if not event.is_private:
        return None, _in_a_group(event)
    user_id = int(told["id"])
    user = people.get_or_create_user(told, reach=Reach.OK, listed=user_id in settings().admin_user_ids)
    with speaking(user.locale):
        try:
            people.refuse_blocked(user)
        except Denied as error:
            return user, Reply("refused", message=str(error), edit=False, once=f"blocked:{user_id}")
        if refusal is not None:
            return user, _refused(event, refusal)
        found = on.find(event)
        if found is None:
            return user, None
        handler, arguments = found
        return user, handler(user, *arguments)


def _tell(event: Event) -> None:
    handler = on.updates.get(event.kind)
    if handler is not None:
        handler(event)


def _in_a_group(event: Event) -> Reply | None:
    """Groups hear one line, once, when somebody says /start there; a button pressed there is only let go."""
    if event.kind == "callback_query":
        return Reply()
    name = config.current().bot_username
    if event.chat_type not in ("group", "supergroup") or not event.text.startswith("/start") or not name:
        return None
    with speaking(locale_for((event.person or {}).get("language_code"))):
        open_chat = texts.link(_("Abrir el chat"), f"https://t.me/{name}")
        return Reply("group", once=f"group:{event.chat_id}", buttons=[[open_chat]])


def _refused(event: Event, refusal: Refused) -> Reply:
    words = str(refusal)
    if event.query_id and len(words) <= MAX_TOAST:
        return Reply(toast=words, alert=True)
    return Reply("refused", message=words, edit=False)


def _failed(update_id: int, error: Exception) -> list[outbox.Claimed]:
    """Notes a failed try; after the last one the person and the admins are told."""
    code = f"{zlib.crc32(str(update_id).encode()) & 0xFFFFFF:06X}"
    with transaction():
        dead = inbox.fail(update_id, f"{code} {type(error).__name__}: {error}"[:MAX_ERROR])
        row = db.session.get_one(TelegramUpdate, update_id)
        first = row.attempts == 1
        if dead:
            event = read(row.payload)
            _tell_of_death(event, update_id, code)
            if on.is_confidential(event):
                inbox.strip(update_id)
    log.error("bot.update_failed", code=code, update_id=update_id, dead=dead, exc_info=error if first else None)
    return []


def _tell_of_death(event: Event, update_id: int, code: str) -> None:
    admins = people.reachable_admins()
    for admin in admins:
        with speaking(admin.locale):
            message = texts.payload(texts.render("admin/dead", code=code, kind=event.kind))
            outbox.promise("sendMessage", admin.user_id, message, dedupe_key=f"dead:{update_id}:{admin.user_id}")
    if event.is_private and event.person and event.kind in ("message", "callback_query"):
        with speaking(locale_for(event.person.get("language_code"))):
            message = texts.payload(texts.render("failed", code=code))
            outbox.promise("sendMessage", event.chat_id, message, dedupe_key=f"failed:{update_id}")


def _database_answers() -> bool:
    try:
        db.session.execute(text("SELECT 1"))
        db.session.rollback()
    except AWAY:
        return False
    return True


def next_due(limit: int = 200) -> list[int]:
    """Ids of the updates that can be handled now. Raises DatabaseAway."""
    try:
        found = inbox.due(limit)
        db.session.rollback()
    except AWAY as error:
        raise DatabaseAway(type(error).__name__) from None
    return found
