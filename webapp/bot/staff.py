"""The chat's words for the team: tying one's Telegram to one's account of the panel."""

from webapp.bot.links import home
from webapp.bot.replies import Reply
from webapp.bot.routes import on
from webapp.domain.staff import links
from webapp.domain.users.models import User
from webapp.domain.users.people import as_actor


@on.deep_link("link")
@on.confidential
def link(user: User, code: str) -> Reply:
    """Somebody opened the link that their account's page told them."""
    staff = links.link(code, user.user_id, by=as_actor(user))
    return Reply("staff/linked", staff=staff, buttons=[home()])
