"""The second factor at the door: setting it up, showing it once, codes on paper, other phones, remembered browsers."""

import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote

import pytest
from sqlalchemy import select

from tests.conftest import count
from tests.entering import code_of, key_on
from tests.panel.conftest import ORIGIN, Browser, sessions
from tests.panel.test_signin import HASHED, PHRASE, enter, give_password, show, shown, try_in
from webapp.base.db import db, transaction
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.audit.models import AuditLog
from webapp.domain.sessions.models import UserSession
from webapp.domain.settings import config
from webapp.domain.staff import accounts, browsers, second_factor
from webapp.domain.staff.models import StaffBrowser, StaffRecoveryCode, StaffUser
from webapp.panel import guard


@pytest.fixture
def rita(root: StaffUser) -> StaffUser:
    give_password(root)
    return root


@pytest.fixture
def nora(helper: StaffUser) -> StaffUser:
    """Has a password, and no phone yet."""
    helper.password_hash = HASHED
    db.session.commit()
    return helper


def paper(page: str) -> list[str]:
    return re.findall(r"<li><code>([2-9A-Z-]{24})</code></li>", page)


def set_up(browser: Browser, staff: StaffUser):
    try_in(browser, staff.email, PHRASE)
    page = browser.get("/panel/second-factor/").text
    browser.csrf = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    return browser.post("/panel/second-factor/enrol", {"code": code_of(key_on(page))})


def test_before_any_page_a_phone_is_set_up_and_ten_codes_are_shown_once(eve, nora):
    answer = set_up(eve, nora)
    codes = paper(answer.text)
    assert answer.status_code == 200 and len(set(codes)) == 10
    assert eve.get("/panel/account/").status_code == 200
    db.session.refresh(nora)
    assert nora.totp_confirmed_at is not None and count(StaffRecoveryCode) == 10
    kept = " ".join(map(str, db.session.execute(select(StaffRecoveryCode.__table__)).all()))
    assert not any(code.replace("-", "")[4:] in kept.upper() for code in codes)


def test_the_codes_can_be_taken_as_a_file(eve, nora):
    page = set_up(eve, nora).text
    file = unquote(re.search(r'download="vitrina-codigos.txt" href="data:text/plain;charset=utf-8,([^"]+)"', page)[1])
    assert file.splitlines()[2:] == paper(page)


def test_the_page_draws_the_key_and_says_it(eve, nora):
    try_in(eve, nora.email, PHRASE)
    page = eve.get("/panel/second-factor/").text
    assert "<svg" in page and 'class="qr"' in page
    assert key_on(page) == key_on(eve.get("/panel/second-factor/").text)
    assert f".venv/bin/flask --app wsgi staff code {nora.email}" in page


def test_looking_at_the_key_writes_nothing_and_another_session_sees_another(eve, app, nora):
    try_in(eve, nora.email, PHRASE)
    key = key_on(eve.get("/panel/second-factor/").text)
    other = Browser(app.test_client())
    try_in(other, nora.email, PHRASE)
    db.session.refresh(nora)
    assert nora.totp_secret is None
    assert key_on(other.get("/panel/second-factor/").text) != key


def test_a_wrong_code_sets_nothing_up_and_the_key_stays(eve, nora):
    try_in(eve, nora.email, PHRASE)
    page = eve.get("/panel/second-factor/").text
    eve.csrf = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    answer = eve.post("/panel/second-factor/enrol", {"code": "000000"})
    assert answer.status_code == 422 and key_on(answer.text) == key_on(page)
    assert eve.get("/panel/").location.startswith("/panel/second-factor/")


def test_whoever_has_a_phone_does_not_set_another_up_with_the_password_alone(eve, rita):
    try_in(eve, rita.email, PHRASE)
    page = eve.get("/panel/second-factor/").text
    assert '<svg class="qr"' not in page and "qr" not in page
    with transaction():
        session = db.session.scalars(select(UserSession)).one()
        code = code_of(second_factor.offer(rita, session.id))
    eve.csrf = guard.csrf_of(session)
    before = rita.totp_secret
    eve.post("/panel/second-factor/enrol", {"code": code})
    db.session.refresh(rita)
    assert rita.totp_secret == before and eve.get("/panel/").status_code == 303


