"""Entering with Telegram from any browser: its word in place of the password, never of the second step."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from flask import Flask

from tests.conftest import count
from tests.hostile import TEXTS, harms
from tests.panel.conftest import ORIGIN, Browser
from tests.panel.test_signin import PHRASE, give_password
from tests.vouching import CLIENT, SECRET, Provider, a_key
from webapp.base import openid as base
from webapp.base.clock import now
from webapp.base.crypto import encrypt, sign
from webapp.base.db import db, get, transaction
from webapp.domain.audit.models import AuditLog
from webapp.domain.sessions.models import UserSession
from webapp.domain.staff import second_factor
from webapp.domain.staff.models import StaffUser
from webapp.domain.users.models import User
from webapp.panel import cookies

TOTP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
START, BACK, BOX = "/panel/sign-in/openid/start", "/panel/sign-in/openid/", "vitrina-underway"


@pytest.fixture
def linked(caio: StaffUser, dora: User) -> StaffUser:
    """Caio's account, tied to dora's Telegram, with a phone for the second step."""
    with transaction():
        staff = get(StaffUser, caio.id)
        staff.telegram_user_id, staff.totp_secret, staff.totp_confirmed_at = dora.user_id, encrypt(TOTP), now()
    return staff


def set_out(browser: Browser, target: str = "/panel/") -> str:
    """Presses the button; gives the address at Telegram that the browser is sent to."""
    answer = browser.get(START, query_string={"next": target})
    assert answer.status_code == 303, answer.text
    return answer.location


def come_back(browser: Browser, query: str, **changed: str):
    """What the page that Telegram sends back to does by itself: hands on what it was given."""
    page = browser.get(f"{BACK}?{query}")
    assert page.status_code == 200 and "data-openid" in page.text
    return browser.client.post(BACK, data=dict(parse_qsl(query)) | changed, headers=ORIGIN)


def enter(browser: Browser, provider: Provider, person: object, target: str = "/panel/"):
    return come_back(browser, provider.consent(set_out(browser, target), person))


def live() -> int:
    db.session.rollback()
    return count(UserSession, UserSession.kind == "panel", UserSession.is_active)


def failures() -> int:
    db.session.rollback()
    return count(AuditLog, AuditLog.action == "login_failed")


def rest(app: Flask) -> None:
    """Time goes by: tries and the provider's rest are over."""
    app.extensions["tries"].forget()
    app.extensions.pop("openid", None)


def test_dora_enters_with_telegram_and_still_shows_the_code_of_her_phone(linked, dora, eve, provider):
    answer = enter(eve, provider, dora.user_id, "/panel/packages/?q=sol")
    assert answer.status_code == 303 and urlsplit(answer.location).path == "/panel/second-factor/"
    assert parse_qs(urlsplit(answer.location).query)["next"] == ["/panel/packages/?q=sol"]
    assert eve.get("/panel/").location.startswith("/panel/second-factor/")
    token = eve.get(answer.location).text.partition('name="csrf_token" value="')[2].partition('"')[0]
    typed = {"csrf_token": token, "code": second_factor.now_shown(TOTP), "next": "/panel/packages/?q=sol"}
    answer = eve.client.post("/panel/second-factor/", data=typed, headers=ORIGIN)
    assert answer.location == "/panel/packages/?q=sol" and eve.get("/panel/").status_code == 200
    assert failures() == 0 and eve.client.get_cookie(BOX) is None


def test_who_has_no_phone_yet_sets_one_up_before_anything_else(linked, dora, eve, provider):
    with transaction():
        get(StaffUser, linked.id).totp_confirmed_at = get(StaffUser, linked.id).totp_secret = None
    assert "/panel/second-factor/" in enter(eve, provider, dora.user_id).location
    assert eve.get("/panel/packages/").location.startswith("/panel/second-factor/")


def test_without_its_settings_there_is_no_button_and_no_way(eve):
    assert "openid" not in eve.get("/panel/sign-in").text
    for answer in (eve.get(START), eve.get(BACK), eve.client.post(BACK, data={"code": "x"}, headers=ORIGIN)):
        assert answer.status_code == 404


