"""Once, and only once: real processes that race, and die in the middle. Rows of docs/safety.md."""

import signal
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
import urllib3
from sqlalchemy import select

from tests.conftest import count
from tests.entering import code_of
from tests.factories import PackageFactory
from tests.faults import doors
from tests.faults.conftest import until
from tests.faults.doors import Visitor, token_on
from webapp.base import leases, outbox
from webapp.base.db import db, transaction
from webapp.base.inbox import TelegramUpdate
from webapp.base.outbox import OutboxMessage
from webapp.bot.poller import LONG
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.audit.models import AuditLog
from webapp.domain.catalog.models import UserInterest
from webapp.domain.channels import plans, tokens
from webapp.domain.channels.models import SubscriptionPeriod, TokenRedemption, VIPSubscriber
from webapp.domain.sessions.models import UserSession
from webapp.domain.settings import config
from webapp.domain.users.models import User, UserRole

pytestmark = pytest.mark.processes
ANA = 710_000_001
DONE = TelegramUpdate.status == "done"


def replies(telegram, person="ana"):
    return len(telegram.texts(person))


def is_beating(part):
    db.session.rollback()
    return leases.seconds_since_beat(part) is not None


def sign_in(telegram, web, person):
    """A session token of the Mini App, and the header that carries it."""
    init_data = telegram.do("init-data", person=person)["init_data"]
    form = urlencode({"init_data": init_data, "path": "/miniapp/"})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = urllib3.request("POST", f"{web}/miniapp/session", body=form, headers=headers)
    assert answer.status == 200, answer.data
    return {"Authorization": f"Bearer {answer.headers['X-Session']}"}


def test_a_bot_killed_in_a_batch_handles_all_of_it_each_once(house, telegram):
    telegram.do("start", person="ana")
    bot = house.start("bot")
    until(lambda: replies(telegram) == 1, "the bot answers /start")
    telegram.fault("latency", method="*", latency_ms=300, times=-1)
    for _ in range(5):
        telegram.do("say", person="ana", text="/ayuda")
    until(lambda: count(TelegramUpdate) == 6, "the batch is stored")
    house.kill(bot)
    telegram.do("faults", clear=True)
    house.start("bot")
    house.start("worker")
    until(lambda: count(TelegramUpdate, DONE) == 6, "all are handled")
    until(lambda: count(OutboxMessage, OutboxMessage.status.in_(("ready", "leased", "retry"))) == 0, "sent")
    unknown = count(OutboxMessage, OutboxMessage.status == "unknown")
    assert 6 - unknown <= replies(telegram) <= 6


def test_a_hundred_presses_at_once_by_two_processes_are_one_interest_and_one_notice(house, telegram):
    kit = PackageFactory()
    telegram.do("start", person="dora")
    house.start("bot")
    house.start("worker")
    until(lambda: replies(telegram, "dora") == 1, "the bot has met Dora")
    web = house.start_web(workers=2)
    headers = sign_in(telegram, web, "ana") | {"HX-Request": "true"}
    pool = urllib3.PoolManager(maxsize=16)
    url = f"{web}/miniapp/packages/{kit.public_id}/press"
    with ThreadPoolExecutor(16) as people:
        answers = list(people.map(lambda _: pool.request("POST", url, headers=headers).status, range(100)))
    assert answers == [200] * 100
    assert count(UserInterest) == 1
    assert db.session.scalar(select(UserInterest.click_count)) == 100
    until(lambda: replies(telegram, "dora") >= 2, "Dora reads the notice")
    assert count(OutboxMessage, OutboxMessage.dedupe_key.like("interest:%")) == 1


