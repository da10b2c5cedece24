"""How subscriptions and join requests read in the panel, and how a typed moment is read."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from webapp.base.errors import Invalid
from webapp.base.i18n import _
from webapp.domain.channels.models import ChannelState
from webapp.panel import pages

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
TYPED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?")


def channel_states() -> dict[str, str]:
    """What the channel knows of a subscriber."""
    return {one.value: one.display_name for one in ChannelState}


def periods() -> dict[str, str]:
    """What happened to a subscription."""
    return {
        "start": _("Empezó"),
        "extend": _("Se extendió"),
        "gift": _("Días de regalo"),
        "pause": _("Se puso en pausa"),
        "resume": _("Se reanudó"),
        "revoke": _("Se retiró"),
        "expire": _("Venció"),
        "correct": _("Se corrigió la fecha"),
    }


def moment(text: str, field: str) -> datetime:
    """A moment typed as `YYYY-MM-DDTHH:MM` in the time zone that is shown. Raises Invalid, naming `field`."""
    text = text.strip()
    if not TYPED.fullmatch(text):
        raise Invalid(fields={field: _("Escribe una fecha y una hora.")})
    try:
        local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(pages.zone()))
        if not 2000 <= local.year <= 2200:
            raise ValueError
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid(fields={field: _("Esa fecha no existe.")}) from None


def day_end(text: str, field: str) -> datetime | None:
    """The end of a day typed as `YYYY-MM-DD`, in the time zone that is shown; None for none. Raises Invalid, naming
    `field`."""
    text = text.strip()
    if not text:
        return None
    if not DAY.fullmatch(text):
        raise Invalid(fields={field: _("Escribe una fecha.")})
    try:
        local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(pages.zone()))
        if not 2000 <= local.year <= 2200:
            raise ValueError
        return (local + timedelta(days=1)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid(fields={field: _("Esa fecha no existe.")}) from None
