"""Who gets in: the exchange of initData, and what is done with the session that follows."""

import logging
from datetime import timedelta
from urllib.parse import parse_qsl, quote, urlencode

import pytest
import time_machine

from simulator.initdata import compose, sign
from tests.conftest import BOT_TOKEN, count
from tests.miniapp.conftest import Phone, launch
from webapp.base.clock import now
from webapp.base.db import db, transaction
from webapp.domain.sessions.models import UserSession
from webapp.domain.users import roles
from webapp.domain.users.models import User, UserRole
from webapp.domain.users.people import get_user

OTHER_TOKEN = "8000000002:AAAnotherBotsTokenAnotherBotsToken0"


def exchange(client, init_data, path="/miniapp/", **headers):
    form = {"init_data": init_data, "path": path}
    return client.post("/miniapp/session", data=form, headers={"HX-Request": "true", **headers})


def resigned(init_data, **changes):
    """The same pairs with some changed, signed again as Telegram would."""
    fields = dict(parse_qsl(init_data)) | changes
    fields.pop("hash")
    return sign(BOT_TOKEN, {name: value for name, value in fields.items() if value is not None})


def bad(ana):
    good = launch(ana)
    at = int(now().timestamp())
    user = dict(parse_qsl(good))["user"]
    return {
        "empty": "",
        "one byte changed": good.replace("Ana", "Ena", 1),
        "another bot's": launch(ana, token=OTHER_TOKEN),
        "expired": launch(ana, age=3700),
        "from the future": launch(ana, age=-120),
        "no hash": good.partition("&hash=")[0],
        "wrong hash": good.partition("&hash=")[0] + "&hash=" + "0" * 64,
        "no user": resigned(good, user=None),
        "no auth_date": resigned(good, auth_date=None),
        "duplicate field": good + "&user=" + quote(user),
        "newline-merged": urlencode({"auth_date": f"{at}\nuser={user}", "hash": dict(parse_qsl(good))["hash"]}),
        "control characters": resigned(good, start_param="a\x07b"),
        "oversized": good + "&x=" + "y" * 5000,
        "many pairs": good + "".join(f"&a{n}=1" for n in range(30)),
        "user is no object": resigned(good, user="[1]"),
        "id is text": launch(ana, told={"id": str(ana.user_id), "first_name": "Ana"}),
        "id is true": launch(ana, told={"id": True, "first_name": "Ana"}),
        "id is negative": launch(ana, told={"id": -5, "first_name": "Ana"}),
        "id is huge": launch(ana, told={"id": 2**60, "first_name": "Ana"}),
        "a bot": launch(ana, told={"id": ana.user_id, "first_name": "Ana", "is_bot": True}),
        "no name": launch(ana, told={"id": ana.user_id}),
        "auth_date is text": resigned(good, auth_date="ayer"),
    }


BAD = ["empty", "one byte changed", "another bot's", "expired", "from the future", "no hash", "wrong hash", "no user"]
BAD += ["no auth_date", "duplicate field", "newline-merged", "control characters", "oversized", "many pairs"]
BAD += ["user is no object", "id is text", "id is true", "id is negative", "id is huge", "a bot", "no name"]
BAD += ["auth_date is text"]


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_introduction_is_refused_with_the_same_body_and_leaves_nothing(client, ana, fault, caplog):
    body = exchange(client, "nonsense").text
    with caplog.at_level(logging.DEBUG):
        answer = exchange(client, bad(ana)[fault])
    assert (answer.status_code, answer.text) == (401, body)
    assert "X-Session" not in answer.headers and count(UserSession) == 0
    assert "hash" not in caplog.text and str(ana.user_id) not in caplog.text


def test_a_whole_body_too_large_is_refused_the_same_way(client, ana):
    answer = exchange(client, "a" * 100_000)
    assert (answer.status_code, answer.text) == (401, exchange(client, "nonsense").text)


@pytest.mark.parametrize("changes", [{"is_blocked": True}, {"erased_at": now()}])
def test_who_is_blocked_or_erased_reads_the_same_as_a_stranger(client, ana, changes):
    for name, value in changes.items():
        setattr(ana, name, value)
    db.session.commit()
    answer = exchange(client, launch(ana))
    assert (answer.status_code, answer.text) == (403, exchange(client, "nonsense").text)
    assert count(UserSession) == 0


def test_somebody_blocked_while_inside_is_out_at_the_next_request(anas, ana):
    ana.is_blocked = True
    db.session.commit()
    assert anas.get("/miniapp/interests").status_code == 401


