"""The chat's words for the team: tying one's Telegram to one's account of the panel."""

from webapp.base import texts
from webapp.base.i18n import _
from webapp.bot.links import home
from webapp.bot.replies import Reply
from webapp.bot.routes import on
from webapp.domain.staff import links
from webapp.domain.users.models import User
from webapp.domain.users.people import as_actor


@on.deep_link("link")
@on.confidential
def link(user: User, code: str) -> Reply:
    """Somebody opened the link that an account's page told: theirs, or one that they were sent. So they are asked."""
    staff, proof = links.opened(code, user.user_id)
    return Reply("staff/link", staff=staff, buttons=[[texts.button(_("🔗 Unir"), f"tie:{proof}")], home()])


@on.button("tie")
def tie(user: User, code_id: int, proof: str) -> Reply:
    """It is theirs."""
    staff = links.link(code_id, proof, user.user_id, by=as_actor(user))
    return Reply("staff/linked", staff=staff, buttons=[home()])