def test_the_secret_lies_encrypted(eve, nora):
    try_in(eve, nora.email, PHRASE)
    key = key_on(eve.get("/panel/second-factor/").text)
    set_up(eve, nora)
    db.session.refresh(nora)
    assert key not in nora.totp_secret and second_factor.secret_of(nora) is not None
    told = str([row.new_values for row in db.session.scalars(select(AuditLog))])
    assert nora.totp_secret not in told


def test_the_session_is_new_at_the_second_step(eve, rita):
    try_in(eve, rita.email, PHRASE)
    first = eve.client.get_cookie("vitrina").value
    show(eve, shown())
    assert eve.client.get_cookie("vitrina").value != first
    assert sessions() == 1


def test_after_a_quarter_of_an_hour_the_password_is_asked_again(eve, rita, traveller):
    try_in(eve, rita.email, PHRASE)
    traveller.shift(15 * 60 + 1)
    assert eve.get("/panel/second-factor/").location.startswith("/panel/sign-in")


def test_a_code_serves_once(app, eve, rita):
    code = shown()
    enter(eve, rita)
    again = Browser(app.test_client())
    try_in(again, rita.email, PHRASE)
    assert show(again, code).status_code == 422
    assert show(again, shown(1)).status_code == 303


@pytest.mark.parametrize("steps", [-3, -2, 2, 3])
def test_a_code_of_another_time_does_not_serve(eve, rita, steps):
    try_in(eve, rita.email, PHRASE)
    assert show(eve, shown(steps)).status_code == 422


def test_an_older_code_does_not_serve_after_a_newer_one(app, eve, rita):
    try_in(eve, rita.email, PHRASE)
    show(eve, shown(1))
    again = Browser(app.test_client())
    try_in(again, rita.email, PHRASE)
    assert show(again, shown()).status_code == 422


def test_of_twenty_at_once_with_the_same_code_one_is_in(app, rita):
    crowd = [Browser(app.test_client()) for _ in range(20)]
    for one in crowd[:5]:
        try_in(one, rita.email, PHRASE)
        one.get("/panel/second-factor/")
    tokens = [one.client.get_cookie("vitrina").value for one in crowd[:5]]
    held = db.session.scalars(select(UserSession).where(UserSession.is_active)).all()
    csrf = {guard.csrf_of(one) for one in held}
    code = shown()
    assert len(csrf) == 5

    def post(number: int) -> int:
        with app.app_context():
            client = app.test_client()
            client.set_cookie("vitrina", tokens[number % 5])
            page = client.get("/panel/second-factor/").text
            found = re.search(r'name="csrf_token" value="([^"]+)"', page)
            form = {"code": code, "csrf_token": found[1] if found else ""}
            return client.post("/panel/second-factor/", data=form, headers=ORIGIN).status_code

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(post, range(20)))
    assert count(UserSession, UserSession.auth_level == "mfa") == 1
    assert count(AuditLog, AuditLog.action == "login") == 1


def test_a_code_on_paper_serves_once_and_is_counted(app, eve, nora, traveller):
    code = paper(set_up(eve, nora).text)[3]
    other = Browser(app.test_client())
    try_in(other, nora.email, PHRASE)
    assert show(other, f" {code.lower().replace('-', ' ')} ").status_code == 303
    assert "quedan 9 de 10" in other.get("/panel/account/").text
    third = Browser(app.test_client())
    try_in(third, nora.email, PHRASE)
    assert show(third, code).status_code == 422


def test_nobody_elses_code_on_paper_serves(app, eve, nora, rita):
    code = paper(set_up(eve, nora).text)[0]
    other = Browser(app.test_client())
    try_in(other, rita.email, PHRASE)
    assert show(other, code).status_code == 422


