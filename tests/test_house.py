"""The house checks itself: what may import what, how big things are, what every route and template must have."""

import ast
import re
from pathlib import Path

import pytest
from importlinter.cli import lint_imports
from jinja2.nodes import Const, Filter

from webapp.base import db as base_db

ROOT = Path(__file__).parent.parent
CODE = sorted([*ROOT.glob("webapp/**/*.py"), *ROOT.glob("simulator/**/*.py"), *ROOT.glob("bench/**/*.py")])
TEMPLATES = sorted((ROOT / "templates").glob("**/*.html"))
# The router meets whatever a handler may raise. In the worker Huey does, and logs it.
MAY_CATCH_ALL = {"webapp/bot/router.py"}


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(path: Path):
    return [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_nobody_imports_what_stands_above_or_beside(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert lint_imports() == 0


@pytest.mark.parametrize("path", CODE, ids=short)
def test_modules_say_what_they_hide_and_stay_below_400_lines(path):
    assert ast.get_docstring(tree(path)), "no docstring"
    assert path.read_text().count("\n") <= 400


def test_no_function_is_longer_than_60_lines():
    long = [f"{short(path)}:{f.name}" for path in CODE for f in functions(path) if f.end_lineno - f.lineno >= 60]
    assert long == []


def test_public_functions_have_a_docstring():
    silent = []
    for path in CODE:
        for node in tree(path).body:
            public = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            if public and not node.name.startswith("_") and not ast.get_docstring(node):
                silent.append(f"{short(path)}:{node.name}")
    assert silent == []


def test_only_the_base_commits():
    guilty = [
        short(path) for path in CODE if re.search(r"\.commit\(\)", path.read_text()) and "bench" not in path.parts
    ]
    assert set(guilty) <= {"webapp/base/db.py"}


def test_imports_stand_at_the_top():
    inside = [
        f"{short(path)}:{inner.lineno}"
        for path in CODE
        for function in functions(path)
        for inner in ast.walk(function)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert inside == []


def catches_everything(node: ast.AST) -> bool:
    """A handler of whatever may be raised, unless it tidies up and raises it again."""
    if not isinstance(node, ast.ExceptHandler):
        return False
    everything = node.type is None or getattr(node.type, "id", None) in ("Exception", "BaseException")
    last = node.body[-1]
    return everything and not (isinstance(last, ast.Raise) and last.exc is None)


def test_only_the_router_and_the_worker_catch_everything():
    guilty = {short(path) for path in CODE for node in ast.walk(tree(path)) if catches_everything(node)}
    assert guilty <= MAY_CATCH_ALL


def routes(app):
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


def test_urls_are_kebab_case(app):
    word = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
    for rule in routes(app):
        parts = [part for part in rule.rule.split("/") if part and not part.startswith("<")]
        assert all(word.fullmatch(part) for part in parts), rule.rule


def test_every_panel_route_declares_its_section_and_act(app):
    for rule in routes(app):
        if rule.endpoint.startswith("panel."):
            view = app.view_functions[rule.endpoint]
            assert any(hasattr(view, mark) for mark in ("allowed", "public", "halfway")), rule.endpoint


# Posted so that what is typed stands in no address.
ONLY_LOOK = {("clients", "search"), ("search", "search"), ("settings", "preview")}


def reached(name: str, bodies: dict[str, str]) -> str:
    """The text of a function, and of those of its module that it names, and so on."""
    seen, waiting = {name}, [name]
    while waiting:
        words = set(re.findall(r"\w+", bodies[waiting.pop()]))
        waiting += (new := sorted((words & bodies.keys()) - seen))
        seen.update(new)
    return "\n".join(bodies[one] for one in sorted(seen))


def test_every_view_that_changes_something_opens_a_transaction_and_no_get_does():
    for path in sorted([*ROOT.glob("webapp/panel/*.py"), *ROOT.glob("webapp/miniapp/*.py")]):
        bodies = {function.name: ast.unparse(function) for function in functions(path)}
        for function in functions(path):
            verbs = " ".join(ast.unparse(mark) for mark in function.decorator_list)
            if ".get(" in verbs:
                assert "transaction()" not in bodies[function.name], f"{short(path)}:{function.name}"
            elif ".post(" in verbs:
                writes = re.search(
                    r"transaction\(\)|exports\.(give|send)\(|sent_lists\.take\(", reached(function.name, bodies)
                )
                assert writes or (path.stem, function.name) in ONLY_LOOK, f"{short(path)}:{function.name}"


def test_every_template_can_be_reached():
    told = "\n".join(path.read_text() for path in [*CODE, *TEMPLATES])
    orphans = []
    for path in TEMPLATES:
        name = str(path.relative_to(ROOT / "templates"))
        spoken = name.removeprefix("bot/").removesuffix(".html") if name.startswith("bot/") else name
        if not re.search(rf"""["'](?:{re.escape(name)}|{re.escape(spoken)})["']""", told):
            orphans.append(name)
    assert orphans == []


def test_a_partial_is_no_page():
    assert [short(path) for path in TEMPLATES if path.name.startswith("_") and "{% extends" in path.read_text()] == []


def test_every_paper_that_code_names_is_there():
    """A reader can follow each reference."""
    for path in [*CODE, *TEMPLATES, *sorted(ROOT.glob("tests/**/*.py"))]:
        for name in re.findall(r"[\w/.-]+\.md\b", path.read_text()):
            assert any((place / name).exists() for place in (ROOT, ROOT / "docs", path.parent)), (
                f"{short(path)}: {name}"
            )


def test_no_template_filters_a_constant(app):
    """Jinja works it out once, when it compiles the template: in the language and currency of whoever came first."""
    guilty = [
        f"{short(path)}:{found.lineno}"
        for path in TEMPLATES
        for found in app.jinja_env.parse(path.read_text()).find_all(Filter)
        if isinstance(found.node, Const)
    ]
    assert guilty == []


def test_templates_have_no_inline_scripts_styles_or_unescaped_text():
    for path in TEMPLATES:
        words = path.read_text()
        assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=|hx-on|\|\s*safe\b", words), short(path)


def test_no_table_lacks_a_word_on_what_a_row_is(app):
    for mapper in base_db.Base.registry.mappers:
        assert mapper.class_.__doc__, mapper.class_.__name__
