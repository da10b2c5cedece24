"""The ways to refuse. A refusal is for the asker's eyes: its text is in the asker's language."""

from collections.abc import Callable, Mapping
from typing import Any


class Refused(Exception):
    """A deed was refused; nothing was written. `str(error)` is what the person reads."""

    status = 400

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return str(self.message)


class Invalid(Refused):
    """What was given does not fit; `fields` says where: field name → message."""

    status = 422

    def __init__(self, message: str = "", fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message or "; ".join(str(text) for text in (fields or {}).values()))
        self.fields = dict(fields or {})


def all_fit(*readers: Callable[[], Any]) -> list[Any]:
    """What each reader gives; when some refuse, one Invalid naming the fields of them all."""
    read: list[Any] = []
    wrong: dict[str, str] = {}
    for reader in readers:
        try:
            read.append(reader())
        except Invalid as error:
            wrong |= error.fields
    if wrong:
        raise Invalid(fields=wrong)
    return read


def read_fields(
    typed: Mapping[str, Any], readers: Mapping[str, Callable[[Any], Any]]
) -> tuple[dict[str, Any], dict[str, str]]:
    """(what each reader makes of its field, where it was typed; field → why its reader refused it, by ValueError)."""
    values: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for name, reader in readers.items():
        if name in typed:
            try:
                values[name] = reader(typed[name])
            except ValueError as error:
                wrong[name] = str(error)
    return values, wrong


class Unknown(Refused):
    """We do not know who is asking."""

    status = 401


class Denied(Refused):
    """This person may not do this."""

    status = 403


class NotFound(Refused):
    """There is no such thing, or not for this person."""

    status = 404


class Anothers(NotFound):
    """There is such a thing, and it is somebody else's.

    The asker gets the same answer as for something that does not exist; the attempt is noted as denied.
    """


class Conflict(Refused):
    """The thing is not, or no longer, in a state that allows it."""

    status = 409


class TooMany(Refused):
    """Too often; `retry_after` is in whole seconds."""

    status = 429

    def __init__(self, message: str = "", retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = max(1, int(retry_after))


class Unavailable(Refused):
    """A part we need does not answer right now."""

    status = 503


class NoRoom(Refused):
    """There is no space left to write to."""

    status = 507
