"""The Free queue: welcomed, approved on time and once, the oldest first; what Telegram refuses is an end."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conftest import count
from tests.domain.channels.conftest import CAIO, FREE, ask_to_join, person
from tests.factories import UserFactory
from webapp.base.db import db, transaction
from webapp.domain.channels import members, requests
from webapp.domain.channels.models import FreeChannelRequest, RequestStatus
from webapp.domain.settings import config
from webapp.domain.users import people


@pytest.fixture
def ana(ana, telegram):
    """Ana has asked Telegram to join the Free channel."""
    telegram.do("start", person="ana")
    telegram.do("join", person="ana", chat=FREE)
    ask_to_join(ana)
    return ana


def standing(user):
    db.session.rollback()
    db.session.expire_all()
    query = db.select(FreeChannelRequest).where(FreeChannelRequest.user_id == user.user_id)
    return db.session.scalars(query.order_by(FreeChannelRequest.id.desc())).first().status


def approvals(telegram):
    return [int(one["params"]["user_id"]) for one in telegram.see("calls", method="approveChatJoinRequest")["calls"]]


def test_ana_is_welcomed_at_once_and_approved_when_her_wait_is_over(clock, ana, worker, telegram):
    worker.turn()
    assert "Recibimos tu solicitud" in telegram.texts("ana")[-1]
    assert standing(ana) is RequestStatus.PENDING
    clock.forward(minutes=5)
    worker.turn()
    assert standing(ana) is RequestStatus.APPROVED
    worker.turn()
    assert approvals(telegram) == [ana.user_id]


def test_asking_twice_is_one_request(clock, ana):
    ask_to_join(ana)
    assert count(FreeChannelRequest) == 1


def test_the_wait_is_the_setting_when_she_asks(clock, ana, bea):
    with transaction():
        config.current().wait_time_minutes = 60
    ask_to_join(bea)
    waits = {one.user_id: (one.approve_after - one.request_date).seconds for one in requests.oldest_waiting()}
    assert waits == {ana.user_id: 300, bea.user_id: 3600}


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("Bad Request: HIDE_REQUESTER_MISSING", RequestStatus.CANCELLED),
        ("Bad Request: USER_ALREADY_PARTICIPANT", RequestStatus.APPROVED),
        ("Bad Request: USER_CHANNELS_TOO_MUCH", RequestStatus.DECLINED),
        ("Bad Request: not enough rights", RequestStatus.ERROR),
    ],
)
def test_what_telegram_refuses_is_an_end_and_not_tried_for_ever(clock, ana, worker, telegram, words, status):
    telegram.fault("error", code=400, method="approveChatJoinRequest", description=words, times=-1)
    clock.forward(minutes=5)
    for _again in range(3):
        worker.turn()
    assert standing(ana) is status
    assert len(approvals(telegram)) == 1


def test_two_sweeps_at_once_approve_each_once(app, clock, worker, telegram):
    for _one in range(20):
        ask_to_join(UserFactory())
    clock.forward(minutes=6)

    def sweep(_number):
        with app.app_context(), transaction():
            return requests.approve_due()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(sweep, range(4))) == 20
    assert count(FreeChannelRequest, FreeChannelRequest.status == RequestStatus.APPROVING) == 20


def test_the_oldest_are_first_and_each_knows_her_place(clock, ana, bea):
    clock.forward(seconds=10)
    ask_to_join(bea)
    assert [one.user_id for one in requests.oldest_waiting()] == [ana.user_id, bea.user_id]
    assert requests.place_of(requests.waiting_of(bea.user_id)) == 2


def test_who_was_let_in_by_hand_waits_no_longer(clock, ana, worker, telegram):
    with transaction():
        members.note(FREE, person(ana), "member")
    clock.forward(minutes=6)
    worker.turn()
    assert standing(ana) is RequestStatus.APPROVED
    assert approvals(telegram) == []


def test_somebody_kept_out_is_declined_at_once(clock, bea, worker, telegram):
    with transaction():
        people.block(bea, by=CAIO, reason="spam")
    ask_to_join(bea)
    assert standing(bea) is RequestStatus.DECLINED


def test_another_channels_requests_are_none_of_ours(clock, bea):
    with transaction():
        assert requests.receive(-1009, person(bea), bea.user_id) is None
    assert count(FreeChannelRequest) == 0
