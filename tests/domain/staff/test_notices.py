"""What somebody hears in their Telegram about their account: only who is linked, in their language, nothing secret."""

import pytest

from webapp.base.clock import now
from webapp.base.crypto import encrypt
from webapp.base.db import db, get, transaction
from webapp.base.outbox import OutboxMessage
from webapp.domain.audit.actors import SYSTEM, Actor
from webapp.domain.sessions import devices
from webapp.domain.staff import accounts, entry, second_factor, waits
from webapp.domain.staff.models import StaffUser
from webapp.domain.staff.waits import Origin

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
CHAT = 710_000_009
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
HOME = Origin("203.0.113.0/24")


@pytest.fixture
def linked(caio) -> StaffUser:
    with transaction():
        staff = get(StaffUser, caio.id)
        staff.telegram_user_id, staff.totp_secret, staff.totp_confirmed_at = CHAT, encrypt(SECRET), now()
    return staff


def told() -> list[str]:
    db.session.rollback()
    query = db.select(OutboxMessage).where(OutboxMessage.chat_id == CHAT).order_by(OutboxMessage.id)
    return [row.payload["text"] for row in db.session.scalars(query)]


def come_in(staff: StaffUser, origin: Origin) -> str:
    """The whole way in; returns the code that was shown."""
    by, code = accounts.as_actor(staff, ip="203.0.113.7", agent=FIREFOX), second_factor.now_shown(SECRET)
    with transaction():
        _token, session = devices.start("panel", by=by, staff_id=staff.id)
        assert entry.show(get(StaffUser, staff.id), session, code, origin=origin, by=by) is not None
    return code


def test_a_way_in_from_a_browser_not_seen_before_is_told(linked):
    code = come_in(linked, HOME)
    assert "Firefox · Linux" in told()[0] and "203.0.113.7" in told()[0] and code not in told()[0]


def test_a_way_in_from_a_browser_that_we_know_is_not(linked):
    come_in(linked, Origin("203.0.113.0/24", "abc", frozenset({str(linked.id)})))
    assert told() == []


def test_a_series_of_wrong_passwords_is_told_once_an_hour(linked):
    for number in range(30):
        with transaction():
            waits.count(linked.id, Origin(f"198.51.{number // 6}.0/24"))
    assert len(told()) == 1 and "intenta entrar" in told()[0]


def test_it_is_told_in_the_language_of_who_reads(linked):
    with transaction():
        get(StaffUser, linked.id).locale = "en"
    come_in(linked, HOME)
    assert "You signed in to the panel from a new device" in told()[0]


def test_who_is_not_linked_hears_nothing_in_the_chat(linked):
    with transaction():
        get(StaffUser, linked.id).telegram_user_id = None
    come_in(linked, HOME)
    with transaction():
        second_factor.reset(get(StaffUser, linked.id), by=Actor("system", "0"))
    assert db.session.query(OutboxMessage).count() == 0


def test_another_phone_is_told_and_the_first_one_is_not(linked):
    by = accounts.as_actor(linked)

    def another(staff):
        with transaction():
            session = devices.start("panel", by=by, staff_id=staff.id)[1].id
            code = second_factor.now_shown(second_factor.offer(staff, session))
            second_factor.confirm(get(StaffUser, staff.id), session, code, by=by)

    another(linked)
    assert len(told()) == 1 and "Otro teléfono" in told()[0]
    with transaction():
        second_factor.reset(get(StaffUser, linked.id), by=SYSTEM)
    another(get(StaffUser, linked.id))
    assert len(told()) == 2, "the second tells that it was taken away"
