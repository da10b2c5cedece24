"""Signing in: the same answer to everybody who may not, waits that grow, invitations that work once."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import process_time
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from tests.conftest import count
from tests.entering import code_of
from tests.factories import StaffFactory
from tests.panel.conftest import ORIGIN, Browser, sessions
from webapp.base.clock import now
from webapp.base.crypto import encrypt, hash_password, hash_token
from webapp.base.db import db, transaction
from webapp.base.tries import Tries
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.audit.models import AuditLog
from webapp.domain.sessions.models import UserSession
from webapp.domain.staff import accounts, waits
from webapp.domain.staff.models import StaffRole, StaffUser, StaffWait

PHRASE = "una frase larga y tranquila"
HASHED = hash_password(PHRASE)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def give_password(staff: StaffUser) -> None:
    """A password, and a phone that knows SECRET."""
    staff.password_hash = HASHED
    staff.totp_secret, staff.totp_confirmed_at = encrypt(SECRET), now()
    db.session.commit()


def shown(steps: int = 0) -> str:
    """What the phone shows now, or so many steps from now."""
    return code_of(SECRET, steps)


@pytest.fixture
def rita(root: StaffUser) -> StaffUser:
    give_password(root)
    return root


def enter(browser: Browser, staff: StaffUser, **more: str):
    """The whole way in, as a person goes it."""
    begun = try_in(browser, staff.email, PHRASE, **more)
    assert begun.location.startswith("/panel/second-factor/?next=")
    return show(browser, shown(), next=parse_qs(urlsplit(begun.location).query)["next"][0])


def show(browser: Browser, code: str, **more: str):
    """The second step, from the page that asks for it."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/panel/second-factor/").text)
    browser.csrf = found[1] if found else browser.csrf
    return browser.post("/panel/second-factor/", {"code": code, **more})


def try_in(browser: Browser, email: str, password: str = "no es esta frase", **more: str):
    return browser.post("/panel/sign-in", {"email": email, "password": password, **more})


def test_the_right_password_and_the_phones_code_open_the_panel(eve, rita):
    answer = try_in(eve, " Rita@Vitrina.example ", PHRASE)
    assert (answer.status_code, answer.location) == (303, "/panel/second-factor/?next=/panel/")
    assert eve.get("/panel/").location == "/panel/second-factor/?next=/panel/"
    assert show(eve, shown()).location == "/panel/"
    assert "Rita" in eve.get("/panel/").text
    assert count(AuditLog, AuditLog.action == "login", AuditLog.actor_id == str(rita.id)) == 1


def test_known_and_unknown_get_the_same_answer(eve, rita):
    known, unknown = try_in(eve, rita.email), try_in(eve, "nadie@vitrina.example")
    assert known.status_code == unknown.status_code == 401
    assert known.text.replace(rita.email, "") == unknown.text.replace("nadie@vitrina.example", "")
    assert count(AuditLog, AuditLog.action == "login_failed") == 2


def test_known_and_unknown_take_the_same_time(app, eve, rita):
    def work(email: str) -> float:  # of this process: what others do meanwhile does not count
        began = process_time()
        try_in(eve, email)
        return process_time() - began

    known = min(work(rita.email) for _ in range(4))
    unknown = min(work("nadie@vitrina.example") for _ in range(4))
    assert 0.4 < known / unknown < 2.5


def test_what_was_typed_as_password_is_kept_nowhere(eve, rita):
    page = try_in(eve, rita.email, "secretísimo-123").text
    rows = db.session.scalars(select(AuditLog)).all()
    assert "secretísimo" not in page + "".join(f"{row.new_values} {row.reason} {row.additional_data}" for row in rows)


def test_waits_grow_with_every_fifth_failure(app, eve, rita, traveller):
    waited = []
    for _ in range(20):
        try_in(eve, rita.email)
        db.session.rollback()
        end = db.session.scalars(select(StaffWait.waits_until)).one()
        waited.append(round((end - now()).total_seconds()))
        traveller.shift(waited[-1] + 1)
        app.extensions["tries"].forget()
    assert waited == [0] * 4 + [60] * 5 + [120] * 5 + [180] * 5 + [240]


def test_the_wait_never_exceeds_a_quarter_of_an_hour(app):
    assert [waits.wait(failures, 5).total_seconds() for failures in (4, 5, 74, 75, 4000)] == [0, 60, 840, 900, 900]


