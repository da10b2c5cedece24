"""The notice that admins get of an interest, and how it changes once somebody has dealt with it.

Whoever presses or attends only says `notice_due`; the worker writes the notices of those rows, so that nobody who
presses waits for texts in several languages, and a notice always says how the interest stands when it is written.
"""

from typing import Any

from sqlalchemy import exists, select, update
from sqlalchemy.orm import joinedload

from webapp.base import outbox, texts
from webapp.base.db import db
from webapp.base.i18n import _, speaking
from webapp.domain.catalog.models import UserInterest
from webapp.domain.settings import config
from webapp.domain.users import people
from webapp.domain.users.models import User

BATCH = 50
DUE = UserInterest.notice_due.is_(True)


def are_due() -> bool:
    """Whether some interest's notices wait to be written."""
    return bool(db.session.scalar(select(exists().where(DUE))))


def write_due(limit: int = BATCH) -> int:
    """Promises the notices that are due, of at most `limit` interests, in the current transaction; returns of how many.

    A pending interest is told to every reachable admin once a cycle; the notices that there are already say how it
    stands now: by whom attended, withdrawn, or open again.
    """
    due = select(UserInterest.id).where(DUE).order_by(UserInterest.id).limit(limit).with_for_update(skip_locked=True)
    taken = update(UserInterest).where(UserInterest.id.in_(due)).values(notice_due=False).returning(UserInterest.id)
    ids = db.session.scalars(taken, execution_options={"noted": True, "synchronize_session": False}).all()
    if not ids:
        return 0
    admins = {admin.user_id: admin for admin in people.reachable_admins()}
    query = select(UserInterest).where(UserInterest.id.in_(ids)).order_by(UserInterest.id)
    query = query.options(joinedload(UserInterest.user), joinedload(UserInterest.package))
    for interest in db.session.scalars(query, execution_options={"populate_existing": True}):
        _write(interest, dict(admins))
    return len(ids)


def _write(interest: UserInterest, admins: dict[int, User]) -> None:
    cycle = f"interest:{interest.id}:{interest.notice_count}:"
    for promise_id, chat_id, _dedupe in outbox.find(cycle):
        admin = admins.pop(chat_id, None) or db.session.get(User, chat_id)
        if admin is not None:
            outbox.promise("editMessageText", chat_id, _message(admin, interest), edits=promise_id, priority=1)
    if interest.state != "pending":
        return
    for admin in admins.values():
        key = f"{cycle}{admin.user_id}"
        outbox.promise("sendMessage", admin.user_id, _message(admin, interest), dedupe_key=key, priority=1)


def _message(admin: User, interest: UserInterest) -> dict[str, Any]:
    zone = config.current().time_zone
    with speaking(admin.locale):
        text = texts.render(
            "catalog/notice", interest=interest, user=interest.user, package=interest.package, zone=zone
        )
        return texts.payload(text, _buttons(interest))


def _buttons(interest: UserInterest) -> texts.Buttons:
    """Callback data is `verb:id`; the bot's door answers to these verbs."""
    user = interest.user
    address = f"https://t.me/{user.username}" if user.username else f"tg://user?id={user.user_id}"
    write = texts.link(_("Escribir"), address)
    if interest.state != "pending":
        return [[texts.button(_("Reabrir"), f"reopen:{interest.id}"), write]]
    return [
        [texts.button(_("Marcar atendido"), f"attend:{interest.id}")],
        [write, texts.button(_("Ver todos"), "interests:pending")],
        [texts.button(_("Bloquear"), f"block:{user.user_id}")],
    ]
