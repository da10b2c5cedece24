"""Signing in from the bot: initData of a linked account in place of the password, never of the second step."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qsl, urlencode

import pytest

from tests.conftest import count
from tests.miniapp.conftest import launch
from tests.panel.conftest import ORIGIN, Browser
from webapp.base.clock import now
from webapp.base.crypto import encrypt
from webapp.base.db import db, get, transaction
from webapp.domain.audit.models import AuditLog
from webapp.domain.sessions.models import UserSession
from webapp.domain.staff import second_factor
from webapp.domain.staff.models import StaffUser
from webapp.domain.users.models import User

OTHER_TOKEN = "8000000002:AAAnotherBotsTokenAnotherBotsToken0"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def linked(caio, dora) -> StaffUser:
    """Caio's account, tied to dora's Telegram, with a phone for the second step."""
    with transaction():
        staff = get(StaffUser, caio.id)
        staff.telegram_user_id, staff.totp_secret, staff.totp_confirmed_at = dora.user_id, encrypt(SECRET), now()
    return staff


def enter(browser: Browser, told: str):
    return browser.client.post("/panel/sign-in/telegram/", data={"init_data": told}, headers=ORIGIN)


def live() -> int:
    db.session.rollback()
    return count(UserSession, UserSession.kind == "panel", UserSession.is_active)


def test_dora_opens_the_panel_from_the_bot_and_still_shows_the_code_of_her_phone(linked, dora, eve):
    answer = enter(eve, launch(dora))
    assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/panel/second-factor/")
    assert eve.get("/panel/").location.startswith("/panel/second-factor/")
    form = eve.get("/panel/second-factor/").text
    token = form.partition('name="csrf_token" value="')[2].partition('"')[0]
    typed = {"csrf_token": token, "code": second_factor.now_shown(SECRET)}
    assert eve.client.post("/panel/second-factor/", data=typed, headers=ORIGIN).status_code == 303
    assert eve.get("/panel/").status_code == 200


def wrong(dora: User, ana: User) -> dict[str, str]:
    good = launch(dora)
    fields = dict(parse_qsl(good))
    return {
        "empty": "",
        "another bot's": launch(dora, token=OTHER_TOKEN),
        "expired": launch(dora, age=3601),
        "of the future": launch(dora, age=-120),
        "changed": urlencode(fields | {"user": fields["user"].replace("Dora", "Dara")}),
        "twice the user": good + "&" + urlencode({"user": fields["user"]}),
        "no hash": urlencode({name: value for name, value in fields.items() if name != "hash"}),
        "not linked": launch(ana),
        "never met": launch(User(user_id=799_999_999, first_name="Nadie")),
        "oversized": "x" * 20_000,
        "nul": good + "\0",
    }


def test_whatever_is_wrong_the_answer_is_the_same_and_nothing_of_it_is_kept(app, linked, dora, ana, eve):
    answers = {}
    for name, told in wrong(dora, ana).items():
        app.extensions["tries"].forget()
        answer = enter(eve, told)
        answers[name] = (answer.status_code, answer.text)
    assert {status for status, _text in answers.values()} == {401}, {name: one[0] for name, one in answers.items()}
    assert len({text for _status, text in answers.values()}) == 1 and live() == 0
    kept = str([(row.new_values, row.additional_data) for row in db.session.scalars(db.select(AuditLog))])
    assert "query_id" not in kept and "hash" not in kept
    assert count(AuditLog, AuditLog.action == "login_failed") == len(answers)


@pytest.mark.parametrize("cause", ["suspended", "blocked"])
def test_who_is_kept_out_does_not_get_in_from_the_bot(linked, dora, eve, cause):
    with transaction():
        if cause == "suspended":
            get(StaffUser, linked.id).is_active = False
        else:
            get(User, dora.user_id).is_blocked = True
    assert enter(eve, launch(dora)).status_code == 401 and live() == 0


def test_one_opening_lets_in_once_whoever_races(app, linked, dora):
    told = launch(dora)

    def turn(_number):
        with app.app_context():
            return enter(Browser(app.test_client()), told).status_code

    with ThreadPoolExecutor(8) as crowd:
        assert sorted(crowd.map(turn, range(8))) == [303] + [401] * 7
    assert live() == 1


def test_another_site_cannot_post_an_opening(linked, dora, eve):
    answer = eve.client.post(
        "/panel/sign-in/telegram/", data={"init_data": launch(dora)}, headers={"Origin": "https://evil.example"}
    )
    assert answer.status_code == 403 and live() == 0


def test_only_the_page_that_the_bot_opens_may_stand_in_telegrams_frame(eve, panel):
    opened = eve.get("/panel/sign-in/telegram/")
    assert "frame-ancestors 'self' https://web.telegram.org" in opened.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in opened.headers
    for answer in (enter(eve, ""), eve.get("/panel/sign-in"), panel.get("/panel/")):
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Frame-Options"] == "DENY"
    assert panel.get("/panel/sign-in/telegram/").location == "/panel/"
