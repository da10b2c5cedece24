"""Whatever Telegram answers to an expulsion, an approval or a link: it is done once, or seen and tried again."""

import pytest

from tests.domain.channels.conftest import FREE, VIP, ask_to_join, now_of
from tests.domain.channels.test_requests import standing
from tests.factories import UserFactory
from webapp.base.db import db, get, transaction
from webapp.base.outbox import OutboxMessage
from webapp.domain.channels import expiry, invites
from webapp.domain.channels.models import ChannelState, RequestStatus
from webapp.domain.users.models import Reach, User
from webapp.domain.users.people import as_actor
from webapp.jobs import delivery

FLEETING = [
    {"kind": "429", "retry_after": 7},
    {"kind": "5xx", "code": 502},
    {"kind": "5xx", "code": 500},
    {"kind": "timeout_after", "seconds": 0.1},
    {"kind": "reset"},
    {"kind": "reset", "after": True},
    {"kind": "invalid_json"},
]
NO_ADMIN = "Forbidden: bot is not a member of the channel chat"


def kinds(rule):
    return "-".join(str(value) for value in rule.values())


def calls(telegram, method):
    return telegram.see("calls", method=method)["calls"]


def inside(telegram, chat):
    members = telegram.see(f"chats/{chat}")["members"]
    return {one["user"]["id"] for one in members if one["status"] == "member"}


@pytest.fixture
def ana_ends(ana, given, telegram, worker, clock):
    """Ana stands in the VIP channel, and her time is over."""
    telegram.do("start", person="ana")
    telegram.do("member", person="ana", chat=VIP)
    given(ana, inside=True)
    worker.turn()
    clock.forward(days=30)


@pytest.fixture
def ana_asks(ana, telegram, clock):
    """Ana has asked to join the Free channel, and her wait is over."""
    telegram.do("start", person="ana")
    telegram.do("join", person="ana", chat=FREE)
    ask_to_join(ana)
    clock.forward(minutes=5)


@pytest.mark.parametrize("rule", FLEETING, ids=kinds)
def test_an_expulsion_outlives_what_passes(ana, ana_ends, worker, telegram, clock, rule):
    telegram.do("faults", rules=[{"method": "banChatMember", "times": 1, **rule}])
    worker.turn()
    clock.forward(seconds=10)
    worker.turn()
    assert now_of(ana).channel_state is ChannelState.EXPELLED
    assert ana.user_id not in inside(telegram, VIP)
    assert (now_of(ana).last_error, now_of(ana).attempts) == (None, 0)


@pytest.mark.parametrize("rule", FLEETING, ids=kinds)
def test_an_approval_outlives_what_passes(ana, ana_asks, worker, telegram, clock, rule):
    """Also the one that was done though its answer never came: the second try reads USER_ALREADY_PARTICIPANT."""
    telegram.do("faults", rules=[{"method": "approveChatJoinRequest", "times": 1, **rule}])
    worker.turn()
    clock.forward(seconds=10)
    worker.turn()
    assert standing(ana) is RequestStatus.APPROVED
    assert ana.user_id in inside(telegram, FREE)
    assert len(calls(telegram, "approveChatJoinRequest")) == 2


@pytest.mark.parametrize("rule", FLEETING, ids=kinds)
def test_a_link_that_may_have_been_made_is_not_made_twice_and_can_be_asked_for_again(
    ana, given, worker, telegram, clock, rule
):
    given(ana)
    telegram.do("faults", rules=[{"method": "createChatInviteLink", "times": 1, **rule}])
    for _try in range(2):
        with transaction():
            invites.enter(get(User, ana.user_id), by=as_actor(ana))
        worker.turn()
        clock.forward(minutes=3)
        worker.turn()
    assert invites.current(ana.user_id).link
    assert len(calls(telegram, "createChatInviteLink")) == 2


def test_told_to_wait_for_one_others_are_expelled_meanwhile(ana, bea, given, worker, telegram, clock):
    for user, who in ((ana, "ana"), (bea, "bea")):
        telegram.do("start", person=who)
        telegram.do("member", person=who, chat=VIP)
        given(user, inside=True)
    worker.turn()
    telegram.do("faults", rules=[{"kind": "429", "method": "sendMessage", "chat_id": ana.user_id, "retry_after": 60}])
    clock.forward(days=30)
    worker.turn()
    assert {now_of(ana).channel_state, now_of(bea).channel_state} == {ChannelState.EXPELLED}
    statuses = dict(db.session.execute(db.select(OutboxMessage.chat_id, OutboxMessage.status)
                                       .where(OutboxMessage.dedupe_key.like("ended:%"))).all())  # fmt: skip
    assert statuses == {ana.user_id: "retry", bea.user_id: "sent"}


def test_a_bot_that_is_no_admin_any_more_leaves_a_trace_and_does_it_when_it_is_one_again(
    ana, ana_ends, worker, telegram, clock
):
    telegram.do("bot-rights", chat=VIP, status="left")
    worker.turn()
    assert NO_ADMIN in now_of(ana).last_error
    telegram.do("bot-rights", chat=VIP, rights=dict.fromkeys(("can_restrict_members", "can_invite_users"), True))
    clock.forward(minutes=6)
    worker.turn()
    assert ana.user_id not in inside(telegram, VIP)
    assert now_of(ana).channel_state is ChannelState.EXPELLED


def test_a_chat_that_moved_is_followed(ana, ana_ends, worker, telegram):
    moved = telegram.do("migrate", chat=VIP)["chat"]["id"]
    worker.turn()
    assert ana.user_id not in inside(telegram, moved)
    assert now_of(ana).channel_state is ChannelState.EXPELLED


@pytest.mark.parametrize("words", ["chat not found", "CHAT_ADMIN_REQUIRED", "user is an administrator of the chat"])
def test_what_telegram_refuses_is_seen_and_tried_ever_more_rarely(ana, ana_ends, worker, telegram, clock, words):
    rule = {"kind": "error", "code": 400, "description": f"Bad Request: {words}", "times": -1}
    telegram.do("faults", rules=[{"method": "banChatMember", **rule}])
    for _minute in range(120):
        worker.turn()
        clock.forward(minutes=1)
    assert words in now_of(ana).last_error
    assert now_of(ana).attempts == len(calls(telegram, "banChatMember")) == 5  # at 0, 5, 15, 35 and 75 minutes


def test_who_blocked_the_bot_is_expelled_unread_and_written_to_no_more(ana, ana_ends, worker, telegram):
    telegram.do("block", person="ana")
    worker.turn()
    failed = db.session.scalars(db.select(OutboxMessage).where(OutboxMessage.status == "failed")).all()
    assert [one.dedupe_key.split(":")[0] for one in failed] == ["ended"]
    assert ana.user_id not in inside(telegram, VIP)


def test_that_somebody_blocked_the_bot_is_known_from_the_first_refusal(
    app, telegram, worker, given, clock, monkeypatch
):
    told = telegram.do("person", first_name="Lia", username="lia")["person"]
    lia = UserFactory(user_id=told["id"])
    telegram.do("start", person=told["key"])
    telegram.do("block", person=told["key"])
    given(lia, inside=True)
    clock.forward(days=30)
    with transaction():
        expiry.sweep()
    monkeypatch.setitem(app.extensions, "sender", worker.sender)
    delivery.deliver()
    db.session.expire_all()
    assert get(User, lia.user_id).reach is Reach.BLOCKED
