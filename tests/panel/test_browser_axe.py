"""In a real browser: every page of the panel is clean for axe-core, wide and narrow, light and dark, and fits."""

import pytest

from tests.everything import House
from tests.panel.browsing import AXE, at_rest

pytestmark = pytest.mark.browser
MORE = ("/panel/nothing", "/panel/search/?q=ana", "/panel/free/?state=all", "/panel/settings/texts/come_back_7")
RUN = "/panel/free/run?deed=approve&state=error&total=9&done=3"
STILL = """addEventListener('htmx:before:request', (event) => {
    if (event.target.matches('#run form')) event.preventDefault(); })"""  # a long run stays there
VIOLATIONS = "(how) => axe.run(how).then(said => said.violations.map(one => one.id + ': ' + one.nodes[0].html))"
CONTRAST = {"runOnly": ["color-contrast"]}
TURN = "document.querySelector('[data-theme-toggle]')?.click()"


@pytest.fixture
def house(app, ana, dora):
    return House(app, ana)


def window(browser, address, width, who=None):
    """A page of root's, of whoever is half-way in, or of nobody's; what its console says."""
    context = browser.new_context(locale="es-MX", viewport={"width": width, "height": 740}, reduced_motion="reduce")
    context.add_init_script(STILL)
    if who is not None:
        context.add_cookies([{"name": "vitrina", "value": who.client.get_cookie("vitrina").value, "url": address}])
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    return page, said


def shown(app, house):
    """Who looks at which page: all that can be asked for and are pages."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("panel.") and "GET" in rule.methods]
    for rule in rules:
        view, path = app.view_functions[rule.endpoint], house.path(rule)
        who = None if hasattr(view, "public") else house.door if hasattr(view, "halfway") else house.panel
        answer = (who.client if who else app.test_client()).get(path)
        if answer.mimetype == "text/html" and answer.status_code == 200:
            yield who, path, answer.text
    for path in (*MORE, RUN):
        yield house.panel, path, "<html"


@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(app, browser, address, house, width):
    windows = {who: window(browser, address, width, who) for who in (None, house.door, house.panel)}
    faults, looked = [], 0
    for who, path, text in shown(app, house):
        if "<html" not in text:
            continue  # a part of a page
        page, looked = windows[who][0], looked + 1
        page.goto(address + path)
        at_rest(page)
        page.evaluate(AXE)
        found = page.evaluate(VIOLATIONS, {})
        page.evaluate(TURN)
        found += page.evaluate(VIOLATIONS, CONTRAST)
        if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            found.append("scrolls sideways")
        faults += [(path, fault) for fault in found]
    assert not faults, "\n".join(map(str, faults))
    assert looked > 50
    assert [line for _page, said in windows.values() for line in said if "status of 404" not in line] == []
