"""Several subscriptions at once: looked at, done together, and whoever was changed meanwhile left alone."""

from datetime import timedelta

import pytest

from tests.conftest import count
from tests.panel.members import CAIO, a_plan, of, open_channels, subscribe
from webapp.base.db import transaction
from webapp.domain.channels import subscriptions
from webapp.domain.channels.models import Status, SubscriptionPeriod

MANY = "/panel/vip/many/"


@pytest.fixture
def three(ana, bea, dora):
    """Ana, Bea and Dora are VIP for ten more days; what the list says of each."""
    open_channels()
    plan = a_plan()
    return [seen(subscribe(person, plan, days=10)) for person in (ana, bea, dora)]


def seen(subscriber):
    return f"{subscriber.user_id}@{subscriber.expiry_date.isoformat()}"


def test_days_are_given_to_all_who_were_chosen_and_once_however_often_it_is_sent(panel, three, ana, bea, dora):
    before = {person.user_id: of(person).expiry_date for person in (ana, bea, dora)}
    form = {"deed": "gift", "ids": three[:2], "days": "3", "reason": "El canal estuvo caído"}
    for words in ("2 suscripciones cambiadas.", "0 suscripciones cambiadas. 2 quedaron como estaban."):
        assert words in panel.post(MANY, form, follow_redirects=True).text
    for person, days in ((ana, 3), (bea, 3), (dora, 0)):
        assert of(person).expiry_date == before[person.user_id] + timedelta(days=days)
    assert count(SubscriptionPeriod, SubscriptionPeriod.reason == "El canal estuvo caído") == 2


def test_whoever_was_changed_meanwhile_is_named_before_and_left_alone(panel, three, ana, bea):
    with transaction():
        subscriptions.gift(ana, 5, by=CAIO, reason="Sorteo")
    assert panel.get(MANY, query_string={"deed": "revoke", "ids": three[:2]}).text.count("cambió después") == 1
    panel.post(MANY, {"deed": "revoke", "ids": three[:2], "reason": "spam"})
    assert (of(ana).status, of(bea).status) == (Status.PENDING_ENTRY, Status.REVOKED)


def test_a_state_that_does_not_allow_it_stops_nobody_else(panel, three, ana, bea, dora):
    panel.post(MANY, {"deed": "pause", "ids": three[:1], "reason": "viaje"})
    ids = [seen(of(person)) for person in (ana, bea, dora)]
    assert (
        "1 suscripción cambiada. 2 quedaron"
        in panel.post(MANY, {"deed": "resume", "ids": ids}, follow_redirects=True).text
    )
    assert of(ana).status is Status.PENDING_ENTRY


def test_what_does_not_fit_is_said_at_its_field_and_changes_nobody(panel, three, ana):
    before = of(ana).expiry_date
    answer = panel.post(MANY, {"deed": "gift", "ids": three, "days": "0", "reason": "Fiesta"}, htmx=True)
    assert answer.status_code == 422 and "Escribe un número de días" in answer.text and "Fiesta" in answer.text
    assert "Escribe por qué" in panel.post(MANY, {"deed": "revoke", "ids": three, "reason": " "}, htmx=True).text
    assert of(ana).expiry_date == before and of(ana).status is not Status.REVOKED


@pytest.mark.parametrize("query", [{}, {"deed": "gift"}, {"deed": "x", "ids": ["1@2"]}, {"deed": "gift", "ids": ["1"]}])
def test_nobody_chosen_or_nothing_to_do_is_said_in_words(panel, query):
    answer = panel.get(MANY, query_string=query)
    assert answer.status_code == 422 and "Elige qué hacer con quién." in answer.text


def test_many_ask_the_database_no_more_often_than_one(panel, three, counted):
    one, all_three = ({"deed": "gift", "ids": ids} for ids in (three[:1], three))
    few = counted(lambda: panel.get(MANY, query_string=one))
    assert counted(lambda: panel.get(MANY, query_string=all_three)) == few <= 8