def test_a_block_that_is_over_lets_in(client, ana):
    ana.is_blocked, ana.blocked_until = True, now() - timedelta(hours=1)
    db.session.commit()
    assert exchange(client, launch(ana)).status_code == 200


def test_the_exchange_carries_the_page_that_is_wanted(client, ana, kit):
    answer = exchange(client, launch(ana), f"/miniapp/packages/{kit.public_id}")
    assert kit.name in answer.text and 'class="pkg__title"' in answer.text
    assert answer.headers["X-Session"] and "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("start", "words"),
    [("pkg_{id}", "pkg__title"), ("interests", "Aún no marcas"), ("access", "Con VIP"), ("x", "Hola")],
)
def test_the_start_parameter_names_the_page(client, ana, kit, start, words):
    answer = exchange(client, launch(ana, start_param=start.format(id=kit.public_id)))
    assert answer.status_code == 200 and words in answer.text


@pytest.mark.parametrize("path", ["https://evil.example/", "//evil.example/x", "/panel/", "/miniapp/none", "\\", ""])
def test_a_path_that_is_not_ours_leads_nowhere_else(client, ana, path):
    answer = exchange(client, launch(ana), path)
    assert answer.status_code == 200 and 'id="screen"' in answer.text


def test_eve_whom_nobody_knows_is_met_as_free(client):
    eve = User(user_id=710_000_005, first_name="Eve")
    assert exchange(client, launch(eve)).status_code == 200
    assert db.session.get(User, eve.user_id).role is UserRole.FREE


def test_initdata_of_another_library_signs_in(client, ana):
    data = compose(BOT_TOKEN, {"id": ana.user_id, "first_name": "Ana"}, int(now().timestamp()), {})
    assert exchange(client, data).status_code == 200


def test_the_token_is_kept_as_a_hash(anas):
    row = db.session.query(UserSession).one()
    assert anas.token not in (row.token_hash, row.id) and len(row.token_hash) == 64


def test_the_same_launch_again_ends_its_earlier_session(client, ana):
    data = launch(ana)
    first = exchange(client, data).headers["X-Session"]
    assert exchange(client, data).status_code == 200
    assert client.get("/miniapp/", headers={"Authorization": f"Bearer {first}"}).status_code == 401
    assert count(UserSession, UserSession.is_active) == 1


def test_the_same_launch_spelt_otherwise_ends_its_earlier_session_too(client, ana):
    init_data = launch(ana)
    exchange(client, init_data)
    assert exchange(client, init_data.replace("query_id", "query%5fid")).status_code == 200
    assert count(UserSession, UserSession.is_active) == 1


def test_at_most_five_sessions_live(client, ana):
    for age in range(7):
        exchange(client, launch(ana, age=age))
    assert count(UserSession, UserSession.is_active) == 5


@pytest.mark.parametrize("token", ["", "nada", "x" * 500, "💥"])
def test_a_token_that_is_not_ours_is_refused(client, token):
    headers = {"Authorization": f"Bearer {token}".encode().decode("latin-1"), "HX-Request": "true"}
    assert client.get("/miniapp/", headers=headers).status_code == 401
    assert client.get("/miniapp/", headers={**headers, "Authorization": "Basic abc"}).status_code == 401


def test_a_spent_session_is_renewed_with_its_launch_and_the_old_token_is_dead(client, ana):
    data = launch(ana)
    anas = Phone(client, ana, exchange(client, data).headers["X-Session"])
    with time_machine.travel(now() + timedelta(hours=3), tick=False):
        assert anas.get("/miniapp/").status_code == 401
        answer = anas.post("/miniapp/session/renew", init_data=data)
        old, anas.token = anas.token, answer.headers["X-Session"]
        assert anas.get("/miniapp/").status_code == 200
        assert Phone(client, ana, old).get("/miniapp/").status_code == 401


def test_a_token_without_its_launch_renews_nothing(anas, ana):
    answer = anas.post("/miniapp/session/renew", init_data=launch(ana, age=9))
    assert (answer.status_code, "X-Session" in answer.headers) == (401, False)


def test_after_a_day_nothing_renews(client, ana):
    data = launch(ana)
    anas = Phone(client, ana, exchange(client, data).headers["X-Session"])
    with time_machine.travel(now() + timedelta(hours=25), tick=False):
        assert anas.post("/miniapp/session/renew", init_data=data).status_code == 401


def test_a_revoked_session_is_not_renewed(client, ana):
    data = launch(ana)
    anas = Phone(client, ana, exchange(client, data).headers["X-Session"])
    exchange(client, data)
    assert anas.post("/miniapp/session/renew", init_data=data).status_code == 401