def test_the_button_stands_on_the_page_and_keeps_where_one_wanted_to_go(eve, provider):
    assert START + "?next=/panel/packages/" in eve.get("/panel/sign-in?next=/panel/packages/").text
    wrong = eve.client.post("/panel/sign-in", data={"email": "a@b.example", "password": "x"}, headers=ORIGIN)
    assert START in wrong.text


def test_what_telegram_is_asked_holds_no_secret_and_ties_the_way_to_this_browser(app, eve, provider):
    first, second = set_out(eve), set_out(Browser(app.test_client()))
    asked, other = dict(parse_qsl(urlsplit(first).query)), dict(parse_qsl(urlsplit(second).query))
    assert asked["redirect_uri"] == "http://localhost:8000" + BACK and asked["code_challenge_method"] == "S256"
    assert (asked["client_id"], asked["response_type"], asked["scope"]) == (CLIENT, "code", "openid")
    assert all(asked[name] != other[name] for name in ("state", "nonce", "code_challenge"))
    assert SECRET not in first
    box = eve.client.get_cookie(BOX)
    assert box.http_only and box.same_site == "Lax" and box.max_age == 600
    assert asked["nonce"] not in box.value and asked["code_challenge"] not in box.value


def test_the_secret_is_shown_in_the_exchange_alone_and_the_verifier_once(linked, dora, eve, provider):
    enter(eve, provider, dora.user_id)
    (form,) = provider.forms
    assert set(form) == {"grant_type", "code", "code_verifier", "redirect_uri"} and len(form["code_verifier"]) >= 43
    assert SECRET not in str(form)


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/panel\\@evil.example", "/miniapp/"])
def test_nobody_is_led_out_of_the_panel(linked, dora, eve, provider, target):
    answer = enter(eve, provider, dora.user_id, target)
    assert parse_qs(urlsplit(answer.location).query)["next"] == ["/panel/"]


def suspended(staff: StaffUser, _dora: User) -> None:
    get(StaffUser, staff.id).is_active = False


def unlinked(staff: StaffUser, _dora: User) -> None:
    get(StaffUser, staff.id).telegram_user_id = None


def blocked(_staff: StaffUser, dora: User) -> None:
    get(User, dora.user_id).is_blocked = True


def _claims(**claims: object) -> Callable[[Provider], None]:
    return lambda provider: provider.claims.update(claims)


def _wrong(kind: str) -> Callable[[Provider], None]:
    return lambda provider: setattr(provider, "wrong", kind)


