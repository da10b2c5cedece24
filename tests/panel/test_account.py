"""One's own account: sessions, password, profile, e-mail and Telegram."""

import json
import re
import uuid
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from tests.conftest import count
from tests.entering import code_of, key_on, opened
from tests.factories import BrowserFactory, ExportFactory, UserFactory
from tests.panel.conftest import sessions
from tests.panel.test_signin import PHRASE, give_password, try_in
from webapp.base.db import db, get, transaction
from webapp.base.errors import NotFound
from webapp.base.outbox import OutboxMessage
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.audit.models import AuditLog
from webapp.domain.staff import accounts, links, profile, second_factor, team
from webapp.domain.staff.models import StaffCode, StaffRole, StaffUser
from webapp.domain.users.models import User

NEW = "otra frase, todavía mejor"
OTHER = "caio.lima@vitrina.example"
CONFIRM = re.compile(r"http://localhost:8000(/panel/account/email/confirm/[\w-]{43})")
CODE = re.compile(r"link_([\w-]{43})")


@pytest.fixture
def mine(as_staff, caio):
    """Two browsers of caio's, who has a password."""
    give_password(caio)
    return as_staff(caio), as_staff(caio)


def test_the_list_says_which_session_is_this_one(mine):
    page = mine[0].get("/panel/account/").text
    assert page.count('/revoke" hx-post') == 1
    assert page.count('class="tag green">esta<') == 1


@pytest.mark.parametrize("htmx", [True, False])
def test_one_session_is_ended(mine, htmx):
    here, there = mine
    answer = here.post(f"/panel/account/sessions/{there.session.id}/revoke", htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    assert there.get("/panel/").status_code == 303
    assert here.get("/panel/").status_code == 200


def test_the_others_are_ended_and_this_one_stays(mine):
    mine[0].post("/panel/account/sessions/revoke-others")
    assert [browser.get("/panel/").status_code for browser in mine] == [200, 303]


def test_somebody_elses_session_is_not_found(panel, as_staff, root):
    theirs = as_staff(root)
    assert panel.post(f"/panel/account/sessions/{theirs.session.id}/revoke").status_code == 404
    assert theirs.get("/panel/").status_code == 200


def test_a_hand_on_what_is_somebody_elses_is_told_as_nothing_and_noted_as_denied(panel, as_staff, root, caio):
    theirs = as_staff(root)
    browser, file = BrowserFactory(staff_id=root.id), ExportFactory(requested_by=root.id)
    for path in (f"account/sessions/{theirs.session.id}/revoke", f"account/browsers/{browser.id}/forget"):
        nobodys = re.sub(r"[0-9a-f-]{36}", str(uuid.uuid4()), path)
        there, nowhere = (panel.post(f"/panel/{one}", htmx=True) for one in (path, nobodys))
        assert there.status_code == nowhere.status_code == 404
        words = [json.loads(one.headers["HX-Trigger"])["toast"]["text"] for one in (there, nowhere)]
        assert words[0] == words[1]
    assert panel.post(f"/panel/exports/{file.id}/download").status_code == 404
    denied = db.session.scalars(db.select(AuditLog).where(AuditLog.action == "denied")).all()
    assert sorted(row.resource_id for row in denied) == ["account.forget", "account.revoke", "exports.download"]
    assert {row.actor_id for row in denied} == {str(caio.id)}


def test_a_new_password_ends_the_other_sessions_and_serves(mine, eve, caio):
    here, _there = mine
    assert here.post("/panel/account/password", {"old": PHRASE, "new": NEW}, htmx=True).status_code == 200
    assert [browser.get("/panel/").status_code for browser in mine] == [200, 303]
    assert try_in(eve, caio.email, PHRASE).status_code == 401
    assert try_in(eve, caio.email, NEW).status_code == 303


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [("otra frase equivocada", NEW, "old"), (PHRASE, "corta", "new"), (PHRASE, "caio@vitrina.example", "new")],
)
def test_a_password_that_does_not_do_is_refused_in_place(mine, old, new, field):
    answer = mine[0].post("/panel/account/password", {"old": old, "new": new}, htmx=True)
    assert answer.status_code == 422 and f'id="f-{field}-error"' in answer.text
    for name in ("old", "new"):
        assert f'id="f-{name}" name="{name}" type="password" value=""' in " ".join(answer.text.split())
    assert old not in answer.text
    assert sessions() == 2


