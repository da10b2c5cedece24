"""Figures as shapes: SVG points for sparklines, the data of a chart with its table. No inline styles, no scripts."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date

from webapp.base.i18n import _, locale_now, number_locale
from webapp.domain.insights.figures import Overview
from webapp.panel import pages

WIDTH, HEIGHT = 120, 32


def spark(points: Sequence[int]) -> dict[str, str]:
    """The `line` and the filled `area` of a sparkline, as SVG points in a box of 120 × 32."""
    low, high = min(points), max(points)
    low = low if high > low else low - 1
    span, step = max(2, high - low), WIDTH / max(1, len(points) - 1)
    places = [
        f"{index * step:.1f},{HEIGHT - 3 - (value - low) / span * (HEIGHT - 8):.1f}"
        for index, value in enumerate(points)
    ]
    return {"line": " ".join(places), "area": " ".join([f"0,{HEIGHT}", *places, f"{WIDTH},{HEIGHT}"])}


def per_day(overview: Overview) -> dict[str, Any]:
    """Interests per day: what the script draws, and the same as rows of a table."""
    labels = [short(day) for day in overview.days.dates]
    open_ = [all_ - done for all_, done in zip(overview.interests, overview.attended, strict=True)]
    series = [
        {"label": _("Atendidos"), "values": list(overview.attended), "tone": "accent"},
        {"label": _("Por atender"), "values": open_, "tone": "soft"},
    ]
    rows = list(zip(labels, overview.interests, overview.attended, strict=True))[::-1]
    return {"data": json.dumps({"labels": labels, "series": series}), "rows": rows, "total": sum(overview.interests)}


@dataclass(frozen=True)
class Series:
    """One row of values of a chart, as its legend calls it; `tone` accent, soft or muted; `fill` to the next one."""

    label: str
    values: Sequence[Any]
    tone: str = "accent"
    fill: bool = False


def drawn(labels: Sequence[str], unit: str, *series: Series, kind: str = "bar") -> str:
    """What the script draws: `series` over `labels`, what is counted (`unit`) beside the scale; `kind` bar or line."""
    told = [asdict(one) | {"values": [float(value) for value in one.values]} for one in series]
    shown = {"labels": list(labels), "unit": unit, "kind": kind, "locale": number_locale().replace("_", "-")}
    return json.dumps(shown | {"series": told})


def local(at: datetime) -> datetime:
    """A moment on the creator's clock."""
    return at.astimezone(ZoneInfo(pages.creator_zone()))


def long_day(at: datetime) -> str:
    """ "viernes 20 de noviembre" on the creator's clock."""
    pattern = {"es": "EEEE d 'de' MMMM", "pt_BR": "EEEE, d 'de' MMMM", "en": "EEEE, MMMM d"}[locale_now()]
    return format_date(local(at).date(), pattern, locale=locale_now())


def short(day: date) -> str:
    """ "3 mar"."""
    return format_date(day, "MMM d" if locale_now() == "en" else "d MMM", locale=locale_now())


def month(day: date) -> str:
    """ "mar 2026"."""
    return str(format_date(day, "MMM yyyy", locale=locale_now()))
