"""OpenID Connect with one provider: the authorization code flow with PKCE (RFC 7636), up to who the person is.

Authlib and joserfc know the protocol and the signatures; the requests are ours, with an end to wait for and to read.
Telegram's id of the person is the claim `id`; `sub` is another name of theirs, and is never read as that number.
"""

import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import orjson
import structlog
import urllib3
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import ECKey, RSAKey
from urllib3.exceptions import HTTPError

from webapp.base.crypto import keyed_hash
from webapp.base.errors import Unavailable, Unknown

ALGORITHMS = ["RS256", "ES256"]  # what BotFather offers and everybody can read; never "none", never a shared secret
KEEPS = 3600.0  # seconds that what the provider tells of itself is good
RESTS = 10.0  # seconds in which nobody waits for a provider that was away
WAITS, MOST_BYTES, LEEWAY = 4.0, 256 * 1024, 60
WELL_KNOWN = "/.well-known/openid-configuration"
log = structlog.get_logger(__name__)


@dataclass
class Provider:
    """Who vouches for people, as one client sees it. `issuer`: its address; `client_secret` is shown to it alone."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    _kept: dict[str, tuple[float, dict[str, Any]]] = field(default_factory=dict, repr=False)
    _away_until: float = 0.0
    _pool: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(retries=False), repr=False)

    def address(self, state: str, back: str) -> str:
        """Where the person says who they are; they come back to `back` with a code and with `state`.

        Nonce and verifier are made of the state by our key, so that they need be kept nowhere. Raises Unavailable.
        """
        proof = {"code_challenge": create_s256_code_challenge(_verifier(state)), "code_challenge_method": "S256"}
        where = self._told("authorization_endpoint")
        asked = {"redirect_uri": back, "scope": "openid", "state": state, "nonce": _nonce(state), **proof}
        return str(prepare_grant_uri(where, self.client_id, "code", **asked))

    def person(self, code: str, state: str, back: str) -> int:
        """Telegram's id of whoever came back with this code. Raises Unknown for any doubt, Unavailable."""
        token = self._exchange(code, state, back)
        try:
            return self._read(token["id_token"], _nonce(state), token.get("access_token"))
        except (JoseError, ValueError, TypeError, KeyError) as error:
            log.warning("openid.refused", cause=type(error).__name__)
            raise Unknown() from None

    def _exchange(self, code: str, state: str, back: str) -> dict[str, Any]:
        form = {"code": code, "code_verifier": _verifier(state), "redirect_uri": back}
        body = prepare_token_request("authorization_code", **form)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        auth = ClientAuth(self.client_id, self.client_secret, "client_secret_basic")
        where, headers, body = auth.prepare("POST", self._told("token_endpoint"), headers, body)
        status, told = self._ask("POST", where, headers=headers, body=body)
        if status == 200 and isinstance(told.get("id_token"), str):
            return told
        log.warning("openid.no_token", status=status)
        if status in (400, 422):  # a code that was used, is over, or never was
            raise Unknown()
        raise Unavailable()

    def _read(self, token: str, nonce: str, access_token: Any) -> int:
        """Raises JoseError or ValueError for a token that is not signed by the provider, for us, now, and for this."""
        try:
            read = jwt.decode(token, self._key, algorithms=ALGORITHMS)
        except InvalidKeyIdError:  # the provider changed its keys
            self._kept.pop("keys", None)
            read = jwt.decode(token, self._key, algorithms=ALGORITHMS)
        claims = dict(read.claims)
        heard = claims.get("aud")
        # Telegram's client ids are numbers, and may be written as such; whoever else is addressed, it is not for us.
        claims["aud"] = [str(one) for one in (heard if isinstance(heard, list) else [heard])]
        if claims["aud"] != [self.client_id]:
            raise ValueError("for others")
        asked: Any = {"iss": {"essential": True, "value": self.issuer}}
        told = {"nonce": nonce, "client_id": self.client_id, "access_token": access_token}
        CodeIDToken(claims, read.header, asked, told).validate(int(time.time()), LEEWAY)
        return _person(claims.get("id"))

    def _key(self, signed: Any) -> Any:
        """The provider's key by which this is signed. Raises InvalidKeyIdError for one that it does not tell of."""
        name, keys = signed.headers().get("kid"), _usable(self._document("keys", self._told("jwks_uri")).get("keys"))
        found = [key for key in keys if name is None or key.kid == name]
        if len(found) != 1:
            raise InvalidKeyIdError()
        return found[0]

    def _told(self, name: str) -> str:
        """An address out of what the provider tells of itself. Raises Unavailable when it tells of another."""
        told = self._document("itself", self.issuer + WELL_KNOWN)
        address = told.get(name)
        safe = isinstance(address, str) and urlsplit(address).scheme in ("https", urlsplit(self.issuer).scheme)
        if told.get("issuer") != self.issuer or not safe:
            self._kept.pop("itself", None)
            log.error("openid.not_the_issuer", lacks=name)
            raise Unavailable()
        return str(address)

    def _document(self, name: str, address: str) -> dict[str, Any]:
        until, told = self._kept.get(name, (0.0, {}))
        if until < time.monotonic():
            status, told = self._ask("GET", address)
            if status != 200:
                raise self._away(f"{name}: {status}")
            self._kept[name] = (time.monotonic() + KEEPS, told)
        return told

    def _ask(self, verb: str, address: str, **more: Any) -> tuple[int, dict[str, Any]]:
        """(status, what was answered). Goes nowhere else, and reads only so long and so much. Raises Unavailable."""
        if time.monotonic() < self._away_until:
            raise Unavailable()
        ends = time.monotonic() + WAITS
        try:
            limits: Any = {"timeout": urllib3.Timeout(connect=WAITS, read=WAITS), "redirect": False}
            answer = self._pool.request(verb, address, preload_content=False, **limits, **more)
            try:
                told = _read_json(answer, ends)
            finally:
                answer.close()
        except (HTTPError, OSError, ValueError) as error:
            raise self._away(type(error).__name__) from None
        if answer.status >= 500:
            raise self._away(f"status {answer.status}")
        return answer.status, told

    def _away(self, cause: str) -> Unavailable:
        log.warning("openid.away", cause=cause)
        self._away_until = time.monotonic() + RESTS
        return Unavailable()


