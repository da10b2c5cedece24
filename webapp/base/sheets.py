"""Reading a sheet that somebody sent as CSV: whatever program wrote it, and whatever it really is."""

import codecs
import csv
import enum
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime

from webapp.base.errors import Invalid
from webapp.base.i18n import _, number
from webapp.base.search import plain
from webapp.base.words import clean

LARGEST = 10 * 1024 * 1024
MOST_LINES = 500_000  # blank ones too: looking at ten million of them takes seconds
WIDEST = 100  # cells of a row that anybody reads; of a row of ten million commas the rest is let go
SIGNS = (",", ";", "\t", "|")
DAYS = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d")
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class ImportState(enum.Enum):
    """How far the import of a list is: read and shown, being made, made, or given up."""

    READ = "read"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


def read(data: bytes, *, most: int, field: str = "file") -> list[tuple[int, list[str]]]:
    """The rows of a sheet with their line numbers, blank ones left out; commas, semicolons, tabs or bars between cells.

    Raises Invalid (at `field`) for what is too large, no text, no sheet, or more than `most` rows.
    """
    text = _text(data, field)
    if max(text.count("\n"), text.count("\r")) > MOST_LINES:
        raise _too_many(most, field)
    head = next((line for line in text.splitlines() if line.strip()), "")
    sign = max(SIGNS, key=head.count)
    rows: list[tuple[int, list[str]]] = []
    try:
        for line, cells in _cells(text, sign):
            if len(rows) == most:
                raise _too_many(most, field)
            rows.append((line, cells))
    except csv.Error:
        raise Invalid(fields={field: _("No pudimos leerlo: revisa que las comillas estén cerradas.")}) from None
    if not rows:
        raise Invalid(fields={field: _("El archivo está vacío.")})
    return rows


def heads(cells: Sequence[str], known: Mapping[str, str]) -> dict[str, int]:
    """Which column stands where, by the first row; `known`: plain name → column."""
    found: dict[str, int] = {}
    for place, cell in enumerate(cells):
        column = known.get(plain(cell))
        if column:
            found.setdefault(column, place)
    return found


def cell(cells: Sequence[str], place: int | None) -> str:
    """A cell's words; the quote that our own sheets put before what looks like a formula is taken off."""
    words = clean(cells[place]) if place is not None and place < len(cells) else ""
    return words[1:].lstrip() if words.startswith("'") else words


def shaped(text: str, *shapes: str) -> datetime | None:
    """A naive date in one of these formats, or None."""
    for shape in shapes if text.isascii() else ():
        try:
            return datetime.strptime(text, shape)  # noqa: DTZ007  its zone is the reader's to know
        except ValueError:
            continue
    return None


def day(text: str) -> date | None:
    """A day as people write it; None for what is none."""
    found = shaped(text, *DAYS)
    return found.date() if found is not None and 1800 <= found.year <= 9000 else None


def _too_many(most: int, field: str) -> Invalid:
    words = _("Son demasiadas filas: divide el archivo en partes de %(most)s.", most=number(most - 1))
    return Invalid(fields={field: words})


def _cells(text: str, sign: str) -> Iterator[tuple[int, list[str]]]:
    reader, line = csv.reader(io.StringIO(text, newline=""), delimiter=sign), 1
    for cells in reader:
        trimmed = [cell.strip() for cell in cells[:WIDEST]]
        if any(trimmed):
            yield line, trimmed
        line = reader.line_num + 1


def _text(data: bytes, field: str) -> str:
    """The file's text, in the encoding that it shows or that old spreadsheets write."""
    if len(data) > LARGEST:
        raise Invalid(fields={field: _("El archivo es demasiado grande: caben hasta 10 MB.")})
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise Invalid(fields={field: _("Es un libro de Excel. Guárdalo como CSV y súbelo otra vez.")})
    named = next((name for mark, name in MARKS if data.startswith(mark)), None)
    for encoding in [named] if named else ["utf-8", "cp1252"]:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise Invalid(fields={field: _("No parece una hoja CSV.")})
