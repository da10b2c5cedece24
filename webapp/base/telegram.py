"""The gateway to the Bot API: how a call leaves, and what its answer means.

Parameters travel in a body over one kept-alive connection per thread; the token is in no error; every failure is sorted
into what can be done about it. The bot library's own requests go through here too (`library_sender`).
"""

import json
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NameResolutionError, NewConnectionError, ReadTimeoutError

from webapp.base.later import later
from webapp.base.logs import scrub

if TYPE_CHECKING:
    from telebot import TeleBot

telebot = later("telebot")  # 13 MB, which the web and the worker have no use for

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 20.0
# Doing these twice leaves what doing them once leaves, so an unknown result may be tried again.
IDEMPOTENT = frozenset(
    {"getMe", "getUpdates", "getChat", "getChatMember", "getFile", "getWebhookInfo", "setWebhook", "deleteWebhook"}
    | {"getMyCommands", "getChatMenuButton"}
    | {"setMyCommands", "deleteMyCommands", "setChatMenuButton", "setMyName", "setMyDescription"}
    | {"setMyShortDescription", "answerCallbackQuery", "answerPreCheckoutQuery", "sendChatAction"}
    | {"editMessageText", "editMessageCaption", "editMessageReplyMarkup", "editMessageMedia"}
    | {"deleteMessage", "deleteMessages", "setMessageReaction", "banChatMember", "unbanChatMember"}
    | {"approveChatJoinRequest", "declineChatJoinRequest", "revokeChatInviteLink"}
)


class TelegramError(Exception):
    """A call failed. `code` is Telegram's error_code (0: none came), `description` its words, without the token."""

    def __init__(self, method: str, code: int, description: str) -> None:
        super().__init__(f"{method}: {code} {description}")
        self.method, self.code, self.description = method, code, description


class RetryLater(TelegramError):
    """Nothing was done; the same call may succeed after `after` seconds. `flood`: Telegram told us to wait (429)."""

    def __init__(self, method: str, code: int, description: str, after: float, *, flood: bool = False) -> None:
        super().__init__(method, code, description)
        self.after, self.flood = after, flood

    @property
    def away(self) -> bool:
        """Nobody is there, or nobody behind the one who answers: it has nothing to do with this call."""
        return self.code in (0, 502, 503, 504)


class Terminal(TelegramError):
    """Telegram refused; the same call will be refused again."""

    @property
    def unreachable(self) -> bool:
        """The person blocked the bot, never started it, or is gone."""
        return self.code == 403 or "chat not found" in self.description.lower()


class Moved(TelegramError):
    """The group became a supergroup; the call belongs to `chat_id`."""

    def __init__(self, method: str, code: int, description: str, chat_id: int) -> None:
        super().__init__(method, code, description)
        self.chat_id = chat_id


class ResultUnknown(TelegramError):
    """The call left, and no answer came: it may have been done."""


