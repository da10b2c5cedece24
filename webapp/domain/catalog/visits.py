"""Who is looking at the showcase, and which state of it is in force: all that a page asks first, in one row."""

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webapp.base import reads
from webapp.base.clock import now
from webapp.base.crypto import hash_token
from webapp.base.i18n import locale_for
from webapp.domain.users.models import UserRole

# One look-up by the unique index on token_hash; the two one-row tables ride along.
_VISIT = """
SELECT s.id, s.last_activity, u.user_id, u.first_name, u.last_name, u.username, u.role, u.language_code,
       u.chosen_locale, u.time_zone, u.is_blocked, u.blocked_until, u.erased_at,
       v.version, c.updated_at, c.time_zone, c.bot_username, c.creator_name, c.category_labels, c.currency
FROM user_sessions s JOIN users u ON u.user_id = s.user_id
     JOIN catalog_version v ON v.id = 1 JOIN bot_config c ON c.id = 1
WHERE s.token_hash = :token AND s.kind = 'miniapp' AND s.is_active = TRUE
      AND s.expires_at > :now AND s.absolute_expires_at > :now
"""


@dataclass(frozen=True, slots=True)
class Visitor:
    """A signed-in member, as the Mini App's pages need them; `key` names the state of the showcase."""

    session_id: str
    last_activity: Any
    user_id: int
    first_name: str
    last_name: str | None
    username: str | None
    role: UserRole
    locale: str
    refused: bool
    key: tuple[Any, ...]
    time_zone: str
    own_zone: str | None
    bot_username: str | None
    creator_name: str
    category_labels: Any
    currency: str

    @property
    def full_name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name or ''}".strip()

    @property
    def sees_vip(self) -> bool:
        """Whether VIP packages are open to them."""
        return self.role is not UserRole.FREE

    @property
    def session(self) -> uuid.UUID:
        """The id of the session in use."""
        return uuid.UUID(str(self.session_id))

    @property
    def seen_at(self) -> datetime:
        """When the session was last noted as active."""
        at = reads.moment(self.last_activity)
        assert at is not None
        return at

    def label(self, category: Any) -> str:
        """The creator's label of a category, or the one it comes with."""
        labels = self.category_labels
        labels = json.loads(labels) if isinstance(labels, str) else labels
        return (labels or {}).get(category.value) or str(category.display_name)


def find(token: str) -> Visitor | None:
    """Whoever this session token belongs to; None when it is not, or no longer, one of ours."""
    moment = now()
    found = reads.rows(_VISIT, {"token": hash_token(token), "now": moment})
    if not found:
        return None
    (
        session_id,
        seen,
        user_id,
        first,
        last,
        username,
        role,
        language,
        chosen,
        own_zone,
        blocked,
        until,
        erased,
        *state,
    ) = found[0]
    version, changed, zone, bot, creator, labels, currency = state
    over = until is not None and (reads.moment(until) or moment) <= moment
    return Visitor(
        session_id=session_id,
        last_activity=seen,
        user_id=user_id,
        first_name=first,
        last_name=last,
        username=username,
        role=UserRole(role),
        locale=chosen or locale_for(language),
        refused=erased is not None or bool(blocked and not over),
        key=(version, str(changed)),
        time_zone=zone if role == UserRole.ADMIN.value else own_zone or zone,
        own_zone=own_zone,
        bot_username=bot,
        creator_name=creator,
        category_labels=labels,
        currency=currency,
    )
