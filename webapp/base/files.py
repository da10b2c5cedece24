"""Files that are written bit by bit and taken away whole: a body that grows, and the file that is made of it.

How much of a body counts is known elsewhere (in a row); what stands beyond it, left by somebody who was killed, is
written over. Names are made by us.
"""

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

NAME = re.compile(r"[0-9a-f]{32}-[0-9]{1,9}\.[a-z]{3,4}")


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
        """Writes `data` into a body of `at` bytes, where 0 begins it anew; returns how long it is then.

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
            file.write(data)
            return file.truncate()

    def inherit(self, name: str, earlier: str, size: int) -> bool:
        """Begins a body with the first `size` bytes of an earlier one, which goes; False where they are not there."""
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
        """Makes the file of its body by `make` (body, file), and lets the body go; returns the file's size."""
        body, file = self._body(name), self.path(name)
        with body.open("rb") as one, open(os.open(file, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b") as other:
            make(one, other)
            size = other.tell()
        body.unlink(missing_ok=True)
        return size

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
