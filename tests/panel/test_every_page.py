"""What holds of every page of the panel and of the Mini App, whoever adds one."""

from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

from tests.everything import House
from tests.factories import helper as a_helper
from tests.panel.conftest import Browser
from webapp.domain.staff.rights import GRANTABLE
from webapp.panel.pages import SECRET

MOST_PAGES = 60


@pytest.fixture
def house(app, ana, dora):
    return House(app, ana)


class Tags(HTMLParser):
    """The tags of a page, each with its attributes as they are written, and with the form it is in."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, list[tuple[str, str | None]], dict[str, str | None]]] = []
        self.form: dict[str, str | None] = {}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.form = dict(attrs) if tag == "form" else self.form
        self.found.append((tag, attrs, self.form))

    def handle_endtag(self, tag):
        self.form = {} if tag == "form" else self.form


def test_no_script_keeps_what_is_secret(house):
    seen = set()
    for page in house.pages():
        for tag, attrs, form in Tags(house.get(page).text).found:
            told = dict(attrs)
            if told.get("type") == "hidden" and told.get("name") == "q":
                continue  # a filter, as it stands in the address
            if tag in ("input", "textarea") and told.get("name") in SECRET and form.get("method") == "post":
                assert "data-secret" in told, (page, attrs)
                seen.add(told["name"])
    assert seen >= {"password", "code", "cpf", "q", "old", "new"}


@pytest.mark.parametrize("section", GRANTABLE)
def test_no_link_leads_whoever_has_one_section_to_a_refusal(app, house, section):
    first = [f"/panel/search/?q={word}" for word in ("ana", "primavera")]
    first += [house.path(rule) for rule in app.url_map.iter_rules() if opens(app, rule, section)]
    for scenario in ("read", "full"):
        panel = Browser(app.test_client(), a_helper(scenario, section))
        asked, left, refused = {}, [("", page) for page in first], []
        while left:
            page, link = left.pop(0)
            if link not in asked and len(asked) < MOST_PAGES:
                asked[link] = panel.get(link)
                left += [(link, further) for further in links(asked[link])]
            if page and link in asked and asked[link].status_code == 403:
                refused.append((page, link))
        assert refused == [], scenario


def opens(app, rule, section):
    """Whether this is a page that the section's right to see, or none, lets in."""
    right = getattr(app.view_functions[rule.endpoint], "allowed", None)
    return "GET" in rule.methods and right is not None and right.section in (section, "home", "account")


def links(answer):
    """Where a page leads inside the panel, files left out."""
    if answer.mimetype != "text/html":
        return set()
    told = [dict(attrs) for tag, attrs, _form in Tags(answer.text).found if tag == "a"]
    ways = {urlsplit(one.get("href") or "")._replace(fragment="").geturl() for one in told if "download" not in one}
    return {way for way in ways if way.startswith("/panel")}
