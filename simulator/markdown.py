"""MarkdownV2 into text and entities: the marks people use, and the two refusals they meet."""

import re
from typing import Any

from simulator.errors import ApiError, bad

Json = dict[str, Any]
MARKS = (("||", "spoiler"), ("__", "underline"), ("```", "pre"), ("*", "bold"), ("_", "italic"), ("~", "strikethrough"),
         ("`", "code"))  # fmt: skip
NAMES = {"bold": "Bold", "italic": "Italic", "underline": "Underline", "strikethrough": "Strikethrough",
         "spoiler": "Spoiler", "code": "Code", "pre": "Pre", "text_link": "Text Url"}  # fmt: skip
RESERVED = set("_*[]()~`>#+-=|{}.!")
TARGET = re.compile(r"\]\(([^)\\]*(?:\\.[^)\\]*)*)\)")


class _Reader:
    """One pass over the source; `open` is the stack of (kind, offset, byte offset)."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.out: list[str] = []
        self.length = 0
        self.open: list[tuple[str, int, int]] = []
        self.entities: list[Json] = []

    def put(self, text: str) -> None:
        """Add plain text."""
        self.out.append(text)
        self.length += len(text.encode("utf-16-le")) // 2

    def offset(self) -> int:
        """Where we are, in bytes, as Telegram counts in its refusals."""
        return len(self.source[: self.at].encode())

    def mark(self) -> bool:
        """Open or close at a mark; False when there is none here."""
        inside = self.open[-1][0] if self.open else ""
        for sign, kind in MARKS:
            if self.source.startswith(sign, self.at) and (inside not in ("code", "pre") or inside == kind):
                self.at += len(sign)
                if inside == kind:
                    self.close()
                else:
                    self.open.append((kind, self.length, self.offset() - len(sign)))
                return True
        return False

    def close(self, **more: str) -> None:
        """End the innermost entity."""
        kind, start, _ = self.open.pop()
        if self.length > start:
            self.entities.append({"type": kind, "offset": start, "length": self.length - start, **more})

    def link(self) -> bool:
        """`[text](url)`: False when this character is no part of one."""
        if self.source[self.at] == "[":
            self.open.append(("text_link", self.length, self.offset()))
            self.at += 1
            return True
        match = TARGET.match(self.source, self.at)
        if match is None or not self.open or self.open[-1][0] != "text_link":
            return False
        self.close(url=re.sub(r"\\(.)", r"\1", match[1]))
        self.at = match.end()
        return True


def parse_markdown(source: str) -> tuple[str, list[Json]]:
    """Text and entities. Raises ApiError for unescaped reserved characters and marks left open."""
    reader = _Reader(source)
    while reader.at < len(source):
        _step(reader)
    if reader.open:
        kind, _, offset = reader.open[-1]
        raise _cannot(f"Can't find end of {NAMES[kind]} entity at byte offset {offset}")
    return "".join(reader.out), sorted(reader.entities, key=lambda item: (item["offset"], -item["length"]))


def _step(reader: _Reader) -> None:
    char = reader.source[reader.at]
    if char == "\\" and reader.at + 1 < len(reader.source):
        reader.put(reader.source[reader.at + 1])
        reader.at += 2
        return
    verbatim = bool(reader.open) and reader.open[-1][0] in ("code", "pre")
    if reader.mark() or (not verbatim and char in "[]" and reader.link()):
        return
    if not verbatim and char in RESERVED:
        raise _cannot(f"Character '{char}' is reserved and must be escaped with the preceding '\\'")
    reader.put(char)
    reader.at += 1


def _cannot(reason: str) -> ApiError:
    return bad(f"can't parse entities: {reason}")
