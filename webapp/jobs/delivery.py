"""Delivering what the outbox holds."""

from flask import current_app

from webapp.base.db import transaction
from webapp.base.sender import Sender
from webapp.base.settling import Outcome
from webapp.domain.catalog import notices
from webapp.domain.channels import results
from webapp.domain.users import people
from webapp.domain.users.models import Reach


def deliver(*, once: bool = False) -> int:
    """Writes the notices that are due and sends everything that is, or `once` around; returns how many calls were
    made."""
    sender, made = _sender(), 0
    while True:
        with transaction():
            written = notices.write_due()
        outcomes = sender.deliver()
        note_unreachable(outcomes)
        made += len(outcomes)
        if once or not (written or outcomes):
            return made


def note_unreachable(outcomes: list[Outcome]) -> None:
    """Notes of whom Telegram says that the bot cannot write to them."""
    gone = [outcome.chat_id for outcome in outcomes if outcome.unreachable and outcome.chat_id]
    if not gone:
        return
    with transaction():
        for chat_id in gone:
            people.note_reach(chat_id, Reach.BLOCKED)


def _sender() -> Sender:
    """This process's sender, made at first use."""
    known: Sender | None = current_app.extensions.get("sender")
    if known is None:
        extensions = current_app.extensions
        parts = (extensions["gateway"], extensions["pacer"], extensions["storage"])
        known = Sender(*parts, settled=results.settle)
        extensions["sender"] = known
    return known