def test_one_address_cannot_exchange_all_the_time(client):
    answers = [exchange(client, "nonsense", **{"X-Forwarded-For": f"10.0.0.{n}"}).status_code for n in range(302)]
    assert answers[-1] == 429


def test_the_shell_is_anonymous_and_the_same_for_everybody(client, ana, kit):
    pages = {client.get(path).text for path in ("/miniapp/", f"/miniapp/packages/{kit.public_id}", "/miniapp/none")}
    assert len(pages) == 1
    assert kit.name not in pages.pop()


def test_a_deed_without_a_session_is_refused(client, kit):
    answer = client.post(f"/miniapp/packages/{kit.public_id}/press", headers={"HX-Request": "true"})
    assert answer.status_code == 401


def test_the_policy_allows_telegram_to_frame_it_and_nothing_inline(client):
    policy = client.get("/miniapp/").headers["Content-Security-Policy"]
    assert "frame-ancestors 'self' https://web.telegram.org https://*.telegram.org" in policy
    assert "unsafe" not in policy and "object-src 'none'" in policy and "base-uri 'none'" in policy
    assert "X-Frame-Options" not in client.get("/miniapp/").headers


def test_nothing_inline_stands_in_the_shell(client):
    page = client.get("/miniapp/").text
    assert "style=" not in page and "hx-on" not in page and "onclick" not in page
    assert page.index("telegram-web-app.js") < page.index("stylesheet")


def test_a_change_of_role_makes_the_session_new_and_loses_nothing(client, ana, by_dora):
    data = launch(ana)
    anas = Phone(client, ana, exchange(client, data).headers["X-Session"])
    with transaction():
        roles.set_role(get_user(ana.user_id), UserRole.VIP, by=by_dora, reason="ganó el sorteo")
    assert anas.get("/miniapp/").status_code == 401
    old, anas.token = anas.token, anas.post("/miniapp/session/renew", init_data=data).headers["X-Session"]
    assert "Usuario VIP" in anas.get("/miniapp/access").text
    assert Phone(client, ana, old).get("/miniapp/").status_code == 401
    assert count(UserSession, UserSession.is_active) == 1


def test_a_change_of_role_leaves_other_peoples_sessions_alone(anas, beas, ana, by_dora):
    with transaction():
        roles.set_role(get_user(ana.user_id), UserRole.VIP, by=by_dora, reason="ganó el sorteo")
    assert [anas.get("/miniapp/").status_code, beas.get("/miniapp/").status_code] == [401, 200]


@pytest.mark.parametrize(
    ("spoken", "words"),
    [("en", "We couldn’t let you in"), ("pt-br", "Não conseguimos deixar"), ("es-mx", "No pudimos dejarte")],
)
def test_the_refusal_speaks_the_language_it_is_asked_in_and_tells_no_more_to_who_is_known(client, ana, spoken, words):
    ana.is_blocked, ana.chosen_locale = True, "pt_BR"
    db.session.commit()
    known, unknown = (exchange(client, data, **{"Accept-Language": spoken}) for data in (launch(ana), "nonsense"))
    assert known.text == unknown.text and words in known.text


@pytest.mark.parametrize(
    ("locale", "words"), [("en", "No connection"), ("pt_BR", "Sem conexão"), ("es", "Sin conexión")]
)
def test_what_stands_around_the_screen_speaks_the_members_language_once_we_know_it(client, ana, locale, words):
    ana.chosen_locale = locale
    db.session.commit()
    answer = exchange(client, launch(ana), **{"Accept-Language": "es"})
    around = answer.text[answer.text.index('hx-target="#around"') :]
    assert f'lang="{locale.replace("_", "-")}"' in around and words in around


@pytest.mark.parametrize(
    "path", ["//[", "http://[", "/miniapp/a\nb", "/miniapp/a\r\nX-Evil: 1", "/miniapp/☃", "/panel/"]
)
def test_an_address_that_is_none_of_ours_begins_at_the_showcase(client, ana, kit, path):
    answer = exchange(client, launch(ana), path=path)
    assert (answer.status_code, answer.headers["X-Path"]) == (200, "/miniapp/")
    assert kit.name in answer.text


def test_an_address_longer_than_any_is_cut(client, ana):
    answer = client.post("/miniapp/session", data={"init_data": launch(ana)}, environ_base={"REMOTE_ADDR": "x" * 5000})
    assert answer.status_code == 200
