"""Static files, packed once per process for browsers that can unpack: no proxy is needed for that."""

import gzip
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, make_response, request

PACKED = frozenset({".css", ".js", ".svg", ".json", ".txt"})


def init_app(app: Flask) -> None:
    """Puts packing in front of the app's static files."""
    plain = app.view_functions["static"]
    folder = Path(str(app.static_folder)).resolve()

    def static(filename: str) -> Any:
        path = folder / filename
        if path.suffix not in PACKED or "gzip" not in request.headers.get("Accept-Encoding", ""):
            return plain(filename=filename)
        answer = make_response(plain(filename=filename))  # finds it, or refuses, and knows whether it changed
        if answer.status_code == 200 and request.method == "GET":
            answer.close()
            answer.direct_passthrough = False
            answer.set_data(_packed(str(path), path.stat().st_mtime_ns))
            answer.headers["Content-Encoding"] = "gzip"
        answer.headers.add("Vary", "Accept-Encoding")
        return answer

    app.view_functions["static"] = static


@lru_cache(maxsize=128)
def _packed(path: str, _changed: int) -> bytes:
    return gzip.compress(Path(path).read_bytes(), 9, mtime=0)