def test_the_profile_is_kept(panel, caio):
    mine = {"full_name": "Caio Lima Sol", "locale": "pt_BR", "time_zone": "Europe/Madrid"}
    assert panel.post("/panel/account/profile", mine).status_code == 303
    page = panel.get("/panel/account/").text
    assert '<html lang="pt-BR"' in page and "Caio Lima Sol" in page and 'value="Europe/Madrid"' in page
    db.session.refresh(caio)
    assert (caio.full_name, caio.locale, caio.time_zone) == ("Caio Lima Sol", "pt_BR", "Europe/Madrid")


@pytest.mark.parametrize(
    ("field", "wrong"), [("full_name", "C"), ("locale", "xx"), ("time_zone", "Luna/Mar de la Tranquilidad")]
)
def test_a_profile_that_does_not_fit_is_refused_in_place(panel, caio, field, wrong):
    mine = {"full_name": "Otro Nombre", "locale": "en", "time_zone": ""} | {field: wrong}
    answer = panel.post("/panel/account/profile", mine, htmx=True)
    assert answer.status_code == 422 and f'id="f-{field}-error"' in answer.text
    db.session.refresh(caio)
    assert (caio.full_name, caio.locale) == ("Caio Lima", "es")


def test_dates_are_in_ones_own_zone_and_figures_in_the_creators(panel, as_staff, root, ana):
    madrid, mexico = as_staff(root), panel
    madrid.post("/panel/account/profile", {"full_name": "Rita", "locale": "es", "time_zone": "Europe/Madrid"})
    with transaction():
        get(User, ana.user_id).created_at = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
    told = [browser.get(f"/panel/users/{ana.user_id}").text for browser in (mexico, madrid)]
    assert ["28 feb" in page for page in told] == [True, False]
    assert ["1 mar" in page for page in told] == [False, True]
    assert all("America/Mexico_City" in browser.get("/panel/stats/").text for browser in (mexico, madrid))


def test_at_most_five_sessions_live(as_staff, caio):
    browsers = [as_staff(caio) for _ in range(7)]
    assert sessions() == 5
    assert browsers[0].get("/panel/").status_code == 303


def test_a_language_just_chosen_is_the_one_it_is_confirmed_in(panel, caio):
    panel.post("/panel/account/profile", {"full_name": "Caio Lima", "locale": "en", "time_zone": ""}, htmx=True)
    assert "Profile saved" in panel.get("/panel/account/").text


def test_everything_that_is_wrong_with_a_new_password_is_said_at_once(mine):
    answer = mine[0].post("/panel/account/password", {"old": "no", "new": "corta"}, htmx=True)
    assert 'id="f-old-error"' in answer.text and 'id="f-new-error"' in answer.text


def tie(staff: StaffUser, person: int | None = 710_000_009) -> None:
    with transaction():
        get(StaffUser, staff.id).telegram_user_id = person


def told(person: int = 710_000_009) -> list[str]:
    """What the bot promised to say to somebody."""
    db.session.rollback()
    query = db.select(OutboxMessage).where(OutboxMessage.chat_id == person).order_by(OutboxMessage.id)
    return [row.payload["text"] for row in db.session.scalars(query)]


def email_of(staff: StaffUser) -> str:
    return db.session.get(StaffUser, staff.id, populate_existing=True).email


def test_another_e_mail_counts_once_a_responsible_hands_over_its_link(panel, as_staff, root, eve, caio):
    rita = as_staff(root)
    answer = panel.post("/panel/account/email", {"email": OTHER}, htmx=True)
    assert answer.status_code == 200 and f"Falta confirmar {OTHER}" in answer.text and told() == []
    assert OTHER in rita.get(f"/panel/staff/{caio.id}").text
    first = CONFIRM.search(rita.post(f"/panel/staff/{caio.id}/email").text)[1]
    link = CONFIRM.search(rita.post(f"/panel/staff/{caio.id}/email", htmx=True).text)[1]
    assert eve.get(first).status_code == 404 and OTHER in eve.get(link).text
    assert email_of(caio) == "caio@vitrina.example"
    assert eve.post(link).status_code == 303 and email_of(caio) == OTHER
    assert eve.post(link).status_code == eve.get(link).status_code == 404
    assert count(AuditLog, AuditLog.resource_type == "staff_users") == 1


