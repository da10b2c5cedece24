"""Which handler answers what, and the arguments it is told.

A handler is told who and what, and returns a `Reply`; it knows nothing of Telegram's calls:

    @on.button("want")
    def want(user: User, package_id: int) -> Reply: ...

Callback data is `verb:arg:arg`; arguments take the types that the handler's annotations say, and what does not fit is
answered like unknown text.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

from webapp.bot.events import Event
from webapp.bot.replies import Reply

Handler = Callable[..., Reply | None]
Kept = TypeVar("Kept", bound=Handler)
LARGEST = 2**63 - 1
SPOKEN = frozenset(
    {
        *("text", "photo", "video", "voice", "audio", "document", "sticker", "animation", "video_note", "contact"),
        *("location", "venue", "poll", "dice", "story", "paid_media"),
    }
)


@dataclass
class Router:
    """Which handler answers what. Handlers register themselves when their module is imported."""

    commands: dict[str, Handler] = field(default_factory=dict)
    buttons: dict[str, Handler] = field(default_factory=dict)
    links: dict[str, Handler] = field(default_factory=dict)
    updates: dict[str, Handler] = field(default_factory=dict)
    parts: dict[str, Handler] = field(default_factory=dict)
    anything: Handler | None = None
    secret: set[Handler] = field(default_factory=set)

    def command(self, *names: str) -> Callable[[Kept], Kept]:
        """Answers `/name`; told (user), and what follows the command when it takes a second argument."""
        return _keep(self.commands, names)

    def confidential(self, handler: Kept) -> Kept:
        """What this handler is told besides the person is not kept once the update is done."""
        self.secret.add(handler)
        return handler

    def is_confidential(self, event: Event) -> bool:
        """Whether an update says something that must not be kept."""
        handler, told = self.find(event) or (None, [])
        return handler in self.secret and any(told)

    def button(self, *verbs: str) -> Callable[[Kept], Kept]:
        """Answers a button whose data begins with the verb; told (user, the arguments as annotated)."""
        return _keep(self.buttons, verbs)

    def deep_link(self, *prefixes: str) -> Callable[[Kept], Kept]:
        """Answers `/start prefix_rest`; told (user, rest)."""
        return _keep(self.links, prefixes)

    def update(self, *kinds: str) -> Callable[[Kept], Kept]:
        """Told (event) of a kind of update that is neither message nor button."""
        return _keep(self.updates, kinds)

    def message(self, *parts: str) -> Callable[[Kept], Kept]:
        """Answers a message that has such a part ("chat_shared", "forward_origin"…); told (user, the part)."""
        return _keep(self.parts, parts)

    def text(self) -> Callable[[Kept], Kept]:
        """Answers everything else that a person says or presses; told (user, text)."""

        def keep(handler: Kept) -> Kept:
            self.anything = handler
            return handler

        return keep

    def find(self, event: Event) -> tuple[Handler, list[Any]] | None:
        """The handler for a message or a press, with its arguments after `user`; None for what nobody answers."""
        if event.kind == "callback_query":
            verb, *told = event.text.split(":")
            return _fit(self.buttons.get(verb), told) or self._rest(event)
        for name, handler in self.parts.items():
            if isinstance(event.body.get(name), Mapping):
                return handler, [event.body[name]]
        if not SPOKEN & event.body.keys():
            return None
        return self._spoken(event.text) or self._rest(event)

    def _spoken(self, text: str) -> tuple[Handler, list[Any]] | None:
        if not text.startswith("/"):
            return None
        first, _space, rest = text[1:].partition(" ")
        name, rest = first.partition("@")[0].lower(), rest.strip()[:200]
        if name == "start" and rest:
            prefix, _line, payload = rest.partition("_")
            linked = _fit(self.links.get(prefix), [payload])
            if linked:
                return linked
        return _fit(self.commands.get(name), [rest]) or _fit(self.commands.get(name), [])

    def _rest(self, event: Event) -> tuple[Handler, list[Any]] | None:
        return (self.anything, [event.text]) if self.anything else None


on = Router()


def _keep(kept: dict[str, Handler], names: Sequence[str]) -> Callable[[Kept], Kept]:
    def keep(handler: Kept) -> Kept:
        for name in names:
            if name in kept:
                raise ValueError(f"two handlers for {name}")
            kept[name] = handler
        return handler

    return keep


def _fit(handler: Handler | None, told: Sequence[str]) -> tuple[Handler, list[Any]] | None:
    """The handler with `told` made into what its annotations say; None when they do not fit."""
    if handler is None:
        return None
    wanted = _wanted(handler)
    needed = sum(parameter.default is parameter.empty for parameter in wanted)
    if not needed <= len(told) <= len(wanted):
        return None
    try:
        return handler, [_typed(parameter, text) for parameter, text in zip(wanted, told, strict=False)]
    except ValueError:
        return None


@cache
def _wanted(handler: Handler) -> list[inspect.Parameter]:
    """What a handler takes after the person."""
    return list(inspect.signature(handler).parameters.values())[1:]


def _typed(parameter: inspect.Parameter, text: str) -> Any:
    if parameter.annotation is not int:
        return text
    if not text.lstrip("-").isascii() or not text.lstrip("-").isdigit():
        raise ValueError("not a whole number")
    number = int(text[:20])
    if abs(number) > LARGEST:
        raise ValueError("too large a number")
    return number
