"""Where uploaded files lie: one folder, names made by us from their content."""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

KEY = re.compile(r"[0-9a-f]{2}/[0-9a-f]{30}(?:-[a-z0-9]{1,12})?\.(?:webp|jpg|png)")


@dataclass(frozen=True)
class Storage:
    """A folder of files."""

    root: Path

    def put(self, content: bytes, suffix: str, variant: str = "") -> str:
        """Keeps `content` under a key made of its SHA-256: the same content, the same key. `suffix`: webp, jpg, png."""
        digest = hashlib.sha256(content).hexdigest()
        return self.put_as(f"{digest[:2]}/{digest[2:32]}{'-' + variant if variant else ''}.{suffix}", content)

    def put_as(self, key: str, content: bytes) -> str:
        """Keeps `content` under `key`, whole or not at all. Raises ValueError for a key that is not of our form."""
        path = self.path(key)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f"{path.name}.{os.getpid()}.part")
            try:
                part.write_bytes(content)
                part.replace(path)
            except OSError:
                part.unlink(missing_ok=True)
                raise
        return key

    def path(self, key: str) -> Path:
        """Where the file with this key lies. Raises ValueError for a key that is not of our form."""
        if not KEY.fullmatch(key):
            raise ValueError("not a storage key")
        return self.root / key