def test_new_codes_make_the_old_ones_worthless(app, eve, nora):
    old = paper(set_up(eve, nora).text)
    eve.csrf = re.search(r'name="csrf-token" content="([^"]+)"', eve.get("/panel/account/").text)[1]
    new = paper(eve.post("/panel/second-factor/codes").text)
    assert len(new) == 10 and not set(old) & set(new)
    other = Browser(app.test_client())
    try_in(other, nora.email, PHRASE)
    assert show(other, old[0]).status_code == 422
    assert show(other, new[0]).status_code == 303


def test_another_phone_counts_from_its_first_code_and_ends_the_other_sessions(as_staff, rita):
    here, there = as_staff(rita), as_staff(rita)
    page = here.get("/panel/second-factor/renew").text
    before = rita.totp_secret
    assert here.post("/panel/second-factor/renew", {"code": "000000"}).status_code == 422
    assert there.get("/panel/").status_code == 200
    answer = here.post("/panel/second-factor/renew", {"code": code_of(key_on(page))})
    assert answer.status_code == 200 and len(paper(answer.text)) == 10
    db.session.refresh(rita)
    assert rita.totp_secret != before and there.get("/panel/").status_code == 303
    assert here.get("/panel/").status_code == 200


def test_a_responsible_person_takes_a_lost_phone_away(as_staff, eve, rita, nora):
    theirs = Browser(eve.client)
    set_up(theirs, nora)
    with transaction():
        second_factor.reset(nora, by=accounts.as_actor(rita))
    assert theirs.get("/panel/").status_code == 303 and count(StaffRecoveryCode) == 0
    try_in(eve, nora.email, PHRASE)
    assert 'class="qr"' in eve.get("/panel/second-factor/").text


@pytest.mark.parametrize("who", ["rita", "caio"])
def test_nobody_takes_their_own_away_and_only_responsible_ones_take_anybodys(request, who, rita, nora):
    giver = request.getfixturevalue(who)
    whose = rita if who == "rita" else nora
    with pytest.raises(second_factor.Denied), transaction():
        second_factor.reset(whose, by=accounts.as_actor(giver))


def test_wrong_codes_make_wait_and_say_so_to_who_knows_the_password(eve, rita, traveller):
    try_in(eve, rita.email, PHRASE)
    answers = [show(eve, "000000") for _ in range(5)]
    assert "Espera 1 minuto" in answers[-1].text
    assert show(eve, shown()).status_code == 422
    traveller.shift(61)
    assert show(eve, shown()).status_code == 303


def test_the_right_password_does_not_forget_the_wrong_codes(eve, rita):
    try_in(eve, rita.email, PHRASE)
    for _ in range(4):
        show(eve, "000000")
    try_in(eve, rita.email, PHRASE)
    assert "Espera 1 minuto" in show(eve, "000000").text


def test_leaving_ends_what_was_begun(eve, rita):
    try_in(eve, rita.email, PHRASE)
    show(eve, "000000")
    assert eve.post("/panel/second-factor/leave").location == "/panel/sign-in"
    assert sessions() == 0


# --- Remembered browsers


@pytest.fixture
def allowed(root):
    with transaction():
        browsers.let(True, by=SYSTEM)


def test_a_remembered_browser_is_asked_for_the_password_alone(allowed, eve, rita, traveller):
    try_in(eve, rita.email, PHRASE)
    show(eve, shown(), remember="1")
    traveller.shift(8 * 24 * 3600)
    assert try_in(eve, rita.email).status_code == 401
    assert try_in(eve, rita.email, PHRASE).location == "/panel/"
    assert "Confirma que eres tú" in eve.get("/panel/second-factor/renew").text
    traveller.shift(23 * 24 * 3600)
    assert "/second-factor/" in try_in(eve, rita.email, PHRASE).location


def test_nothing_is_remembered_unless_a_responsible_person_allows_it(eve, rita):
    try_in(eve, rita.email, PHRASE)
    assert "remember" not in eve.get("/panel/second-factor/").text
    show(eve, shown(), remember="1")
    assert count(StaffBrowser) == 0


