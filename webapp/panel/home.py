"""Inicio: how things stand, and today's work."""

from typing import Any

from flask import Blueprint, g, url_for
from flask.typing import ResponseReturnValue

from webapp.base.clock import now
from webapp.base.db import transaction
from webapp.base.i18n import _
from webapp.domain.catalog import interests
from webapp.domain.insights import figures, standing, stories
from webapp.panel import charts, guard, pages
from webapp.panel.guard import allow

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
@allow("home", "read")
def page() -> ResponseReturnValue:
    """The first page: greeting, standing; figures for those who may see statistics, and for those who may see
    interests, the ones that wait."""
    found = figures.overview(pages.creator_zone()) if guard.allowed("reports_analysis") else None
    context: dict[str, Any] = {"overview": found, "chart": charts.per_day(found) if found else None}
    context |= {"hour": charts.local(now()).hour, "nothing": not (guard.held().everything or guard.held().held)}
    return pages.show("panel/home/page.html", standing=standing.standing(), waiting=_waiting(), **context)


@blueprint.post("/waiting/<int:interest_id>/attend")
@allow("interests", "update")
def attend(interest_id: int) -> ResponseReturnValue:
    """Somebody has answered: the interest leaves the list of those that wait."""
    with transaction():
        interest = interests.get_interest(interest_id)
        done = interests.attend(interest, by=guard.actor())
    name = interest.user.full_name
    words = _("Atendido: %(name)s.", name=name) if done else _("%(name)s ya estaba atendido.", name=name)
    home, link = url_for("panel.home.page"), url_for("panel.interests.show", interest_id=interest_id)
    return pages.done(home, "panel/home/_waiting.html", toast=words, link=link, waiting=_waiting())


def _waiting() -> dict[str, Any] | None:
    """Those who have waited longest, how many wait, and since when; None for who may not see them."""
    if not guard.allowed("interests"):
        return None
    count, oldest = interests.waiting()
    g.waiting = count
    return {"rows": stories.longest_waiting(), "count": count, "oldest": oldest}
