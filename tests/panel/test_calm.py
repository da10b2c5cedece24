"""What holds for every page: reading writes nothing, hostile text is inert, size costs no queries."""

from decimal import Decimal

import pytest
from sqlalchemy import select

from tests.factories import InterestFactory, PackageFactory, StaffFactory, UserFactory
from tests.panel.conftest import Browser
from tests.panel.members import a_plan, ask_to_join, open_channels, subscribe
from tests.panel.test_guard import panel_routes
from tests.test_hostile import POSTS
from webapp.base.db import db, transaction
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.settings import config
from webapp.domain.users import people

NASTY = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}",
    '<b hx-get="/panel/account/">x</b>',
    "=cmd|' /C calc'!A0",
    "\u202egnp.exe",
    "🌸" * 10,
)


# Forms of the door, which htmx has nothing to do with: whole pages, always.
DOORS = ("/panel/sign-in", "/panel/invitation/", "/panel/second-factor/", "/panel/sudo/")
# A search that is posted, so that a CPF stands in no address: htmx takes the list out of the page, as of every list.
LIST = "/panel/clients/search"


def everything() -> dict[str, list]:
    """All rows of all tables."""
    db.session.rollback()
    return {table.name: sorted(map(repr, db.session.execute(select(table)))) for table in db.metadata.sorted_tables}


def pages_to_read(app, user_id: int) -> list[str]:
    paths = [path for path, verb, _view in panel_routes(app) if verb == "GET"]
    paths += [f"/panel/vip/{user_id}", "/panel/vip/?q=ana&ends=30", "/panel/free/?q=ana", "/panel/tokens/?state=active"]
    return [*paths, f"/panel/users/{user_id}", "/panel/users/?q=ana&role=free&sort=-seen", "/panel/search/?q=ana"]


def test_reading_writes_nothing(app, panel, ana, kit):
    InterestFactory(user_id=ana.user_id, package_id=kit.id)
    open_channels()
    subscribe(ana, a_plan())
    ask_to_join(ana)
    before = everything()
    for path in pages_to_read(app, ana.user_id) * 2:
        panel.get(path)
        panel.get(path, htmx=True)
    assert everything() == before


@pytest.mark.parametrize("text", NASTY)
def test_hostile_names_and_reasons_are_inert_on_every_page(app, as_staff, text):
    staff = StaffFactory(full_name=f"Nora {text}"[:100])
    user = UserFactory(first_name=text, last_name=text, username=None)
    kit = PackageFactory(name=text, description=text, price=Decimal(1))
    InterestFactory(user_id=user.user_id, package_id=kit.id, attended_by_label=text)
    open_channels()
    subscribe(user, a_plan(text.replace("\u202e", "")[:90]))
    ask_to_join(user)
    with transaction():
        people.block(people.get_user(user.user_id), by=SYSTEM, reason=text)
        config.current().creator_name = text[:80]
    browser = as_staff(staff)
    for path in [*pages_to_read(app, user.user_id), "/panel/search/?q=nora"]:
        page = browser.get(path).text
        for raw in ("<script>alert", "<img src=x", "<b hx-get", "7*7" if "{{" not in text else ">49<"):
            assert raw not in page, (path, raw)


FIELDS = {name for fields in POSTS.values() for name in fields}


def test_forms_sent_blank_get_an_answer_and_never_a_crash(app, as_staff, root, ana):
    """What is hostile in them: tests/test_hostile.py."""
    for path, verb, _view in panel_routes(app):
        if verb == "POST":
            path = path.replace("/users/1/", f"/users/{ana.user_id}/").replace("/vip/1/", f"/vip/{ana.user_id}/")
            for htmx in (True, False):
                answer = as_staff(root).post(path, dict.fromkeys(FIELDS, "   "), htmx=htmx)
                assert answer.status_code < 500, (path, answer.status_code)


def test_lists_cost_the_same_whatever_their_size(panel, ana, counted):
    few = counted(lambda: panel.get("/panel/users/?size=100"))
    for _ in range(40):
        UserFactory()
    assert counted(lambda: panel.get("/panel/users/?size=100")) == few <= 10


def test_a_persons_page_costs_the_same_whatever_their_story(panel, ana, counted):
    path = f"/panel/users/{ana.user_id}"
    few = counted(lambda: panel.get(path))
    for _ in range(12):
        InterestFactory(user_id=ana.user_id)
        with transaction():
            people.choose_locale(people.get_user(ana.user_id), "es" if _ % 2 else "en", by=SYSTEM)
    assert counted(lambda: panel.get(path)) == few <= 15


def test_every_post_by_htmx_answers_with_a_fragment(app, as_staff, root, ana, kit):
    InterestFactory(user_id=ana.user_id, package_id=kit.id)
    for path, verb, _view in panel_routes(app):
        if verb == "POST":
            answer = Browser(app.test_client(), root).post(path, {"reason": "x"}, htmx=True)
            whole = "<html" in answer.text
            assert not whole or path.startswith((*DOORS, LIST)), path
