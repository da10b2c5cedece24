"""A small OpenID Connect provider on loopback, which vouches for whom the test says, and misbehaves as it says.

It is written from the specifications, with `cryptography` alone: an independent reading of what the product's libraries
read. A code is good once, for the client, address and verifier that it was asked with.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, unquote, urlencode, urlsplit

import urllib3
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

CLIENT, SECRET = "8000000001", "client-secret-of-the-bot"


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _number(value: int) -> str:
    return _b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def a_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


KEY, OTHER_KEY = a_key(), a_key()


class Provider:
    """`person`: the claim `id` of whoever says yes; `wrong`: how it misbehaves; `claims`: what its token says besides.

    `asked` keeps the paths that were asked for, `forms` what the token was asked for with.
    """

    def __init__(self) -> None:
        self.person: object = 0
        self.wrong, self.kid, self.key = "", "oidc-1", KEY
        self.claims: dict[str, object] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []
        self.forms: list[dict[str, str]] = []
        self.tokens: list[str] = []
        self.released = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    def consent(self, address: str, person: object) -> str:
        """What a person's browser does there: opens `address`, says yes; gives the query they are sent back with."""
        self.person = person
        answer = urllib3.request("GET", address, redirect=False)
        assert answer.status == 302, answer.data
        return urlsplit(answer.headers["Location"]).query

    def itself(self) -> dict[str, object]:
        issuer = "https://evil.example" if self.wrong == "discovery of another" else self.issuer
        return {
            "issuer": issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
        }

    def keys(self) -> dict[str, object]:
        """Beside the one it signs by, others that not everybody can read, as Telegram's list has."""
        told = self.key.public_key().public_numbers()
        ours = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid, "n": _number(told.n), "e": _number(told.e)}
        odd = {"kty": "EC", "crv": "secp256k1", "kid": "oidc-4", "x": "AQ", "y": "AQ"}
        return {"keys": [odd, {"kty": "PQ", "kid": "oidc-9"}, "nonsense", ours]}

    def token(self, asked: dict[str, str]) -> str:
        moment = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": "opaque-1", "id": self.person, "nonce": asked["nonce"]}
        claims |= {"iat": moment, "exp": moment + 300, **self.claims}
        claims = {name: value for name, value in claims.items() if value is not None}
        header: dict[str, str] = {"alg": "RS256", "typ": "JWT", "kid": self.kid}
        if self.wrong == "none":
            header["alg"] = "none"
        if self.wrong == "shared secret":
            header["alg"] = "HS256"
        signed = ".".join(_b64(json.dumps(part).encode()) for part in (header, claims))
        return f"{signed}.{self._signature(signed.encode())}"

    def _signature(self, signed: bytes) -> str:
        if self.wrong == "none":
            return ""
        if self.wrong == "shared secret":
            return _b64(hmac.digest(SECRET.encode(), signed, "sha256"))
        key = OTHER_KEY if self.wrong == "signature" else self.key
        return _b64(key.sign(signed, padding.PKCS1v15(), hashes.SHA256()))

    def exchange(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, object]]:
        self.forms.append(form)
        shown = base64.b64decode(authorization.partition("Basic ")[2]).decode().split(":")
        if [unquote(part) for part in shown] != [CLIENT, SECRET] or self.wrong == "client":
            return 401, {"error": "invalid_client"}
        asked = self.codes.pop(form.get("code", ""), None)
        proof = _b64(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if asked is None or form.get("grant_type") != "authorization_code":
            return 400, {"error": "invalid_grant"}
        if asked["redirect_uri"] != form.get("redirect_uri") or asked["code_challenge"] != proof:
            return 400, {"error": "invalid_grant"}
        self.tokens.append(self.token(asked))
        return 200, {"access_token": "access-1", "token_type": "Bearer", "id_token": self.tokens[-1]}


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            where = urlsplit(self.path)
            provider.asked.append(where.path)
            if where.path == "/auth":
                return self._send_back(dict(parse_qsl(where.query)))
            told = {"/.well-known/openid-configuration": provider.itself, "/keys": provider.keys}[where.path]
            return self._misbehave(where.path) or self._say(200, json.dumps(told()).encode())

        def do_POST(self) -> None:
            provider.asked.append(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            if self._misbehave(self.path):
                return
            status, told = provider.exchange(form, self.headers.get("Authorization", ""))
            if provider.wrong == "endless":
                told["more"] = "x" * 600_000
            self._say(status, json.dumps(told).encode())

        def _send_back(self, asked: dict[str, str]) -> None:
            right = asked["client_id"] == CLIENT and asked["response_type"] == "code" and "openid" in asked["scope"]
            if not right or asked["code_challenge_method"] != "S256" or not asked["nonce"]:
                return self._say(400, b"{}")
            code = secrets.token_urlsafe(16)
            provider.codes[code] = asked
            self.send_response(302)
            back = urlencode({"code": code, "state": asked["state"]})
            self.send_header("Location", f"{asked['redirect_uri']}?{back}")
            self.send_header("Content-Length", "0")
            return self.end_headers()

        def _misbehave(self, path: str) -> bool:
            kind, _, where = provider.wrong.partition(" at ")
            if where != path:
                return False
            if kind == "500":
                self._say(500, b"{}")
            elif kind == "garbage":
                self._say(200, b"<html>" + b"\xff" * 100)
            elif kind == "elsewhere":
                self._say(307, b"{}", Location=f"{provider.issuer}/elsewhere")
            else:  # slow: says nothing until the test is over
                provider.released.wait(60)
            return True

        def _say(self, status: int, body: bytes, **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:
                pass

        def log_message(self, *_words: object) -> None:
            """Says nothing."""

    return Handler
