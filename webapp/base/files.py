"""Files that are written bit by bit and taken away whole: a body that grows, and the file that is made of it.

How much of a body counts is known elsewhere (in a row); what stands beyond it, left by somebody who was killed, is
written over. On disk both are encrypted, a block to a line. Names are made by us.
"""

import io
import itertools
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from webapp.base import crypto

NAME = re.compile(r"[0-9a-f]{32}-[0-9]{1,9}\.[a-z]{3,4}")
BLOCK = 1 << 16


class Unreadable(OSError):
    """What lies there was encrypted by a key that we no longer have, or damaged."""


@dataclass(frozen=True)
class Files:
    """A folder of them, for its owner alone."""

    root: Path

    def path(self, name: str) -> Path:
        """Where the file called so lies. Raises ValueError for a name that is not of our form."""
        if not NAME.fullmatch(name):
            raise ValueError("not a name of ours")
        return self.root / name

    def extend(self, name: str, at: int, data: bytes) -> int:
        """Writes `data` into a body of `at` bytes on disk, where 0 begins it anew; returns how long it is then.

        Raises FileNotFoundError where so long a body is not.
        """
        body = self._body(name)
        if at == 0:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            body.touch(mode=0o600)
        with body.open("r+b") as file:
            if file.seek(0, os.SEEK_END) < at:
                raise FileNotFoundError(f"{name}: shorter than {at}")
            file.seek(at)
            for start in range(0, len(data), BLOCK):
                file.write(crypto.encrypt_bytes(data[start : start + BLOCK]) + b"\n")
            return file.truncate()

    def inherit(self, name: str, earlier: str, size: int) -> bool:
        """Begins a body with the first `size` bytes (on disk) of an earlier one, which goes; False without them."""
        before = self._body(earlier)
        if not before.is_file() or before.stat().st_size < size:
            return False
        self.extend(name, 0, b"")
        with before.open("rb") as one, self._body(name).open("r+b") as other:
            shutil.copyfileobj(one, other)
            other.truncate(size)
        before.unlink(missing_ok=True)
        return True

    def seal(self, name: str, make: Callable[[BinaryIO, BinaryIO], None]) -> int:
        """Makes the file of its body by `make` (body, file), and lets the body go; returns the size of what it holds.

        Raises Unreadable where the body is.
        """
        body, file = self._body(name), self.path(name)
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as disk:
            closing = _Closing(disk)
            with io.BufferedReader(_Opening(_blocks(body)), BLOCK) as one, io.BufferedWriter(closing, BLOCK) as other:
                make(cast(BinaryIO, one), cast(BinaryIO, other))
        body.unlink(missing_ok=True)
        return closing.size

    def read(self, name: str) -> Iterator[bytes]:
        """What the file holds, block by block. Raises at once FileNotFoundError where it is not, Unreadable where no
        key opens it."""
        blocks = _blocks(self.path(name))
        first = next(blocks, b"")
        return itertools.chain((first,), blocks)

    def remove(self, beginning: str) -> None:
        """Removes all files and bodies whose names begin so, up to a sign that is no letter or digit."""
        for path in self.root.glob(f"{beginning}[-.]*"):
            path.unlink(missing_ok=True)

    def beginnings(self) -> set[str]:
        """What the names that lie here begin with."""
        return {path.name.partition("-")[0] for path in self.root.glob("*-*")}

    def _body(self, name: str) -> Path:
        path = self.path(name)
        return path.with_name(f"{path.name}.part")


class _Opening(io.RawIOBase):
    """Blocks, read as one stream."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self.blocks, self.left = blocks, b""

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        self.left = self.left or next(self.blocks, b"")
        size = min(len(into), len(self.left))
        into[:size], self.left = self.left[:size], self.left[size:]
        return size


class _Closing(io.RawIOBase):
    """A stream that lies on disk as blocks; `size` is how much went in."""

    def __init__(self, disk: BinaryIO) -> None:
        self.disk, self.size = disk, 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.disk.write(crypto.encrypt_bytes(bytes(data)) + b"\n")
        self.size += len(data)
        return len(data)


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        for line in file:
            try:
                yield crypto.decrypt_bytes(line.rstrip(b"\n"))
            except ValueError:
                raise Unreadable(path.name) from None
