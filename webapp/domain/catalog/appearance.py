"""Settings that members see in the showcase: changed together with the version of what was rendered from them."""

from collections.abc import Mapping
from typing import Any

from webapp.base.errors import Invalid
from webapp.base.i18n import _
from webapp.base.words import clean
from webapp.domain.audit.actors import Actor
from webapp.domain.catalog import versions
from webapp.domain.catalog.models import ContentCategory
from webapp.domain.settings import config
from webapp.domain.settings.models import BotConfig

LONGEST_LABEL = 30


def change(values: Mapping[str, Any], *, by: Actor) -> BotConfig:
    """Sets columns of the settings; every process renders the showcase anew. Raises Invalid (fields)."""
    changed = config.change(values, by=by)
    versions.bump()
    return changed


def relabel(labels: Mapping[str, str], *, by: Actor) -> BotConfig:
    """The creator's own labels of the categories, by the category's value; an empty one goes back to how it comes.

    Raises Invalid (fields) for one longer than 30 characters.
    """
    wanted = {kind.value: clean(labels.get(kind.value)) for kind in ContentCategory}
    words = _("Usa como mucho %(n)s caracteres.", n=LONGEST_LABEL)
    too_long = {value: words for value, label in wanted.items() if len(label) > LONGEST_LABEL}
    if too_long:
        raise Invalid(fields=too_long)
    return change({"category_labels": {value: label for value, label in wanted.items() if label}}, by=by)