TOKENS = {
    "another's signature": _wrong("signature"),
    "no signature": _wrong("none"),
    "signed with the secret": _wrong("shared secret"),
    "another's issuer": _claims(iss="https://evil.example"),
    "no issuer": _claims(iss=None),
    "for another": _claims(aud="8000000002"),
    "for another too": _claims(aud=[CLIENT, "8000000002"]),
    "for another too, by us": _claims(aud=[CLIENT, "8000000002"], azp=CLIENT),
    "for nobody": _claims(aud=[]),
    "for another, by another": _claims(azp="8000000002"),
    "another's nonce": _claims(nonce="n-of-another-time"),
    "no nonce": _claims(nonce=None),
    "expired": _claims(exp=1_000_000_000),
    "never expires": _claims(exp=None),
    "of the future": _claims(iat=4_000_000_000, exp=4_000_000_300),
    "no id": _claims(id=None),
    "another's access token": _claims(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    **{f"odd id {odd!r}": _claims(id=odd) for odd in (0, -5, True, 1.5, "7e8", "٧", [], {}, 2**60)},
}


def test_whatever_is_wrong_the_answer_is_the_same_and_nothing_of_it_is_kept(
    app, linked, dora, ana, eve, provider, caplog
):
    caplog.set_level(logging.DEBUG)
    answers = {}
    for name, person in {"not linked": ana.user_id, "never met": 799_999_999}.items():
        answers[name] = enter(eve, provider, person)
    for name, misbehave in TOKENS.items():
        rest(app)
        provider.wrong, provider.claims = "", {}
        misbehave(provider)
        answers[name] = enter(eve, provider, dora.user_id)
    assert {name: one.status_code for name, one in answers.items() if one.status_code != 401} == {}
    assert len({one.text for one in answers.values()}) == 1 and live() == 0
    assert failures() == len(answers)
    kept = str([(row.new_values, row.additional_data) for row in db.session.scalars(db.select(AuditLog))])
    secrets = [*provider.tokens, *(form["code"] for form in provider.forms), SECRET, provider.forms[0]["code_verifier"]]
    assert [one for one in secrets if one in kept or one in caplog.text or one in answers["no id"].text] == []


@pytest.mark.parametrize("cause", [suspended, unlinked, blocked])
def test_who_is_kept_out_does_not_get_in_and_is_told_what_a_stranger_is(linked, dora, ana, eve, provider, cause):
    stranger = enter(eve, provider, ana.user_id)
    with transaction():
        cause(linked, dora)
    answer = enter(eve, provider, dora.user_id)
    assert (answer.status_code, answer.text) == (401, stranger.text) and live() == 0 and failures() == 2


def test_the_name_that_is_no_number_of_telegram_opens_nothing(linked, dora, eve, provider):
    provider.claims = {"sub": str(dora.user_id), "id": None}
    assert enter(eve, provider, dora.user_id).status_code == 401 and live() == 0


def test_a_client_id_and_an_id_written_the_other_way_are_understood(linked, dora, eve, provider):
    provider.claims = {"aud": int(CLIENT), "id": str(dora.user_id)}
    assert enter(eve, provider, dora.user_id).status_code == 303 and live() == 1


AWAY = ["500 at /token", "garbage at /token", "slow at /token", "endless", "elsewhere at /token", "client"]
AWAY += ["500 at /keys", "garbage at /keys", "slow at /keys"]


@pytest.mark.parametrize("wrong", AWAY)
def test_while_telegram_does_not_answer_it_says_so_and_the_password_lets_in(
    app, linked, dora, eve, provider, monkeypatch, wrong
):
    monkeypatch.setattr(base, "WAITS", 0.3)
    give_password(linked)
    query = provider.consent(set_out(eve, "/panel/packages/"), dora.user_id)
    provider.wrong = wrong
    began = time.monotonic()
    answer = come_back(eve, query)
    assert answer.status_code == 503 and "Telegram no contesta ahora" in answer.text and time.monotonic() - began < 5
    assert 'value="/panel/packages/"' in answer.text and live() == 0 and failures() == 0
    assert "/elsewhere" not in provider.asked and eve.client.get_cookie(BOX) is None
    typed = {"email": linked.email, "password": PHRASE}
    assert eve.client.post("/panel/sign-in", data=typed, headers=ORIGIN).status_code == 303


@pytest.mark.parametrize("kind", ["500", "garbage", "slow", "elsewhere"])
def test_nobody_is_sent_away_while_telegram_does_not_say_where_to(eve, provider, monkeypatch, kind):
    monkeypatch.setattr(base, "WAITS", 0.3)
    provider.wrong = f"{kind} at /.well-known/openid-configuration"
    answer = eve.get(START)
    assert answer.status_code == 503 and "Telegram no contesta ahora" in answer.text
    assert eve.client.get_cookie(BOX) is None


def test_who_answers_in_anothers_name_is_not_believed(eve, provider):
    provider.wrong = "discovery of another"
    assert eve.get(START).status_code == 503
    provider.wrong = ""
    assert eve.get(START).status_code == 303


def test_nobody_waits_again_for_who_has_just_been_away(eve, provider):
    provider.wrong = "500 at /.well-known/openid-configuration"
    assert [eve.get(START).status_code for _ in range(3)] == [503] * 3
    assert len(provider.asked) == 1


def test_what_the_provider_tells_of_itself_is_asked_for_once(app, linked, dora, provider):
    for _ in range(3):
        enter(Browser(app.test_client()), provider, dora.user_id)
    assert provider.asked.count("/keys") == provider.asked.count("/.well-known/openid-configuration") == 1


def test_a_new_key_of_the_provider_is_learned(app, linked, dora, eve, provider):
    enter(eve, provider, dora.user_id)
    provider.key, provider.kid = a_key(), "oidc-2"
    assert enter(Browser(app.test_client()), provider, dora.user_id).status_code == 303 and live() == 2


def test_one_way_there_lets_in_once_whoever_races(app, linked, dora, eve, provider):
    query = provider.consent(set_out(eve), dora.user_id)
    box = eve.client.get_cookie(BOX).value

    def turn(_number: int) -> int:
        with app.app_context():
            browser = Browser(app.test_client())
            browser.client.set_cookie(BOX, box)
            return come_back(browser, query).status_code

    with ThreadPoolExecutor(6) as crowd:
        assert sorted(crowd.map(turn, range(6))) == [303] + [401] * 5
    assert live() == 1 and len(provider.forms) == 1


def test_a_state_that_let_in_stays_used_where_tries_are_not_counted_together(app, linked, dora, eve, provider):
    query = provider.consent(set_out(eve), dora.user_id)
    box = eve.client.get_cookie(BOX).value
    assert come_back(eve, query).status_code == 303
    rest(app)
    asked = dict(parse_qsl(urlsplit(set_out(eve)).query))
    provider.codes["again"] = asked | {"nonce": base._nonce(dict(parse_qsl(query))["state"])}
    provider.codes["again"]["code_challenge"] = base.create_s256_code_challenge(
        base._verifier(dict(parse_qsl(query))["state"])
    )
    eve.client.set_cookie(BOX, box)
    assert come_back(eve, query, code="again").status_code == 401 and live() == 1


def test_what_another_browser_began_opens_nothing_here(app, linked, dora, eve, provider):
    query = provider.consent(set_out(Browser(app.test_client())), dora.user_id)
    assert come_back(eve, query).status_code == 401  # it never set out
    set_out(eve)
    assert come_back(eve, query).status_code == 401 and live() == 0  # it set out for something else
    assert provider.forms == []


def test_a_cookie_that_is_not_ours_or_not_for_this_opens_nothing(linked, dora, eve, provider):
    query = provider.consent(set_out(eve), dora.user_id)
    state = dict(parse_qsl(query))["state"]
    for box in (sign([state, "/panel/"], "known"), sign([state], "underway"), sign(state, "underway"), "x", ""):
        eve.client.set_cookie(BOX, box)
        assert come_back(eve, query).status_code == 401
    assert live() == 0 and provider.forms == []


def test_after_ten_minutes_the_way_there_is_over(linked, dora, eve, provider, monkeypatch):
    query = provider.consent(set_out(eve), dora.user_id)
    monkeypatch.setattr(cookies, "MINUTES", -1)
    assert come_back(eve, query).status_code == 401 and live() == 0 and provider.forms == []


def test_another_site_cannot_hand_on_a_code(linked, dora, eve, provider):
    query = provider.consent(set_out(eve), dora.user_id)
    answer = eve.client.post(BACK, data=dict(parse_qsl(query)), headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403 and live() == 0 and provider.forms == []


def test_who_says_no_at_telegram_is_back_at_the_door_and_nothing_is_written(eve, provider):
    set_out(eve, "/panel/packages/")
    answer = eve.get(f"{BACK}?error=access_denied&state=x")
    assert answer.status_code == 401 and 'value="/panel/packages/"' in answer.text and failures() == 0


@pytest.mark.parametrize("kind", list(TEXTS))
def test_what_comes_back_is_only_text(eve, provider, kind):
    answer = eve.get(BACK, query_string={"code": TEXTS[kind].encode(errors="replace")[:2000], "state": "x"})
    assert answer.status_code == 200 and harms(answer.text, echo=True) == []
    assert "form-action 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store" and answer.headers["Referrer-Policy"] == "same-origin"


def test_endless_codes_are_refused_before_anybody_is_asked(linked, eve, provider):
    set_out(eve)
    assert eve.get(BACK, query_string={"code": "x" * 3000, "state": "x"}).status_code == 401
    assert eve.client.post(BACK, data={"code": "x" * 3000, "state": "x"}, headers=ORIGIN).status_code == 401
    assert eve.client.post(BACK, data={"code": "x" * 30_000, "state": "x"}, headers=ORIGIN).status_code == 401
    assert provider.forms == []


def test_whoever_is_signed_in_goes_on(panel, provider):
    assert panel.get(START, query_string={"next": "/panel/packages/"}).location == "/panel/packages/"
    assert panel.get(START, query_string={"next": "https://evil.example/"}).location == "/panel/"
    assert provider.asked == []


def test_who_tries_too_often_waits(eve, provider):
    assert [eve.get(START).status_code for _ in range(31)][-1] == 429
