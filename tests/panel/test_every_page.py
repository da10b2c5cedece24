"""What holds of every page of the panel and of the Mini App, whoever adds one."""

import re
from collections import Counter
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

from tests.everything import House
from tests.factories import helper as a_helper
from tests.panel.conftest import ORIGIN, Browser
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


def doubled(tags):
    """Attributes that a tag has twice, and those whose value is a word of Python's."""
    twice = [attrs for _tag, attrs, _form in tags if len({name for name, _value in attrs}) < len(attrs)]
    return twice + [
        attrs for _tag, attrs, _form in tags if any(value in ("True", "False", "None") for _n, value in attrs)
    ]


def unnamed(tags):
    """Landmarks that are called alike, headers of no direction, help that belongs to nothing."""
    told = [(tag, dict(attrs)) for tag, attrs, _form in tags]
    lands = Counter(one.get("aria-label") for tag, one in told if tag in ("aside", "nav"))
    wrong = [name for name, times in lands.items() if times > 1]
    wrong += [one for tag, one in told if tag == "th" and "scope" not in one]
    tied = {id for _tag, one in told for id in one.get("aria-describedby", "").split()}
    return wrong + [one for tag, one in told if one.get("id", "").endswith("-help") and one["id"] not in tied]


@pytest.mark.parametrize("fault", [doubled, unnamed])
def test_no_page_has_a_fault(house, fault):
    for page in house.pages():
        if page.startswith("/panel"):
            assert fault(Tags(house.get(page).text).found) == [], page


def test_two_entries_of_the_menu_are_never_called_alike(panel):
    menu = panel.get("/panel/").text.split("<nav")[1].split("</nav>")[0]
    names = re.findall(r"<span>([^<]+)</span>|<p[^>]*>([^<]+)</p>", menu)
    assert len(names) > 15 and max(Counter(names).values()) == 1 and len({*map("".join, names)}) == len(names)


def test_after_a_wrong_password_the_cursor_is_in_the_password(client, caio):
    answer = client.post("/panel/sign-in", data={"email": caio.email, "password": "x"}, headers=ORIGIN)
    focused = [dict(attrs)["name"] for _tag, attrs, _form in Tags(answer.text).found if "autofocus" in dict(attrs)]
    assert focused == ["password"]


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


@pytest.mark.parametrize("room", ["staff/", "staff/rights/", "users/", "vip/", "free/", "clients/", "differences/"])
def test_a_list_marks_how_many_rows_it_shows_whatever_the_address_asks(house, room):
    page = house.get(f"/panel/{room}", size="7").text
    assert "<b>25</b>" in page or "por página" not in page
    assert "<b>50</b>" in house.get(f"/panel/{room}", size="50").text or "por página" not in page
