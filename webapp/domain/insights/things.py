"""What the things are called that audit rows are about, whichever room they live in: one question for each kind."""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select

from webapp.base.db import LARGEST, db
from webapp.domain.audit.models import AuditLog
from webapp.domain.catalog.models import ContentPackage, InterestNote, PackageMedia, Provider, UserInterest
from webapp.domain.channels.models import (
    BotChannel,
    FreeChannelRequest,
    InvitationToken,
    SubscriptionPlan,
    VIPSubscriber,
)
from webapp.domain.channels.records import MemberImport
from webapp.domain.clients.models import Client, ClientImport
from webapp.domain.sessions.models import UserSession
from webapp.domain.staff.models import StaffInvitation, StaffUser, UserAgentPermission
from webapp.domain.staff.rights import GRANTABLE
from webapp.domain.users.models import User

Ref = tuple[str, str]


@dataclass(frozen=True)
class Thing:
    """A thing by its name, and what leads to it: the kind of page, and that page's key."""

    name: str
    page: str = ""
    key: Any = None


def names(rows: Iterable[AuditLog]) -> dict[Ref, Thing]:
    """What these rows are about, by (table, key); what is not there any more is left out."""
    asked: dict[str, set[str]] = {}
    for row in rows:
        asked.setdefault(row.resource_type, set()).add(row.resource_id)
    found: dict[Ref, Thing] = {}
    for kind, keys in asked.items():
        if kind in _KINDS:
            query, thing = _KINDS[kind]
            fitting = _keys(kind, keys)
            for one in db.session.execute(query.where(_key(kind).in_(fitting))) if fitting else ():
                found[kind, str(one[0])] = thing(one)
    return found


def _person(one: Any) -> str:
    return f"{one.first_name or ''} {one.last_name or ''}".strip() or f"{one.user_id}"


_NAME = (User.user_id, User.first_name, User.last_name)
_NAMED = (
    *(User, VIPSubscriber, FreeChannelRequest, UserInterest, InterestNote, ContentPackage, PackageMedia, Provider),
    *(SubscriptionPlan, InvitationToken, BotChannel, MemberImport, StaffUser, StaffInvitation, UserSession),
    *(UserAgentPermission, Client, ClientImport),
)
_MODELS: dict[str, Any] = {model.__tablename__: model for model in _NAMED}


def _key(kind: str) -> Any:
    return _MODELS[kind].__mapper__.primary_key[0]


def _keys(kind: str, keys: Iterable[str]) -> Sequence[Any]:
    """The keys as the column keeps them; what is none (a batch, "*") names no single thing."""
    if _key(kind).type.python_type is uuid.UUID:
        return [one for one in map(_uuid, keys) if one is not None]
    return [int(key) for key in keys if key.removeprefix("-").isdecimal() and abs(int(key)) <= LARGEST]


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _of_people(model: Any) -> Select[Any]:
    """A thing of a person."""
    key = model.__mapper__.primary_key[0]
    return select(key, *_NAME).join(User, User.user_id == model.user_id)


_INTERESTED: Any = (
    select(UserInterest.id, *_NAME, ContentPackage.name.label("package"))
    .join(User, User.user_id == UserInterest.user_id)
    .outerjoin(ContentPackage, ContentPackage.id == UserInterest.package_id)
)
_NOTED: Any = (
    select(InterestNote.id, *_NAME, InterestNote.interest_id)
    .join(UserInterest, UserInterest.id == InterestNote.interest_id)
    .join(User, User.user_id == UserInterest.user_id)
)
_SESSIONS: Any = (
    select(UserSession.id, *_NAME, StaffUser.full_name)
    .outerjoin(User, User.user_id == UserSession.user_id)
    .outerjoin(StaffUser, StaffUser.id == UserSession.staff_id)
)
_PICTURES: Any = select(PackageMedia.id, PackageMedia.package_id, ContentPackage.name).join(
    ContentPackage, ContentPackage.id == PackageMedia.package_id
)
_RIGHTS: Any = select(UserAgentPermission.id, StaffUser.full_name, UserAgentPermission.agent_name).join(
    StaffUser, StaffUser.id == UserAgentPermission.user_id
)
_KINDS: Mapping[str, tuple[Any, Callable[[Any], Thing]]] = {
    "users": (select(*_NAME), lambda one: Thing(_person(one), "user", one.user_id)),
    "vip_subscribers": (_of_people(VIPSubscriber), lambda one: Thing(_person(one), "vip", one.user_id)),
    "free_channel_requests": (_of_people(FreeChannelRequest), lambda one: Thing(_person(one), "free", one.user_id)),
    "user_interests": (_INTERESTED, lambda one: Thing(_interest(one), "interest", one[0])),
    "interest_notes": (_NOTED, lambda one: Thing(_person(one), "interest", one.interest_id)),
    "content_packages": (
        select(ContentPackage.id, ContentPackage.name),
        lambda one: Thing(one.name, "package", one.id),
    ),
    "package_media": (_PICTURES, lambda one: Thing(one.name, "package", one.package_id)),
    "providers": (select(Provider.id, Provider.display_name), lambda one: Thing(one.display_name)),
    "subscription_plans": (
        select(SubscriptionPlan.id, SubscriptionPlan.name),
        lambda one: Thing(one.name, "plan", one.id),
    ),
    "invitation_tokens": (
        select(InvitationToken.id, InvitationToken.plan_name),
        lambda one: Thing(one.plan_name, "token", one.id),
    ),
    "bot_channels": (select(BotChannel.chat_id, BotChannel.title), lambda one: Thing(one.title or str(one[0]))),
    "member_imports": (
        select(MemberImport.id, MemberImport.file_name),
        lambda one: Thing(one.file_name, "import", one.id),
    ),
    "clients": (select(Client.id, Client.name), lambda one: Thing(one.name, "client", one.id)),
    "client_imports": (
        select(ClientImport.id, ClientImport.file_name),
        lambda one: Thing(one.file_name, "client-import", one.id),
    ),
    "staff_users": (select(StaffUser.id, StaffUser.full_name), lambda one: Thing(one.full_name, "staff", one.id)),
    "staff_invitations": (select(StaffInvitation.id, StaffInvitation.email), lambda one: Thing(one.email or "")),
    "user_agent_permissions": (_RIGHTS, lambda one: Thing(f"{one.full_name} · {_section(one.agent_name)}")),
    "user_sessions": (_SESSIONS, lambda one: Thing(one.full_name or _person(one))),
}


def _interest(one: Any) -> str:
    return f"{_person(one)} · {one.package}" if one.package else _person(one)


def _section(name: str) -> str:
    return str(GRANTABLE.get(name, name))