def test_during_the_wait_even_the_right_password_waits_and_after_it_serves(eve, rita, traveller):
    for _ in range(5):
        try_in(eve, rita.email)
    assert try_in(eve, rita.email, PHRASE).status_code == 401
    traveller.shift(61)
    assert enter(eve, rita).status_code == 303
    db.session.refresh(rita)
    assert (rita.failed_login_attempts, rita.locked_until, count(StaffWait)) == (0, None, 0)


def test_one_address_cannot_try_for_ever(eve, app):
    answers = [try_in(eve, f"p{n}@vitrina.example").status_code for n in range(31)]
    assert answers[-1] == 429
    assert set(answers[:-1]) == {401}


def test_while_redis_is_away_people_sign_in_and_tries_are_counted_still(eve, rita, app, monkeypatch):
    monkeypatch.setitem(app.extensions, "tries", Tries("redis://127.0.0.1:9/0"))
    assert try_in(eve, rita.email, PHRASE).status_code == 303
    assert [try_in(eve, "p@vitrina.example").status_code for _ in range(30)][-1] == 429


def test_a_session_planted_before_sign_in_is_worth_nothing(app, eve, rita):
    eve.client.set_cookie("vitrina", "planted")
    enter(eve, rita)
    token = eve.client.get_cookie("vitrina").value
    assert token != "planted"
    assert count(UserSession, UserSession.token_hash == hash_token("planted")) == 0


def test_signing_in_again_ends_the_session_this_browser_had(as_staff, rita):
    browser = as_staff(rita)
    old = browser.client.get_cookie("vitrina").value
    try_in(browser, rita.email, PHRASE)
    assert browser.client.get_cookie("vitrina").value != old
    assert sessions() == 1


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/panel/..//evil.example\\",
        "javascript:alert(1)",
        "/panel\r\nX-Evil: 1",
        "/panel/\x01",
        "/panel/☃",
        "http:/panel",
        "",
    ],
)
def test_nobody_is_sent_elsewhere_after_signing_in(eve, rita, target):
    assert enter(eve, rita, next=target).location == "/panel/"
    assert show(eve, "123456", next=target).location == "/panel/"


def test_whoever_came_for_a_page_gets_to_it(eve, rita):
    assert enter(eve, rita, next="/panel/users/?role=vip").location == "/panel/users/?role=vip"


def test_signing_out_ends_the_session(as_staff, rita):
    browser = as_staff(rita)
    browser.post("/panel/sign-out")
    assert sessions() == 0
    assert browser.get("/panel/").status_code == 303


def invite(role: StaffRole = StaffRole.SYSADMIN, email: str | None = None) -> str:
    with transaction():
        return accounts.invite(role, by=SYSTEM, email=email)


NEW = {"email": "Nora@Vitrina.example", "full_name": " Nora   Gil ", "password": PHRASE}


def test_an_invitation_makes_an_account_which_sets_up_its_phone_first(eve):
    path = f"/panel/invitation/{invite()}"
    assert eve.get(path).status_code == 200
    assert eve.post(path, NEW).location == "/panel/second-factor/"
    nora = db.session.scalar(select(StaffUser))
    assert (nora.email, nora.full_name, nora.role) == ("nora@vitrina.example", "Nora Gil", StaffRole.SYSADMIN)
    assert eve.get("/panel/").location.startswith("/panel/second-factor/")
    assert "nora@vitrina.example" in eve.get("/panel/second-factor/").text


def test_an_invitation_works_once(app, eve):
    path = f"/panel/invitation/{invite()}"
    eve.post(path, NEW)
    assert Browser(app.test_client()).post(path, {**NEW, "email": "otra@vitrina.example"}).status_code == 404
    assert count(StaffUser) == 1


def test_of_twenty_at_once_one_uses_the_invitation(app):
    path = f"/panel/invitation/{invite()}"

    def join(number: int) -> int:
        with app.app_context():
            return (
                app.test_client()
                .post(path, data={**NEW, "email": f"p{number}@vitrina.example"}, headers=ORIGIN)
                .status_code
            )

    with ThreadPoolExecutor(20) as crowd:
        answers = list(crowd.map(join, range(20)))
    assert answers.count(303) == 1
    assert set(answers) <= {303, 404, 409}
    assert count(StaffUser) == count(UserSession) == 1


