"""What staff do by hand to somebody's subscription is told to that person, in their language, once."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DatabaseError

from tests.domain.channels.conftest import CAIO, VIP, now_of, person
from tests.domain.channels.test_payments import CASH
from webapp.base.clock import now
from webapp.base.db import db, get, transaction
from webapp.base.errors import Denied
from webapp.base.outbox import OutboxMessage
from webapp.domain.channels import invites, members, returns, sales, subscriptions
from webapp.domain.channels.models import ChannelState
from webapp.domain.users import people
from webapp.domain.users.models import Reach, User
from webapp.domain.users.people import as_actor


def told(user) -> list[str]:
    db.session.rollback()
    row = OutboxMessage
    query = select(row.payload).where(row.chat_id == user.user_id, row.method == "sendMessage").order_by(row.id)
    return [payload["text"] for payload in db.session.scalars(query)]


def banned() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(OutboxMessage.status).where(OutboxMessage.method == "banChatMember")))


def do(deed, *arguments, **more):
    with transaction():
        deed(*arguments, by=CAIO, **more)


def test_ana_reads_of_the_days_that_she_was_given_or_sold(ana, plan):
    do(subscriptions.gift, ana, 7, reason="Ganó el sorteo")
    do(sales.sell, ana, plan, paid=CASH)
    do(sales.give, ana, 3, reason="Se los pagó Bea", paid=CASH)
    assert [line.partition("\n")[0] for line in told(ana)] == [
        "🎁 <b>Tienes 7 días más de VIP</b>",
        "🎁 <b>Tienes 30 días más de VIP</b>",
        "🎁 <b>Tienes 3 días más de VIP</b>",
    ]
    assert "sorteo" not in str(told(ana))  # what staff note is theirs


def test_a_pause_its_end_and_a_revocation_are_told(ana, given):
    given(ana, inside=True)
    before = len(told(ana))
    subscriber = subscriptions.of(ana.user_id)
    do(subscriptions.pause, subscriber, reason="viaje")
    do(subscriptions.resume, subscriber)
    do(subscriptions.revoke, subscriber, reason="compartió el enlace")
    words = ["Tu VIP está en pausa", "Tu VIP corre otra vez", "Tu acceso VIP terminó"]
    assert all(word in line for word, line in zip(words, told(ana)[before:], strict=True))


def test_who_blocked_the_bot_is_not_written_to(ana):
    with transaction():
        ana.reach = Reach.BLOCKED
    do(subscriptions.gift, ana, 7, reason="sorteo")
    assert told(ana) == []


@pytest.mark.parametrize("deed", ["gift", "give", "readmit"])
def test_nothing_is_given_to_somebody_who_is_blocked(ana, given, deed):
    given(ana, inside=True)
    with transaction():
        members.note(VIP, person(ana), "kicked")
        people.block(get(User, ana.user_id), by=CAIO, reason="spam")
    until = now_of(ana).expiry_date
    deeds = {
        "gift": lambda: do(subscriptions.gift, ana, 7, reason="sorteo"),
        "give": lambda: do(sales.give, ana, 7, reason="regalo", paid=CASH),
        "readmit": lambda: do(returns.readmit, subscriptions.of(ana.user_id), reason="error"),
    }
    with pytest.raises(Denied, match="Desbloquéala"):
        deeds[deed]()
    assert now_of(ana).expiry_date == until


def test_a_stranger_who_buys_before_the_ban_left_is_not_banned(ana, bea, given, worker, telegram):
    telegram.do("start", person="bea")
    given(bea)
    with transaction():
        invites.enter(bea, by=as_actor(bea))
    worker.turn()
    with transaction():
        members.note(VIP, person(ana), "member", link=invites.current(bea.user_id).link)
    assert banned() == ["ready"]
    do(subscriptions.gift, ana, 7, reason="Pagó en la puerta")
    assert banned() == ["failed"] and now_of(ana).expiry_date > now()
    assert now_of(ana).channel_state is not ChannelState.EXPELLED


def test_a_payment_is_the_databases_own_to_keep(ana, plan):
    do(sales.sell, ana, plan, paid=CASH)
    for statement in ("UPDATE manual_payments SET amount = 1", "UPDATE manual_payments SET period_id = NULL",
                      "DELETE FROM manual_payments"):  # fmt: skip
        with pytest.raises(DatabaseError, match="append-only"), transaction():
            db.session.execute(db.text(statement))
