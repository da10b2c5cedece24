"""Quiet hours: what would be said while somebody sleeps is said when they wake, by the clock of where they live."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from webapp.domain.settings.models import BotConfig


def awake(moment: datetime, zone: str, settings: BotConfig) -> datetime:
    """The moment itself, or the end of the quiet hours that it lies in; in local time of `zone`, aware UTC.

    Where the clocks jump over the end it comes when they have jumped; where they strike it twice, the first time.
    """
    begins, ends = settings.quiet_from, settings.quiet_until
    if begins is None or ends is None or begins == ends:
        return moment
    local = moment.astimezone(ZoneInfo(zone))
    if not _is_quiet(local.hour, begins, ends):
        return moment
    day = local.date() + timedelta(days=1 if local.hour >= ends else 0)
    over = datetime(day.year, day.month, day.day, ends, tzinfo=ZoneInfo(zone))
    return max(moment, over.astimezone(UTC))


def _is_quiet(hour: int, begins: int, ends: int) -> bool:
    """Whether this hour of the clock is one of the quiet ones, which may span midnight."""
    return begins <= hour < ends if begins < ends else hour >= begins or hour < ends
