"""The Bot API's methods, one module per noun; importing this package registers them all."""

from simulator.api import (  # noqa: F401
    chats,
    commands,
    edits,
    files,
    invites,
    me,
    media,
    members,
    messages,
    payments,
    queries,
    updates,
)
from simulator.api.registry import METHODS

__all__ = ["METHODS"]
