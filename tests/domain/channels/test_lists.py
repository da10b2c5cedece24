"""What staff ask of the channels: who, in which order, found by name, in how many queries."""

from datetime import timedelta

import pytest
from sqlalchemy import inspect, text

from tests.domain.channels.conftest import CAIO, ask_to_join
from tests.factories import UserFactory
from webapp.base.clock import now
from webapp.base.db import db, transaction
from webapp.base.errors import Invalid
from webapp.domain.channels import lists, plans, requests, setup, subscriptions, tokens
from webapp.domain.channels.lists import RequestFilter, SubscriberFilter, TokenFilter
from webapp.domain.channels.models import ChannelState, FreeChannelRequest, RequestStatus, Status, VIPSubscriber
from webapp.domain.settings import config


def names(found):
    return [row.first_name for row in found.rows]


def until(subscriber, **left):
    with transaction():
        db.session.get(VIPSubscriber, subscriber.id).expiry_date = now() + timedelta(**left)


@pytest.fixture
def three(clock, given, ana, bea, dora):
    """Ana's VIP ends tonight, Bea's in five days, Dora's was revoked. It is six in the morning at the creator's."""
    for user, left in ((ana, {"hours": 10}), (bea, {"days": 5}), (dora, {"days": 20})):
        until(given(user), **left)
    with transaction():
        subscriptions.revoke(subscriptions.of(dora.user_id), by=CAIO, reason="spam")
    db.session.expire_all()


@pytest.mark.parametrize(
    ("wanted", "who"),
    [
        ({}, ["Dora", "Ana", "Bea"]),
        ({"sort": "-expiry"}, ["Bea", "Ana", "Dora"]),
        ({"state": "open"}, ["Ana", "Bea"]),
        ({"state": "revoked"}, ["Dora"]),
        ({"ends": "today"}, ["Ana"]),
        ({"ends": "7"}, ["Ana", "Bea"]),
        ({"ends": "over"}, []),
        ({"channel": ChannelState.MEMBER}, []),
        ({"failed": True}, []),
        ({"words": "solis"}, ["Bea"]),
        ({"words": "@anat"}, ["Ana"]),
        ({"words": "710000004"}, ["Dora"]),
        ({"words": "9" * 30}, []),
        ({"words": "solis", "ends": "today"}, []),
    ],
)
def test_subscribers_are_found_by_what_is_asked(three, wanted, who):
    wanted = SubscriberFilter(**wanted)
    assert names(lists.subscribers(wanted)) == who
    assert lists.count_subscribers(wanted) == len(who)


def test_today_ends_when_the_creators_day_does(clock, given, ana):
    until(given(ana), hours=17)  # noon in London is six in Mexico: 18 hours are left of its day
    assert names(lists.subscribers(SubscriberFilter(ends="today"))) == ["Ana"]
    with transaction():
        config.current().time_zone = "Europe/Madrid"
    assert names(lists.subscribers(SubscriberFilter(ends="today"))) == []


def test_whose_expulsion_failed_is_found(three, bea):
    with transaction():
        subscriptions.of(bea.user_id).last_error = "not enough rights"
    assert names(lists.subscribers(SubscriberFilter(failed=True))) == ["Bea"]


@pytest.mark.parametrize("sort", ["expiry", "-expiry", "joined", "-joined"])
def test_pages_of_subscribers_follow_each_other(clock, given, sort):
    for _ in range(5):
        given(UserFactory())
    seen, after = [], None
    for _ in range(3):
        found = lists.subscribers(SubscriberFilter(sort=sort), after=after, size=2)
        seen, after = seen + [row.id for row in found.rows], found.after
    assert len(set(seen)) == 5 and after is None


