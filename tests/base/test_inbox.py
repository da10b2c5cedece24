"""Updates are stored before they are confirmed, handled once, and in order within a chat."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine

from tests.conftest import count
from webapp.base import inbox
from webapp.base.clock import now
from webapp.base.db import db, transaction
from webapp.base.inbox import MAX_ATTEMPTS, TelegramUpdate


def message(update_id, chat=1):
    return {"update_id": update_id, "message": {"chat": {"id": chat}, "from": {"id": chat}, "text": "hola"}}


def receive(*updates):
    with transaction():
        return inbox.receive(updates)


def take(update_id):
    with transaction():
        return inbox.take(update_id)


def fail(update_id):
    with transaction():
        return inbox.fail(update_id, "boom")


def test_the_same_update_is_stored_once(app):
    assert receive(message(1), message(2)) == 2
    assert receive(message(2), message(3)) == 1
    assert count(TelegramUpdate) == 3


def test_fifty_hands_at_once_take_it_once(app):
    receive(message(1))

    def hand(_):
        with app.app_context():
            return take(1) is not None

    with ThreadPoolExecutor(8) as hands:
        assert sum(hands.map(hand, range(50))) == 1


def test_a_handler_that_raises_gives_it_back(app):
    receive(message(1))
    with pytest.raises(ZeroDivisionError), transaction():
        inbox.take(1)
        _ = 1 / 0
    assert inbox.due() == [1]


def test_a_chat_waits_behind_its_failed_update_and_others_go_on(app):
    receive(message(1, chat=1), message(2, chat=1), message(3, chat=2))
    fail(1)
    assert inbox.due() == [3]
    assert take(2) is None
    with time_machine.travel(now() + timedelta(seconds=2), tick=False):
        assert inbox.due() == [1, 2, 3]


def test_after_five_tries_it_is_dead_and_its_chat_goes_on(app):
    receive(message(1), message(2))
    assert [fail(1) for _ in range(MAX_ATTEMPTS)] == [False] * 4 + [True]
    assert fail(1) is False
    assert inbox.due() == [2]
    assert take(2) is not None


def test_two_failures_at_once_are_two_and_the_wait_is_the_seconds(app, at_once):
    receive(message(1))
    with time_machine.travel(now(), tick=False):
        at_once(lambda: inbox.fail(1, "one"), lambda: inbox.fail(1, "two"))
        row = db.session.get_one(TelegramUpdate, 1)
        assert (row.attempts, row.next_attempt_at - now()) == (2, timedelta(seconds=inbox.WAITS[1]))


def test_what_was_done_a_week_ago_is_forgotten_and_what_waits_is_not(app):
    receive(message(1), message(2, chat=2))
    take(1)
    with time_machine.travel(now() + timedelta(days=8), tick=False), transaction():
        assert inbox.forget_old() == 1
    assert count(TelegramUpdate) == 1


@pytest.mark.parametrize(
    ("update", "chat"),
    [
        ({"update_id": 1, "callback_query": {"from": {"id": 7}, "message": {"chat": {"id": 8}}}}, 8),
        ({"update_id": 1, "inline_query": {"from": {"id": 7}}}, 7),
        ({"update_id": 1, "poll": {"id": "x"}}, None),
        ({"update_id": 1}, None),
    ],
)
def test_an_update_belongs_to_its_chat_or_its_person(app, update, chat):
    receive(update)
    assert count(TelegramUpdate, TelegramUpdate.chat_id == chat) == 1


def test_a_bottomless_update_is_stored_as_deep_as_anybody_reads(app):
    nest = {"end": 1}
    for _ in range(900):
        nest = {"in\0ner": nest}
    receive({"update_id": 1, "mess\0age": nest})
    assert str(take(1)).count("inner") == 63


def test_an_error_with_a_nul_is_written_down(app):
    receive(message(1))
    with transaction():
        inbox.fail(1, "a\0b")
    assert count(TelegramUpdate, TelegramUpdate.error == "ab") == 1
