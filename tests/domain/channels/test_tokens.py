"""Codes: made, redeemed once whoever races, refused with the reason, revoked."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from tests.conftest import count
from tests.domain.channels.conftest import CAIO, now_of
from tests.factories import UserFactory
from webapp.base.db import db, get, transaction
from webapp.base.errors import Conflict, Denied, Invalid, NotFound, TooMany
from webapp.domain.audit.models import AuditLog
from webapp.domain.channels import plans, subscriptions, tokens
from webapp.domain.channels.models import InvitationToken, SubscriptionPeriod, TokenRedemption, VIPSubscriber
from webapp.domain.users import people
from webapp.domain.users.models import RoleChangeReason, User, UserRole, UserRoleChangeLog
from webapp.domain.users.people import as_actor


def redeem(code, user):
    with transaction():
        return tokens.redeem(code, user, by=as_actor(user))


def test_a_code_gives_ana_the_days_of_the_plan_and_the_role(ana, code, clock):
    subscriber = redeem(code, ana)
    assert (subscriber.expiry_date - subscriber.join_date).days == 30
    assert get(User, ana.user_id).role is UserRole.VIP
    assert count(UserRoleChangeLog, UserRoleChangeLog.reason == RoleChangeReason.VIP_REDEEMED) == 1
    assert count(SubscriptionPeriod, SubscriptionPeriod.what == "start", SubscriptionPeriod.price == 350) == 1


def test_whoever_guesses_codes_has_to_wait_and_nobody_else(ana, bea, code):
    for _try in range(20):
        with pytest.raises(NotFound):
            redeem("nada", ana)
    with pytest.raises(TooMany):
        redeem(code, ana)
    assert redeem(code, bea).has_access


def test_the_code_itself_is_kept_nowhere(ana, code):
    redeem(code, ana)
    rows = [str(row.__dict__) for row in db.session.scalars(select(InvitationToken))]
    rows += [str(row.__dict__) for row in db.session.scalars(select(AuditLog))]
    assert not any(code in row for row in rows)


def test_of_fifty_people_who_race_for_one_code_exactly_one_gets_it(app, code):
    people_ = [UserFactory().user_id for _ in range(50)]

    def race(user_id):
        with app.app_context():
            try:
                redeem(code, get(User, user_id))
            except Conflict as error:
                db.session.rollback()
                return str(error)
            return "in"

    with ThreadPoolExecutor(10) as pool:
        told = list(pool.map(race, people_))
    assert told.count("in") == 1
    assert told.count("Este código ya fue usado.") == 49
    assert (count(VIPSubscriber), count(TokenRedemption)) == (1, 1)


def test_each_refusal_says_its_reason(ana, bea, plan, clock):
    with transaction():
        used, spent, off, old = (one.code for one in tokens.issue(plan, count=4, max_uses=1, by=CAIO))
        many = tokens.issue(plan, max_uses=9, by=CAIO)[0].code
    redeem(used, bea)
    redeem(many, ana)
    with transaction():
        tokens.revoke(db.session.scalar(select(InvitationToken).where(InvitationToken.hint == off[-4:])), by=CAIO)
    clock.forward(hours=1)
    for code, error, words in [
        ("nada", NotFound, "No conocemos"),
        (used, Conflict, "ya fue usado"),
        (many, Conflict, "Ya canjeaste"),
        (off, Conflict, "anulado"),
    ]:
        with pytest.raises(error, match=words):
            redeem(code, ana)
    clock.forward(hours=24)
    with pytest.raises(Conflict, match="caducó"):
        redeem(old, ana)
    assert spent


def test_a_code_whose_plan_is_off_is_refused_and_stays_unused(ana, code, plan):
    with transaction():
        plans.switch(plan, False, by=CAIO)
    with pytest.raises(Conflict, match="ya no se ofrece"):
        redeem(code, ana)
    assert count(InvitationToken, InvitationToken.uses == 0) == 1


def test_somebody_kept_out_cannot_redeem(ana, code):
    with transaction():
        people.block(ana, by=CAIO, reason="spam")
    with pytest.raises(Denied):
        redeem(code, ana)


def test_shelf_life_and_days_are_two_things(ana, plan, clock):
    with transaction():
        code = tokens.issue(plan, shelf_hours=48, by=CAIO)[0].code
    clock.forward(hours=47)
    subscriber = redeem(code, ana)
    assert (subscriber.expiry_date - subscriber.join_date).days == 30


def test_a_batch_is_made_and_revoked_as_one(plan, ana):
    with transaction():
        made = tokens.issue(plan, count=20, by=CAIO)
    redeem(made[0].code, ana)
    with transaction():
        assert tokens.revoke_batch(made[0].token.batch_id, by=CAIO) == 19
    assert count(InvitationToken, InvitationToken.revoked_at.is_(None)) == 1


@pytest.mark.parametrize("wrong", [{"count": 0}, {"count": 1001}, {"shelf_hours": 0}, {"max_uses": 0}])
def test_numbers_out_of_range_are_refused_by_name(plan, wrong):
    with pytest.raises(Invalid) as refused, transaction():
        tokens.issue(plan, by=CAIO, **wrong)
    assert list(refused.value.fields) == list(wrong)


def test_a_second_code_adds_its_days_to_what_is_left(ana, given, clock):
    given(ana)
    clock.forward(days=10)
    given(ana)
    subscriber = now_of(ana)
    assert (subscriber.expiry_date - subscriber.join_date).days == 60
    assert [one.what for one in subscriptions.history(subscriber)] == ["extend", "start"]
    assert count(UserRoleChangeLog, UserRoleChangeLog.reason == RoleChangeReason.VIP_EXTENDED) == 1


def test_a_change_of_the_plan_touches_nobody_who_bought(ana, given, plan):
    given(ana)
    with transaction():
        plans.change(plan, {"name": "Anual", "duration_days": 365, "price": "9", "currency": "EUR"}, by=CAIO)
    subscriber = now_of(ana)
    assert (subscriber.plan_name, subscriber.price, subscriber.currency) == ("Mensual", 350, "MXN")
