"""Equipo: the list, an invitation told once, roles, suspending and letting go; who may not, may not."""

import re
import uuid

import pytest

from tests.conftest import count
from tests.factories import StaffFactory
from tests.panel.conftest import Browser
from tests.panel.test_signin import PHRASE
from webapp.base.clock import now
from webapp.base.crypto import encrypt
from webapp.base.db import db, get, transaction
from webapp.base.outbox import OutboxMessage
from webapp.domain.audit.models import AuditLog
from webapp.domain.staff.models import StaffInvitation, StaffRole, StaffUser

LINK = re.compile(r"http://localhost:8000(/panel/invitation/[\w-]+)")
NORA = {"email": "nora@vitrina.example", "full_name": "Nora Gil", "password": PHRASE}


@pytest.fixture
def rita(as_staff, root) -> Browser:
    return as_staff(root)


def now_is(person: StaffUser) -> StaffUser:
    db.session.rollback()
    db.session.expire_all()
    return get(StaffUser, person.id)


def rows(action: str, person: StaffUser) -> int:
    return count(AuditLog, AuditLog.action == action, AuditLog.resource_id == str(person.id))


@pytest.mark.parametrize("htmx", [True, False])
def test_rita_invites_nora_who_joins_by_the_link_told_once(rita, eve, htmx):
    answer = rita.post("/panel/staff/invite", {"role": "user", "email": "nora@vitrina.example"}, htmx=htmx)
    link = LINK.search(answer.text)[1]
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    listed = rita.get("/panel/staff/").text
    assert "nora@vitrina.example" in listed and "invitó Rita Root" in listed and link not in listed
    assert eve.post(link, NORA).status_code == 303
    assert db.session.query(StaffUser).filter_by(email="nora@vitrina.example").one().role is StaffRole.USER
    assert "Invitaciones pendientes" not in rita.get("/panel/staff/").text