@dataclass
class Gateway:
    """Calls of one bot to one Bot API server, from any number of threads.

    `token`: the bot's; `api_url`: scheme and host of the server, no slash at the end.
    """

    token: str
    api_url: str = "https://api.telegram.org"
    _pools: threading.local = field(default_factory=threading.local, repr=False)

    def call(self, method: str, payload: dict[str, Any] | None = None, *, read_timeout: float = READ_TIMEOUT) -> Any:
        """Posts one call and returns its `result`.

        A value that is a Path is uploaded. Raises RetryLater, Terminal, Moved or ResultUnknown.
        """
        body, content_type = _encode(payload or {})
        try:
            answer = self._pool().request(
                "POST",
                f"{self.api_url}/bot{self.token}/{method}",
                body=body,
                headers={"Content-Type": content_type},
                timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT, read=read_timeout),
            )
        except (NewConnectionError, ConnectTimeoutError, NameResolutionError) as error:
            raise RetryLater(method, 0, self._scrub(error), after=2) from None
        except ReadTimeoutError:
            raise ResultUnknown(method, 0, f"no answer within {read_timeout:.0f} s") from None
        except HTTPError as error:
            raise ResultUnknown(method, 0, self._scrub(error)) from None
        return _sort(method, answer.status, answer.data)

    def bot(self) -> "TeleBot":
        """The bot library's object for this gateway; its requests leave through here."""
        library: Any = telebot.apihelper
        library.API_URL = self.api_url + "/bot{0}/{1}"
        library.FILE_URL = self.api_url + "/file/bot{0}/{1}"
        library.RETRY_ON_ERROR = False
        library.CUSTOM_REQUEST_SENDER = self._library_sender
        bot: TeleBot = telebot.TeleBot(self.token, threaded=False, parse_mode="HTML", validate_token=False)
        return bot

    def _library_sender(self, _verb: str, url: str, params: Any = None, files: Any = None, **options: Any) -> "_Answer":
        """What telebot calls in place of requests: the same call, sent and sorted by us."""
        if files:
            raise TypeError("files leave through the outbox, by path")
        _connect, read = options.get("timeout") or (CONNECT_TIMEOUT, READ_TIMEOUT)
        decoded = {name: _loads(value) for name, value in (params or {}).items()}
        return _Answer({"ok": True, "result": self.call(url.rpartition("/")[2], decoded, read_timeout=read)})

    def _pool(self) -> urllib3.PoolManager:
        pool: urllib3.PoolManager | None = getattr(self._pools, "pool", None)
        if pool is None:
            pool = self._pools.pool = urllib3.PoolManager(num_pools=2, maxsize=1, retries=False)
        return pool

    def _scrub(self, error: object) -> str:
        return str(error).replace(self.token, "<token>")[:300]


class _Answer:
    """The parts of requests.Response that telebot uses."""

    status_code, reason = 200, "OK"

    def __init__(self, content: dict[str, Any]) -> None:
        self._content = content

    @property
    def text(self) -> str:
        return orjson.dumps(self._content).decode()

    def json(self) -> dict[str, Any]:
        return self._content


def read(data: bytes) -> Any:
    """JSON as Telegram sends it. A lone surrogate, which no database can store, becomes "?": one such
    update must not keep all that follow from being read. Raises ValueError for what is no JSON."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        pass
    try:
        return orjson.loads(json.dumps(json.loads(data), ensure_ascii=False).encode("utf-8", "replace"))
    except RecursionError:
        raise ValueError("nested too deep") from None


def _loads(value: Any) -> Any:
    """telebot sends nested values as JSON text; we send the whole body as JSON."""
    if isinstance(value, str) and value[:1] in "[{":
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


def _encode(payload: dict[str, Any]) -> tuple[bytes, str]:
    """JSON, or multipart when a file goes along."""
    if not any(isinstance(value, Path) for value in payload.values()):
        return orjson.dumps(payload), "application/json"
    fields: dict[str, Any] = {}
    for name, value in payload.items():
        if isinstance(value, Path):
            fields[name] = (value.name, value.read_bytes())
        elif value is not None:
            fields[name] = value if isinstance(value, str) else orjson.dumps(value).decode()
    return urllib3.encode_multipart_formdata(fields)


def _sort(method: str, status: int, data: bytes) -> Any:
    """The result of an answer, or the error that says what can be done."""
    try:
        answer = read(data)
        ok, code = answer["ok"], int(answer.get("error_code", status))
    except (KeyError, TypeError, ValueError):
        if status >= 500:
            raise RetryLater(method, status, "server error", after=2) from None
        raise ResultUnknown(method, status, "an answer that is not JSON") from None
    if ok:
        return answer.get("result")
    words, hints = scrub(str(answer.get("description", "")))[:300], answer.get("parameters") or {}
    if code == 429:
        raise RetryLater(method, code, words, after=float(hints.get("retry_after", 1)), flood=True)
    if code >= 500:
        raise RetryLater(method, code, words, after=2)
    if "migrate_to_chat_id" in hints:
        raise Moved(method, code, words, int(hints["migrate_to_chat_id"]))
    raise Terminal(method, code, words)
