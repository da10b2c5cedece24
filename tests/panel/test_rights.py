"""Permisos: the table, one person's form, a job's rights for several; who may not, may not."""

import re
import uuid
from datetime import timedelta

import pytest

from tests.conftest import count
from tests.factories import StaffFactory
from tests.panel.conftest import Browser
from webapp.base.clock import now
from webapp.base.db import db, get
from webapp.domain.sessions.models import UserSession
from webapp.domain.staff import rights
from webapp.domain.staff.models import StaffRole, StaffUser, UserAgentPermission
from webapp.domain.staff.rights import Rights

DAY = "%Y-%m-%d"


@pytest.fixture
def rita(as_staff, root) -> Browser:
    return as_staff(root)


def save(browser: Browser, person: StaffUser, **sections):
    """Posts somebody's form with these acts; `sure` and ends by their own names."""
    given = {"sections": [name for name in sections if name in rights.GRANTABLE], **sections}
    return browser.post(f"/panel/staff/rights/{person.id}", given)


def held(person: StaffUser) -> Rights:
    db.session.rollback()
    return rights.of(get(StaffUser, person.id))


def test_rita_gives_hugo_a_section_until_a_day(rita, helper, as_staff):
    day = (now() + timedelta(days=9)).strftime(DAY)
    assert as_staff(helper).get("/panel/vip/").status_code == 403
    answer = save(rita, helper, vip=["read"], **{"until-vip": day})
    assert answer.status_code == 303 and held(helper).acts("vip") == {"read"}
    hugo = as_staff(helper)
    assert hugo.get("/panel/vip/").status_code == 200
    assert hugo.post("/panel/vip/5/gift", {"days": "3"}).status_code == 403
    assert day in rita.get(f"/panel/staff/rights/{helper.id}").text


def test_the_navigation_shows_what_one_may_see(rita, helper, as_staff):
    save(rita, helper, interests=["read"])
    page = as_staff(helper).get("/panel/").text
    assert "/panel/interests/" in page and "/panel/vip/" not in page and "/panel/settings/" not in page


def test_what_would_be_lost_is_told_first_and_then_ends_the_sessions(rita, helper, as_staff):
    save(rita, helper, vip=["read", "update"], users=["read"])
    as_staff(helper)
    answer = save(rita, helper, vip=["read"], users=[])
    assert answer.status_code == 422 and "perderá esto" in answer.text
    assert held(helper).acts("vip") == {"read", "update"}
    sure = re.search(r'name="sure" value="([^"]+)"', answer.text)[1]
    assert save(rita, helper, vip=["read"], users=[], sure=sure).status_code == 303
    assert (held(helper).acts("vip"), held(helper).acts("users")) == ({"read"}, set())
    assert count(UserSession, UserSession.is_active, UserSession.staff_id == helper.id) == 0


def test_what_was_given_after_the_question_is_not_taken_with_the_answer(rita, helper):
    save(rita, helper, users=["read"])
    sure = re.search(r'name="sure" value="([^"]+)"', save(rita, helper, users=[]).text)[1]
    save(rita, helper, users=["read", "update"])
    answer = save(rita, helper, users=[], sure=sure)
    assert answer.status_code == 422 and "perderá esto" in answer.text and sure == "users:read"
    assert held(helper).acts("users") == {"read", "update"}


def test_what_was_taken_while_the_form_was_open_is_not_given_again(rita, helper, as_staff):
    save(rita, helper, client_management=["read"], vip=["read"])
    opened = rita.get(f"/panel/staff/rights/{helper.id}").text
    omar = as_staff(StaffFactory(email="omar@vitrina.example", full_name="Omar Root", role=StaffRole.SYSADMIN))
    save(omar, helper, client_management=[], sure="client_management:read")
    told = {"client_management": ["read"], "vip": ["read"], "users": ["read"], "seen": seen(opened)}
    answer = save(rita, helper, **told)
    assert answer.status_code == 422 and "Alguien cambió estos permisos" in answer.text
    assert held(helper).held == {"vip": {"read"}}
    assert 'name="client_management" value="read" checked' not in answer.text, "it stands as it is now"
    assert save(rita, helper, users=["read"], seen=seen(answer.text)).status_code == 303
    assert held(helper).held == {"vip": {"read"}, "users": {"read"}}


