"""The channels that the bot stands in, what it may do there, and which of them are the creator's VIP and Free one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from webapp.base import texts
from webapp.base.clock import now
from webapp.base.db import db, get, upsert
from webapp.base.errors import Conflict, NotFound
from webapp.base.i18n import _, lazy_gettext, speaking
from webapp.base.words import clean
from webapp.domain.audit import trail
from webapp.domain.audit.actors import Actor
from webapp.domain.channels.models import NEEDED, RIGHTS, BotChannel, Channel
from webapp.domain.channels.reminders import write
from webapp.domain.settings import config
from webapp.domain.users import people
from webapp.domain.users.models import User

NAMES = {
    "can_invite_users": lazy_gettext("Invitar usuarios con un enlace"),
    "can_restrict_members": lazy_gettext("Expulsar usuarios"),
    "can_post_messages": lazy_gettext("Publicar mensajes"),
}
WHY = {
    "can_invite_users": lazy_gettext("Sin él no puede hacer enlaces ni aprobar solicitudes."),
    "can_restrict_members": lazy_gettext("Sin él nadie sale del canal cuando termina su acceso."),
    "can_post_messages": lazy_gettext("Sin él no puede publicar en el canal."),
}
HERE = ("administrator", "creator")


@dataclass(frozen=True)
class Right:
    """One right in one channel: whether the bot has it, whether it needs it there, and what it is good for."""

    name: str
    label: str
    why: str
    held: bool
    needed: bool

    @property
    def sign(self) -> str:
        """Green, red, or yellow for what could be missed."""
        return "🟢" if self.held else "🔴" if self.needed else "🟡"


def note(chat_id: int, chat: Mapping[str, Any], told: Mapping[str, Any]) -> None:
    """Telegram tells of the bot's place in a channel; `chat` and `told` are its Chat and ChatMember objects.

    Admins are asked which of the two it is when it is none yet, and are told when the bot loses a right it needs.
    """
    place = keep(chat_id, chat, told)
    kind = kind_of(place.chat_id)
    if kind is None and place.status == "administrator":
        _ask(place)
    elif kind is not None and place.lacks(kind):
        _warn(place, kind)


def keep(chat_id: int, chat: Mapping[str, Any], told: Mapping[str, Any]) -> BotChannel:
    """Writes down the bot's place in a channel, as Telegram says it is now."""
    values = {
        "title": clean(chat.get("title"))[:200],
        "username": clean(chat.get("username"))[:64] or None,
        "status": str(told.get("status"))[:16],
        "seen_at": now(),
        **{name: told.get("status") == "creator" or told.get(name) is True for name in RIGHTS},
    }
    statement = upsert(BotChannel).values(chat_id=chat_id, **values)
    db.session.execute(statement.on_conflict_do_update(index_elements=["chat_id"], set_=values))
    return db.session.get_one(BotChannel, chat_id, populate_existing=True)


def lose(chat_id: int) -> None:
    """The bot is not in this channel any more, or never was."""
    gone: dict[str, Any] = {"status": "left", "seen_at": now(), **dict.fromkeys(RIGHTS, False)}
    statement = update(BotChannel).where(BotChannel.chat_id == chat_id).values(gone)
    db.session.execute(statement, execution_options={"synchronize_session": "fetch"})


def rights(place: BotChannel | None, kind: Channel | None) -> list[Right]:
    """What the bot may do in a channel and what it needs there; everything missing for one that it is not in."""
    needed = NEEDED.get(kind, RIGHTS) if kind else RIGHTS
    inside = place is not None and place.status in HERE
    return [
        Right(name, str(NAMES[name]), str(WHY[name]), inside and bool(getattr(place, name)), name in needed)
        for name in RIGHTS
    ]


def choose(kind: Channel | None, chat_id: int, *, by: Actor) -> BotChannel:
    """Makes a channel the creator's VIP or Free one. Raises NotFound for one the bot is not in, Conflict for the one
    that is the other already, or while the bot lacks a right that it needs there, naming it."""
    place = get(BotChannel, chat_id)
    if kind is None:
        raise NotFound(_("Elige entre el canal VIP y el canal Free."))
    settings = config.held()
    if {settings.vip_channel_id: Channel.VIP, settings.free_channel_id: Channel.FREE}.get(chat_id) not in (None, kind):
        raise Conflict(_("Ese canal ya es el otro. Elige uno distinto."))
    if place.lacks(kind):
        names = ", ".join(str(NAMES[name]) for name in place.lacks(kind))
        raise Conflict(_("Al bot le faltan permisos en ese canal: %(names)s.", names=names))
    with trail.watch(settings, "update", by=by):
        setattr(settings, f"{kind.value}_channel_id", chat_id)
        setattr(settings, f"{kind.value}_channel_title", place.title)
    return place


def every() -> Sequence[BotChannel]:
    """The channels that the bot was put into, the newest word first."""
    return db.session.scalars(select(BotChannel).order_by(BotChannel.seen_at.desc()).limit(50)).all()


def chosen() -> dict[Channel, BotChannel]:
    """The creator's two channels, those of them that are set and that the bot was seen in."""
    settings = config.current()
    ids = {settings.vip_channel_id: Channel.VIP, settings.free_channel_id: Channel.FREE}
    query = select(BotChannel).where(BotChannel.chat_id.in_([one for one in ids if one is not None]))
    return {ids[place.chat_id]: place for place in db.session.scalars(query)}


def lacking() -> list[tuple[BotChannel, list[str]]]:
    """Those of the two in which the bot lacks rights that it needs, with the rights' names for people."""
    found = [(place, place.lacks(kind)) for kind, place in chosen().items()]
    return [(place, [str(NAMES[name]) for name in missing]) for place, missing in found if missing]


def kind_of(chat_id: int) -> Channel | None:
    """Which of the creator's channels this is."""
    settings = config.current()
    return {settings.vip_channel_id: Channel.VIP, settings.free_channel_id: Channel.FREE}.get(chat_id)


def tell_asker(user_id: int, place: BotChannel, key: str) -> None:
    """Answers the admin who asked for a channel in the chat: its rights, and which of the two it may become."""
    admin = db.session.get(User, user_id)
    if admin is not None and admin.is_admin:
        _write_which(admin, place, f"{key}:{place.chat_id}")


def tell_lost(user_id: int, key: str) -> None:
    """Answers the admin who asked for a channel that Telegram does not show the bot."""
    admin = db.session.get(User, user_id)
    if admin is not None and admin.is_admin:
        write(admin, "channels/lost", f"{key}:lost", bot=config.current().bot_username)


def _ask(place: BotChannel) -> None:
    for admin in people.reachable_admins():
        _write_which(admin, place, f"place:{place.chat_id}:{int(place.seen_at.timestamp())}:{admin.user_id}")


def _write_which(admin: User, place: BotChannel, key: str) -> None:
    kind = kind_of(place.chat_id)
    with speaking(admin.locale):
        words = {Channel.VIP: _("Es mi canal VIP"), Channel.FREE: _("Es mi canal Free")}
        fit = Channel if kind is None and place.status in HERE else ()
        choices = [[texts.button(words[one], f"place:{one.value}:{place.chat_id}")] for one in fit]
        write(admin, "channels/which", key, choices, place=place, kind=kind, rights=rights(place, kind))


def _warn(place: BotChannel, kind: Channel) -> None:
    for admin in people.reachable_admins():
        key = f"rights:{place.chat_id}:{int(place.seen_at.timestamp())}:{admin.user_id}"
        with speaking(admin.locale):
            write(admin, "channels/rights", key, place=place, kind=kind, rights=rights(place, kind))
