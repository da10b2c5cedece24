"""Who gets in, and to what: every route × every kind of person, read from the URL map."""

import uuid
from datetime import timedelta

import pytest
from flask import Flask

from tests.panel.conftest import HTMX, ORIGIN, Browser
from tests.panel.test_signin import PHRASE, give_password
from webapp.base.clock import now
from webapp.base.db import db, transaction
from webapp.domain.staff import accounts, permissions
from webapp.domain.staff.models import StaffUser, UserAgentPermission
from webapp.domain.staff.rights import Grant, may
from webapp.panel import cookies, guard

FILL = {"int": 1, "uuid": uuid.UUID(int=0), "default": "start_free"}


@pytest.fixture
def agent(helper: StaffUser, root: StaffUser) -> StaffUser:
    """Somebody of the team who was given some rights, one of them over already."""
    wanted = {"vip": {"read", "update"}, "tokens": {"create"}, "staff": {"read"}, "payments": {"delete"}}
    with transaction():
        grants = {section: Grant(frozenset(acts)) for section, acts in wanted.items()}
        permissions.grant(helper.id, grants, giver=root, by=accounts.as_actor(root))
        gone = UserAgentPermission(user_id=helper.id, agent_name="settings", can_read=True, granted_by=root.id)
        gone.granted_at, gone.expires_at = now() - timedelta(days=2), now() - timedelta(days=1)
        db.session.add(gone)
    return helper


def panel_routes(app: Flask):
    """(path, verb, view) of every route of the panel, its variables filled with things that do not exist."""
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("panel."):
            kinds = {name: type(part).__name__ for name, part in rule._converters.items()}
            values = {
                name: FILL["int"] if "Integer" in kind else FILL["uuid"] if "UUID" in kind else FILL["default"]
                for name, kind in kinds.items()
            }
            for verb in sorted(rule.methods - {"HEAD", "OPTIONS"}):
                yield adapter.build(rule.endpoint, values), verb, app.view_functions[rule.endpoint]


def ask(browser: Browser, path: str, verb: str):
    return browser.get(path) if verb == "GET" else browser.post(path)


def test_nobody_is_sent_to_sign_in_from_everywhere_but_the_door(app, eve):
    for path, verb, view in panel_routes(app):
        if not getattr(view, "public", False):
            answer = ask(eve, path, verb)
            assert (answer.status_code, answer.location.split("?")[0]) == (303, "/panel/sign-in"), path


@pytest.mark.parametrize("who", ["helper", "agent", "caio", "root"])
def test_each_person_gets_what_their_rights_say_and_no_more(app, as_staff, who, request):
    staff: StaffUser = request.getfixturevalue(who)
    for path, verb, view in panel_routes(app):
        if getattr(view, "public", False) or getattr(view, "halfway", False):
            continue
        answer = ask(as_staff(staff), path, verb)
        refused = answer.status_code in (401, 403)
        if who == "caio" and path == "/panel/settings/entry":  # a right that only who is responsible can use
            assert refused
            continue
        assert refused is not may(staff, view.allowed.section, view.allowed.act), (path, verb, answer.status_code)


def test_admitting_takes_two_queries_who_it_is_and_what_they_may(app, as_staff, agent, counted, engine_kind):
    kept = as_staff(agent).client.get_cookie(cookies.name())
    begin = 1 if engine_kind == "sqlite" else 0
    with app.test_request_context("/panel/vip/", headers={"Cookie": f"{kept.key}={kept.value}"}):
        assert counted(guard.admit) == begin + 2


def test_whoever_has_shown_their_password_alone_gets_to_the_second_factor_and_nowhere_else(app, as_staff, root):
    for path, verb, view in panel_routes(app):
        if getattr(view, "public", False) or getattr(view, "halfway", False):
            continue
        answer = ask(as_staff(root, level="pwd"), path, verb)
        assert (answer.status_code, answer.location.split("?")[0]) == (303, "/panel/second-factor/"), path


def test_whoever_is_in_is_not_asked_for_the_second_factor_again(app, panel):
    for path, verb, view in panel_routes(app):
        if getattr(view, "halfway", False):
            assert ask(panel, path, verb).location == "/panel/", path


# Posts of the settings that change nothing: they ask Telegram, or show how a text would look.
CALM = {"setup.ask", "setup.ask_channels", "setup.look", "settings.preview"}
# What else asks to show again who one is.
ASKED = {
    "rights.save", "rights.give_many",
    "account.change_password", "account.revoke_others", "account.ask_email", "account.link", "account.unlink",
    "audit.undo",
    "second_factor.renew", "second_factor.change", "second_factor.codes",
    "exports.download", "interests.export", "vip.export", "free.export", "plans.export", "tokens.export",
    "users.export", "stats.take_people", "audit.export", "imports.problems", "imports.results", "imports.links",
    "users.change_role", "vip.release", "vip_many.run", "differences.mend",
    "clients.reveal", "clients.export", "clients.export_clear",
}  # fmt: skip