def test_a_form_that_did_not_fit_still_says_what_it_was_opened_with(rita, helper):
    save(rita, helper, vip=["read", "update"])
    opened = seen(rita.get(f"/panel/staff/rights/{helper.id}").text)
    asked = save(rita, helper, vip=["read"], seen=opened)
    assert asked.status_code == 422 and seen(asked.text) == opened
    save(rita, helper, users=["read"])
    assert save(rita, helper, vip=["read"], seen=seen(asked.text), sure="vip:update").status_code == 422
    assert held(helper).acts("vip") == {"read", "update"}


def seen(page: str) -> str:
    """What the form says it shows."""
    return re.search(r'name="seen" value="([0-9a-f]+)"', page)[1]


@pytest.mark.parametrize("day", ["ayer", "2026-02-30", "2020-01-01", "9999-12-31"])
def test_a_day_that_cannot_be_is_said_in_its_row_and_nothing_is_lost(rita, helper, day):
    answer = save(rita, helper, vip=["read", "update"], **{"until-vip": day})
    assert answer.status_code == 422 and 'id="f-until-vip-error"' in answer.text
    assert 'value="update" checked' in answer.text and count(UserAgentPermission) == 0


def test_a_jobs_rights_are_given_to_several_at_once(rita, helper):
    ines = StaffFactory(email="ines@vitrina.example", full_name="Inés Sol", role=StaffRole.USER)
    ids = [str(helper.id), str(ines.id), "nobody", str(uuid.uuid4())]
    assert "Inés Sol" in rita.get("/panel/staff/rights/many", query_string={"ids": ids}).text
    assert rita.post("/panel/staff/rights/many", {"ids": ids}).status_code == 422
    assert rita.post("/panel/staff/rights/many", {"ids": ids, "template": "agent"}).status_code == 303
    assert held(helper).acts("desk") == held(ines).acts("desk") == {"read", "create", "update"}


def test_hugo_who_may_give_gives_no_more_than_he_has(rita, helper, as_staff):
    ines = StaffFactory(email="ines@vitrina.example", full_name="Inés Sol", role=StaffRole.USER)
    save(rita, helper, staff=["read", "update"], vip=["read"])
    hugo = as_staff(helper)
    form = hugo.get(f"/panel/staff/rights/{ines.id}").text
    assert 'name="sections" value="vip"' in form and 'name="sections" value="payments"' not in form
    assert save(hugo, ines, payments=["read"]).status_code == 403
    assert save(hugo, ines, vip=["read"]).status_code == 303
    assert save(hugo, helper, vip=["delete"]).status_code == 403
    assert hugo.post("/panel/staff/rights/many", {"ids": [str(ines.id)], "template": "channels"}).status_code == 403


def test_an_administrator_is_shown_as_one_who_may_everything(rita, caio):
    page = rita.get(f"/panel/staff/rights/{caio.id}").text
    assert "puede hacerlo todo" in page and "Guardar" not in page
    assert save(rita, caio, vip=["read"]).status_code == 409


def test_nobody_and_the_unknown_are_refused(eve, rita, helper, as_staff):
    assert eve.get("/panel/staff/rights/").status_code == 303
    assert as_staff(helper).get("/panel/staff/rights/").status_code == 403
    assert rita.get(f"/panel/staff/rights/{uuid.uuid4()}").status_code == 404
    assert save(rita, StaffUser(id=uuid.uuid4()), vip=["read"]).status_code == 404


