"""What is still to be done before everything runs: the steps of the set-up, each derived from how things are.

Nothing is kept of how far somebody got, so the set-up can be left and taken up again anywhere, by anybody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import exists, select

from webapp.base.db import db
from webapp.base.i18n import _, lazy_gettext, ngettext
from webapp.domain.channels import checks, places
from webapp.domain.channels.checks import TelegramCheck
from webapp.domain.channels.models import BotChannel, Channel, SubscriptionPlan
from webapp.domain.channels.places import Right
from webapp.domain.settings import config
from webapp.domain.settings.models import BotConfig

TITLES = {
    "token": lazy_gettext("El bot"),
    "vip": lazy_gettext("Canal VIP"),
    "free": lazy_gettext("Canal Free"),
    "wait": lazy_gettext("Espera del canal Free"),
    "plan": lazy_gettext("Planes"),
    "texts": lazy_gettext("Textos"),
    "menu": lazy_gettext("Menú y comandos"),
}


@dataclass(frozen=True)
class Step:
    """One step: whether it is done, what was seen, what mends it. `check`: what Telegram was asked last; `place` and
    `rights`: of the channel in question, which `is_set` when it is the creator's already."""

    name: str
    done: bool
    seen: str
    mend: str = ""
    check: TelegramCheck | None = None
    place: BotChannel | None = None
    rights: Sequence[Right] = ()
    is_set: bool = False

    @property
    def title(self) -> str:
        """What the step is called."""
        return str(TITLES[self.name])

    @property
    def is_asking(self) -> bool:
        """Whether Telegram is being asked now."""
        return self.check is not None and self.check.is_asking


def steps() -> list[Step]:
    """Every step, in the order in which they are best done."""
    settings, asked, here = config.current(), checks.every(), places.chosen()
    offered = bool(db.session.scalar(select(exists().where(SubscriptionPlan.is_active))))
    told = {check.chat_id for check in asked.values()} - {None, *(place.chat_id for place in here.values())}
    query = select(BotChannel).where(BotChannel.chat_id.in_(told))
    others = {place.chat_id: place for place in db.session.scalars(query)} if told else {}
    minutes = settings.wait_time_minutes
    words = ngettext("%(num)s minuto", "%(num)s minutos", minutes)
    return [
        _token(settings, asked.get("me")),
        _channel(Channel.VIP, settings, here.get(Channel.VIP), asked.get("vip"), others),
        _channel(Channel.FREE, settings, here.get(Channel.FREE), asked.get("free"), others),
        Step("wait", True, words),
        Step("plan", offered, _("Hay planes a la venta.") if offered else _("Todavía no hay ningún plan a la venta."),
             "" if offered else _("Crea al menos uno: cuántos días y cuánto cuesta.")),
        Step("texts", True, _texts(settings)),
        _menu(asked),
    ]  # fmt: skip


def step(name: str) -> Step | None:
    """One step as it stands now; None when there is no such step."""
    return next((one for one in steps() if one.name == name), None)


def _token(settings: BotConfig, check: TelegramCheck | None) -> Step:
    named = f"@{settings.bot_username}" if settings.bot_username else ""
    if check is None or check.answered_at is None:
        seen = named or _("El bot todavía no se ha presentado en Telegram.")
        return Step("token", bool(named), seen, "" if named else _how_to_start(), check)
    if check.error:
        return Step("token", False, _("Telegram no reconoce al bot: %(error)s", error=_short(check.error)),
                    _how_to_start(), check)  # fmt: skip
    username = check.told("me").get("username")
    return Step("token", True, f"@{username}" if username else named, "", check)


def _how_to_start() -> str:
    return str(_("Copia el token que te dio @BotFather en TELEGRAM_BOT_TOKEN y reinicia Vitrina."))


