"""The chat's desk for admins, statistics: a range in a few lines. The panel has the rest."""

from webapp.base import texts
from webapp.base.i18n import _
from webapp.bot.admin import capped
from webapp.bot.guard import allow
from webapp.bot.links import rows
from webapp.bot.replies import Reply
from webapp.bot.routes import on
from webapp.domain.insights.demand import interests_in
from webapp.domain.insights.ranges import choose
from webapp.domain.insights.revenue import revenue
from webapp.domain.settings import config
from webapp.domain.users.models import User


@on.button("figs")
@allow("reports_analysis", "read")
def figures(user: User, key: str) -> Reply:
    """Members, what came and went, money and interests of today, 7 or 30 days."""
    names = {"today": _("Hoy"), "7": _("7 días"), "30": _("30 días")}
    key = key if key in names else "today"
    wanted = choose(key, config.current().time_zone)
    ways = [texts.button(("✓ " if one == key else "") + name, f"figs:{one}") for one, name in names.items()]
    found, pressed = revenue(wanted), capped(interests_in(wanted.span))
    up = [texts.button(_("‹ Administración"), "admin")]
    return Reply("admin/figures", name=names[key], found=found, members=found.members, pressed=pressed,
                 buttons=rows(ways, up))  # fmt: skip
