"""Tables that are shown, and given away as CSV and XLSX, from one and the same rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal
from flask import Response

from webapp.base import workbooks
from webapp.base.i18n import locale_now, number, number_locale


@dataclass(frozen=True)
class Table:
    """`rows` under `heads`, called `name` in addresses; `note` tells how its figures are made.

    Cells are texts, dates, whole numbers, money (Decimal), shares (float, 0.1 is 10 %), waits (timedelta) or None.
    """

    name: str
    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Any]]
    note: str = ""
    chart: Any = None


def download(table: Table, kind: str) -> Response:
    """The table as a file of this kind."""
    return attachment(workbooks.whole(kind, table.name, table.heads, table.rows), f"{table.name}.{kind}", kind)


def attachment(body: bytes | Iterable[bytes], name: str, kind: str) -> Response:
    """A file to keep, which no browser keeps a copy of."""
    answer = Response(body, content_type=workbooks.KINDS[kind])
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def cell(value: Any) -> str:
    """A cell as people read it."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return percent(value)
    if isinstance(value, date):
        return str(format_date(value, "medium", locale=locale_now()))
    if isinstance(value, Decimal):
        return str(format_decimal(value, "#,##0.00" if value % 1 else "#,##0", locale=number_locale()))
    return number(value) if isinstance(value, int) else str(value)


def percent(share: float | None) -> str:
    """A share as people read it; a dash where there is none."""
    if share is None:
        return "–"
    return f"{number(Decimal(str(round(share * 100, 1))))}\u00a0%"