def test_an_invitation_ends_after_a_day(eve, app, traveller):
    path = f"/panel/invitation/{invite()}"
    traveller.shift(24 * 3600 + 1)
    assert eve.get(path).status_code == eve.post(path, NEW).status_code == 404


def test_an_invitation_for_somebody_is_for_them_alone(eve):
    eve.post(f"/panel/invitation/{invite(email='hugo@vitrina.example')}", NEW)
    assert db.session.scalar(select(StaffUser.email)) == "hugo@vitrina.example"


@pytest.mark.parametrize("extra", [{"role": "sysadmin"}, {"is_active": "1"}, {"id": "7"}])
def test_nobody_chooses_their_own_role(eve, extra):
    eve.post(f"/panel/invitation/{invite(StaffRole.USER)}", {**NEW, **extra})
    assert db.session.scalar(select(StaffUser.role)) is StaffRole.USER


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "esto no es"),
        ("full_name", " "),
        ("full_name", "N" * 101),
        ("password", "corta"),
        ("password", "nora@vitrina.example"),
        ("password", "Password1234"),
        ("password", "aaaaaaaaaaaaaaaa"),
        ("password", "x" * 201),
    ],
)
def test_what_does_not_fit_is_said_in_place_and_the_invitation_stays(eve, field, value):
    path = f"/panel/invitation/{invite()}"
    answer = eve.post(path, {**NEW, field: value})
    assert answer.status_code == 422
    assert f'id="f-{field}-error"' in answer.text
    assert field == "full_name" or "Nora" in answer.text
    assert eve.post(path, NEW).status_code == 303


def test_everything_that_does_not_fit_is_said_at_once(eve):
    answer = eve.post(f"/panel/invitation/{invite()}", {"email": "no", "full_name": "N", "password": "corta"})
    assert all(f'id="f-{field}-error"' in answer.text for field in ("email", "full_name", "password"))


def test_without_any_account_the_page_names_a_command_that_works_where_it_runs(app, eve, monkeypatch):
    page = eve.get("/panel/sign-in").text
    assert "<code>.venv/bin/flask --app wsgi staff invite</code>" in page and "make run" in page
    served = app.extensions["settings"].model_copy(update={"vitrina_env": "production"})
    monkeypatch.setitem(app.extensions, "settings", served)
    page = eve.get("/panel/sign-in").text
    assert "<code>docker compose run --rm web python -m flask staff invite</code>" in page
    assert "make run" not in page and ".venv" not in page and "docs/guide/deploy.md" in page


def test_the_commands_it_names_stand_in_the_guides_too():
    guides = "".join(path.read_text() for path in Path("docs/guide").glob("*.md"))
    for command in (
        ".venv/bin/flask --app wsgi staff invite",
        "docker compose run --rm web python -m flask staff invite",
    ):
        assert command in guides


def test_once_there_is_an_account_no_stranger_reads_of_commands(eve, rita):
    assert "flask" not in eve.get("/panel/sign-in").text


def test_what_is_missing_is_said_by_us_and_not_by_a_bubble_of_the_browser(eve):
    path = f"/panel/invitation/{invite()}"
    assert re.search(r'<form id="join"[^>]* novalidate>', eve.get(path).text)
    answer = eve.post(path, {"email": "", "full_name": "", "password": ""})
    assert answer.status_code == 422
    assert all(f'id="f-{name}-error"' in answer.text for name in ("email", "full_name", "password"))


def test_a_taken_address_is_refused_and_the_invitation_stays(eve, rita):
    path = f"/panel/invitation/{invite()}"
    assert eve.post(path, {**NEW, "email": rita.email}).status_code == 422
    assert eve.post(path, NEW).status_code == 303


def test_the_operator_prints_a_link_and_only_its_hash_is_kept(app):
    printed = app.test_cli_runner().invoke(args=["staff", "invite"]).output.strip()
    assert printed.startswith("http://localhost:8000/panel/invitation/")
    token = printed.rpartition("/")[2]
    assert accounts.get_invitation(token).token_hash == hash_token(token)


def test_make_run_prints_a_link_only_while_nobody_has_an_account(app):
    runner = app.test_cli_runner()
    assert "/panel/invitation/" in runner.invoke(args=["staff", "invite", "--if-none"]).output
    StaffFactory()
    assert runner.invoke(args=["staff", "invite", "--if-none"]).output == ""
