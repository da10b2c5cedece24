"""What was measured, and the table that shows it."""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

LIBRARIES = ("flask", "granian", "sqlalchemy", "psycopg", "jinja2", "pyTelegramBotAPI")
HEADS = ("work", "on", "figure", "ratio", "of", "goal", "", "measured")


@dataclass(frozen=True)
class Figure:
    """One measured thing: `value` in `unit`, `ratio` to `limit`; `goal` in words, `met` None where there is none."""

    work: str
    engine: str
    value: float
    unit: str
    runs: int = 1
    ratio: float | None = None
    limit: str = ""
    goal: str = ""
    met: bool | None = None
    note: str = ""


def at_least(ratio: float, goal: float) -> dict[str, Any]:
    """The goal columns of a ratio that should be `goal` or more."""
    return {"ratio": ratio, "goal": f"≥ {goal:g}", "met": ratio >= goal}


def at_most(value: float, goal: float, unit: str = "") -> dict[str, Any]:
    """The goal columns of a value that should be `goal` or less."""
    return {"goal": f"≤ {goal:g} {unit}".strip(), "met": value <= goal}


def machine() -> dict[str, Any]:
    """What this was measured on."""
    return {
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
        "generator": "wrk" if shutil.which("wrk") else "built in (install wrk for steadier figures)",
        **{name: version(name) for name in LIBRARIES},
        "commit": _commit(),
    }


def table(figures: Iterable[Figure]) -> str:
    """The figures as aligned text."""
    rows = [HEADS, *(_row(one) for one in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    rows.insert(1, tuple("─" * width for width in widths))
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
                     for row in rows)  # fmt: skip


def as_json(figures: Sequence[Figure], about: dict[str, Any]) -> dict[str, Any]:
    """The same for machines."""
    return {"machine": about, "figures": [asdict(one) for one in figures]}


def _row(one: Figure) -> tuple[str, ...]:
    mark = "" if one.met is None else "met" if one.met else "MISSED"
    ratio = "" if one.ratio is None else f"{one.ratio:.3f}" if one.ratio < 10 else f"{one.ratio:.1f}"
    measured = f"{one.runs}×" + (f" · {one.note}" if one.note else "")
    return one.work, one.engine, f"{_number(one.value)} {one.unit}", ratio, one.limit, one.goal, mark, measured


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.2f}"


def _commit() -> str:
    git = shutil.which("git")
    if git is None:
        return "?"
    asked = subprocess.run([git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return asked.stdout.strip() or "?"
