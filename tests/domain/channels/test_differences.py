"""Where channel and subscriptions disagree: seen, counted, mended one or many."""

import pytest

from tests.conftest import count
from tests.domain.channels.conftest import CAIO, VIP, person
from tests.factories import UserFactory
from webapp.base.db import transaction
from webapp.base.outbox import OutboxMessage
from webapp.domain.channels import differences, members
from webapp.domain.channels.differences import Difference


def tell(user, status):
    with transaction():
        members.note(VIP, person(user), status)


def who(kind):
    return [one.user_id for one in differences.found(kind).rows]


def calls(telegram, method):
    return [int(one["params"].get("user_id", 0)) for one in telegram.see("calls", method=method)["calls"]]


def test_nothing_differs_when_all_is_as_it_should_be(ana, dora, given):
    given(ana, inside=True)
    tell(dora, "administrator")
    assert set(differences.counts().values()) == {0}


def test_who_is_inside_without_a_right_is_seen_and_put_out(ana, given, worker, telegram):
    eve = UserFactory(user_id=710_000_005)
    given(ana, inside=True)
    tell(eve, "member")
    assert who(Difference.INSIDE_WITHOUT_RIGHT) == [eve.user_id]
    with transaction():
        assert differences.mend(Difference.INSIDE_WITHOUT_RIGHT, [eve.user_id, ana.user_id], by=CAIO) == 1
    worker.turn()
    assert calls(telegram, "banChatMember") == calls(telegram, "unbanChatMember") == [eve.user_id]


def test_who_paid_and_is_outside_is_seen_and_gets_a_link(ana, given, worker, telegram):
    given(ana)
    assert who(Difference.OUTSIDE_WITH_RIGHT) == [ana.user_id]
    with transaction():
        assert differences.mend(Difference.OUTSIDE_WITH_RIGHT, [ana.user_id], by=CAIO) == 1
    worker.turn()
    assert len(telegram.see("calls", method="createChatInviteLink")["calls"]) == 1


def test_who_was_banned_by_hand_though_paid_is_seen_and_let_in_again(ana, given, worker, telegram):
    given(ana, inside=True)
    tell(ana, "kicked")
    assert who(Difference.BANNED_BUT_PAID) == [ana.user_id] and who(Difference.OUTSIDE_WITH_RIGHT) == []
    with transaction():
        differences.mend(Difference.BANNED_BUT_PAID, [ana.user_id], by=CAIO)
    worker.turn()
    assert set(calls(telegram, "unbanChatMember")) == {ana.user_id}
    assert len(telegram.see("calls", method="createChatInviteLink")["calls"]) == 1


@pytest.mark.parametrize("kind", list(Difference))
def test_a_page_of_many_is_one_question(app, given, kind):
    for _one in range(7):
        user = UserFactory()
        if kind is not Difference.INSIDE_WITHOUT_RIGHT:
            given(user, inside=kind is Difference.BANNED_BUT_PAID)
        if kind is not Difference.OUTSIDE_WITH_RIGHT:
            tell(user, "kicked" if kind is Difference.BANNED_BUT_PAID else "member")
    first = differences.found(kind, size=5)
    rest = differences.found(kind, size=5, after=first.after)
    assert (len(first.rows), len(rest.rows), rest.after) == (5, 2, None)


def test_who_renewed_since_the_list_was_read_is_not_put_out(ana, given):
    given(ana, inside=True)
    with transaction():
        differences._put_out(ana, by=CAIO)
    assert count(OutboxMessage, OutboxMessage.method == "banChatMember") == 0
