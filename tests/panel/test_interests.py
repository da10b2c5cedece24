"""The panel's pages of interests: filters, attending one and many, notes, undo; allowed, denied, htmx, plain."""

import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import event

from tests.conftest import count
from tests.factories import InterestFactory, PackageFactory, StaffFactory, UserFactory
from webapp.base.clock import now
from webapp.base.db import db, get, transaction
from webapp.domain.audit.models import AuditLog
from webapp.domain.catalog import interests
from webapp.domain.catalog.models import ContentCategory, InterestNote, UserInterest
from webapp.domain.staff.models import StaffRole
from webapp.domain.users.people import as_actor

LIST = "/panel/interests/"


@pytest.fixture
def wanted(ana, kit) -> UserInterest:
    """Ana wants the kit, since two hours ago."""
    return InterestFactory(user_id=ana.user_id, package_id=kit.id, created_at=now() - timedelta(hours=2))


def fresh(interest: UserInterest) -> UserInterest:
    db.session.rollback()
    db.session.expire_all()
    return get(UserInterest, interest.id)


def shown(answer) -> str:
    return re.sub(r"<[^>]+>", "", answer.text)


def toast(answer) -> dict:
    return json.loads(answer.headers["HX-Trigger"])["toast"]


def test_the_list_shows_who_wants_what_and_since_when(panel, wanted):
    text = shown(panel.get(LIST))
    for words in ("Ana Torres", "@anat", "Primavera, 24 fotos", "$120\u00a0MXN", "hace 2 horas", "1 por atender"):
        assert words in text, words


def test_pending_ones_come_first_and_others_when_asked(panel, wanted, bea):
    InterestFactory(user_id=bea.user_id, is_attended=True, attended_at=now(), attended_by_label="Dora Ruiz")
    assert "Bea" not in shown(panel.get(LIST))
    text = shown(panel.get(f"{LIST}?state=attended"))
    assert "Bea Solís" in text
    assert "Dora Ruiz" in text
    assert "Ana Torres" not in text
    assert "2 intereses" in shown(panel.get(f"{LIST}?state=all"))


def test_filters_by_package_person_category_age_and_subscription(panel, wanted, bea):
    package = PackageFactory(category=ContentCategory.VIP_PREMIUM, name="Detrás")
    InterestFactory(user_id=bea.user_id, package_id=package.id)
    InterestFactory(user_id=bea.user_id, package_id=None)
    for query, rows in (
        (f"package={package.id}", 1),
        ("package=vip", 1),
        (f"user={bea.user_id}", 2),
        ("category=vip_premium", 1),
        ("age=1h", 1),
        ("age=1d", 0),
        (f"user={bea.user_id}&package={package.id}&sort=oldest", 1),
    ):
        assert panel.get(f"{LIST}?{query}").text.count("data-row") == rows, query


@pytest.mark.parametrize(
    "query",
    [
        "state=x",
        "package=x",
        "package=99999999999999999999",
        "user=-1",
        "user=404",
        "age=9y",
        "after=x",
        "category=%00",
    ],
)
def test_filters_that_make_no_sense_do_not_break_the_list(panel, wanted, query):
    assert panel.get(f"{LIST}?{query}").status_code == 200


def test_attending_says_who_and_can_be_undone(panel, wanted):
    answer = panel.post(f"{LIST}{wanted.id}/attend", htmx=True)
    assert answer.text.strip().startswith(f'<li id="interest-{wanted.id}"')
    assert "Caio Lima" in answer.text
    assert fresh(wanted).attended_by_label == "Caio Lima"
    assert panel.post(toast(answer)["undo"]).status_code == 303
    assert fresh(wanted).state == "pending"


def test_attending_without_scripts_goes_back_to_the_same_list(panel, wanted):
    answer = panel.post(f"{LIST}{wanted.id}/attend", {"next": f"{LIST}?state=all"})
    assert (answer.status_code, answer.location) == (303, f"{LIST}?state=all")
    assert fresh(wanted).is_attended


