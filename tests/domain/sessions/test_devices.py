"""Sessions: hashed at rest, few, ended when they should be."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from webapp.base.clock import now
from webapp.base.db import db
from webapp.base.errors import NotFound
from webapp.domain.sessions import devices
from webapp.domain.sessions.models import UserSession
from webapp.domain.users.people import as_actor


def start(user, **more):
    return devices.start("miniapp", by=as_actor(user), user_id=user.user_id, **more)


def test_the_token_is_nowhere_in_the_database(ana):
    token, _session = start(ana)
    row = db.session.execute(select(UserSession.__table__)).one()
    assert token not in str(row)
    assert devices.find(token, "miniapp").user_id == ana.user_id


def test_a_token_of_one_door_opens_no_other(ana):
    assert devices.find(start(ana)[0], "panel") is None


def test_at_most_five_a_person_the_oldest_ends(ana):
    tokens = []
    for minute in range(7):
        with time_machine.travel(now() + timedelta(minutes=minute), tick=False):
            tokens.append(start(ana)[0])
            db.session.flush()
    alive = [devices.find(token, "miniapp") is not None for token in tokens]
    assert alive == [False, False, True, True, True, True, True]


def test_the_same_launch_again_ends_its_earlier_session(ana):
    first, _ = start(ana, init_data_hash="h")
    second, _ = start(ana, init_data_hash="h")
    assert devices.find(first, "miniapp") is None
    assert devices.find(second, "miniapp") is not None


def test_idle_it_ends_and_renewed_it_goes_on_but_never_beyond_its_absolute_end(ana):
    began = now()
    token, _session = start(ana, init_data_hash="h")
    for step in range(1, 48):
        with time_machine.travel(began + timedelta(hours=0.9 * step), tick=False):
            if devices.find(token, "miniapp") is None:
                break
            token = devices.renew_spent(token, "h")
    assert 0.9 * (step - 1) < 24 <= 0.9 * step
    with time_machine.travel(began + timedelta(hours=2), tick=False):
        assert devices.find(start(ana)[0], "miniapp")


def test_renewing_makes_the_old_token_worthless(ana):
    token, _session = start(ana, init_data_hash="h")
    fresh = devices.renew_spent(token, "h")
    assert devices.find(token, "miniapp") is None
    assert devices.find(fresh, "miniapp") is not None


@pytest.mark.parametrize("deed", ["spend", "revoke"])
def test_a_request_let_in_a_moment_before_does_not_bring_its_session_back(ana, deed):
    token, _session = start(ana, init_data_hash="h")
    found = devices.find(token, "miniapp")
    if deed == "spend":
        devices.spend(user_id=ana.user_id)
    else:
        devices.revoke_all(by=as_actor(ana), user_id=ana.user_id)
    assert not devices.touch(found.id, "miniapp")
    db.session.flush()
    assert devices.find(token, "miniapp") is None
    assert (devices.renew_spent(token, "h") is not None) is (deed == "spend")


def test_a_session_that_is_used_lives_on_but_not_beyond_its_absolute_end(ana):
    began = now()
    token, session = start(ana)
    db.session.flush()
    lived = 0
    while devices.find(token, "miniapp") is not None:
        lived += 0.9
        with time_machine.travel(began + timedelta(hours=lived), tick=False):
            if not devices.touch(session.id, "miniapp"):
                break
    assert 24 <= lived < 24.9


def test_of_two_who_renew_one_token_one_gets_another(ana):
    token, _session = start(ana, init_data_hash="h")
    assert devices.renew_spent(token, "h") and devices.renew_spent(token, "h") is None


def test_nobody_ends_somebody_elses_session(ana, bea):
    _token, session = start(ana)
    with pytest.raises(NotFound):
        devices.revoke(session.id, by=as_actor(bea), user_id=bea.user_id)


def test_all_but_this_one(ana):
    (kept, session), (other, _) = start(ana), start(ana)
    assert devices.revoke_all(by=as_actor(ana), user_id=ana.user_id, but=session.id) == 1
    assert devices.find(kept, "miniapp") is not None
    assert devices.find(other, "miniapp") is None
