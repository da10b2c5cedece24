"""The texts of the bot as they come: what the panel calls them, where they belong, their variables with examples."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from webapp.base.i18n import lazy_gettext, ngettext

BY_DAY = re.compile(r"(ends_soon|come_back)_([1-9][0-9]?)")  # a reminder's own text for one of its days


@dataclass(frozen=True)
class Editable:
    """One text: what the panel calls it, how it comes, an example value for each of its variables, its group; `days`:
    of a reminder's day, how many to the end or after it."""

    label: Any
    default: Any
    samples: Mapping[str, Any]
    group: Any
    days: int = 0


BOT, FREE = lazy_gettext("El bot"), lazy_gettext("Canal Free")
VIP, REMINDERS = lazy_gettext("Canal VIP"), lazy_gettext("Recordatorios")
GROUPS = (BOT, FREE, VIP, REMINDERS)
WHO: dict[str, Any] = {"nombre": "Ana", "creador": "Luna"}
UNTIL = WHO | {"fecha": lazy_gettext("3 de marzo, 18:00")}
SPAN = UNTIL | {"dias": lazy_gettext("3 días")}
NAMES: Mapping[str, Editable] = {
    "start_free": Editable(
        lazy_gettext("Bienvenida a un usuario Free"),
        lazy_gettext(
            "👋 Hola, <b>{nombre}</b>. Soy la vitrina de {creador}.\n\n"
            "Mira los paquetes y toca «Me interesa» en lo que te guste: te escribimos nosotros."
        ),
        WHO,
        BOT,
    ),
    "start_vip": Editable(
        lazy_gettext("Bienvenida a un miembro VIP"),
        lazy_gettext(
            "⭐ Hola, <b>{nombre}</b>. Tu acceso VIP está activo.\n\nToda la vitrina de {creador} está abierta para ti."
        ),
        WHO,
        BOT,
    ),
    "start_admin": Editable(
        lazy_gettext("Bienvenida a un administrador"),
        lazy_gettext(
            "👑 Hola, <b>{nombre}</b>. Aquí te llegan los avisos de interés, con sus botones.\n\n"
            "Escribe /admin para ver lo que está pendiente."
        ),
        WHO,
        BOT,
    ),
    "vip": Editable(
        lazy_gettext("Qué es VIP"),
        lazy_gettext(
            "⭐ <b>Acceso VIP</b>\n\nLos miembros VIP ven todo lo de {creador}, también lo que aquí lleva candado.\n\n"
            "Si te interesa, dilo con el botón y te contamos cómo entrar."
        ),
        WHO,
        BOT,
    ),
    "help": Editable(
        lazy_gettext("Ayuda"),
        lazy_gettext(
            "💬 <b>Ayuda</b>\n\n/catalogo · mira los paquetes\n/intereses · lo que te interesa\n"
            "/idioma · cambia el idioma\n/privacidad · qué guardamos de ti\n\n"
            "Toca «Me interesa» en un paquete y {creador} te escribe."
        ),
        WHO,
        BOT,
    ),
    "free_welcome": Editable(
        lazy_gettext("Alguien pide entrar"),
        lazy_gettext(
            "👋 Hola, {nombre}. Recibimos tu solicitud para el canal Free.\n\n"
            "Se aprueba sola en {espera}, hacia las {hora}. No tienes que hacer nada."
        ),
        WHO | {"espera": lazy_gettext("5 minutos"), "hora": "18:05"},
        FREE,
    ),
    "free_let_in": Editable(lazy_gettext("Ya entró"), lazy_gettext("✅ Ya estás en el canal Free."), WHO, FREE),
    "free_too_many": Editable(
        lazy_gettext("No pudo entrar: está en demasiados canales"),
        lazy_gettext(
            "⚠️ No pudimos aprobarte: Telegram dice que estás en demasiados canales. Sal de alguno y vuelve a pedirlo."
        ),
        WHO,
        FREE,
    ),
    "vip_redeemed": Editable(
        lazy_gettext("Canjeó un código"),
        lazy_gettext(
            "🎉 <b>VIP: {dias}</b>\n\nTu VIP vale hasta el {fecha}.\n"
            "Entra ahora al canal: te hacemos un enlace solo para ti."
        ),
        SPAN,
        VIP,
    ),
    "vip_extended": Editable(
        lazy_gettext("Canjeó otro código estando dentro"),
        lazy_gettext(
            "🎉 <b>VIP: {dias}</b>\n\nTu VIP vale hasta el {fecha}.\n"
            "Sigues dentro del canal; no tienes que hacer nada."
        ),
        SPAN,
        VIP,
    ),
    "vip_door": Editable(
        lazy_gettext("Su enlace de entrada"),
        lazy_gettext(
            "🔑 <b>Tu enlace al canal VIP</b>\n\nEs solo para ti, sirve una vez y vale hasta el {fecha}."
        ),
        UNTIL,
        VIP,
    ),
    "vip_entered": Editable(
        lazy_gettext("Entró al canal"),
        lazy_gettext("✅ <b>Ya estás dentro</b>\n\nTu VIP vale hasta el {fecha}."),
        UNTIL,
        VIP,
    ),
    "vip_given": Editable(
        lazy_gettext("Le diste días a mano"),
        lazy_gettext("🎁 <b>Tienes {dias} más de VIP</b>\n\nTu VIP vale hasta el {fecha}."),
        SPAN,
        VIP,
    ),
    "vip_changed": Editable(
        lazy_gettext("Cambiaste su fecha a mano"),
        lazy_gettext("📅 Tu VIP vale ahora hasta el {fecha}."),
        UNTIL,
        VIP,
    ),
    "vip_paused": Editable(
        lazy_gettext("Pausaste su suscripción"),
        lazy_gettext(
            "⏸️ <b>Tu VIP está en pausa</b>\n\n"
            "Tus días no corren mientras tanto. Cuando se reanude, vuelves a entrar con un enlace nuevo."
        ),
        UNTIL,
        VIP,
    ),
    "vip_resumed": Editable(
        lazy_gettext("Reanudaste su suscripción"),
        lazy_gettext("▶️ <b>Tu VIP corre otra vez</b>\n\nVale hasta el {fecha}."),
        UNTIL,
        VIP,
    ),
    "vip_revoked": Editable(
        lazy_gettext("Le retiraste el acceso"),
        lazy_gettext(
            "🚪 <b>Tu acceso VIP terminó</b>\n\n{creador} lo retiró. Si crees que es un error, escríbele."
        ),
        UNTIL,
        VIP,
    ),
    "ends_soon": Editable(
        lazy_gettext("Antes del final"),
        lazy_gettext("⏳ Tu VIP termina en {dias}.\n{fecha}"),
        SPAN,
        REMINDERS,
    ),
    "ended": Editable(
        lazy_gettext("Al terminar"),
        lazy_gettext(
            "⌛ <b>Tu VIP terminó</b>\n\n"
            "Saliste del canal VIP. Cuando renueves, vuelves a entrar con un enlace nuevo."
        ),
        UNTIL,
        REMINDERS,
    ),
    "come_back": Editable(
        lazy_gettext("Después del final"),
        lazy_gettext("{nombre}, tu lugar en el canal VIP te espera.\nTu acceso terminó hace {dias}."),
        SPAN,
        REMINDERS,
    ),
}  # fmt: skip


def find(name: str) -> Editable | None:
    """The text of this name: one of NAMES, or a reminder's own for a day ("ends_soon_3"); None when there is none."""
    own = BY_DAY.fullmatch(name)
    if own is None:
        return NAMES.get(name)
    general, days = NAMES[own[1]], int(own[2])
    return replace(
        general, days=days, samples={**general.samples, "dias": ngettext("%(num)s día", "%(num)s días", days)}
    )


def base_of(name: str) -> str:
    """What a text falls back to: a reminder's for a day to the reminder's own, any other to itself."""
    own = BY_DAY.fullmatch(name)
    return own[1] if own else name