def test_only_a_responsible_person_allows_it_and_taking_it_back_forgets_all(panel, as_staff, rita, allowed):
    with transaction():
        browsers.remember(rita.id, by=SYSTEM)
    assert panel.post("/panel/settings/entry", {}).status_code == 403
    assert config.current().remember_browsers
    assert as_staff(rita).post("/panel/settings/entry", {}).status_code == 303
    db.session.rollback()
    assert not config.current().remember_browsers and browsers.of(rita.id) == []


def come_in_remembered(browser: Browser, staff: StaffUser) -> None:
    try_in(browser, staff.email, PHRASE)
    show(browser, shown(), remember="1")
    browser.csrf = re.search(r'name="csrf-token" content="([^"]+)"', browser.get("/panel/account/").text)[1]


@pytest.mark.parametrize("how", ["password", "all", "one", "phone", "reset"])
def test_a_remembered_browser_is_forgotten(allowed, eve, rita, how, caio):
    come_in_remembered(eve, rita)
    row = db.session.scalars(select(StaffBrowser)).one()
    if how == "password":
        eve.post("/panel/account/password", {"old": PHRASE, "new": "otra frase bien larga"})
    elif how == "all":
        eve.post("/panel/account/sessions/revoke-others")
    elif how == "one":
        eve.post(f"/panel/account/browsers/{row.id}/forget")
    elif how == "phone":
        eve.post("/panel/second-factor/renew", {"code": code_of(key_on(eve.get("/panel/second-factor/renew").text))})
    else:
        with transaction():
            second_factor.reset(rita, by=SYSTEM)
    db.session.refresh(row)
    assert row.revoked_at is not None and browsers.of(rita.id) == []


def test_somebody_elses_remembered_browser_is_not_found_and_does_not_serve(allowed, eve, panel, rita, caio):
    come_in_remembered(eve, rita)
    give_password(caio)
    row = db.session.scalars(select(StaffBrowser)).one()
    assert panel.post(f"/panel/account/browsers/{row.id}/forget").status_code == 404
    assert "/second-factor/" in try_in(eve, caio.email, PHRASE).location


def test_a_made_up_cookie_remembers_nobody(allowed, eve, rita):
    eve.client.set_cookie("vitrina-remembered", "WyJ4Il0.x.y")
    eve.client.set_cookie("vitrina-known", "WyJ4Il0.x.y")
    assert "/second-factor/" in try_in(eve, rita.email, PHRASE).location


# --- The console


def test_on_ones_own_machine_the_console_shows_the_code(app, eve, nora, rita):
    runner = app.test_cli_runner()
    assert runner.invoke(args=["staff", "code", rita.email]).output.strip() == shown()
    assert "sign in with the password first" in runner.invoke(args=["staff", "code", nora.email]).output
    try_in(eve, nora.email, PHRASE)
    page = eve.get("/panel/second-factor/").text
    assert runner.invoke(args=["staff", "code", nora.email]).output.strip() == code_of(key_on(page))


def test_in_production_it_does_not(app, rita, monkeypatch):
    monkeypatch.setitem(
        app.extensions, "settings", app.extensions["settings"].model_copy(update={"vitrina_env": "production"})
    )
    told = app.test_cli_runner().invoke(args=["staff", "code", rita.email])
    assert told.exit_code != 0 and "never in production" in told.output and shown() not in told.output


def test_the_operator_takes_a_lost_phone_away_when_nobody_else_can(app, eve, rita):
    told = app.test_cli_runner().invoke(args=["staff", "unpair", rita.email])
    assert told.exit_code == 0
    try_in(eve, rita.email, PHRASE)
    assert 'class="qr"' in eve.get("/panel/second-factor/").text
    assert count(AuditLog, AuditLog.action == "second_factor_reset", AuditLog.actor_label == "Consola") == 1


def test_the_second_step_greets_by_name_after_a_right_password_and_tells_no_email(eve, rita):
    try_in(eve, rita.email, PHRASE)
    page = eve.get("/panel/second-factor/").text
    assert "Hola, Rita Root." in page and rita.email not in page


def test_a_wrong_password_greets_nobody(eve, rita):
    page = try_in(eve, rita.email, "no es la frase de Rita")
    assert "Rita Root" not in page.text