def test_attending_twice_is_one_deed_and_says_so(panel, wanted):
    panel.post(f"{LIST}{wanted.id}/attend", htmx=True)
    again = panel.post(f"{LIST}{wanted.id}/attend", htmx=True)
    assert toast(again) | {"text": "Ya no estaba pendiente.", "undo": ""} == toast(again)
    assert count(AuditLog, AuditLog.resource_type == "user_interests") == 1


def test_many_are_attended_and_the_undo_takes_back_only_those(panel):
    open_ones, done = [InterestFactory(), InterestFactory()], InterestFactory(is_attended=True)
    answer = panel.post(f"{LIST}attend", {"ids": [one.id for one in [*open_ones, done]], "next": LIST})
    assert answer.location == LIST
    page = panel.get(LIST).text
    assert "Marcados como atendidos: 2." in page
    undo = re.search(r'data-undo="(/panel/interests/reopen[^"]+)"', page)[1]
    panel.post(undo)
    assert [fresh(one).is_attended for one in [*open_ones, done]] == [False, False, True]


@pytest.mark.parametrize("ids", [[], ["x"], ["-1"], ["1,2"], ["9" * 40]])
def test_choosing_nothing_or_nonsense_changes_nothing(panel, wanted, ids):
    assert panel.post(f"{LIST}attend", {"ids": ids}).status_code == 303
    assert not fresh(wanted).is_attended


def test_one_interest_tells_its_whole_story(panel, wanted):
    panel.post(f"{LIST}{wanted.id}/attend")
    panel.post(f"{LIST}{wanted.id}/notes", {"text": "Prefiere por la tarde"})
    text = shown(panel.get(f"{LIST}{wanted.id}"))
    for words in ("Ana Torres", "Prefiere por la tarde", "Lo marcó como atendido", "Caio Lima", "Interesados"):
        assert words in text, words


def test_deeds_on_its_page_answer_with_its_state(panel, wanted):
    answer = panel.post(f"{LIST}{wanted.id}/attend", {"shown": "page"}, htmx=True)
    assert 'id="interest-standing"' in answer.text
    assert "Reabrir" in answer.text


@pytest.mark.parametrize("htmx", [True, False])
def test_a_note_that_says_nothing_is_refused_in_place(panel, wanted, htmx):
    answer = panel.post(f"{LIST}{wanted.id}/notes", {"text": "x" * 2001}, htmx=htmx)
    assert answer.status_code == 422
    assert "entre 1 y 2000" in answer.text
    assert "x" * 2001 in answer.text
    assert count(InterestNote) == 0


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "' hx-get='/x' y='", "{{7*7}}", "=cmd", "\u202eabc", "🌸\0"]
)
def test_hostile_text_is_inert(panel, text):
    person = UserFactory(first_name=text.replace("\0", "")[:100], last_name=None, username=None)
    interest = InterestFactory(user_id=person.user_id, package_id=PackageFactory(name=text.replace("\0", "")).id)
    panel.post(f"{LIST}{interest.id}/notes", {"text": text})
    for url in (LIST, f"{LIST}{interest.id}", f"{LIST}?user={person.user_id}", f"{LIST}?package={interest.package_id}"):
        page = panel.get(url).text
        for harm in ("<script>alert", "' hx-get='", ">49<", "\0"):
            assert harm not in page, (url, harm)


def test_people_without_a_username_are_written_to_by_id(panel):
    person = UserFactory(username=None)
    InterestFactory(user_id=person.user_id)
    assert f"tg://user?id={person.user_id}" in panel.get(LIST).text


def test_the_counter_is_one_small_part(panel, wanted):
    answer = panel.get(f"{LIST}count", htmx=True)
    assert 'data-count="1"' in answer.text
    assert len(answer.data) < 600


@pytest.mark.parametrize("path", ["{id}/attend", "{id}/reopen", "{id}/notes", "attend", "reopen"])
def test_nobody_without_the_right_changes_anything(as_staff, wanted, path):
    url, data = LIST + path.format(id=wanted.id), {"ids": [wanted.id], "text": "x"}
    helper = as_staff(StaffFactory(role=StaffRole.USER))
    done = AuditLog.action != "denied"
    seen = count(AuditLog, done)
    assert helper.post(url, data).status_code == 403
    assert helper.post(url, data, htmx=True).status_code == 403
    assert as_staff(None).post(url, data).status_code in (303, 401, 403)
    assert (count(AuditLog, done), fresh(wanted).state) == (seen, "pending")