@pytest.mark.parametrize("htmx", [True, False])
def test_an_invitation_that_was_taken_back_opens_nothing(rita, eve, htmx):
    link = LINK.search(rita.post("/panel/staff/invite", {"role": "user"}).text)[1]
    invitation = db.session.query(StaffInvitation).one()
    answer = rita.post(f"/panel/staff/invitations/{invitation.id}/withdraw", htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    assert eve.get(link).status_code == eve.post(link, NORA).status_code == 404
    assert rita.post(f"/panel/staff/invitations/{invitation.id}/withdraw").status_code == 404
    assert count(StaffUser) == 1


@pytest.mark.parametrize(
    ("form", "field"),
    [({"email": "x@vitrina.example"}, "Elige un rol"), ({"role": "user", "email": "no"}, "no parece válido")],
)
def test_an_invitation_that_does_not_fit_is_refused_in_place(rita, form, field):
    answer = rita.post("/panel/staff/invite", form, htmx=True)
    assert answer.status_code == 422 and field in answer.text
    assert count(StaffInvitation) == 0


def test_whoever_has_an_account_is_not_invited_again(rita, helper):
    answer = rita.post("/panel/staff/invite", {"role": "user", "email": "Hugo@vitrina.example"})
    assert answer.status_code == 422 and "Ya hay una cuenta" in answer.text
    rita.post(f"/panel/staff/{helper.id}/remove")
    answer = rita.post("/panel/staff/invite", {"role": "user", "email": "hugo@vitrina.example"})
    assert answer.status_code == 422 and "Ya tuvo una cuenta" in answer.text


def test_a_new_role_ends_the_sessions_and_leaves_one_row(rita, helper, as_staff):
    hugo = as_staff(helper)
    answer = rita.post(f"/panel/staff/{helper.id}/role", {"role": "admin"})
    assert answer.status_code == 303 and now_is(helper).role is StaffRole.ADMIN
    assert hugo.get("/panel/").status_code == 303
    assert rows("permission_change", helper) == 1
    assert rita.post(f"/panel/staff/{helper.id}/role", {"role": "king"}, htmx=True).status_code == 422


def test_hugo_is_suspended_and_let_in_again(rita, helper, as_staff):
    hugo = as_staff(helper)
    rita.post(f"/panel/staff/{helper.id}/suspend")
    assert hugo.get("/panel/").status_code == 303 and now_is(helper).state == "suspended"
    assert "Suspendida" in rita.get("/panel/staff/?state=suspended").text
    rita.post(f"/panel/staff/{helper.id}/reactivate")
    assert as_staff(now_is(helper)).get("/panel/").status_code == 200
    assert rows("update", helper) == 2


def test_who_was_let_go_is_off_the_list_and_may_come_back(rita, helper, as_staff):
    hugo = as_staff(helper)
    assert rita.post(f"/panel/staff/{helper.id}/remove").status_code == 303
    assert hugo.get("/panel/").status_code == 303 and now_is(helper).state == "removed"
    assert "Hugo Paz" not in rita.get("/panel/staff/").text.partition('id="list"')[2]
    assert "Hugo Paz" in rita.get("/panel/staff/?state=removed").text
    rita.post(f"/panel/staff/{helper.id}/reactivate")
    assert now_is(helper).state == "active"


@pytest.mark.parametrize("deed", ["suspend", "remove", "role"])
def test_what_was_done_to_an_account_is_taken_back_from_its_row(rita, helper, deed):
    rita.post(f"/panel/staff/{helper.id}/{deed}", {"role": "admin"})
    row = db.session.query(AuditLog).filter_by(resource_id=str(helper.id)).order_by(AuditLog.id.desc()).first()
    page = rita.get(f"/panel/audit/{row.id}")
    assert "Hugo Paz" in page.text and f"/panel/staff/{helper.id}" in page.text
    assert rita.post(f"/panel/audit/{row.id}/undo").status_code == 303
    assert (now_is(helper).state, helper.role) == ("active", StaffRole.USER)


def test_an_admin_touches_no_responsible_and_makes_none(as_staff, caio, root, helper):
    panel = as_staff(caio)
    for deed in ("suspend", "remove", "role"):
        assert panel.post(f"/panel/staff/{root.id}/{deed}", {"role": "user"}).status_code == 403
    assert panel.post(f"/panel/staff/{helper.id}/role", {"role": "sysadmin"}).status_code == 403
    assert panel.post("/panel/staff/invite", {"role": "sysadmin"}).status_code == 403
    assert "por encima de la tuya" in panel.get(f"/panel/staff/{root.id}").text
    assert (now_is(root).role, now_is(helper).role) == (StaffRole.SYSADMIN, StaffRole.USER)


def test_nobody_does_it_to_themselves_and_the_last_responsible_stays(rita, root):
    other = StaffFactory(email="otra@vitrina.example", full_name="Otra Root", role=StaffRole.SYSADMIN)
    for deed in ("suspend", "remove", "role", "reactivate"):
        assert rita.post(f"/panel/staff/{root.id}/{deed}", {"role": "admin"}).status_code == 403
    assert rita.post(f"/panel/staff/{other.id}/suspend").status_code == 303
    assert "Esta es tu cuenta" in rita.get(f"/panel/staff/{root.id}").text


def test_eve_hugo_and_the_unknown_are_refused(eve, rita, helper, as_staff):
    assert eve.get("/panel/staff/").status_code == 303
    hugo = as_staff(helper)
    for path in ("/panel/staff/", "/panel/staff/invite", f"/panel/staff/{helper.id}"):
        assert hugo.get(path).status_code == 403
    assert rita.get(f"/panel/staff/{uuid.uuid4()}").status_code == 404
    assert rita.post(f"/panel/staff/{uuid.uuid4()}/suspend").status_code == 404


def test_the_list_takes_the_same_few_queries_for_few_and_for_many(rita, counted):
    StaffFactory.create_batch(2, role=StaffRole.USER)
    rita.post("/panel/staff/invite", {"role": "user"})
    few = counted(lambda: rita.get("/panel/staff/"))
    StaffFactory.create_batch(20, role=StaffRole.USER)
    for _ in range(3):
        rita.post("/panel/staff/invite", {"role": "user"})
    assert counted(lambda: rita.get("/panel/staff/")) == few <= 10


def test_the_list_is_searched_and_paged(rita):
    StaffFactory.create_batch(30, full_name="Marta Sol", role=StaffRole.USER)
    page = rita.get("/panel/staff/?q=marta").text
    assert page.count("Marta Sol") >= 25 and 'rel="next"' in page and "Rita Root" not in page.partition('id="list"')[2]
    assert "Nadie coincide" in rita.get("/panel/staff/?q=zzz").text


def test_a_responsible_takes_away_a_lost_phone_and_its_owner_hears_of_it(rita, as_staff, caio, helper):
    with transaction():
        hugo = get(StaffUser, helper.id)
        hugo.totp_secret, hugo.totp_confirmed_at, hugo.telegram_user_id = encrypt("JBSWY3DP"), now(), 710_000_009
    assert as_staff(caio).post(f"/panel/staff/{helper.id}/second-factor/reset").status_code == 403
    assert rita.post(f"/panel/staff/{helper.id}/second-factor/reset").status_code == 303
    assert now_is(helper).totp_confirmed_at is None
    assert "segundo paso" in db.session.query(OutboxMessage).one().payload["text"]


@pytest.mark.parametrize("deed", ["role", "suspend", "remove", "reactivate", "email", "second-factor/reset"])
def test_what_is_done_to_an_account_asks_again_who_one_is(as_staff, root, helper, deed):
    rita = as_staff(root, sudo=False)
    answer = rita.post(f"/panel/staff/{helper.id}/{deed}", {"role": "admin"})
    assert answer.status_code == 403 and "Confirma que eres tú" in answer.text
    assert (now_is(helper).state, helper.role) == ("active", StaffRole.USER)
