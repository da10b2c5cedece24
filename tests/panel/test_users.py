"""The list of people, and the page that tells one person's story."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.conftest import count
from tests.factories import InterestFactory, UserFactory
from tests.factories.staff import helper as staff
from webapp.base.clock import now
from webapp.base.db import db, transaction
from webapp.domain.audit.models import AuditLog
from webapp.domain.users import people
from webapp.domain.users.models import Reach, User, UserRole, UserRoleChangeLog

LIST = "/panel/users/"


def test_people_are_found_by_name_without_accents_by_username_and_by_id(panel, ana, bea):
    for words in ("solis", "@beas", str(bea.user_id)):
        page = panel.get(LIST, query_string={"q": words}).text
        assert "Bea Solís" in page and "Ana Torres" not in page, words


def test_filters_go_together_and_stay_in_the_address(panel, ana, bea):
    UserFactory(first_name="Zoe", role=UserRole.VIP, reach=Reach.BLOCKED)
    page = panel.get(LIST + "?role=vip&reach=ok").text
    assert "Bea Solís" in page and "Zoe" not in page and "Ana Torres" not in page
    assert "role=vip&amp;reach=never_started" in page


def test_nonsense_in_the_address_is_no_filter(panel, ana):
    answer = panel.get(LIST + "?role=king&reach=x&sort=drop&size=9999&after=%00%ff")
    assert answer.status_code == 200
    assert "Ana Torres" in answer.text


@pytest.mark.parametrize("sort", ["-created", "created", "-seen", "seen"])
def test_pages_follow_each_other_without_gap_or_repeat(panel, app, sort):
    for number in range(60):
        at = now() - timedelta(minutes=number // 3)
        UserFactory(first_name=f"Nº{number:02}", last_name="", created_at=at, last_seen_at=at)
    seen, path = [], f"{LIST}?sort={sort}"
    while path:
        page = panel.get(path).text
        seen += [part[:4] for part in page.split('data-open href="')[1:] for part in [part.partition(">")[2]]]
        path = _next(page)
    assert len(seen) == len(set(seen)) == 60


def _next(page: str) -> str:
    before, found, _rest = page.partition('rel="next" href="')
    return page[len(before) + len(found) :].partition('"')[0].replace("&amp;", "&") if found else ""


def test_large_counts_stop_at_ten_thousand(panel, app, monkeypatch):
    monkeypatch.setattr("webapp.panel.users.people.count_found", lambda *args, **kwargs: 10_001)
    UserFactory()
    assert "más de 10,000 usuarios" in panel.get(LIST).text


def test_nobody_found_offers_a_way_back(panel, ana):
    page = panel.get(LIST + "?q=xyzzy").text
    assert "Nadie coincide" in page and 'href="/panel/users/"' in page


def test_the_page_of_a_person_tells_their_story(panel, bea, kit):
    InterestFactory(user_id=bea.user_id, package_id=kit.id, click_count=3)
    panel.post(f"/panel/users/{bea.user_id}/role", {"role": "free", "reason": "Pidió salir"})
    page = panel.get(f"/panel/users/{bea.user_id}").text
    for words in ("Bea Solís", "@beas", kit.name, "3 veces", "Usuario VIP →", "Pidió salir", "Caio Lima"):
        assert words in page, words


def test_an_unknown_person_is_not_found(panel):
    assert panel.get("/panel/users/999").status_code == 404


def test_a_change_of_role_is_logged_once_with_who_and_why(panel, ana, caio):
    for _ in range(2):
        panel.post(f"/panel/users/{ana.user_id}/role", {"role": "admin", "reason": "Ayuda en el canal"})
    log = db.session.scalars(select(UserRoleChangeLog)).one()
    assert (log.new_role, log.change_source, log.meta["by"]) == (UserRole.ADMIN, "ADMIN_PANEL", f"staff:{caio.id}")
    audit = db.session.scalars(select(AuditLog).where(AuditLog.resource_type == "users")).one()
    assert (audit.reason, audit.actor_id, audit.old_values) == ("Ayuda en el canal", str(caio.id), {"role": "free"})
    assert audit.session_id and audit.request_id and audit.ip_address


def test_a_plain_form_and_htmx_both_end_at_the_person_with_a_toast(panel, ana):
    path = f"/panel/users/{ana.user_id}"
    plain = panel.post(path + "/role", {"role": "admin", "reason": "ayuda"})
    assert (plain.status_code, plain.location) == (303, path)
    assert "Ana Torres es ahora: Administrador." in panel.get(path).text
    quick = panel.post(path + "/role", {"role": "free", "reason": "ya no"}, htmx=True)
    assert quick.headers["HX-Redirect"] == path


@pytest.mark.parametrize("htmx", [True, False])
def test_a_role_without_reason_is_refused_and_what_was_chosen_stays(panel, ana, htmx):
    answer = panel.post(f"/panel/users/{ana.user_id}/role", {"role": "admin", "reason": "  "}, htmx=htmx)
    assert answer.status_code == 422
    assert "role-reason-error" in answer.text and 'value="admin" required checked' in answer.text
    assert ("<html" in answer.text) is not htmx
    assert count(User, User.role == UserRole.ADMIN) == 0


def test_an_invented_role_is_refused(panel, ana):
    assert panel.post(f"/panel/users/{ana.user_id}/role", {"role": "king", "reason": "x"}).status_code == 422


def test_extra_fields_change_nothing(panel, ana):
    extra = {"user_id": "1", "is_blocked": "1", "referral_code": "x", "changed_by": "7"}
    panel.post(f"/panel/users/{ana.user_id}/role", {"role": "admin", "reason": "x", **extra})
    db.session.expire_all()
    assert (ana.user_id, ana.is_blocked) == (710_000_001, False)


def test_access_is_taken_with_a_reason_and_given_back(panel, ana):
    path = f"/panel/users/{ana.user_id}"
    assert panel.post(path + "/block", {"reason": ""}).status_code == 422
    panel.post(path + "/block", {"reason": "Insultos"})
    assert "Insultos" in panel.get(path).text
    panel.post(path + "/unblock")
    db.session.expire_all()
    assert (ana.is_blocked, ana.blocked_reason) == (False, None)


def test_an_admin_cannot_be_kept_out(panel, dora):
    answer = panel.post(f"/panel/users/{dora.user_id}/block", {"reason": "x"}, htmx=True)
    assert answer.status_code == 403
    assert "administrador" in answer.headers["HX-Trigger"].encode().decode("unicode_escape")


@pytest.mark.parametrize("deed", ["role", "block", "unblock"])
def test_the_team_and_nobody_change_no_one(as_staff, helper, eve, ana, deed):
    path, data = f"/panel/users/{ana.user_id}/{deed}", {"role": "admin", "reason": "porque sí"}
    assert as_staff(helper).post(path, data).status_code == 403
    assert eve.post(path, data).status_code == 303
    assert count(AuditLog, AuditLog.resource_type == "users") == 0


def test_a_persons_story_says_who_took_their_access_away(panel, ana):
    panel.post(f"/panel/users/{ana.user_id}/block", {"reason": "spam"})
    assert "Bloqueo" in panel.get(f"/panel/users/{ana.user_id}").text


def test_the_page_of_a_person_leads_to_their_interests(panel, as_staff, bea, kit):
    interest = InterestFactory(user_id=bea.user_id, package_id=kit.id)
    page = panel.get(f"/panel/users/{bea.user_id}").text
    assert f'href="/panel/interests/?user={bea.user_id}&amp;state=all"' in page
    assert f'href="/panel/interests/{interest.id}"' in page


def test_staff_see_where_somebody_lives_and_what_time_it_is_there(panel, ana):
    assert "Zona horaria" not in panel.get(f"/panel/users/{ana.user_id}").text
    with transaction():
        people.choose_time_zone(people.get_user(ana.user_id), "America/Bogota", by=people.as_actor(ana))
    assert "Bogotá, Colombia" in panel.get(f"/panel/users/{ana.user_id}").text


def test_the_bots_desk_is_given_and_taken_by_who_may_everything_and_shows_who_they_are(as_staff, panel, ana, dora):
    """An admin of the bot may all that the chat offers: it is no part of a right over members."""
    hugo = as_staff(staff("full", "users"))
    assert hugo.post(f"/panel/users/{ana.user_id}/role", {"role": "admin", "reason": "x"}).status_code == 403
    assert hugo.post(f"/panel/users/{dora.user_id}/role", {"role": "free", "reason": "x"}).status_code == 403
    assert "Cambiar rol" not in hugo.get(f"/panel/users/{ana.user_id}").text
    assert count(User, User.role == UserRole.ADMIN) == 1
    unattended = as_staff(panel.staff, sudo=False)
    asked = unattended.post(f"/panel/users/{ana.user_id}/role", {"role": "admin", "reason": "x"})
    assert asked.status_code == 403 and "Confirma que eres tú" in asked.text


def test_nobody_takes_the_bots_desk_back_from_the_audit_who_may_not_give_it(as_staff, panel, ana):
    panel.post(f"/panel/users/{ana.user_id}/role", {"role": "admin", "reason": "x"})
    row = db.session.scalars(select(AuditLog).where(AuditLog.resource_type == "users")).one()
    hugo = as_staff(staff("full", "users", "audit"))
    assert "¿Deshacer esto?" not in hugo.get(f"/panel/audit/{row.id}").text
    assert hugo.post(f"/panel/audit/{row.id}/undo").status_code == 403
    assert "Confirma que eres tú" in as_staff(panel.staff, sudo=False).post(f"/panel/audit/{row.id}/undo").text
    assert count(User, User.role == UserRole.ADMIN) == 1
