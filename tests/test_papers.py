"""The papers say what is true: commands, links, settings, command lines of the containers and services."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from webapp.cli import processes
from webapp.config import Settings

ROOT = Path(__file__).parent.parent
PAPERS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
README = (ROOT / "README.md").read_text()
FIELDS = {name.upper() for name in Settings.model_fields}
BESIDES = {"SIMULATOR_PORT"}  # read by `flask up` and the simulator, not by the product
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"")


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def told(path: Path) -> str:
    """A paper without its blocks of code."""
    return re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)


def commands(simulated: bool = False) -> dict[str, str]:
    """The command lines of `flask up`, as the containers' settings make them."""
    chosen = Settings(_env_file=None, host="0.0.0.0", port=8000, web_workers=2, web_threads=2)
    return {name: line.replace(f'"{sys.executable}"', "python") for name, line in processes(chosen, simulated).items()}


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("path", PAPERS, ids=short)
def test_links_lead_somewhere(path):
    links = [one or other for one, other in LINK.findall(told(path))]
    near = [link.partition("#")[0] for link in links if not re.match(r"[a-z]+:|#", link)]
    assert [link for link in near if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", PAPERS, ids=short)
def test_what_papers_say_to_make_can_be_made(path):
    made = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    said = set(re.findall(r"(?:^|`)make ([a-z]+)", path.read_text(), flags=re.MULTILINE))
    assert said - made == set()


@pytest.mark.parametrize("path", PAPERS, ids=short)
def test_commands_that_papers_name_exist(app, path):
    known = app.cli.commands
    said = set(re.findall(r"(?:`|/|-m )flask (?:--app wsgi )?([a-z]+)(?: ([a-z]+))?", path.read_text()))
    for group, verb in said:
        assert group in known, group
        assert not hasattr(known[group], "commands") or not verb or verb in known[group].commands, f"{group} {verb}"


def test_the_readme_tells_every_setting_and_no_other():
    rows = re.findall(r"^\| `([A-Z_]+)`(?: ●)? \|", README, flags=re.MULTILINE)
    assert sorted(rows) == sorted(FIELDS | BESIDES)


def test_the_example_names_every_setting_and_no_other():
    named = re.findall(r"^#?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), flags=re.MULTILINE)
    assert sorted(named) == sorted(FIELDS | BESIDES)


def test_each_setting_of_the_example_has_a_line_that_says_what_it_is():
    lines = (ROOT / ".env.example").read_text().splitlines()
    places = [place for place, line in enumerate(lines) if re.match(r"#?[A-Z][A-Z_]+=", line)]
    assert [lines[place] for place in places if not lines[place - 1].startswith("# ")] == []


def test_defaults_that_papers_tell_are_the_real_ones():
    example = dict(re.findall(r"^#([A-Z_]+)=(.+)$", (ROOT / ".env.example").read_text(), flags=re.MULTILINE))
    real = {name.upper(): str(field.default) for name, field in Settings.model_fields.items()}
    assert {name: value for name, value in example.items() if name in real and real[name] != value} == {}
    table = dict(re.findall(r"^\| `([A-Z_]+)`[^|]*\| `([^`]+)` \|", README, flags=re.MULTILINE))
    plain = {name: value for name, value in table.items() if name in real and name != "PUBLIC_URL"}
    assert {name: value for name, value in plain.items() if real[name] != value} == {}


def test_the_example_as_it_stands_changes_nothing(tmp_path):
    (tmp_path / ".env").write_text((ROOT / ".env.example").read_text())
    assert Settings(_env_file=tmp_path / ".env") == Settings(_env_file=None)


def test_what_production_asks_for_is_marked_in_the_readme(monkeypatch):
    for name in FIELDS:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ValueError, match="required in production") as refusal:
        Settings(_env_file=None, vitrina_env="production")
    asked = set(re.findall(r"([A-Z_]{5,}) \(", str(refusal.value)))
    assert asked == set(re.findall(r"^\| `([A-Z_]+)` ● \|", README, flags=re.MULTILINE))


def test_the_containers_run_what_make_run_runs():
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    said = {name: re.sub(r"\$\{\w+:-(\w+)\}", r"\1", services[name]["command"]) for name in commands()}
    assert said == commands()


def test_the_image_by_itself_serves_the_pages():
    said = re.search(r"^CMD (\[.*?\])$", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE | re.DOTALL)
    assert " ".join(yaml.safe_load(said[1].replace("\\\n", ""))) == commands()["web"]


@pytest.mark.parametrize("name", list(commands()))
def test_the_services_run_what_make_run_runs(name):
    unit = (ROOT / f"deploy/systemd/vitrina-{name}.service").read_text()
    settings = dict(re.findall(r"(\w+)=(\S+)", " ".join(re.findall(r"^Environment=(.*)$", unit, flags=re.MULTILINE))))
    line = re.search(r"^ExecStart=(.*)$", unit, flags=re.MULTILINE)[1]
    line = re.sub(r"\$\{(\w+)\}", lambda found: (settings | {"HOST": "0.0.0.0"})[found[1]], line)
    assert line.replace("/opt/vitrina/.venv/bin/python", "python") == commands()[name]


def test_nothing_waits_for_migrations_but_what_needs_them():
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    for name in commands():
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert services["migrate"]["restart"] == "no"


def test_what_the_image_copies_is_there_and_the_rest_stays_out():
    kept = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), flags=re.MULTILINE)
    assert [name for name in kept if not (ROOT / name).exists()] == []
    assert {".env", "instance", "tests", "simulator", ".git"} & set(kept) == set()