def test_the_link_comes_by_telegram_to_who_is_linked_and_is_not_kept(panel, eve, caio):
    tie(caio)
    panel.post("/panel/account/email", {"email": OTHER})
    link = CONFIRM.search(told()[0])[1]
    assert db.session.scalars(db.select(OutboxMessage.dedupe_key)).one().startswith("secret:")
    assert eve.post(link).status_code == 303
    assert "Antes caio@vitrina.example" in told()[1]
    code = link.rpartition("/")[2]
    assert code not in str([[row.code_hash, row.email] for row in db.session.scalars(db.select(StaffCode))])
    assert code not in str([row.new_values for row in db.session.scalars(db.select(AuditLog))])


def test_an_e_mail_that_somebody_took_meanwhile_is_refused(panel, as_staff, root, helper, eve, caio):
    panel.post("/panel/account/email", {"email": OTHER})
    link = CONFIRM.search(as_staff(root).post(f"/panel/staff/{caio.id}/email").text)[1]
    with transaction():
        get(StaffUser, helper.id).email = OTHER
    assert eve.post(link).status_code == 409 and email_of(caio) == "caio@vitrina.example"


@pytest.mark.parametrize("wrong", ["no", "caio@vitrina.example", "hugo@vitrina.example"])
def test_an_e_mail_that_does_not_do_is_refused_in_place(panel, helper, wrong):
    answer = panel.post("/panel/account/email", {"email": wrong}, htmx=True)
    assert answer.status_code == 422 and 'id="f-new-email-error"' in answer.text
    assert count(StaffCode) == 0


def test_a_change_that_was_let_be_has_no_link(panel, as_staff, root, caio):
    rita = as_staff(root)
    panel.post("/panel/account/email", {"email": OTHER})
    assert panel.post("/panel/account/email/cancel", htmx=True).status_code == 200
    assert rita.post(f"/panel/staff/{caio.id}/email").status_code == 404
    assert panel.post("/panel/account/email/cancel").status_code == 404


def test_only_a_responsible_hands_over_a_link(panel, as_staff, helper, eve, caio):
    panel.post("/panel/account/email", {"email": OTHER})
    assert panel.post(f"/panel/staff/{caio.id}/email").status_code == 403
    assert as_staff(helper).post(f"/panel/staff/{caio.id}/email").status_code == 403
    assert eve.post(f"/panel/staff/{caio.id}/email").status_code == 303


def test_a_link_is_over_after_a_day(panel, as_staff, root, eve, caio, traveller):
    panel.post("/panel/account/email", {"email": OTHER})
    link = CONFIRM.search(as_staff(root).post(f"/panel/staff/{caio.id}/email").text)[1]
    traveller.shift(24 * 3600 + 1)
    assert eve.post(link).status_code == 404 and email_of(caio) == "caio@vitrina.example"


@pytest.mark.parametrize("htmx", [True, False])
def test_the_code_that_ties_a_telegram_is_told_once(panel, htmx):
    answer = panel.post("/panel/account/telegram/link", htmx=htmx)
    code = CODE.search(answer.text)[1]
    assert answer.headers["Cache-Control"] == "no-store"
    assert code not in panel.get("/panel/account/").text
    assert code not in str([row.new_values for row in db.session.scalars(db.select(AuditLog))])


def test_a_telegram_is_untied_and_hears_of_it(panel, caio):
    tie(caio)
    assert "Separar" in panel.get("/panel/account/").text
    assert panel.post("/panel/account/telegram/link").status_code == 409
    assert panel.post("/panel/account/telegram/unlink", htmx=True).status_code == 200
    assert links.of_person(710_000_009) is None and "ya no está unido" in told()[0]


def test_my_page_says_which_telegram_is_tied(panel, caio):
    tie(caio)
    card = telegram_card(panel)
    assert "Unido a" in card and "710000009" in card and "@" not in card
    UserFactory(user_id=710_000_009, first_name="<i>Caio", last_name="Lima", username="caiolima")
    card = telegram_card(panel)
    assert "&lt;i&gt;Caio Lima" in card and "@caiolima" in card and "710000009" in card


