"""Waits: a stranger gets nowhere in ten thousand tries, and bars nobody who belongs here."""

from itertools import islice

import pytest
import time_machine

from webapp.base.clock import now
from webapp.base.crypto import hash_password
from webapp.base.db import db, transaction
from webapp.domain.staff import accounts, passwords, waits
from webapp.domain.staff.waits import Origin

PHRASE = "una frase larga y tranquila"
TRIES, EVERY, BATCH = 10_000, 10, 250  # a try every ten seconds, for 28 hours
STRANGER, HOME = Origin("198.51.100.0/24"), Origin("203.0.113.0/24")


@pytest.fixture
def clock(app):
    with time_machine.travel(now(), tick=False) as machine:
        yield machine


@pytest.fixture
def dear(caio):
    caio.password_hash = hash_password(PHRASE)
    db.session.commit()
    return caio


def known(staff) -> Origin:
    """A browser in which they signed in before."""
    return Origin(HOME.network, "b1", frozenset({str(staff.id)}))


def compared(staff, clock, origins, every=EVERY) -> list[str]:
    """Which of the passwords that everybody tries were compared at all, one tried from each origin."""
    tried = islice(sorted(passwords.known_ones()), len(origins))
    found, pairs = [], list(zip(tried, origins, strict=True))
    for at in range(0, len(pairs), BATCH):
        with transaction():
            for password, origin in pairs[at : at + BATCH]:
                if accounts.begin(staff.email, origin).staff_id is not None:
                    found.append(password)
                clock.shift(every)
    return found


def comes_in(staff, origin: Origin) -> bool:
    with transaction():
        attempt = accounts.begin(staff.email, origin)
    if not accounts.judge(attempt, PHRASE)[0]:
        return False
    with transaction():
        accounts.arrive(accounts.succeed(attempt, None), origin)
    return True


def test_a_stranger_with_ten_thousand_known_passwords_gets_nowhere_and_bars_nobody(dear, clock):
    assert len(compared(dear, clock, [STRANGER] * TRIES)) < 200, "and none of these can be theirs (test_passwords.py)"
    assert comes_in(dear, known(dear)), "in a browser that knows them, at once"
    clock.shift(15 * 60)
    assert comes_in(dear, HOME), "from anywhere else, after a quarter of an hour at the most"


def test_two_thousand_networks_are_slowed_down_together_and_a_known_browser_is_not(dear, clock):
    networks = [Origin(f"10.{n // 250}.{n % 250}.0/24") for n in range(2_000)]
    assert len(compared(dear, clock, networks, every=5)) < 200
    assert not comes_in(dear, HOME)
    assert comes_in(dear, known(dear))


def test_failures_in_one_network_make_nobody_wait_in_another(dear, clock):
    with transaction():
        for _ in range(5):
            accounts.begin(dear.email, STRANGER)
    assert not comes_in(dear, STRANGER)
    assert comes_in(dear, HOME)


def test_a_known_browser_waits_for_its_own_failures(dear, clock):
    with transaction():
        for _ in range(5):
            accounts.begin(dear.email, known(dear))
    assert not comes_in(dear, known(dear))
    clock.shift(61)
    assert comes_in(dear, known(dear))


def test_a_browser_that_knows_somebody_else_is_a_stranger(dear, root_like, clock):
    theirs = Origin(STRANGER.network, "b2", frozenset({str(root_like)}))
    assert theirs.name(dear.id) == STRANGER.name(dear.id)


@pytest.fixture
def root_like():
    return "00000000-0000-0000-0000-000000000007"


def test_after_a_day_without_failures_they_are_forgotten(dear, clock):
    with transaction():
        for _ in range(4):
            accounts.begin(dear.email, STRANGER)
    clock.shift(24 * 3600 + 1)
    with transaction():
        accounts.begin(dear.email, STRANGER)
    assert comes_in(dear, STRANGER)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", "?"),
        (None, "?"),
        ("no", "?"),
    ],
)
def test_a_network_is_what_one_person_has(address, network):
    assert waits.network(address) == network
