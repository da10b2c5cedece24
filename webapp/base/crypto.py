"""Hashing of tokens and passwords, encryption of secrets, signed links.

Keys rotate: the newest writes, all read. Look-ups are the exception: what is found by its hash is hashed with the
oldest key that is left (see `_lookup_key`).
"""

import hashlib
import hmac
import secrets
from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from itsdangerous import BadSignature, URLSafeSerializer, URLSafeTimedSerializer
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

_passwords = PasswordHash((Argon2Hasher(),))
_keys: dict[str, list[str]] = {"secret": [], "data": []}


def set_keys(secret: list[str], data: list[str]) -> None:
    """Gives the keys to this process, newest first: `secret` sign, `data` (Fernet) encrypt."""
    _keys["secret"], _keys["data"] = list(secret), list(data)


def new_token() -> str:
    """A fresh opaque token: 256 bits, URL-safe."""
    return secrets.token_urlsafe(32)


def public_id() -> str:
    """A fresh random id for URLs that members see: 72 bits, 12 characters of [A-Za-z0-9_-]."""
    return secrets.token_urlsafe(9)


def hash_token(token: str) -> str:
    """SHA-256 of a high-entropy token, hexadecimal: what the database keeps in its stead."""
    return hashlib.sha256(token.encode()).hexdigest()


def hash_password(password: str) -> str:
    """argon2id hash of a password."""
    return _passwords.hash(password)


def check_password(password: str, hashed: str | None) -> tuple[bool, str | None]:
    """(whether it matches, a new hash if the stored one uses outdated parameters).

    Takes the same time when there is no hash.
    """
    if hashed is None:
        _passwords.verify(password, _nobodys_hash())
        return False, None
    return _passwords.verify_and_update(password, hashed)


@cache
def _nobodys_hash() -> str:
    """Made when it is first needed: 64 MB and a twentieth of a second that no start of a process should cost."""
    return _passwords.hash(secrets.token_urlsafe(16))


def encrypt(text: str) -> str:
    """Encrypts a secret for the database."""
    return encrypt_bytes(text.encode()).decode()


def decrypt(text: str) -> str:
    """Opens what `encrypt` closed, with this or an older key. Raises ValueError when none opens it."""
    return decrypt_bytes(text.encode()).decode()


def encrypt_bytes(data: bytes) -> bytes:
    """The same for a piece of a file: one line of ASCII."""
    return _fernet().encrypt(data)


def decrypt_bytes(data: bytes) -> bytes:
    """Opens what `encrypt_bytes` closed. Raises ValueError when no key opens it."""
    try:
        return _fernet().decrypt(data)
    except InvalidToken:
        raise ValueError("no key opens this") from None


def keyed_hash(text: str, purpose: str) -> str:
    """HMAC-SHA-256 of `text` for look-ups of encrypted values; hexadecimal, its own key for each purpose."""
    return hmac.new(_lookup_key(purpose), text.encode(), hashlib.sha256).hexdigest()


def _lookup_key(purpose: str) -> bytes:
    """From the oldest data key: a hash is compared, not opened, so one key alone can find it, and a new key beside the
    old one loses none. Without the old one every form that is open, sign-in under way and adoption link is void, and
    a stored hash is found again once it is written anew (`flask clients rekey`; `keys_in_force` tells which wait)."""
    return hashlib.sha256(f"{purpose}:{_keys['data'][-1]}".encode()).digest()


def keys_for(purpose: str) -> dict[str, bytes]:
    """The keys for `purpose`, derived from the data keys, newest first, by names that give nothing of them away."""
    derived = [hmac.new(key.encode(), purpose.encode(), hashlib.sha256).digest() for key in _keys["data"]]
    return {hashlib.sha256(b"name:" + key).hexdigest()[:16]: key for key in derived}


def keys_in_force() -> str:
    """Names of the keys by which `encrypt` and `keyed_hash` work now: kept beside a value, they tell which ones it
    still waits for when keys are changed."""
    names = list(keys_for("names"))
    return f"{names[0]}.{names[-1]}"


def sign(value: Any, purpose: str) -> str:
    """A URL-safe signed text carrying `value` (JSON types). Good for `purpose` only."""
    return str(URLSafeTimedSerializer(_keys["secret"][::-1], salt=purpose).dumps(value))


def unsign(text: str, purpose: str, max_age: int | None = None) -> Any:
    """The value of a signed text at most `max_age` seconds old. Raises ValueError when it is not ours or too old."""
    try:
        return URLSafeTimedSerializer(_keys["secret"][::-1], salt=purpose).loads(text, max_age=max_age)
    except BadSignature:
        raise ValueError("not signed by us, or too old") from None


def seal(value: Any, purpose: str) -> str:
    """Like `sign` without a time: the same value gives the same text, so that a browser can cache what it names."""
    return str(URLSafeSerializer(_keys["secret"][::-1], salt=purpose).dumps(value))


def unseal(text: str, purpose: str) -> Any:
    """The value of a sealed text. Raises ValueError when it is not ours."""
    try:
        return URLSafeSerializer(_keys["secret"][::-1], salt=purpose).loads(text)
    except BadSignature:
        raise ValueError("not signed by us") from None


def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in _keys["data"]])