def test_tokens_are_found_by_state_plan_and_batch(clock, plan):
    with transaction():
        other = plans.create({"name": "Anual", "duration_days": 365, "price": 0, "currency": "MXN"}, by=CAIO)
        batch = tokens.issue(plan, by=CAIO, count=3)
        tokens.issue(other, by=CAIO, shelf_hours=1)
        tokens.revoke(batch[0].token, by=CAIO)
        batch[1].token.uses = 1
    clock.forward(hours=2)
    told = {
        state: lists.count_tokens(TokenFilter(state=state)) for state in ("active", "exhausted", "expired", "revoked")
    }
    assert told == dict.fromkeys(("active", "exhausted", "expired", "revoked"), 1)
    assert lists.count_tokens(TokenFilter(plan_id=other.id)) == 1
    found = lists.tokens(TokenFilter(batch_id=batch[0].token.batch_id), size=2)
    assert len(found.rows) == 2 and lists.batch_left(batch[0].token.batch_id) == 1
    for state in told:
        assert [token.state for token in lists.tokens(TokenFilter(state=state)).rows] == [state]


def test_who_used_a_token_is_told_by_name(given, ana):
    token = db.session.get(tokens.InvitationToken, subscriptions.history(given(ana))[0].token_id)
    assert [row.first_name for row in lists.redemptions(token)] == ["Ana"]


def test_codes_never_begin_with_a_dash(plan, monkeypatch):
    monkeypatch.setattr(tokens, "new_token", lambda: "-" * 3 + "a" * 40)
    with transaction():
        assert tokens.issue(plan, by=CAIO)[0].code == "a" * 32


def test_the_queue_tells_each_ones_place_in_one_query(clock, ana, bea, dora):
    for user in (ana, bea, dora):
        ask_to_join(user)
        clock.forward(minutes=1)
    found = lists.requests(RequestFilter())
    assert names(found) == ["Ana", "Bea", "Dora"]
    by_name = lists.requests(RequestFilter(words="bea"))
    assert names(by_name) == ["Bea"]
    assert lists.places([row.id for row in by_name.rows]) == {found.rows[1].id: 2}


def test_ended_requests_are_listed_by_their_end_the_latest_first(clock, ana, bea):
    for user in (ana, bea):
        ask_to_join(user)
        clock.forward(minutes=1)
    with transaction():
        requests.decline_many(range(1_000_000), by=CAIO)
        requests.decline_many([row.id for row in lists.requests(RequestFilter()).rows], by=CAIO)
    assert names(lists.requests(RequestFilter(state="declined"))) == ["Bea", "Ana"]
    assert names(lists.requests(RequestFilter(state=""))) == ["Bea", "Ana"]
    assert lists.count_requests(RequestFilter()) == 0


def test_a_long_run_takes_a_step_at_a_time_and_nobody_who_came_later(clock, ana, bea, dora):
    for user in (ana, bea):
        ask_to_join(user)
    top = lists.newest_request()
    ask_to_join(dora)
    first = lists.next_step(RequestFilter(), since=0, up_to=top, limit=1)
    with transaction():
        assert requests.approve_many(first, by=CAIO) == 1
    second = lists.next_step(RequestFilter(), since=first[-1], up_to=top, limit=5)
    assert len(second) == 1 and second[0] > first[0]
    assert lists.next_step(RequestFilter(), since=second[-1], up_to=top, limit=5) == []


def test_what_ended_in_an_error_can_be_approved_by_the_many(clock, ana):
    ask_to_join(ana)
    (row,) = lists.requests(RequestFilter()).rows
    with transaction():
        db.session.get(FreeChannelRequest, row.id).status = RequestStatus.ERROR
    failed = RequestFilter(state="error")
    ids = lists.next_step(failed, since=0, up_to=row.id, limit=9)
    with transaction():
        assert requests.approve_many(ids, by=CAIO) == 1


def test_how_many_have_access_by_a_plan(given, plan, ana, bea):
    given(ana), given(bea)
    with transaction():
        subscriptions.revoke(subscriptions.of(bea.user_id), by=CAIO, reason="spam")
    assert lists.sold([plan.id]) == {plan.id: 1}
    assert subscriptions.of(bea.user_id).status is Status.REVOKED


