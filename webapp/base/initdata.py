"""Checking the initData with which Telegram introduces a member to the Mini App.

init-data-py verifies the signature (constant time, duplicate keys refused). On top stand stricter rules: size, count,
control characters, age, and the shape of the user. Fields are read from the verified pairs alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import init_data_py
import orjson
from init_data_py.errors import InitDataError

from webapp.base.clock import now
from webapp.base.crypto import hash_token
from webapp.base.errors import Unknown

MAX_BYTES = 4096
MAX_PAIRS = 20
MAX_AGE = 3600
MAX_AHEAD = 60


@dataclass(frozen=True)
class Introduction:
    """What Telegram vouches for: the person (its User object), the start parameter, a hash that names this launch."""

    user: Mapping[str, Any]
    start_param: str
    hash: str
    age: float


def check(init_data: str, token: str) -> Introduction:
    """The introduction in `init_data`, signed for the bot with `token`, at most an hour old.

    Raises Unknown, always with the same text, whatever is wrong with it.
    """
    try:
        return _checked(init_data, token)
    except (InitDataError, ValueError, TypeError, KeyError):
        raise Unknown() from None


def _checked(init_data: str, token: str) -> Introduction:
    if len(init_data) > MAX_BYTES or len(init_data.encode()) > MAX_BYTES or init_data.count("&") >= MAX_PAIRS:
        raise ValueError("too much")
    data = init_data_py.parse(init_data)
    if any(ord(letter) < 32 or ord(letter) == 127 for pair in data.pairs for part in pair for letter in part):
        raise ValueError("control characters")
    init_data_py.validate_by_hash(data, token, expires_in=MAX_AGE)
    age = now().timestamp() - data.auth_date
    if not -MAX_AHEAD <= age <= MAX_AGE:
        raise ValueError("too old, or from the future")
    user = orjson.loads(data.get("user") or "")
    if not isinstance(user, dict) or type(user.get("id")) is not int or not 0 < user["id"] < 2**52:
        raise ValueError("no person")
    if user.get("is_bot") or not isinstance(user.get("first_name"), str):
        raise ValueError("not a person")
    return Introduction(user, data.get("start_param") or "", launch_of(init_data), age)


def launch_of(init_data: str) -> str:
    """An identifier of the launch, independent of URL escaping; not a proof of anything."""
    return hash_token(dict(parse_qsl(init_data[:MAX_BYTES])).get("hash", "").lower())
