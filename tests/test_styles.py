"""What stylesheets style is drawn somewhere, and every sheet and script is asked for."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SHEETS = sorted(path.relative_to(ROOT) for door in ("panel", "miniapp") for path in (ROOT / "static" / door).glob("*"))


def drawn(door: str) -> str:
    """All that may name a class at this door: its templates, scripts and views, and what both doors share."""
    shared = [*(ROOT / "templates").glob("*.html"), *(ROOT / "webapp").glob("*.py")]
    shared.append(ROOT / "webapp/domain/settings/texts.py")
    own = [*(ROOT / "templates" / door).rglob("*.html"), *(ROOT / "webapp" / door).glob("*.py")]
    scripts = [*(ROOT / "static" / door).glob("*.js"), *(ROOT / "static/vendor/htmx").glob("*.js")]
    return "\n".join(path.read_text() for path in (*shared, *own, *scripts))


def styled(sheet: str) -> set[str]:
    """The classes and ids that a stylesheet names."""
    bare = re.sub(r"/\*.*?\*/|url\([^)]*\)", "", sheet, flags=re.DOTALL)
    return {name for rule in re.findall(r"([^{}]+)\{", bare) for name in re.findall(r"[.#]([A-Za-z_][\w-]*)", rule)}


def alive(name: str, text: str) -> bool:
    """Whether somebody writes the name, whole or put together: `hue-{{ … }}`, `cover--g%d`, `'role--' ~ …`."""
    stem = re.sub(r"[a-z]*\d+$|[a-z]+$", "", name)
    whole = re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)
    return bool(whole or ("-" in stem and re.search(rf"{re.escape(stem)}\w*(\{{|%d|['\"] ~)", text)))


@pytest.mark.parametrize("path", [path for path in SHEETS if path.suffix == ".css"], ids=str)
def test_every_class_that_is_styled_is_drawn(path):
    text = drawn(path.parent.name)
    assert sorted(name for name in styled((ROOT / path).read_text()) if not alive(name, text)) == []


@pytest.mark.parametrize("path", SHEETS, ids=str)
def test_every_sheet_and_script_is_asked_for(path):
    asked = "\n".join(page.read_text() for page in (ROOT / "templates").rglob("*.html"))
    assert f"{path.parent.name}/{path.name}" in asked
