"""Members who were sold to before: read, shown, made once each; and adopted when they open the bot."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.conftest import count
from tests.domain.channels.conftest import CAIO, VIP, now_of, person
from tests.factories import UserFactory
from webapp.base.clock import now
from webapp.base.db import db, get, transaction
from webapp.base.errors import Conflict, Denied, Invalid, NotFound
from webapp.base.sheets import ImportState
from webapp.base.telegram import Gateway
from webapp.domain.audit.models import AuditLog
from webapp.domain.channels import adoptions, imports, members, subscriptions
from webapp.domain.channels.models import ChannelState, Status, SubscriptionPeriod, VIPSubscriber
from webapp.domain.channels.records import ImportedMember, MemberImport
from webapp.domain.users import people
from webapp.domain.users.models import User, UserRole, UserRoleChangeLog
from webapp.domain.users.people import as_actor

ROW = ImportedMember


def keep(*lines, head="id,usuario,hasta,dias,plan") -> MemberImport:
    prepared = imports.read("socios.csv", "\n".join([head, *lines]).encode())
    with transaction():
        return imports.keep(prepared, by=CAIO)


def run(made, existing="skip", limit=100):
    with transaction():
        imports.begin(made, existing, by=CAIO)
    while True:
        with transaction():
            if not imports.step(made, by=CAIO, limit=limit):
                return


def rows() -> list[ImportedMember]:
    db.session.rollback()
    return list(db.session.scalars(select(ROW).order_by(ROW.line).execution_options(populate_existing=True)))


def states() -> list[str]:
    return [row.state.value for row in rows()]


def claim(user, code=""):
    with transaction():
        user = get(User, user.user_id)
        by = as_actor(user)
        return adoptions.claim_by_code(code, user, by=by) if code else adoptions.claim(user, by=by)


def test_a_list_is_shown_before_anybody_gets_anything(ana, bea, plan, given):
    given(bea)
    keep(f"{ana.user_id},,2030-01-01,,", ",@BeaS,,30,", "5,,,,mensual", ",@nadie_aqui,,,MENSUAL", ",,,3,")
    assert states() == ["ready", "ready", "waiting", "waiting", "wrong"]
    assert [row.had_access for row in rows()] == [False, True, False, False, False]
    assert rows()[4].problem == "who" and rows()[4].typed == ["", "", "", "3", ""]
    assert count(VIPSubscriber) == 1


def test_it_is_made_once_and_counts_no_money(ana, plan, clock):
    made = keep(f"{ana.user_id},,31/12/2026,,mensual")
    run(made)
    with pytest.raises(Conflict):
        run(made)
    subscriber = now_of(ana)
    assert subscriber.expiry_date == datetime(2027, 1, 1, 5, 59, tzinfo=UTC)  # the end of that day in Mexico
    assert (subscriber.plan_name, subscriber.price, subscriber.has_access) == ("Mensual", 350, True)
    assert get(User, ana.user_id).role is UserRole.VIP and count(UserRoleChangeLog) == 1
    period = db.session.scalars(select(SubscriptionPeriod)).one()
    assert (period.what, period.price, period.reason) == ("start", 0, "Importado de socios.csv")
    assert get(MemberImport, made.id).state is ImportState.DONE


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("abc def,,,3,", "whose"),
        ("0,,,3,", "whose"),
        ("7.1E+08,,,3,", "whose"),
        ("99999999999999999999,,,3,", "whose"),
        ("00000000000000000199999999999999999999,,,3,", "whose"),
        ("0" * 17 + "1" + "9" * 5000 + ",,,3,", "whose"),
        (",@a,,3,", "whose"),
        (",=HYPERLINK(1),,3,", "whose"),
        (",https://evil.example/x,,3,", "whose"),
        ("5,,mañana,,", "date"),
        ("5,,2026-02-30,,", "date"),
        ("5,,31/12/0001,,", "date"),
        ("5,,9999-12-31,,", "date"),
        ("5,,2020-01-01,,", "past"),
        ("5,,2999-01-01,,", "far"),
        ("5,,,0,", "days"),
        ("5,,,4000,", "days"),
        ("5,,,000001999999,", "days"),
        ("5,,,000001" + "9" * 5000 + ",", "days"),
        ("5,,,3.5,", "days"),
        ("5,,,,Otro", "plan"),
        ("5,,,,", "when"),
        ("5", "when"),
    ],
)
def test_each_line_that_cannot_be_says_why(plan, line, problem):
    keep(line, "6,,,3,")
    assert [row.problem for row in rows()] == [problem, None]


@pytest.mark.parametrize(
    "who", ["@AnaT", "anat", "https://t.me/anat", "t.me/AnaT/", "'@anat", "710000001", " '710000001"]
)
def test_somebody_is_named_in_many_ways(ana, who):
    keep(f"{who},3", head="Usuario,Días")
    assert rows()[0].user_id == ana.user_id and states() == ["ready"]


def test_the_same_person_twice_is_taken_once(ana):
    keep(f"{ana.user_id},,,3,", ",@anat,,9,", "77,,,3,", "77,,,4,", ",@otra_,,3,", ",@OTRA_,,3,")
    assert [row.problem for row in rows()] == [None, "twice", None, "twice", None, "twice"]


@pytest.mark.parametrize("head", ["nombre,correo", "1,2", "hasta,dias"])
def test_a_sheet_without_a_column_of_people_is_refused(app, head):
    with pytest.raises(Invalid):
        keep("x,y", head=head)
    with pytest.raises(Invalid):
        keep()
    assert count(MemberImport) == 0


def test_who_has_access_is_left_as_they_are_or_extended(ana, given, clock):
    until = given(ana).expiry_date
    run(keep(f"{ana.user_id},,,10,"), "skip")
    assert states() == ["skipped"] and now_of(ana).expiry_date == until
    run(keep(f"{ana.user_id},,,10,"), "extend")
    assert now_of(ana).expiry_date == until + timedelta(days=10)
    run(keep(f"{ana.user_id},,2026-11-25,,"), "extend")  # earlier than what they have: nothing is taken away
    assert now_of(ana).expiry_date == until + timedelta(days=10)


def test_a_date_for_somebody_paused_waits_until_their_time_runs(ana, given):
    until = given(ana, inside=True).expiry_date
    with transaction():
        subscriptions.pause(subscriptions.of(ana.user_id), by=CAIO, reason="viaje")
    day = (now() + timedelta(days=90)).date()
    run(keep(f"{ana.user_id},,{day},,"), "extend")
    assert (states(), rows()[0].problem, now_of(ana).expiry_date) == (["wrong"], "paused", until)


def test_who_is_in_the_channel_already_stays_and_leaves_at_the_end(ana, bea, clock):
    with transaction():
        members.note(VIP, person(ana), "member")
    run(keep(f"{ana.user_id},,,1,", f"{bea.user_id},,,1,"))
    assert (now_of(ana).status, now_of(ana).channel_state) == (Status.ACTIVE, ChannelState.MEMBER)
    assert now_of(bea).channel_state is ChannelState.INVITED  # nobody knows yet, so they are put out in time


def test_telegram_is_asked_where_each_of_them_stands(ana, bea, telegram, worker):
    gateway = Gateway(telegram.running.token, telegram.url)
    link = gateway.call("createChatInviteLink", {"chat_id": VIP})["invite_link"]
    telegram.do("join", person="bea", link=link)
    run(keep(f"{ana.user_id},,,1,", f"{bea.user_id},,,1,"))
    worker.turn()
    assert (now_of(bea).status, now_of(bea).channel_state) == (Status.ACTIVE, ChannelState.MEMBER)
    assert (now_of(ana).status, now_of(ana).channel_state) == (Status.PENDING_ENTRY, ChannelState.NONE)


def test_a_run_that_was_cut_goes_on_where_it_stopped(app, plan):
    people_ = [UserFactory() for _ in range(7)]
    made = keep(*[f"{user.user_id},,,3," for user in people_])
    with transaction():
        imports.begin(made, "skip", by=CAIO)
    with transaction():
        imports.step(made, by=CAIO, limit=3)
    with pytest.raises(RuntimeError), transaction():  # the process dies before the second step is written
        imports.step(made, by=CAIO, limit=3)
        raise RuntimeError
    assert states().count("done") == 3 == count(VIPSubscriber)
    run(made, limit=3)
    assert states().count("done") == 7 == count(VIPSubscriber) == count(SubscriptionPeriod)


def test_two_who_press_at_once_make_each_line_once(app, plan):
    made = keep(*[f"{UserFactory().user_id},,,3," for _ in range(20)])
    with transaction():
        imports.begin(made, "skip", by=CAIO)

    def press(_round):
        with app.app_context(), transaction():
            return imports.step(db.session.get(MemberImport, made.id), by=CAIO, limit=4)

    with ThreadPoolExecutor(5) as pool:
        assert sum(pool.map(press, range(8))) == 20
    assert count(VIPSubscriber) == count(SubscriptionPeriod) == 20


def test_a_stopped_list_makes_nobody_else_and_takes_nobody_in(ana, bea):
    made = keep(f"{ana.user_id},,,3,", ",@carla_m,,3,")
    with transaction():
        assert imports.cancel(made, by=CAIO) and not imports.cancel(made, by=CAIO)
    with transaction():
        assert imports.step(made, by=CAIO) == 0
    with pytest.raises(Conflict):
        run(made)
    assert claim(UserFactory(username="Carla_M")) is None and count(VIPSubscriber) == 0


def test_who_opens_the_bot_gets_what_their_name_or_id_holds(app, plan):
    run(keep("555000111,,,,mensual", ",@carla_m,,10,"))
    by_id, by_name = UserFactory(user_id=555000111, username=None), UserFactory(username="Carla_M")
    for user, days in ((by_id, 30), (by_name, 10)):
        assert (claim(user).expiry_date - now()).days in (days - 1, days)
        assert get(User, user.user_id).role is UserRole.VIP
        assert claim(user) is None
    assert states() == ["done", "done"] and count(AuditLog, AuditLog.resource_type == "imported_members") == 2
    assert claim(UserFactory()) is None


def test_before_a_person_has_looked_nobody_is_taken_in(app):
    keep(",@carla_m,,10,")
    assert claim(UserFactory(username="carla_m")) is None


def test_a_personal_link_is_good_once_whatever_the_name(app, ana, bea):
    run(keep(",@nombre_viejo,,10,"))
    code = adoptions.code(rows()[0].id)
    assert len(f"alta_{code}") <= 64
    assert claim(ana, code).has_access
    with pytest.raises(Conflict):
        claim(bea, code)
    assert count(VIPSubscriber) == 1


def test_of_twenty_who_open_one_personal_link_one_gets_it(app):
    run(keep(",@nombre_viejo,,10,"))
    code, people_ = adoptions.code(rows()[0].id), [UserFactory().user_id for _ in range(20)]

    def race(user_id):
        with app.app_context():
            try:
                return claim(get(User, user_id), code) is not None
            except Conflict:
                return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(race, people_)) == 1
    assert count(VIPSubscriber) == count(SubscriptionPeriod) == 1


def test_one_person_who_presses_ten_times_at_once_gets_it_once(app, ana):
    run(keep("5,,,10,", ",@quien_sea,,3,"))
    code = adoptions.code(rows()[1].id)

    def race(_round):
        with app.app_context():
            try:
                return claim(get(User, ana.user_id), code) is not None
            except Conflict:
                return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(race, range(10))) == 1
    assert count(SubscriptionPeriod) == 1


def test_links_that_are_not_theirs_are_refused_with_the_reason(ana, bea, clock):
    run(keep("555000111,,,10,", ",@carla_m,2026-11-22,,"))
    mine, late = (adoptions.code(row.id) for row in rows())
    for code in ("", "x", "1-x", mine[:-1], "999-" + mine.partition("-")[2], "٣-x", "9" * 30 + "-x"):
        with pytest.raises(NotFound):
            claim(ana, code or "-")
    with pytest.raises(Conflict, match="otra persona"):
        claim(ana, mine)
    clock.forward(days=5)
    with pytest.raises(Conflict, match="ya terminó"):
        claim(ana, late)
    assert claim(UserFactory(username="carla_m")) is None and states()[1] == "wrong"
    with transaction():
        people.block(get(User, bea.user_id), by=CAIO, reason="x")
    with pytest.raises(Denied):
        claim(bea, late)


def test_who_was_given_access_meanwhile_keeps_it(ana, given):
    run(keep(",@anat_vieja,,10,"))
    until = given(ana).expiry_date
    assert claim(ana, adoptions.code(rows()[0].id)) is None
    assert states() == ["skipped"] and now_of(ana).expiry_date == until


def test_a_name_that_two_people_had_waits_for_who_has_it_now(app):
    UserFactory(username="carla_m"), UserFactory(username="carla_m")
    keep(",@carla_m,,10,")
    assert states() == ["waiting"]


@pytest.mark.parametrize("names", [("carla_m", "Carla_M"), ("Carla_M", "CARLA_m")])
def test_a_name_is_one_name_however_it_is_written(app, names):
    for name in names:
        UserFactory(username=name)
    keep(",@carla_m,,10,")
    assert states() == ["waiting"]


def test_who_writes_their_name_large_is_known_at_once(app):
    carla = UserFactory(username="Carla_M")
    keep(",@carla_m,,10,")
    assert states() == ["ready"] and rows()[0].user_id == carla.user_id


def test_one_person_on_two_lines_of_a_list_is_adopted_once(app):
    run(keep("555000111,,,10,", ",@carla_m,,10,"), "extend")
    carla = UserFactory(user_id=555000111, username="Carla_M")
    assert (claim(carla).expiry_date - now()).days in (9, 10)
    assert sorted(states()) == ["done", "skipped"] and count(SubscriptionPeriod) == 1


def test_somebody_blocked_after_the_list_was_read_gets_nothing(ana):
    made = keep(f"{ana.user_id},,,10,")
    with transaction():
        people.block(get(User, ana.user_id), by=CAIO, reason="x")
    run(made)
    assert states() == ["wrong"] and subscriptions.of(ana.user_id) is None
    assert keep(f"{ana.user_id},,,10,") and rows()[-1].problem == "blocked"
