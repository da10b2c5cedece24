"""Formatted text: HTML, MarkdownV2 or plain, into text and entities, refusing what Telegram refuses.

Offsets and lengths are in UTF-16 code units, as the Bot API has them.
"""

import html
import re
from typing import Any

from simulator.errors import ApiError, bad
from simulator.markdown import parse_markdown

Json = dict[str, Any]
TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "tg-spoiler": "spoiler", "code": "code",
    "pre": "pre", "a": "text_link", "blockquote": "blockquote", "span": "spoiler", "tg-emoji": "custom_emoji",
    "tg-time": "date_time",
}  # fmt: skip
TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)((?:[^>\"']|\"[^\"]*\"|'[^']*')*)>")
ATTRIBUTE = re.compile(r"([A-Za-z-]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+)))?")
REFERENCE = re.compile(r"&(?:lt|gt|amp|quot|#\d{1,7}|#x[0-9A-Fa-f]{1,6});")
FOUND = re.compile(
    r"(?P<url>https?://[^\s<>\"]+|(?<![\w@./])(?:[a-z0-9-]+\.)+(?:com|org|net|me|app|dev|io|es)(?:/[^\s<>\"]*)?\b)"
    r"|(?P<email>[\w.+-]+@[\w-]+\.[\w.-]+\w)"
    r"|(?P<mention>(?<![\w@])@[A-Za-z]\w{3,31})"
    r"|(?P<bot_command>(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@\w{3,32})?(?![\w/<>]))"
    r"|(?P<hashtag>(?<![\w#])#\w*[^\W\d]\w*)"
    r"|(?P<cashtag>(?<![\w$])\$[A-Z]{3,8}\b)"
)

SIGNS = re.compile(r"[@/#$.]")  # without one of these there is nothing to find


def units(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def read(text: str, mode: str, given: Any = None, empty: str = "message text is empty") -> tuple[str, list[Json]]:
    """Text and entities of a message's text or caption.

    mode is `parse_mode`, given the explicit entities (used when mode is empty). Raises ApiError, `empty` in words.
    """
    mode = mode.lower()
    if mode == "html":
        text, entities = parse_html(text)
    elif mode in ("markdownv2", "markdown"):
        text, entities = parse_markdown(text)
    elif mode in ("", "none"):
        entities = [dict(item) for item in given or [] if isinstance(item, dict) and item.get("length")]
    else:
        raise bad("unsupported parse_mode")
    text, entities = _trim(text.replace("\r", "").replace("\0", ""), entities)
    if not text:
        raise bad(empty) if empty else ApiError(400, "")
    return text, _merge(text, entities)


def parse_html(source: str) -> tuple[str, list[Json]]:
    """Telegram's HTML: only its tags, properly nested."""
    out: list[str] = []
    length = 0
    stack: list[tuple[str, int, Json]] = []
    entities: list[Json] = []
    position = 0
    while position < len(source):
        at = source.find("<", position)
        piece = _unescape(source[position : at if at >= 0 else len(source)])
        out.append(piece)
        length += units(piece)
        if at < 0:
            break
        match = TAG.match(source, at)
        if match is None:
            raise _unclosed(source, at)
        if match[1]:
            _close(source, match, stack, length, entities)
        else:
            stack.append((match[2].lower(), length, _open(source, match, stack)))
        position = match.end()
    if stack:
        raise _cannot(f'Can\'t find end tag corresponding to start tag "{stack[-1][0]}"')
    return "".join(out), sorted(entities, key=lambda item: (item["offset"], -item["length"]))


def _open(source: str, match: re.Match[str], stack: list[tuple[str, int, Json]]) -> Json:
    name = match[2].lower()
    offset = len(source[: match.start()].encode())
    if name not in TAGS:
        raise _cannot(f'Unsupported start tag "{name}" at byte offset {offset}')
    values = {m[1].lower(): html.unescape(m[2] or m[3] or m[4] or "") for m in ATTRIBUTE.finditer(match[3])}
    if name == "span" and values.get("class") != "tg-spoiler":
        raise _cannot(f'Tag "span" must have class "tg-spoiler" at byte offset {offset}')
    entity: Json = {"type": TAGS[name]}
    if name == "a":
        entity["url"] = values.get("href", "")
    elif name == "tg-emoji":
        entity["custom_emoji_id"] = values.get("emoji-id", "")
    elif name == "blockquote" and "expandable" in values:
        entity["type"] = "expandable_blockquote"
    elif name == "code" and stack and stack[-1][0] == "pre" and values.get("class", "").startswith("language-"):
        stack[-1][2]["language"] = values["class"].removeprefix("language-")
        entity["type"] = ""
    return entity


def _close(source: str, match: re.Match[str], stack: list[tuple[str, int, Json]], length: int,
           entities: list[Json]) -> None:  # fmt: skip
    name = match[2].lower()
    offset = len(source[: match.start()].encode())
    if not stack:
        raise _cannot(f"Unexpected end tag at byte offset {offset}")
    opened, start, entity = stack.pop()
    if opened != name:
        raise _cannot(f'Unmatched end tag at byte offset {offset}, expected "</{opened}>", found "</{name}>"')
    if length == start or not entity["type"]:
        return
    if entity["type"] == "text_link":
        user = re.fullmatch(r"tg://user\?id=(\d+)", entity["url"])
        if user:
            entity = {"type": "text_mention", "user_id": int(user[1])}
        elif not re.match(r"(https?|tg|ton|mailto)://?|mailto:", entity["url"]):
            return
    rest = {key: value for key, value in entity.items() if key != "type"}
    entities.append({"type": entity["type"], "offset": start, "length": length - start, **rest})


def _unclosed(source: str, at: int) -> ApiError:
    offset = len(source[:at].encode())
    following = source[at + 1 : at + 2]
    if following == "/":
        return _cannot(f"Unclosed end tag at byte offset {offset}")
    if not following.isalpha():
        name = re.match(r"<([^\s>]*)", source[at:])
        return _cannot(f'Unsupported start tag "{name[1] if name else ""}" at byte offset {offset}')
    return _cannot(f"Unclosed start tag at byte offset {offset}")


def _unescape(text: str) -> str:
    return REFERENCE.sub(lambda match: html.unescape(match[0]), text) if "&" in text else text


def _cannot(reason: str) -> ApiError:
    return bad(f"can't parse entities: {reason}")


def _trim(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    """Cut surrounding space, as Telegram does, and move the entities along."""
    stripped = text.lstrip()
    lead = units(text) - units(stripped)
    stripped = stripped.rstrip()
    total = units(stripped)
    kept = []
    for item in entities:
        start = max(item["offset"] - lead, 0)
        end = min(item["offset"] - lead + item["length"], total)
        if end > start:
            kept.append({**item, "offset": start, "length": end - start})
    return stripped, kept


def _merge(text: str, entities: list[Json]) -> list[Json]:
    """Add what Telegram finds by itself: links, mentions, commands, hashtags."""
    taken = [(item["offset"], item["offset"] + item["length"]) for item in entities
             if item["type"] in ("code", "pre", "text_link", "text_mention")]  # fmt: skip
    if not SIGNS.search(text):
        return entities
    found: list[Json] = []
    for match in FOUND.finditer(text):
        kind = match.lastgroup or "url"
        value = match[0].rstrip(".,;:!?)") if kind == "url" else match[0]
        start = units(text[: match.start()])
        end = start + units(value)
        if not any(start < right and left < end for left, right in taken):
            found.append({"type": kind, "offset": start, "length": end - start})
    if not found:
        return entities
    return sorted(entities + found, key=lambda item: (item["offset"], -item["length"]))
