"""What holds of every page of the panel and of the Mini App, whoever adds one."""

from html.parser import HTMLParser

import pytest

from tests.everything import House
from webapp.panel.pages import SECRET


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
