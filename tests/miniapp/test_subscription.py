"""*Mi acceso*: redeeming a code, the link into the channel, the plans, the place in the Free queue."""

import pytest

from webapp.base.db import db, transaction
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.channels import invites, members, plans, requests, subscriptions, tokens
from webapp.domain.settings import config

FREE, VIP = -1001000000001, -1001000000002


@pytest.fixture(autouse=True)
def channels(app):
    with transaction():
        settings = config.current()
        settings.vip_channel_id, settings.free_channel_id = VIP, FREE


@pytest.fixture
def plan(app):
    with transaction():
        return plans.create({"name": "Mensual <b>", "duration_days": 30, "price": "350", "currency": "MXN"}, by=SYSTEM)


@pytest.fixture
def code(plan):
    with transaction():
        return tokens.issue(plan, by=SYSTEM)[0].code


def person(user):
    return {"id": user.user_id, "is_bot": False, "first_name": user.first_name}


def redeemed(phone, code):
    """Redeems, and comes back with the new token that a change of role asks for."""
    phone.post("/miniapp/access/redeem", code=code)
    phone.open()


@pytest.mark.parametrize("typed", ["{code}", "  {code}  ", "https://t.me/vitrina_bot?start=vip_{code}"])
def test_ana_redeems_a_code_as_it_was_sent_to_her(anas, ana, code, typed):
    answer = anas.post("/miniapp/access/redeem", code=typed.format(code=code))
    assert answer.headers["HX-Trigger"] == "redeemed"
    assert "Te quedan 30 días" in answer.text and "Pedir mi enlace" in answer.text
    assert subscriptions.of(ana.user_id).plan_name == "Mensual <b>"


def test_a_wrong_code_says_why_and_stays_in_the_field(anas, ana):
    answer = anas.post("/miniapp/access/redeem", code='"><script>')
    assert (answer.status_code, "No conocemos ese código" in answer.text) == (404, True)
    assert "&#34;&gt;&lt;script&gt;" in answer.text and "<script>" not in answer.text
    assert subscriptions.of(ana.user_id) is None


def test_guessing_codes_comes_to_an_end(anas, code):
    for _try in range(20):
        assert anas.post("/miniapp/access/redeem", code="nada").status_code == 404
    assert anas.post("/miniapp/access/redeem", code=code).status_code == 429


def test_the_link_is_asked_for_waited_for_and_shown(anas, ana, code):
    redeemed(anas, code)
    assert "Haciendo tu enlace" in anas.post("/miniapp/access/enter").text
    assert 'hx-trigger="load' in anas.get("/miniapp/access/subscription").text
    with transaction():
        invites.current(ana.user_id).link = "https://t.me/+abc"
    page = anas.get("/miniapp/access").text
    assert 'href="https://t.me/+abc"' in page and 'hx-trigger="load' not in page


def test_nobody_without_a_subscription_gets_a_link(anas, beas):
    for phone in (anas, beas):
        assert phone.post("/miniapp/access/enter").status_code == 403


def test_plans_are_shown_to_who_may_buy_them(anas, plan):
    page = anas.get("/miniapp/access").text
    assert "Mensual &lt;b&gt;" in page and "$350" in page
    with transaction():
        plans.switch(plan, False, by=SYSTEM)
    assert "Mensual" not in anas.get("/miniapp/access").text


def test_who_is_inside_reads_so_and_until_when(anas, ana, code):
    redeemed(anas, code)
    with transaction():
        members.note(VIP, person(ana), "member")
    page = anas.get("/miniapp/access").text
    assert "Estás dentro del canal VIP" in page and "Pedir mi enlace" not in page


def test_the_place_in_the_free_queue_is_told(anas, ana):
    with transaction():
        requests.receive(FREE, person(ana), ana.user_id)
    assert "Tu lugar en la fila: 1" in anas.get("/miniapp/access").text
    db.session.rollback()


def test_days_of_no_plan_read_as_a_gift_in_her_language(anas, ana):
    with transaction():
        subscriptions.gift(ana, 5, by=SYSTEM, reason="prueba")
    anas.open()
    for locale, word in (("es", "Regalo"), ("en", "Gift"), ("pt_BR", "Presente")):
        anas.post("/miniapp/profile/locale", locale=locale)
        page = anas.get("/miniapp/access").text
        assert word in page and 'row__sub">—' not in page