def test_the_changelog_has_a_place_for_what_is_not_released():
    changes = (ROOT / "CHANGELOG.md").read_text()
    assert changes.startswith("# Changelog")
    assert "## [Unreleased]" in changes


def test_every_decision_is_short_and_says_why():
    records = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    for path in records:
        words = path.read_text()
        assert all(f"## {part}" in words for part in ("Context", "Decision", "Consequences")), path.name
        assert words.count("\n") <= 25, path.name


def test_tables_and_addresses_of_the_glossary_exist(app):
    words = (ROOT / "docs/glossary.md").read_text()
    tables = set(re.findall(r"table `(\w+)`", words))
    assert tables <= set(app.extensions["sqlalchemy"].metadata.tables)
    routes = {re.sub(r"<(?:\w+:)?(\w+)>", r"<\1>", rule.rule) for rule in app.url_map.iter_rules()}
    assert {url for url in re.findall(r"`(/[^`\s]*)`", words) if url.count("/") > 1} - routes == set()


def test_no_tracked_text_names_a_registry_or_somebodys_machine():
    hosts = ["files." + "pythonhosted", "pypi.org/" + "simple", "registry." + "npmjs", "deb." + "debian.org"]
    places = [
        "/wo" + "rk/",
        "/ro" + "ot/",
        "/home/" + r"\w+/",
        "/Us" + "ers/",
        "--index" + "-url",
        "--extra-index" + "-url",
    ]
    words = re.compile("|".join([*map(re.escape, hosts), *places]))
    guilty = []
    for path in tracked():
        try:
            found = words.search(path.read_text())
        except UnicodeDecodeError:
            continue
        guilty += [f"{short(path)}: {found[0]}"] if found else []
    assert guilty == []


def test_the_proxies_of_the_papers_pass_on_whole_bodies_only():
    caddy, nginx = ((ROOT / "deploy" / name).read_text() for name in ("Caddyfile", "nginx.conf"))
    assert re.search(r"^\s+request_buffers 24MB$", caddy, flags=re.MULTILINE)
    assert "proxy_request_buffering off" not in nginx  # on by itself


def test_each_test_that_the_page_of_safety_names_exists():
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", (ROOT / "docs" / "safety.md").read_text())
    missing = [f"{path}::{test}" for path, test in named if f"def {test}(" not in (ROOT / "tests" / path).read_text()]
    assert (missing, len(named) > 60) == ([], True)


def test_each_of_the_eighteen_defects_has_its_test():
    written = (ROOT / "tests" / "test_defects.py").read_text()
    assert re.findall(r"def test_defect_(\d\d)_", written) == [f"{number:02}" for number in range(1, 19)]
