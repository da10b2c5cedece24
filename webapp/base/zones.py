"""Time zones as people call them: by a city and its country, in the language in force."""

from functools import cache
from zoneinfo import available_timezones

from babel import Locale
from babel.core import get_global

from webapp.base.search import plain

MOST = 12


def name_of(zone: str, locale: str) -> str:
    """ "Ciudad de México, México" for America/Mexico_City; the zone itself where there is nothing better."""
    spoken = Locale.parse(locale)
    city = spoken.time_zones.get(zone, {}).get("city") or zone.rpartition("/")[2].replace("_", " ")
    country = spoken.territories.get(get_global("zone_territories").get(zone, ""))
    return f"{city}, {country}" if country and country != city else str(city)


def search(words: str, locale: str) -> list[tuple[str, str]]:
    """(zone, name) of those whose city, country or IANA name has all the words; some at most, by name, those
    first that people call so."""
    wanted = plain(words[:80]).split()
    found = [one for one in _known(locale) if wanted and all(word in one[2] for word in wanted)]
    found.sort(key=lambda one: not all(word in plain(one[1]) for word in wanted))
    return [(zone, name) for zone, name, _text in found[:MOST]]


@cache
def _known(locale: str) -> list[tuple[str, str, str]]:
    """The zones of places with a country, with what a search looks at; old names of the same place are left out."""
    placed, old = get_global("zone_territories"), get_global("zone_aliases")
    known = [(zone, name_of(zone, locale)) for zone in available_timezones() if zone in placed and zone not in old]
    return sorted(((zone, name, plain(f"{name} {zone}")) for zone, name in known), key=lambda one: plain(one[1]))