def test_what_must_not_happen_in_an_unattended_browser_asks_who_one_is(app):
    asked, wanted = set(), set(ASKED)
    for rule in app.url_map.iter_rules():
        view, name = app.view_functions[rule.endpoint], rule.endpoint.removeprefix("panel.")
        asked |= {name} if hasattr(view, "sudo") else set()
        right = getattr(view, "allowed", None)
        changes = right is not None and right.section in ("settings", "staff") and "POST" in rule.methods
        wanted |= {name} if changes and name not in CALM else set()
    assert asked == wanted


def test_somebody_of_the_team_sees_the_first_page_and_their_account_only(app, helper):
    asked = {view.allowed for _path, _verb, view in panel_routes(app) if hasattr(view, "allowed")}
    mine = {right.section for right in asked if may(helper, right.section, right.act)}
    assert mine == {"home", "account"}


def test_a_route_without_a_declared_right_lets_nobody_in(app, panel, monkeypatch):
    monkeypatch.setitem(app.view_functions, "panel.home.page", lambda: "open to all")
    answer = panel.get("/panel/")
    assert answer.status_code == 403
    assert "open to all" not in answer.text


def test_an_account_that_is_closed_is_out_at_once(app, panel, caio):
    assert panel.get("/panel/").status_code == 200
    caio.is_active = False
    _save(caio)
    assert panel.get("/panel/").status_code == 303


def test_htmx_is_told_where_to_sign_in_and_comes_back_to_the_page(eve):
    answer = eve.client.get("/panel/users/", headers={**HTMX, "HX-Current-URL": "http://localhost/panel/users/7"})
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/panel/sign-in?next=/panel/users/7"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {},
    ],
)
def test_posts_from_elsewhere_are_refused(panel, headers):
    answer = panel.client.post("/panel/account/pulse", data={"csrf_token": panel.csrf}, headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize("token", ["", "wrong", "ñ", "0" * 64])
def test_posts_without_the_sessions_token_are_refused(panel, token):
    assert panel.post("/panel/account/pulse", {"csrf_token": token}).status_code == 403


def test_the_token_of_another_session_does_not_serve(as_staff, caio, root):
    mine, theirs = as_staff(caio), as_staff(root)
    assert mine.post("/panel/account/pulse", {"csrf_token": theirs.csrf}).status_code == 403
    assert mine.post("/panel/account/pulse").status_code == 204


def test_the_token_serves_as_header_and_as_field(panel):
    assert panel.post("/panel/account/pulse", htmx=True).status_code == 204
    assert panel.post("/panel/account/pulse").status_code == 204


def test_a_page_open_for_eight_hours_still_posts(panel, traveller):
    traveller.shift(8 * 3600)
    assert panel.post("/panel/account/pulse").status_code == 204


def test_the_pulse_keeps_a_session_and_its_absence_ends_it(panel, traveller):
    for _ in range(3):
        traveller.shift(10 * 3600)
        assert panel.post("/panel/account/pulse").status_code == 204
    traveller.shift(13 * 3600)
    assert panel.get("/panel/").status_code == 303


def test_no_pulse_keeps_a_session_beyond_seven_days(panel, traveller):
    start = now()
    while (now() - start).days < 7:
        assert panel.post("/panel/account/pulse").status_code == 204
        traveller.shift(11 * 3600)
    assert panel.get("/panel/").status_code == 303


def test_every_answer_carries_the_strict_headers(panel, eve):
    for answer in (panel.get("/panel/"), eve.get("/panel/sign-in"), panel.get("/panel/nothing-here")):
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"


def test_the_cookie_is_bound_to_the_host_behind_https(app, eve, caio, monkeypatch):
    give_password(caio)
    monkeypatch.setattr("webapp.panel.cookies._secure", lambda: True)
    answer = eve.post("/panel/sign-in", {"email": caio.email, "password": PHRASE}, headers=ORIGIN)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-vitrina=")
    assert all(word in cookie for word in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax")) and "Domain" not in cookie


def _save(staff: StaffUser) -> None:
    db.session.add(staff)
    db.session.commit()


def test_a_number_that_no_column_holds_names_nothing(app, panel):
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("panel.") and "int:" in rule.rule:
            path = adapter.build(rule.endpoint, dict.fromkeys(rule.arguments, 2**63))
            for verb in sorted(rule.methods - {"HEAD", "OPTIONS"}):
                assert ask(panel, path, verb).status_code in (404, 405), path
    assert panel.get(f"/panel/packages/preview?id={10**40}").status_code == 200


@pytest.mark.parametrize("address", ["http://[", "//[::1", "::", "\\\\x"])
def test_nobody_who_comes_from_nowhere_is_sent_to_sign_in(eve, address):
    plain = eve.client.post("/panel/packages/arrange", headers={**ORIGIN, "Referer": address})
    assert plain.status_code == 303
    told = eve.client.get("/panel/packages/", headers={**HTMX, "HX-Current-URL": address})
    assert told.status_code == 401
