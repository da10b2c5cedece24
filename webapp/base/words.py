"""Words that people typed, without what nobody means to type; everything else is made harmless where it is shown."""

import unicodedata
from typing import Any

TURNING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])  # they turn the direction of what follows


def clean(text: Any, *, lines: bool = False) -> str:
    """Text without control and direction-turning characters, trimmed; on one line unless `lines`."""
    plain = str(text or "").replace("\r\n", "\n").replace("\r", "\n").translate(TURNING)
    kept = "".join(sign for sign in plain if sign in "\n\t" or unicodedata.category(sign) not in ("Cc", "Cs"))
    return kept.strip() if lines else " ".join(kept.split())