def _channel(
    kind: Channel,
    settings: BotConfig,
    here: BotChannel | None,
    check: TelegramCheck | None,
    others: Mapping[int, BotChannel],
) -> Step:
    """The channel in question: the one that somebody asked for just now, else the one that is set."""
    set_id: int | None = getattr(settings, f"{kind.value}_channel_id")
    other_id = settings.free_channel_id if kind is Channel.VIP else settings.vip_channel_id
    mine = check if check is not None and (set_id in (None, check.chat_id) or check.is_recent) else None
    mine = check if check is not None and check.target == str(set_id) else mine
    if mine is not None and mine.error:
        return Step(kind.value, False, _lost(mine), _how_to_add(settings), check, is_set=set_id is not None)
    if mine is not None and mine.is_well and mine.chat_id == other_id:
        return Step(kind.value, False, _("Ese canal ya es el otro. Elige uno distinto."), check=check)
    candidate = others.get(mine.chat_id or 0) if mine is not None and mine.is_well else None
    if candidate is not None:
        return _seen(kind, settings, candidate, check, is_set=False)
    if here is not None:
        return _seen(kind, settings, here, check, is_set=True)
    title = getattr(settings, f"{kind.value}_channel_title") or set_id
    words = _("Elegido, pero sin comprobar: %(id)s.", id=title) if set_id is not None else _("Sin elegir.")
    return Step(kind.value, False, words, _how_to_add(settings), check, is_set=set_id is not None)


def _seen(kind: Channel, settings: BotConfig, place: BotChannel, check: TelegramCheck | None, *, is_set: bool) -> Step:
    lacks = place.lacks(kind)
    mend = "" if is_set else str(_("Falta confirmar que es este."))
    if lacks:
        mend = _how_to_grant(settings) if place.status in places.HERE else _how_to_add(settings)
    done, rights = is_set and not lacks, places.rights(place, kind)
    return Step(kind.value, done, place.title, mend, check, place, rights, is_set)


def _lost(check: TelegramCheck) -> str:
    target = check.target or ""
    if check.error == "not a channel":
        return str(_("%(target)s no es un canal.", target=target))
    if checks.is_outside(check.error or ""):
        return str(_("El bot no está en %(target)s.", target=target))
    return str(_("Telegram no mostró %(target)s: %(error)s", target=target, error=_short(check.error or "")))


def _how_to_add(settings: BotConfig) -> str:
    name = _name_of_bot(settings)
    return str(_("En Telegram: tu canal → Administradores → Añadir administrador → %(bot)s.", bot=name))


def _how_to_grant(settings: BotConfig) -> str:
    name = _name_of_bot(settings)
    return str(_("En Telegram: tu canal → Administradores → %(bot)s, y activa lo que está en rojo.", bot=name))


def _name_of_bot(settings: BotConfig) -> str:
    return f"@{settings.bot_username}" if settings.bot_username else str(_("tu bot"))


def _menu(asked: Mapping[str, TelegramCheck]) -> Step:
    both = [asked[name] for name in ("commands", "menu") if name in asked]
    newest = max(both, key=lambda one: one.asked_at, default=None)
    error = next((one.error for one in both if one.error), None)
    if error:
        return Step("menu", False, _("Telegram no contestó: %(error)s", error=_short(error)), check=newest)
    if len(both) < 2 or not all(one.is_well for one in both):
        return Step("menu", False, _("Sin comprobar."), check=newest)
    commands, button = (asked["commands"].answer or {}).get("commands"), asked["menu"].told("menu")
    count = len(commands) if isinstance(commands, list) else 0
    if not count:
        mend = _("El proceso del bot los registra al arrancar: comprueba que esté en marcha.")
        return Step("menu", False, _("El bot no tiene comandos registrados."), mend, newest)
    if button.get("type") != "web_app":
        mend = _("Telegram solo abre direcciones https: pon la tuya en PUBLIC_URL y reinicia el bot.")
        return Step("menu", False, _("El botón del menú no abre la vitrina."), mend, newest)
    seen = ngettext("%(num)s comando y el botón de la vitrina", "%(num)s comandos y el botón de la vitrina", count)
    return Step("menu", True, seen, "", newest)


def _texts(settings: BotConfig) -> str:
    count = len(settings.texts)
    return str(ngettext("%(num)s texto tuyo", "%(num)s textos tuyos", count) if count else _("Como vienen."))


def _short(error: str) -> str:
    """Telegram's words without the name of the call."""
    return error.partition(": ")[2][:120] or error[:120]
