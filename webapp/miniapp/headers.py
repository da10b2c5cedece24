"""What a browser must know of the Mini App: where it may be framed, what may run, that nothing is kept; and gzip."""

import gzip

from flask import Flask, Response, current_app, request

from webapp.config import Settings

FRAMED_BY = "'self' https://web.telegram.org https://*.telegram.org"
# Telegram's script puts an empty <style> into framed pages: the hash of nothing lets exactly that through.
EMPTY = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
WORTH_PACKING = 1024


def init_app(app: Flask, settings: Settings) -> None:
    """Makes the policy, once."""
    ancestors = f"{FRAMED_BY} {settings.frame_ancestors}".strip()
    policy = (
        "default-src 'none'",
        "script-src 'self' https://telegram.org",
        f"style-src 'self' {EMPTY}",
        "img-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        f"frame-ancestors {ancestors}",
    )
    app.extensions["miniapp_headers"] = [
        ("Content-Security-Policy", "; ".join(policy)),
        ("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()"),
        ("Vary", "Authorization, Accept-Encoding"),
    ]


def add(answer: Response) -> Response:
    """The headers of every answer of the Mini App; text is packed for those who can unpack."""
    answer.headers.extend(current_app.extensions["miniapp_headers"])  # far cheaper than setting them one by one
    if "gzip" in request.headers.get("Accept-Encoding", "") and _packable(answer):
        answer.set_data(gzip.compress(answer.get_data(), 1))
        answer.headers["Content-Encoding"] = "gzip"
    return answer


def _packable(answer: Response) -> bool:
    text = answer.mimetype == "text/html" and not answer.direct_passthrough
    return text and "Content-Encoding" not in answer.headers and len(answer.get_data()) > WORTH_PACKING
