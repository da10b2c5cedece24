"""Files kept in memory: photos are measured, addresses of this machine are fetched."""

import base64
import hashlib
import mimetypes
import struct
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from simulator.errors import bad
from simulator.state import World
from simulator.things import File

Json = dict[str, Any]
LOCAL = {"localhost", "127.0.0.1"}
PHOTO_LIMIT = 10 * 2**20
FILE_LIMIT = 50 * 2**20
THUMB = 320


def keep(world: World, name: str, data: bytes, kind: str) -> File:
    """Store bytes as a photo or document. Raises ApiError for what Telegram would not take."""
    if not data:
        raise bad("file must be non-empty")
    width = height = 0
    if kind == "photo":
        if len(data) > PHOTO_LIMIT:
            raise bad("file is too big")
        width, height = measure(data)
        if not width:
            raise bad("IMAGE_PROCESS_FAILED")
        if width + height > 10_000 or max(width, height) > 20 * min(width, height):
            raise bad("PHOTO_INVALID_DIMENSIONS")
    elif len(data) > FILE_LIMIT:
        raise bad("file is too big")
    digest = hashlib.sha256(data).digest()
    unique = base64.urlsafe_b64encode(b"AQ" + digest[:10]).decode().rstrip("=")
    number = next(world.counter)
    mime = mimetypes.guess_type(name)[0] or ("image/jpeg" if kind == "photo" else "application/octet-stream")
    file_id = f"{'AgACAgQAAx' if kind == 'photo' else 'BQACAgQAAx'}{world.secret(42)}"
    end = "jpg" if kind == "photo" else (name.rsplit(".", 1)[-1] if "." in name else "bin")
    path = f"{'photos' if kind == 'photo' else 'documents'}/file_{number}.{end}"
    file = File(file_id, unique, path, name or f"file_{number}.{end}", mime, data, width, height)
    world.files[file_id] = file
    return file


def sizes(file: File) -> list[Json]:
    """The PhotoSizes of a photo: a small one, when it is big, and the whole. Both are the same bytes here."""
    whole: Json = {"file_id": file.id, "file_unique_id": file.unique_id, "file_size": len(file.data),
                   "width": file.width, "height": file.height}  # fmt: skip
    if max(file.width, file.height) <= THUMB:
        return [whole]
    scale = THUMB / max(file.width, file.height)
    small = {**whole, "file_unique_id": f"{file.unique_id}s", "width": max(1, round(file.width * scale)),
             "height": max(1, round(file.height * scale))}  # fmt: skip
    return [small, whole]


async def fetch(url: str) -> tuple[str, bytes]:
    """Name and bytes of an address on this machine; anything else fails as an unreachable one does."""
    parts = urlsplit(url)
    if parts.hostname not in LOCAL:
        raise bad("failed to get HTTP URL content")
    try:
        timeout = aiohttp.ClientTimeout(total=10)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as response:
            if response.status != 200:
                raise bad("failed to get HTTP URL content")
            return parts.path.rsplit("/", 1)[-1], await response.read()
    except (aiohttp.ClientError, TimeoutError):
        raise bad("failed to get HTTP URL content") from None


def measure(data: bytes) -> tuple[int, int]:
    """Width and height of a PNG, JPEG, GIF or WebP; zeros for anything else."""
    if data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return width, height
    if data[:6] in (b"GIF87a", b"GIF89a") and len(data) >= 10:
        width, height = struct.unpack("<HH", data[6:10])
        return width, height
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    return _jpeg(data) if data[:2] == b"\xff\xd8" else (0, 0)


def _webp(data: bytes) -> tuple[int, int]:
    if data[12:16] == b"VP8X" and len(data) >= 30:
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if data[12:16] == b"VP8 " and len(data) >= 30:
        width, height = struct.unpack("<HH", data[26:30])
        return width & 0x3FFF, height & 0x3FFF
    if data[12:16] == b"VP8L" and len(data) >= 25:
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return 0, 0


def _jpeg(data: bytes) -> tuple[int, int]:
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return 0, 0