@pytest.mark.parametrize("path", ["", "count", "{id}"])
def test_nobody_without_the_right_sees_anything(as_staff, wanted, path):
    url = LIST + path.format(id=wanted.id)
    assert as_staff(StaffFactory(role=StaffRole.USER)).get(url).status_code == 403
    assert as_staff(None).get(url).status_code == 303


@pytest.mark.parametrize("path", ["999999/attend", "999999/reopen", "999999/notes"])
def test_what_is_gone_is_not_found(panel, path):
    assert panel.post(LIST + path, {"text": "x"}).status_code == 404


def test_reading_writes_nothing(panel, wanted):
    seen = count(AuditLog)
    for url in (LIST, f"{LIST}?state=all", f"{LIST}count", f"{LIST}{wanted.id}"):
        panel.get(url)
    assert count(AuditLog) == seen


def test_the_list_costs_the_same_whatever_its_length(panel, wanted):
    def queries() -> int:
        said: list[str] = []
        hear = lambda _c, _cursor, statement, *_rest: said.append(statement)  # noqa: E731
        event.listen(db.engine, "before_cursor_execute", hear)
        panel.get(f"{LIST}?state=all")
        event.remove(db.engine, "before_cursor_execute", hear)
        return sum(1 for one in said if one.lstrip().startswith(("SELECT", "UPDATE", "INSERT")))

    few = queries()
    for _ in range(30):
        InterestFactory()
    assert queries() == few


def test_an_interest_leads_to_its_person(panel, wanted, ana):
    assert f'href="/panel/users/{ana.user_id}"' in panel.get(f"{LIST}{wanted.id}").text


def test_a_deed_on_its_page_answers_with_figures_story_and_how_many_wait(panel, wanted, bea):
    InterestFactory(user_id=bea.user_id, package_id=wanted.package_id)
    answer = panel.post(f"{LIST}{wanted.id}/attend", {"shown": "page"}, htmx=True)
    assert 'data-waiting-count="1"' in answer.text
    beside = answer.text[answer.text.index('hx-target="#interest-beside"') :]
    assert "Lo marcó como atendido" in beside
    assert re.findall(r"<dt>(\w+)</dt><dd>(\d+)</dd>", beside)[:3] == [
        ("Interesados", "2"),
        ("Pendientes", "1"),
        ("Atendidos", "1"),
    ]


def test_the_badge_is_there_for_the_next_one_even_when_nothing_waits(panel):
    assert re.search(r"data-waiting hidden><span data-waiting-number>0<", panel.get(LIST).text)


def test_the_list_says_its_order_and_inicio_leads_to_the_same_one(panel, wanted, bea):
    InterestFactory(user_id=bea.user_id, package_id=None)
    page = panel.get(LIST).text
    assert "Más recientes primero" in page and "Más antiguos primero" in page
    assert page.index("Bea Solís") < page.index("Ana Torres")
    home = panel.get("/panel/").text
    assert "los que más esperan, primero" in home
    there = re.search(r'href="(/panel/interests/\?sort=oldest)"', home)[1]
    oldest = panel.get(there).text
    assert oldest.index("Ana Torres") < oldest.index("Bea Solís")


def test_withdrawing_and_saying_so_again_read_differently(panel, ana, kit):
    for deed in (interests.press, interests.withdraw, interests.press):
        with transaction():
            deed(ana, kit, by=as_actor(ana))
    one = db.session.query(UserInterest).one()
    for url in (f"{LIST}{one.id}", f"/panel/users/{ana.user_id}"):
        text = shown(panel.get(url))
        for words in ("Dijo «me interesa»", "Quitó su interés", "Volvió a decir «me interesa» (van 2 veces)"):
            assert words in text, (url, words)
        assert "Cambió un interés" not in text