def test_of_fifty_people_who_redeem_one_code_at_once_by_two_processes_exactly_one_gets_it(house, telegram):
    with transaction():
        settings = config.current()
        settings.vip_channel_id = -1001000000002
        values = {"name": "Mensual", "duration_days": 30, "price": "350", "currency": "MXN"}
        code = tokens.issue(plans.create(values, by=SYSTEM), by=SYSTEM)[0].code
    web = house.start_web(workers=2)
    crowd = [telegram.do("person", first_name=f"P{one}", username=f"p{one}")["person"]["key"] for one in range(50)]
    signed = [sign_in(telegram, web, one) for one in crowd]
    pool = urllib3.PoolManager(maxsize=25)

    def redeem(headers):
        form = {**headers, "HX-Request": "true", "Content-Type": "application/x-www-form-urlencoded"}
        return pool.request("POST", f"{web}/miniapp/access/redeem", body=urlencode({"code": code}), headers=form)

    with ThreadPoolExecutor(25) as people:
        answers = list(people.map(redeem, signed))
    assert sorted(answer.status for answer in answers) == [200] + [409] * 49
    assert sum("Este código ya fue usado." in answer.data.decode() for answer in answers) == 49
    assert (count(VIPSubscriber), count(TokenRedemption), count(SubscriptionPeriod)) == (1, 1, 1)
    assert count(User, User.role == UserRole.VIP) == 1


def test_of_twenty_with_the_same_code_of_the_phone_at_two_processes_one_is_in(house):
    web = house.start_web(workers=2)
    rita, crowd = doors.staff(web), [Visitor(web) for _ in range(5)]
    code, shown = code_of(rita.key, 1), []
    for one in crowd:
        assert one.ask("/panel/sign-in", {"email": "rita@vitrina.example", "password": doors.PHRASE}).status == 303
        shown.append({"code": code, "csrf_token": token_on(one.ask("/panel/second-factor/").data.decode())})

    def show(number):
        copy = Visitor(web, cookies=dict(crowd[number % 5].cookies))
        return copy.ask("/panel/second-factor/", shown[number % 5]).headers.get("Location")

    before = count(UserSession, UserSession.auth_level == "mfa")
    with ThreadPoolExecutor(20) as people:
        answers = list(people.map(show, range(20)))
    assert answers.count("/panel/") >= 1
    assert count(UserSession, UserSession.auth_level == "mfa") == before + 1
    assert count(AuditLog, AuditLog.action == "login") == 2  # she set her phone up, and came in once


def test_of_two_pollers_one_waits_and_takes_over_when_the_first_is_killed(house, telegram):
    first = house.start("bot")
    until(lambda: is_beating("bot"), "the first polls")
    second = house.start("bot")
    telegram.do("start", person="ana")
    until(lambda: count(OutboxMessage, OutboxMessage.status == "sent") == 1, "one answers, and writes it down")
    assert second.poll() is None
    house.kill(first)
    telegram.do("say", person="ana", text="/ayuda")
    until(lambda: replies(telegram) == 2, "the second takes over")


def test_a_killed_worker_loses_nothing(house, telegram):
    telegram.do("start", person="ana")
    worker = house.start("worker")
    until(lambda: is_beating("worker"), "the worker works")
    house.kill(worker)
    with transaction():
        for number in range(5):
            outbox.promise("sendMessage", ANA, {"text": str(number)})
    house.start("worker")
    until(lambda: replies(telegram) == 5, "all five arrive")
    assert telegram.texts("ana") == list("01234")


def test_told_to_end_each_process_ends_long_before_its_poll_would(house, telegram):
    house.start_web(patience=9)
    parts = [house.start("bot"), house.start("worker"), house.running[0]]
    until(lambda: is_beating("bot") and is_beating("worker"), "all work")
    for part in parts:
        part.send_signal(signal.SIGTERM)
    for part in parts:
        part.wait(LONG - 5)


def test_a_person_met_twice_at_once_is_one_person(house, telegram):
    web = house.start_web(workers=2)
    with ThreadPoolExecutor(8) as people:
        list(people.map(lambda _: sign_in(telegram, web, "eve"), range(24)))
    assert count(User, User.user_id == 710_000_005) == 1
