"""Files that spreadsheets open, as CSV and XLSX: begun, made longer line by line, sealed.

Text that a spreadsheet would take for a formula is made harmless in CSV; in XLSX every text is a text by its type. What
grows is the body: of a CSV the file itself, of an XLSX its sheet, which `seal` puts into its frame.
"""

import csv
import io
import re
import shutil
import zipfile
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, BinaryIO
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

KINDS = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
MOST_LINES = 1_048_575  # of one sheet of XLSX, below its heads
Line = Sequence[Any]
# What begins a formula, also in wide letters, and after the signs at which other countries' sheets part the cells.
_FORMULA = re.compile(r"(^|[;|\t\r\n]\s*)(?=[=+\-@\t\r＝＋－＠])")
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_SHEET = "xl/worksheets/sheet1.xml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_BLOCK = 1 << 16


def whole(kind: str, name: str, heads: Line, lines: Iterable[Line]) -> bytes:
    """A file of this kind, made at once; `name` is what its sheet is called."""
    body, file = io.BytesIO(begin(kind, heads) + more(kind, lines)), io.BytesIO()
    seal(kind, name, body, file)
    return file.getvalue()


def begin(kind: str, heads: Line) -> bytes:
    """What stands before the lines: the mark by which Excel knows UTF-8, and the heads."""
    if kind == "csv":
        return b"\xef\xbb\xbf" + more(kind, [heads])
    return f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>'.encode() + more(kind, [heads])


def more(kind: str, lines: Iterable[Line]) -> bytes:
    """The next lines of a body."""
    return csv_lines(lines) if kind == "csv" else "".join(map(_xlsx_line, lines)).encode("utf-8", "replace")


def seal(kind: str, name: str, body: BinaryIO, to: BinaryIO, breathe: Callable[[], None] = lambda: None) -> None:
    """Writes the file whose body is this; `breathe` is called again and again on the way."""
    if kind == "csv":
        shutil.copyfileobj(body, to, _BLOCK)
        return
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as box:
        for part, words in _xlsx_frame(name).items():
            box.writestr(part, words)
        with box.open(_SHEET, "w", force_zip64=True) as sheet:
            while block := body.read(_BLOCK):
                sheet.write(block)
                breathe()
            sheet.write(b"</sheetData></worksheet>")


def csv_lines(lines: Iterable[Line]) -> bytes:
    """Lines of a CSV, nothing in them a formula; numbers plain, with a point."""
    file = io.StringIO()
    csv.writer(file).writerows([_harmless(_plain(cell)) for cell in line] for line in lines)
    return file.getvalue().encode("utf-8", "replace")


def local_text(at: datetime | None, zone: str) -> str:
    """A moment on that zone's clock, in an order that sorts: 2026-12-31 20:00; nothing for none."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" if at is not None else ""


def _plain(cell: Any) -> Any:
    """A cell as raw data: durations in seconds, ratios unrounded."""
    if cell.__class__ is str or cell.__class__ is int:
        return cell
    if cell is None:
        return ""
    if isinstance(cell, timedelta):
        return round(cell.total_seconds())
    if isinstance(cell, Decimal):
        return cell.quantize(Decimal("0.01"))
    return round(cell, 6) if isinstance(cell, float) else cell.isoformat() if isinstance(cell, date) else cell


def _harmless(cell: Any) -> Any:
    """A text that begins like a formula, or a part of one that would, gets a quote before it."""
    return _FORMULA.sub(r"\1'", cell) if isinstance(cell, str) else cell


def _xlsx_frame(name: str) -> dict[str, str]:
    """The parts of a workbook around its one sheet, by their place: the least that spreadsheets open."""
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/xl/workbook.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
        f'<Override PartName="/{_SHEET}" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
        "_rels/.rels": _relation("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELS}"><sheets>'
        f'<sheet name="{escape(name[:31])}" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relation("worksheet", "worksheets/sheet1.xml"),
    }
    return {place: _HEAD + words for place, words in parts.items()}


def _relation(kind: str, target: str) -> str:
    return (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{_RELS}/{kind}" Target="{target}"/></Relationships>'
    )


def _xlsx_line(line: Line) -> str:
    return f"<row>{''.join(_cell(_plain(cell)) for cell in line)}</row>"


def _cell(cell: Any) -> str:
    """A number, or a text inline."""
    if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
        return f"<c><v>{cell}</v></c>"
    words = str(cell)
    if not words.isprintable():
        words = "".join(sign for sign in words if sign.isprintable() or sign == "\n")
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(words)}</t></is></c>'