def _read_json(answer: urllib3.BaseHTTPResponse, ends: float) -> dict[str, Any]:
    """The object that was answered, {} where a refusal holds none. Raises ValueError for what is no answer."""
    body = b""
    while part := answer.read1(65536):
        body += part
        if len(body) > MOST_BYTES or time.monotonic() > ends:
            raise ValueError("endless")
    try:
        told = orjson.loads(body)
    except ValueError:
        told = None
    if not isinstance(told, dict) and answer.status < 400:
        raise ValueError("no object")
    return told if isinstance(told, dict) else {}


def _usable(told: Any) -> list[Any]:
    """The keys of our kinds; what cannot be read is another's to use."""
    found: list[Any] = []
    for one in told if isinstance(told, list) else []:
        try:
            kind: Any = {"RSA": RSAKey, "EC": ECKey}[one["kty"]]
            if kind is RSAKey or one["crv"] == "P-256":
                found.append(kind.import_key(one))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return found


def _person(claim: Any) -> int:
    """Raises ValueError for what is no id of a person."""
    number = int(claim) if isinstance(claim, str) and claim.isascii() and claim.isdecimal() else claim
    if type(number) is not int or not 0 < number < 2**52:
        raise ValueError("no person")
    return number


def _verifier(state: str) -> str:
    return keyed_hash(state, "openid-verifier")


def _nonce(state: str) -> str:
    return keyed_hash(state, "openid-nonce")
