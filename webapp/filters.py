"""What templates of every door can write: money, moments, labels, icons."""

from typing import Any

from flask import Flask, g
from markupsafe import Markup

from webapp.base import i18n, zones
from webapp.base.clock import now
from webapp.base.web import asset
from webapp.domain.catalog.models import ContentCategory
from webapp.domain.channels import plans
from webapp.domain.settings import config


def add_filters(app: Flask) -> None:
    """Makes the filters known to Jinja."""
    app.jinja_env.filters.update(
        money=i18n.money,
        day=i18n.day,
        moment=i18n.moment,
        number=i18n.number,
        ago=ago,
        category_label=category_label,
        points=points,
        full_name=full_name,
        zone_name=zone_name,
        plan_label=plans.label,
    )
    app.jinja_env.globals.update(icon=icon, now=now, prices=prices)
    app.extensions["creator_currency"] = creator_currency
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def ago(at: object) -> str:
    """ "hace 3 horas"."""
    return i18n.since(now() - at)  # type: ignore[operator]


def creator_currency() -> str:
    """The currency of the creator's settings: as the door knows it already, else of the row, which is held, so that a
    page full of prices asks for it once."""
    if "creator_currency" in g:
        return str(g.creator_currency)
    g.creator_settings = config.current()
    return str(g.creator_settings.currency)


def category_label(category: ContentCategory) -> str:
    """The creator's label of a category, or the one it comes with."""
    return config.current().category_labels.get(category.value) or category.display_name


def zone_name(zone: str) -> str:
    """ "Bogotá, Colombia" for America/Bogota."""
    return zones.name_of(zone, i18n.locale_now())


def points(count: int) -> str:
    """ "1 punto", "1,200 puntos"."""
    return str(i18n.ngettext("%(count)s punto", "%(count)s puntos", count, count=i18n.number(count)))


def full_name(row: Any) -> str:
    """What somebody is called, of a row with their names; as User.full_name."""
    return f"{row.first_name or ''} {row.last_name or ''}".strip() or str(i18n._("Sin nombre"))


def prices(of: Any) -> list[str]:
    """What a package costs, in each way that it can be paid; empty when it is free."""
    asked = [i18n.money(of.price, of.currency)] if of.price else []
    asked += [f"⭐ {i18n.number(of.price_stars)}"] if of.price_stars else []
    return asked + ([points(of.price_points)] if of.price_points else [])


def icon(name: str, label: str = "", css: str = "") -> Markup:
    """A line icon of Tabler's from the sprite; decorative unless it has a `label`. `css`: more classes."""
    words = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    drawn = Markup('<svg class="icon{}" {}><use href="{}#i-{}"/></svg>')
    return drawn.format(f" {css}" if css else "", words, asset("icons/tabler.svg"), name)