def test_the_table_takes_the_same_few_queries_for_few_and_for_many(rita, counted):
    StaffFactory.create_batch(2, role=StaffRole.USER)
    few = counted(lambda: rita.get("/panel/staff/rights/"))
    StaffFactory.create_batch(20, role=StaffRole.USER)
    assert counted(lambda: rita.get("/panel/staff/rights/")) == few <= 9


def test_a_right_that_ends_while_a_form_is_open_refuses_the_post_and_keeps_what_was_typed(
    rita, helper, ana, as_staff, traveller
):
    day = now().strftime(DAY)
    save(rita, helper, users=["read", "update"], **{"until-users": day})
    hugo = as_staff(helper)
    assert hugo.get(f"/panel/users/{ana.user_id}").status_code == 200
    for _pulse in range(3):
        traveller.shift(10 * 3600)
        hugo.post("/panel/account/pulse")
    answer = hugo.post(f"/panel/users/{ana.user_id}/block", {"reason": "Publicó lo que no era suyo"})
    assert answer.status_code == 403 and "Publicó lo que no era suyo" in answer.text
    db.session.expire_all()
    assert not ana.is_blocked


def test_a_section_is_without_a_page_only_as_long_as_no_route_asks_for_it(app):
    asked = {view.allowed.section for view in app.view_functions.values() if hasattr(view, "allowed")}
    assert set(rights.COMING) == set(rights.GRANTABLE) - asked


def words_of(browser: Browser, person: StaffUser) -> str:
    page = browser.get(f"/panel/staff/rights/{person.id}").text
    return re.sub(r"<[^>]+>|\s+", " ", page.partition('id="words-title"')[2].partition("</section>")[0])


def test_a_persons_form_says_which_sections_have_no_page_yet(rita, helper):
    page = rita.get(f"/panel/staff/rights/{helper.id}").text
    rows = dict(zip(rights.GRANTABLE, page.split('<th scope="row">')[1:], strict=True))
    assert {name for name, row in rows.items() if "todavía sin página" in row} == set(rights.COMING)


def test_the_words_say_which_rights_lead_nowhere_yet(rita, helper):
    save(rita, helper, desk=["read"], vip=["read"])
    words = words_of(rita, helper)
    assert words.count("todavía sin página") == 1 and "Atención" in words.partition("todavía sin página")[0]


def test_the_table_leaves_out_what_has_no_page_and_nobody_holds(rita, helper):
    assert "Difusiones" not in rita.get("/panel/staff/rights/").text
    save(rita, helper, broadcast=["read"])
    page = rita.get("/panel/staff/rights/").text
    assert "Difusiones" in page and "Puntos" not in page and "todavía sin página" in page


@pytest.mark.parametrize(
    ("acts", "told", "untold"),
    [
        (["read"], ["ver el CPF completo de un cliente"], ["descargar la lista con todos los CPF"]),
        (["read", "update"], ["ver el CPF completo de un cliente", "descargar la lista con todos los CPF"], []),
    ],
)
def test_it_is_said_who_may_see_a_cpf_in_clear(rita, helper, acts, told, untold):
    form = rita.get(f"/panel/staff/rights/{helper.id}").text.partition('id="rights-form"')[2].partition("</form>")[0]
    assert all(words in form for words in told + untold) and "CPF" not in words_of(rita, helper)
    save(rita, helper, client_management=acts)
    words = words_of(rita, helper)
    assert all(one in words for one in told) and not any(one in words for one in untold)


def test_a_job_says_so_too(rita, helper):
    page = rita.get(f"/panel/staff/rights/many?ids={helper.id}").text
    jobs = page.split('<label class="job">')[1:]
    assert "ver el CPF completo" in jobs[0] and "todavía sin página" not in jobs[0]
    assert "CPF" not in jobs[1] and "todavía sin página" in jobs[3]


def test_an_end_has_a_label_that_is_seen_on_a_phone(rita, helper):
    page = rita.get(f"/panel/staff/rights/{helper.id}").text
    assert '<label class="only-phone" for="f-until-vip">Hasta el día</label>' in page
