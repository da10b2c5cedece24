"""The things of the simulated Telegram, as plain records: people, members, links, chats, files, the bot."""

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
RIGHTS = (
    "can_manage_chat", "can_delete_messages", "can_manage_video_chats", "can_restrict_members", "can_promote_members",
    "can_change_info", "can_invite_users", "can_post_stories", "can_edit_stories", "can_delete_stories",
    "can_send_welcome_messages", "can_post_messages", "can_edit_messages", "can_pin_messages",
    "can_manage_direct_messages", "can_manage_topics", "can_manage_tags",
)  # fmt: skip


@dataclass
class Person:
    """Somebody with a Telegram account, and how the bot stands with them."""

    id: int
    first_name: str
    key: str
    last_name: str = ""
    username: str = ""
    language_code: str = "es"
    is_premium: bool = False
    shown: bool = True
    started: bool = False
    blocked: bool = False
    deactivated: bool = False
    seen: bool = False
    write_until: float = 0
    stars: int = 5000
    phone: str = ""
    storage: dict[str, str] = field(default_factory=dict)
    read: dict[str, int] = field(default_factory=dict)

    def user(self) -> Json:
        """As the Bot API's User."""
        body: Json = {"id": self.id, "is_bot": False, "first_name": self.first_name}
        if self.last_name:
            body["last_name"] = self.last_name
        if self.username:
            body["username"] = self.username
        if self.language_code:
            body["language_code"] = self.language_code
        if self.is_premium:
            body["is_premium"] = True
        return body

    def web_user(self) -> Json:
        """As the `user` of a Mini App's launch data."""
        body = {"id": self.id, "first_name": self.first_name, "last_name": self.last_name}
        for name in ("username", "language_code"):
            if getattr(self, name):
                body[name] = getattr(self, name)
        if self.is_premium:
            body["is_premium"] = True
        if self.started:
            body["allows_write_to_pm"] = True
        return body


@dataclass
class Member:
    """One account in a chat, or one that was: status as the Bot API names it."""

    status: str
    rights: dict[str, bool] = field(default_factory=dict)
    until: int = 0
    paid_until: int = 0


@dataclass
class Link:
    """An invite link."""

    url: str
    creator: int
    name: str = ""
    expire_date: int = 0
    member_limit: int = 0
    creates_join_request: bool = False
    is_primary: bool = False
    is_revoked: bool = False
    subscription_period: int = 0
    subscription_price: int = 0
    used: int = 0


@dataclass
class Request:
    """Somebody who asked to join and waits for an answer."""

    person: int
    date: int
    link: str = ""
    bio: str = ""


@dataclass
class Chat:
    """A private chat with the bot (its id is the person's), a group, a supergroup or a channel."""

    id: int
    type: str
    title: str = ""
    username: str = ""
    description: str = ""
    members: dict[int, Member] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    requests: dict[int, Request] = field(default_factory=dict)
    messages: dict[int, Json] = field(default_factory=dict)
    last_id: int = 0
    pinned: list[int] = field(default_factory=list)
    migrated_to: int = 0
    entry: str = ""
    permissions: dict[str, bool] = field(default_factory=dict)

    def status_of(self, user_id: int) -> str:
        """`left` for whoever was never here."""
        member = self.members.get(user_id)
        return member.status if member else "left"

    def inside(self) -> list[int]:
        """Ids of those who see its messages."""
        return [key for key, member in self.members.items() if is_inside(member)]


def is_inside(member: Member) -> bool:
    """Whether this member is in the chat now."""
    if member.status == "restricted":
        return member.rights.get("is_member", True)
    return member.status in ("creator", "administrator", "member")


@dataclass
class File:
    """Bytes somebody sent."""

    id: str
    unique_id: str
    path: str
    name: str
    mime: str
    data: bytes
    width: int = 0
    height: int = 0


@dataclass
class Bot:
    """The bot's own settings, those that BotFather and the API change."""

    id: int
    first_name: str = "Vitrina"
    username: str = "vitrina_sim_bot"
    texts: dict[str, str] = field(default_factory=dict)
    commands: dict[str, list[Json]] = field(default_factory=dict)
    menus: dict[str, Json] = field(default_factory=dict)
    webhook: Json = field(default_factory=dict)
    main_app: str = ""
    stars: int = 0

    def user(self) -> Json:
        """As the Bot API's User, without what only getMe tells."""
        return {"id": self.id, "is_bot": True, "first_name": self.first_name, "username": self.username}