def telegram_card(browser) -> str:
    return browser.get("/panel/account/").text.partition('id="telegram"')[2].partition("</section>")[0]


def test_who_is_linked_hears_of_a_new_password_and_a_new_role(mine, as_staff, root, caio):
    tie(caio)
    mine[0].post("/panel/account/password", {"old": PHRASE, "new": NEW})
    as_staff(root).post(f"/panel/staff/{caio.id}/role", {"role": "user"})
    assert ["contraseña" in told()[0], "Ahora es: Equipo" in told()[1]] == [True, True]
    assert PHRASE not in str(told()) and NEW not in str(told())


def test_eve_changes_nothing_of_an_account(eve):
    for path in ("profile", "email", "email/cancel", "telegram/link", "telegram/unlink"):
        assert eve.post(f"/panel/account/{path}").status_code == 303
    assert count(StaffCode) == count(AuditLog) == 0


def test_a_refused_post_to_a_link_leaves_its_code_nowhere(panel, as_staff, root, eve, caio):
    panel.post("/panel/account/email", {"email": OTHER})
    link = CONFIRM.search(as_staff(root).post(f"/panel/staff/{caio.id}/email").text)[1]
    assert eve.post(link, headers={"Origin": "https://evil.example"}).status_code == 403
    row = db.session.query(AuditLog).filter_by(action="denied").one()
    assert row.new_values["path"] == "/panel/account/email/confirm/…" and email_of(caio) == "caio@vitrina.example"


def test_a_bug_behind_a_link_leaves_its_code_out_of_the_log(eve, root, monkeypatch):
    with transaction():
        invitation = accounts.invite(StaffRole.USER, by=accounts.as_actor(root))
    monkeypatch.setattr(accounts, "get_invitation", lambda _token: 1 // 0)
    with capture_logs() as log:
        assert eve.get(f"/panel/invitation/{invitation}").status_code == 500
    assert [one["path"] for one in log] == ["/panel/invitation/…"] and invitation not in str(log)


@pytest.mark.parametrize("how", ["password", "phone", "others", "reset", "suspended", "role", "removed"])
def test_what_was_asked_for_before_counts_no_more_once_an_account_is_taken_back(panel, root, caio, how):
    """Whoever had somebody's account for a moment keeps no link that changes its e-mail or ties their own Telegram."""
    me, rita = accounts.as_actor(caio), accounts.as_actor(root)
    with transaction():
        profile.ask_email(caio, "intrusa@vitrina.example", address="http://x/", by=me)
        proof = opened(links.ask(caio, by=me), 710_000_009)
    give_password(caio)
    if how == "password":
        panel.post("/panel/account/password", {"old": PHRASE, "new": "otra frase bien larga"})
    elif how == "phone":
        page = panel.get("/panel/second-factor/renew").text
        panel.post("/panel/second-factor/renew", {"code": code_of(key_on(page))})
    elif how == "others":
        panel.post("/panel/account/sessions/revoke-others")
    else:
        with transaction():
            if how == "reset":
                second_factor.reset(caio, by=rita)
            elif how == "role":
                team.change_role(caio.id, StaffRole.USER, by=rita)
            else:
                (team.remove if how == "removed" else team.suspend)(caio.id, by=rita)
                team.reactivate(caio.id, by=rita)
    assert profile.waiting_email(caio.id) is None
    with pytest.raises(NotFound), transaction():
        links.link(*proof, 710_000_009, by=SYSTEM)


def test_an_admin_of_the_bot_does_not_shed_the_limits_of_their_account(as_staff, panel, dora, helper, caio):
    """Untied, they would have no account there, and so all that the chat offers."""
    for staff, status in ((helper, 403), (caio, 303)):
        tie(staff, dora.user_id)
        assert as_staff(staff).post("/panel/account/telegram/unlink").status_code == status
        tied = db.session.get(StaffUser, staff.id, populate_existing=True).telegram_user_id
        assert tied == (dora.user_id if status == 403 else None)
        tie(staff, None)
