"""What a handler returns, and the calls that saying it takes."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from webapp.base import outbox, texts
from webapp.base.i18n import locale_for, speaking
from webapp.base.texts import Buttons
from webapp.bot.events import Event
from webapp.domain.users.models import User

MAX_TOAST = 200
Behind = Callable[[int], Collection[int]]


def nothing(_chat_id: int) -> Collection[int]:
    """Nothing is on its way to this chat."""
    return ()


@dataclass(frozen=True)
class Photo:
    """A picture to go with a reply: a stored file, or one that Telegram knows."""

    storage_key: str | None = None
    file_id: str | None = None

    @property
    def value(self) -> Any:
        """What the payload says."""
        return self.file_id or {"upload": self.storage_key}


class Reply:
    """What to say: the template in `templates/bot/` with its `context`, and how.

    `buttons`: rows of texts.button, link, web_app; `photo`: the text becomes its caption; `edit`: changes the message
    whose button was pressed, if that is possible; `toast`: the short answer to a button (`alert`: one to be closed);
    without a template a button is answered and nothing is written. `once`: said at most once under this name.
    `keyboard`: rows of KeyboardButton in the place of the person's own keyboard; none left takes it away again.
    """

    def __init__(
        self,
        template: str | None = None,
        *,
        buttons: Buttons | None = None,
        photo: Photo | None = None,
        edit: bool = True,
        toast: str = "",
        alert: bool = False,
        once: str | None = None,
        keyboard: Buttons | None = None,
        **context: Any,
    ) -> None:
        self.template, self.context = template, context
        self.buttons, self.photo, self.edit = buttons, photo, edit
        self.toast, self.alert, self.once, self.keyboard = toast, alert, once, keyboard

    def toasting(self, toast: str) -> "Reply":
        """The same, with a short answer to the button."""
        self.toast = toast
        return self


class Mouth:
    """Turns a reply into promised calls of one event's chat."""

    def __init__(self, event: Event, behind: Behind) -> None:
        self.event = event
        self.behind = behind(event.chat_id or 0)
        self.claimed: list[outbox.Claimed] = []

    def say(self, user: User | None, reply: Reply | None) -> list[outbox.Claimed]:
        """Promises what the reply says; a press is answered even when there is nothing to say."""
        reply = reply or Reply()
        if self.event.query_id:
            answer: dict[str, Any] = {"callback_query_id": self.event.query_id}
            if reply.toast:
                answer |= {"text": reply.toast[:MAX_TOAST], "show_alert": reply.alert}
            self._promise("answerCallbackQuery", answer, chat_id=None)
        if reply.template:
            locale = user.locale if user else locale_for((self.event.person or {}).get("language_code"))
            with speaking(locale):
                self._write(reply, texts.render(reply.template, user=user, **reply.context))
        return self.claimed

    def _write(self, reply: Reply, words: str) -> None:
        """A new message, or the pressed one changed; where a picture comes or goes, the old one is taken away."""
        fresh = texts.photo(reply.photo.value, words, reply.buttons) if reply.photo else None
        fresh = fresh or texts.payload(words, reply.buttons)
        if reply.keyboard is not None:
            fresh["reply_markup"] = texts.keyboard(reply.keyboard)
        method = "sendPhoto" if reply.photo else "sendMessage"
        pressed = self.event.message if self.event.query_id and reply.edit else None
        if not pressed or not pressed.get("date") or "message_id" not in pressed:
            self._promise(method, fresh, once=reply.once)
            return
        place = {"message_id": pressed["message_id"]}
        if bool(reply.photo) is not ("photo" in pressed):
            self._promise("deleteMessage", place)
            self._promise(method, fresh)
        elif reply.photo:
            fresh.pop("photo")
            self._promise("editMessageCaption", fresh | place)
        else:
            self._promise("editMessageText", fresh | place)

    def _promise(self, method: str, body: dict[str, Any], once: str | None = None, chat_id: int | None = -1) -> None:
        chat_id = self.event.chat_id if chat_id == -1 else chat_id
        behind = {*self.behind, *(one.id for one in self.claimed)}
        made = outbox.promise_own(method, chat_id, body, dedupe_key=once, behind=behind)
        if made is not None:
            self.claimed.append(made)