PLANS = (
    (lambda: lists.subscribers(SubscriberFilter(state="open")), "ix_vip_subscribers_open"),
    (lambda: lists.subscribers(SubscriberFilter(failed=True)), "ix_vip_subscribers_failed"),
    (lambda: lists.subscribers(SubscriberFilter(sort="-joined")), "ix_vip_subscribers_join_date_id"),
    (lambda: lists.subscribers(SubscriberFilter(state="paused", sort="joined")), "ix_vip_subscribers_status_join_date"),
    (lambda: lists.tokens(TokenFilter(state="active")), "ix_invitation_tokens_unspent"),
    (lambda: lists.tokens(TokenFilter(state="exhausted")), "ix_invitation_tokens_exhausted"),
    (lambda: lists.tokens(TokenFilter(state="revoked")), "ix_invitation_tokens_revoked"),
    (lambda: lists.tokens(TokenFilter(plan_id=1)), "ix_invitation_tokens_plan_id_created_at_id"),
    (lambda: lists.requests(RequestFilter()), "ix_free_channel_requests_queue"),
    (lambda: lists.requests(RequestFilter(state="declined")), "ix_free_channel_requests_status_approve_after_id"),
)


@pytest.mark.parametrize(("ask", "index"), PLANS, ids=[index for _ask, index in PLANS])
def test_each_list_walks_an_index_made_for_it(app, engine_kind, ask, index, monkeypatch):
    if engine_kind == "postgresql":  # reads an empty table whole; that it has the same indexes is all to see here
        tables = ("vip_subscribers", "invitation_tokens", "free_channel_requests")
        assert any(one["name"].startswith(index) for name in tables for one in inspect(db.engine).get_indexes(name))
        return
    sent = []
    real = db.session.execute

    def spy(statement, *more, **kwargs):
        sent.append(statement.compile(db.engine, compile_kwargs={"literal_binds": True}))
        return real(statement, *more, **kwargs)

    monkeypatch.setattr(db.session, "execute", spy)
    ask()
    monkeypatch.undo()
    steps = [row[3] for row in db.session.execute(text(f"EXPLAIN QUERY PLAN {sent[0]}"))]
    assert index in steps[0] and not any("TEMP B-TREE" in step for step in steps), steps


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("vip_channel_id", "@mi_canal"),
        ("vip_channel_id", "1234567890"),
        ("free_channel_id", "-100"),
        ("wait_time_minutes", "0"),
        ("wait_time_minutes", "cinco"),
        ("wait_time_minutes", "٥"),
        ("grace_hours", "-1"),
        ("expiry_hour", "24"),
        ("reminder_days", "3, mañana"),
        ("reminder_days", "1 2 3 4 5 6"),
        ("brake_share", "101"),
        ("brake_most", ""),
    ],
)
def test_a_setting_that_does_not_fit_is_named(app, field, value):
    with pytest.raises(Invalid) as refused, transaction():
        setup.change({field: value}, by=CAIO)
    assert list(refused.value.fields) == [field]


def test_settings_that_fit_are_kept(app):
    typed = {"vip_channel_id": " -1001234567890 ", "expiry_hour": "", "reminder_days": "1, 7 3", "grace_hours": "12"}
    with transaction():
        setup.change(typed, by=CAIO)
    settings = config.current()
    assert (settings.vip_channel_id, settings.expiry_hour) == (-1001234567890, None)
    assert (settings.reminder_days, settings.grace_hours) == ([7, 3, 1], 12)


def test_one_channel_cannot_be_both(app):
    both = dict.fromkeys(("vip_channel_id", "free_channel_id"), "-1001234567890")
    with pytest.raises(Invalid) as refused, transaction():
        setup.change(both, by=CAIO)
    assert list(refused.value.fields) == ["free_channel_id"]
    db.session.expire_all()
    assert config.current().vip_channel_id != -1001234567890
