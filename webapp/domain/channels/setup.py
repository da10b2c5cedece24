"""What the creator sets about the two channels: which they are, the wait, the end, the reminders, the brake."""

from collections.abc import Mapping
from typing import Any

from webapp.base.errors import Invalid, all_fit
from webapp.base.i18n import _
from webapp.domain.audit.actors import Actor
from webapp.domain.settings import config
from webapp.domain.settings.models import BotConfig

CHANNELS = ("vip_channel_id", "vip_channel_title", "free_channel_id", "free_channel_title")
ENDING = ("grace_hours", "expiry_hour")
SWITCHES = ("remind_before", "remind_end", "remind_after")
REMINDERS = (*SWITCHES, "reminder_days", "comeback_days", "quiet_from", "quiet_until")
QUIET = ("quiet_from", "quiet_until")
BRAKE = ("brake_most", "brake_share")


def change(values: Mapping[str, Any], *, by: Actor) -> BotConfig:
    """Sets columns of the settings that the channels live by. Raises Invalid (fields), also when both channels would be
    the same one."""
    changed: BotConfig
    _refuse_half_quiet(values)
    changed, _same = all_fit(lambda: config.change(values, by=by), lambda: _refuse_same(values))
    return changed


def _refuse_same(values: Mapping[str, Any]) -> None:
    vip, free = (str(values.get(name) or "").strip() for name in ("vip_channel_id", "free_channel_id"))
    if vip and vip == free:
        raise Invalid(fields={"free_channel_id": _("El canal Free no puede ser el mismo que el VIP.")})


def _refuse_half_quiet(values: Mapping[str, Any]) -> None:
    if not {"quiet_from", "quiet_until"} & values.keys():
        return
    begins, ends = (str(values.get(name) if values.get(name) is not None else "").strip() for name in QUIET)
    if bool(begins) is not bool(ends):
        raise Invalid(fields={"quiet_from" if begins else "quiet_until": _("Elige las dos horas, o ninguna.")})
    if begins and begins == ends:
        raise Invalid(fields={"quiet_until": _("Elige dos horas distintas.")})
