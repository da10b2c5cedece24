""" "Me interesa": pressing, the notice, withdrawing, attending, reopening, notes; and all of it at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.conftest import count
from tests.factories import InterestFactory, PackageFactory, UserFactory
from webapp.base import outbox
from webapp.base.db import db, get, transaction
from webapp.base.errors import Denied, Invalid, NotFound
from webapp.base.outbox import OutboxMessage
from webapp.domain.audit.actors import Actor
from webapp.domain.audit.models import AuditLog
from webapp.domain.catalog import interests
from webapp.domain.catalog import notices as writing
from webapp.domain.catalog.models import ContentCategory, ContentPackage, InterestNote, UserInterest
from webapp.domain.users.models import Reach, User, UserRole
from webapp.domain.users.people import as_actor

CAIO = Actor("staff", "caio", "Caio Lima", source="ADMIN_PANEL")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def press(user: User, package: ContentPackage | None) -> interests.Press:
    with transaction():
        done = interests.press(user, package, by=as_actor(user))
    tell()
    return done


def tell() -> None:
    """What the worker does when it is woken."""
    with transaction():
        writing.write_due()


def row() -> UserInterest:
    db.session.expire_all()
    return db.session.scalars(select(UserInterest)).one()


def audited(action: str) -> int:
    return count(AuditLog, AuditLog.resource_type == "user_interests", AuditLog.action == action)


def notices() -> int:
    return count(OutboxMessage, OutboxMessage.method == "sendMessage")


def edits() -> list[str]:
    tell()
    query = select(OutboxMessage).where(OutboxMessage.method == "editMessageText").order_by(OutboxMessage.id)
    return [message.payload["text"] for message in db.session.scalars(query)]


def deliver() -> None:
    """As if everything promised so far had been sent."""
    for number, message in enumerate(db.session.scalars(select(OutboxMessage)).all(), start=1):
        message.status, message.telegram_message_id = "sent", number
    db.session.commit()


def at_once(app, deed: Callable[[int], object], times: int) -> list[object]:
    """Does the deed that often from eight threads, each with a session of its own."""

    def run(number: int) -> object:
        with app.app_context():
            return deed(number)

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(run, range(times)))


def test_a_first_press_makes_an_interest_a_notice_and_an_audit_row(ana, dora, kit):
    done = press(ana, kit)
    assert (done.click_count, done.noticed) == (1, True)
    assert row().state == "pending"
    assert (notices(), audited("create")) == (1, 1)


def test_pressing_again_renews_and_counts_without_a_second_notice(ana, dora, kit, time_machine):
    time_machine.move_to(NOON, tick=False)
    press(ana, kit)
    time_machine.move_to(NOON + 4 * MINUTE, tick=False)
    again = press(ana, kit)
    assert (again.click_count, again.noticed, notices()) == (2, False, 1)
    assert row().created_at == NOON + 4 * MINUTE


@pytest.mark.parametrize(("minutes", "told"), [(4.99, 1), (5, 2), (60, 2)])
def test_staff_hear_again_only_after_five_minutes(ana, dora, kit, time_machine, minutes, told):
    time_machine.move_to(NOON, tick=False)
    press(ana, kit)
    time_machine.move_to(NOON + minutes * MINUTE, tick=False)
    press(ana, kit)
    assert notices() == told


def test_somebody_who_keeps_pressing_is_heard_every_five_minutes_not_never(ana, dora, kit, time_machine):
    for minute in range(0, 11, 2):
        time_machine.move_to(NOON + minute * MINUTE, tick=False)
        press(ana, kit)
    assert notices() == 2


def test_every_admin_who_can_be_reached_gets_one_notice(ana, dora, kit):
    UserFactory(role=UserRole.ADMIN)
    UserFactory(role=UserRole.ADMIN, reach=Reach.BLOCKED)
    UserFactory(role=UserRole.ADMIN, reach=Reach.NEVER_STARTED)
    UserFactory(role=UserRole.ADMIN, is_blocked=True)
    press(ana, kit)
    assert notices() == 2


def test_without_admins_the_press_still_counts(ana, kit):
    assert press(ana, kit).click_count == 1
    assert notices() == 0


def test_the_notice_says_who_what_and_how_much_with_buttons(ana, dora, kit):
    press(ana, kit)
    message = db.session.scalars(select(OutboxMessage)).one().payload
    for words in ("Ana Torres", "@anat", "Usuario Free", "Primavera, 24 fotos", "120", "Promos"):
        assert words in message["text"], words
    said = [button["text"] for line in message["reply_markup"]["inline_keyboard"] for button in line]
    assert said == ["Marcar atendido", "Escribir", "Ver todos", "Bloquear"]


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "<b>x", "&amp;", "{{7*7}}", "\u202eabc", "z" * 200])
def test_names_are_harmless_in_the_notice(ana, dora, name):
    ana.first_name = name[:128]
    press(ana, PackageFactory(name=name))
    text = db.session.scalars(select(OutboxMessage)).one().payload["text"]
    assert "<script" not in text
    assert "<b>x" not in text
    assert len(text) <= 4096


def test_the_subscription_can_be_wanted_once_by_each(ana, bea, dora):
    for user in (ana, ana, bea):
        press(user, None)
    assert count(UserInterest, UserInterest.package_id.is_(None)) == 2


def test_free_people_are_refused_vip_packages_and_vips_are_not(ana, bea):
    for category in (ContentCategory.VIP_CONTENT, ContentCategory.VIP_PREMIUM):
        package = PackageFactory(category=category)
        with pytest.raises(Denied):
            press(ana, package)
        assert press(bea, package).click_count == 1
    assert count(UserInterest) == 2


@pytest.mark.parametrize(
    "hidden",
    [{"is_active": False}, {"published_from": NOON + MINUTE}, {"published_until": NOON}],
    ids=["down", "soon", "over"],
)
def test_what_is_not_shown_cannot_be_wanted(ana, dora, time_machine, hidden):
    time_machine.move_to(NOON, tick=False)
    with pytest.raises(NotFound):
        press(ana, PackageFactory(**hidden))
    assert (count(UserInterest), count(OutboxMessage), count(AuditLog)) == (0, 0, 0)


def test_an_attended_interest_opens_again_when_pressed(ana, dora, kit):
    press(ana, kit)
    with transaction():
        interests.attend(row(), by=CAIO)
    assert row().state == "attended"
    press(ana, kit)
    assert (row().state, row().attended_by, row().attended_at) == ("pending", None, None)


def test_withdrawing_and_wanting_again(ana, dora, kit):
    press(ana, kit)
    with transaction():
        assert interests.withdraw(ana, kit, by=as_actor(ana))
        assert not interests.withdraw(ana, kit, by=as_actor(ana))
    assert row().state == "withdrawn"
    assert press(ana, kit).click_count == 2
    assert row().state == "pending"


def test_nobody_withdraws_what_they_never_wanted(ana, bea, kit):
    press(ana, kit)
    with transaction():
        assert not interests.withdraw(bea, kit, by=as_actor(bea))
        assert not interests.withdraw(ana, None, by=as_actor(ana))
    assert row().state == "pending"


def test_attending_twice_leaves_one_audit_row_and_the_first_name(ana, kit):
    press(ana, kit)
    for who in ("Caio Lima", "Dora Ruiz"):
        with transaction():
            interests.attend(row(), by=Actor("staff", who, who))
    assert row().attended_by_label == "Caio Lima"
    assert audited("update") == 1


def test_a_withdrawn_interest_is_not_attended(ana, kit):
    press(ana, kit)
    with transaction():
        interests.withdraw(ana, kit, by=as_actor(ana))
        assert not interests.attend(row(), by=CAIO)


def test_reopening_takes_the_deed_back_and_says_what_it_was(ana, kit):
    press(ana, kit)
    with transaction():
        interests.attend(row(), by=CAIO)
    with transaction():
        assert interests.reopen(row(), by=CAIO)
        assert not interests.reopen(row(), by=CAIO)
    last = db.session.scalars(select(AuditLog).order_by(AuditLog.id.desc())).first()
    assert (last.old_values["is_attended"], last.old_values["attended_by"]) == (True, "staff:caio")
    assert row().state == "pending"


def test_the_notice_changes_with_every_deed(ana, dora, kit):
    press(ana, kit)
    deliver()
    for deed in (
        lambda: interests.attend(row(), by=CAIO),
        lambda: interests.reopen(row(), by=CAIO),
        lambda: interests.withdraw(ana, kit, by=as_actor(ana)),
    ):
        with transaction():
            deed()
        tell()
    attended, reopened, withdrawn = edits()
    assert "Atendido" in attended
    assert "Caio Lima" in attended
    assert "Nuevo interés" in reopened
    assert "Ya no le interesa" in withdrawn


def test_a_withdrawal_undone_at_once_leaves_a_notice_that_says_it_is_open(ana, dora, kit):
    press(ana, kit)
    deliver()
    with transaction():
        interests.withdraw(ana, kit, by=as_actor(ana))
    assert "Ya no le interesa" in edits()[-1]
    press(ana, kit)
    assert "Nuevo interés" in edits()[-1]
    assert notices() == 1


def test_attended_before_the_worker_woke_nobody_is_told_of_it(ana, dora, kit):
    with transaction():
        interests.press(ana, kit, by=as_actor(ana))
        interests.attend(row(), by=CAIO)
    tell()
    assert (notices(), edits()) == (0, [])


def test_two_workers_at_once_write_one_notice(app, ana, dora, kit):
    with transaction():
        interests.press(ana, kit, by=as_actor(ana))
    at_once(app, lambda _number: tell(), 16)
    assert notices() == 1


def test_only_the_latest_notice_changes(ana, dora, kit, time_machine):
    time_machine.move_to(NOON, tick=False)
    press(ana, kit)
    time_machine.move_to(NOON + 10 * MINUTE, tick=False)
    press(ana, kit)
    deliver()
    with transaction():
        interests.attend(row(), by=CAIO)
    tell()
    changed = db.session.scalars(select(OutboxMessage.edits_id).where(OutboxMessage.edits_id.is_not(None))).all()
    latest = [found[0] for found in outbox.find(f"interest:{row().id}:2:")]
    assert changed == latest


def test_attending_and_reopening_many_touches_only_those_in_the_right_state(app):
    one, two, done = InterestFactory(), InterestFactory(), InterestFactory(is_attended=True)
    ids = [one.id, two.id, done.id, 999_999]
    with transaction():
        assert interests.attend_many(ids, by=CAIO) == [one.id, two.id]
    with transaction():
        assert interests.reopen_many([one.id, one.id], by=CAIO) == [one.id]
    assert [get(UserInterest, key).is_attended for key in (one.id, two.id, done.id)] == [False, True, True]


def test_notes_keep_who_wrote_them(ana, kit):
    press(ana, kit)
    with transaction():
        interests.add_note(row(), "  Llamar\0 <b>mañana</b>\n", by=CAIO)
    note = interests.notes_of(row().id)[0]
    assert (note.text, note.author_label) == ("Llamar <b>mañana</b>", "Caio Lima")
    assert count(AuditLog, AuditLog.resource_type == "interest_notes") == 1


@pytest.mark.parametrize("text", ["", "   ", "\0", "x" * 2001, "x" * 65_536])
def test_notes_that_say_nothing_or_too_much_are_refused(ana, kit, text):
    press(ana, kit)
    with pytest.raises(Invalid), transaction():
        interests.add_note(row(), text, by=CAIO)
    assert count(InterestNote) == 0


def test_waiting_counts_the_pending_and_knows_the_oldest(app):
    assert interests.waiting() == (0, None)
    InterestFactory(created_at=NOON)
    InterestFactory(created_at=NOON - MINUTE)
    InterestFactory(created_at=NOON - 2 * MINUTE, is_attended=True)
    InterestFactory(created_at=NOON - 2 * MINUTE, withdrawn_at=NOON)
    assert interests.waiting() == (2, NOON - MINUTE)


def test_an_interest_that_is_gone_is_not_found(app):
    with pytest.raises(NotFound):
        interests.get_interest(1)


@pytest.mark.parametrize("what", ["package", "subscription"])
def test_a_hundred_presses_at_once_make_one_interest_and_one_notice(app, ana, dora, kit, what):
    ana_id, kit_id = ana.user_id, kit.id
    db.session.rollback()

    def deed(_number: int) -> int:
        user = get(User, ana_id)
        package = get(ContentPackage, kit_id) if what == "package" else None
        return press(user, package).click_count

    clicks = at_once(app, deed, 100)
    assert sorted(clicks) == list(range(1, 101))
    assert (count(UserInterest), row().click_count, notices()) == (1, 100, 1)


def test_of_many_who_attend_at_once_one_did_it(app, ana, kit):
    press(ana, kit)
    interest_id = row().id
    db.session.rollback()

    def deed(number: int) -> bool:
        with transaction():
            return interests.attend(interests.get_interest(interest_id), by=Actor("staff", str(number), f"N{number}"))

    assert sum(at_once(app, deed, 24)) == 1
    assert audited("update") == 1


def test_marking_the_same_ones_from_both_ends_at_once_never_gets_stuck(app):
    ids = [InterestFactory().id for _ in range(6)]

    def deed(number: int) -> int:
        with transaction():
            return len(interests.attend_many(ids if number % 2 else ids[::-1], by=CAIO))

    assert sum(at_once(app, deed, 12)) == 6
    assert audited("update") == 6


def test_pressing_and_attending_at_once_loses_nothing(app, ana, dora, kit):
    press(ana, kit)
    ana_id, kit_id, interest_id = ana.user_id, kit.id, row().id
    db.session.rollback()

    def deed(number: int) -> None:
        if number % 2:
            press(get(User, ana_id), get(ContentPackage, kit_id))
        else:
            with transaction():
                interests.attend(interests.get_interest(interest_id), by=CAIO)

    at_once(app, deed, 40)
    assert row().click_count == 21
    assert row().state in ("pending", "attended")
