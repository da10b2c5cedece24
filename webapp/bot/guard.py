"""Who may what on the chat's desk: asked at every press, of what is stored at that moment.

An admin without an account of the panel may all that the chat offers: they were made admin by the creator. Whoever has
an account linked to their Telegram may in the chat what it may in the panel, and nothing while it is suspended.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from webapp.base.errors import Denied
from webapp.base.i18n import _
from webapp.bot.replies import Reply
from webapp.domain.staff import rights
from webapp.domain.staff.rights import ACTS, SECTIONS, Act, Rights
from webapp.domain.users.models import User

Handler = Callable[..., Reply]


def allow(section: str, act: Act) -> Callable[[Handler], Handler]:
    """Declares the right that a handler of the desk needs; it is asked for before the handler runs."""
    if section not in SECTIONS or act not in ACTS:
        raise ValueError(f"no such right: {section}, {act}")

    def declare(handler: Handler) -> Handler:
        @wraps(handler)
        def guarded(user: User, *told: Any) -> Reply:
            require(user, section, act)
            return handler(user, *told)

        guarded.allowed = (section, act)  # type: ignore[attr-defined]
        return guarded

    return declare


def require(user: User, section: str, act: Act) -> None:
    """Raises Denied for who is no admin, and for an admin whose account may not do this."""
    if not user.is_admin:
        raise Denied(_("Esto es solo para administradores."))
    if not held(user).may(section, act):
        raise Denied(_("Tu cuenta no tiene permiso para esto."))


def held(user: User) -> Rights:
    """What somebody may on the desk."""
    if not user.is_admin:
        return rights.NOTHING
    found = rights.of_person(user.user_id)
    return rights.EVERYTHING if found is None else found
