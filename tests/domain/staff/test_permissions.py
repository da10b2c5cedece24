"""Rights given section by section: never to oneself, never more or longer than one's own, gone by the clock."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from tests.conftest import count
from tests.factories import StaffFactory
from webapp.base.clock import now
from webapp.base.db import db, get, transaction
from webapp.base.errors import Conflict, Denied, Invalid, NotFound, Refused
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.audit.models import AuditLog
from webapp.domain.sessions import devices
from webapp.domain.sessions.models import UserSession
from webapp.domain.staff import accounts, permissions, rights, team
from webapp.domain.staff.models import StaffRole, StaffUser, UserAgentPermission
from webapp.domain.staff.rights import Grant

EXPLAIN = {"sqlite": "EXPLAIN QUERY PLAN ", "postgresql": "EXPLAIN "}
R, RU, ALL = frozenset({"read"}), frozenset({"read", "update"}), frozenset(rights.ACTS)


@pytest.fixture
def rita(app):
    return StaffFactory(email="rita@vitrina.example", full_name="Rita Root", role=StaffRole.SYSADMIN)


@pytest.fixture
def hugo(app):
    return StaffFactory(email="hugo@vitrina.example", full_name="Hugo Paz", role=StaffRole.USER)


@pytest.fixture
def ines(app):
    return StaffFactory(email="ines@vitrina.example", full_name="Inés Sol", role=StaffRole.USER)


def give(person, giver, /, until=None, **sections):
    with transaction():
        giver = get(StaffUser, giver.id)
        wanted = {name: Grant(frozenset(acts), until) for name, acts in sections.items()}
        return permissions.grant(person.id, wanted, giver=giver, by=accounts.as_actor(giver))


def held(staff):
    db.session.rollback()
    return rights.of(get(StaffUser, staff.id))


def test_hugo_may_what_he_was_given_and_nothing_else(rita, hugo):
    assert give(hugo, rita, vip=RU, tokens={"create"}) == 2
    mine = held(hugo)
    allowed = {(section, act) for section in rights.SECTIONS for act in rights.ACTS if mine.may(section, act)}
    own = {("home", "read"), *(("account", act) for act in rights.ACTS)}
    assert allowed == own | {("vip", "read"), ("vip", "update"), ("tokens", "read"), ("tokens", "create")}


def test_a_right_is_over_with_its_hour_and_can_be_given_again_in_the_same_row(rita, hugo):
    with time_machine.travel(now(), tick=False) as clock:
        give(hugo, rita, until=now() + timedelta(hours=1), vip=R)
        clock.shift(timedelta(minutes=59))
        assert held(hugo).may("vip", "read")
        clock.shift(timedelta(minutes=1))
        assert not held(hugo).may("vip", "read")
        give(hugo, rita, vip=RU)
    assert held(hugo).may("vip", "update") and count(UserAgentPermission) == 1


def test_each_change_is_one_audit_row_and_no_change_none(rita, hugo):
    give(hugo, rita, vip=RU, tokens=R)
    give(hugo, rita, vip=RU, tokens=R)
    give(hugo, rita, vip=())
    rows = db.session.query(AuditLog).filter_by(action="permission_change").order_by(AuditLog.id).all()
    assert [row.additional_data["section"] for row in rows] == ["vip", "tokens", "vip"]
    assert rows[2].new_values["is_active"] is False and rows[2].actor_label == "Rita Root"


def test_nobody_gives_rights_to_himself_or_to_who_may_everything(rita, hugo):
    give(hugo, rita, staff=RU, vip=RU)
    with pytest.raises(Denied, match="sí mismo"):
        give(hugo, hugo, vip=ALL)
    with pytest.raises(Conflict, match="Su rol ya lo puede todo"):
        give(rita, hugo, vip=R)


@pytest.mark.parametrize("sections", [{"vip": ALL}, {"payments": R}, {"vip": R, "settings": R}])
def test_nobody_gives_more_than_they_have(rita, hugo, ines, sections):
    give(hugo, rita, staff=RU, vip=RU)
    with pytest.raises(Denied, match="lo que tú no tienes"):
        give(ines, hugo, **sections)
    assert held(ines) == rights.NOTHING


def test_nobody_takes_what_they_could_not_give(rita, hugo, ines):
    give(hugo, rita, staff=RU, vip=R)
    give(ines, rita, vip=ALL)
    with pytest.raises(Denied, match="ni quitar"):
        give(ines, hugo, vip=R)
    assert held(ines).may("vip", "delete")


@pytest.mark.parametrize("days", [None, 8])
def test_nobody_gives_for_longer_than_they_have(rita, hugo, ines, days):
    end = now() + timedelta(days=7)
    give(hugo, rita, until=end, staff=RU)
    give(hugo, rita, vip=R)
    with pytest.raises(Invalid) as refused:
        give(ines, hugo, until=now() + timedelta(days=days) if days else None, vip=R)
    assert "termina antes" in refused.value.fields["until-vip"]
    assert give(ines, hugo, until=end, vip=R) == 1


def test_an_end_that_is_past_is_refused_for_each_section(rita, hugo):
    with pytest.raises(Invalid) as refused:
        give(hugo, rita, until=now() - timedelta(minutes=1), vip=R, tokens=R)
    assert set(refused.value.fields) == {"until-vip", "until-tokens"} and count(UserAgentPermission) == 0


def test_nobody_gets_rights_without_an_account_that_works(rita, hugo):
    with transaction():
        get(StaffUser, hugo.id).is_active = False
    with pytest.raises(NotFound):
        give(hugo, rita, vip=R)


def test_who_loses_a_right_is_signed_out_and_who_gains_one_is_not(rita, hugo):
    with transaction():
        devices.start("panel", by=SYSTEM, staff_id=hugo.id)
    give(hugo, rita, vip=RU)
    assert count(UserSession, UserSession.is_active) == 1
    give(hugo, rita, vip=R)
    assert count(UserSession, UserSession.is_active) == 0


def test_a_template_adds_and_takes_nothing_away(rita, hugo):
    give(hugo, rita, vip=ALL)
    wanted = {name: Grant(frozenset(acts)) for name, acts in permissions.TEMPLATES["agent"].sections.items()}
    with transaction():
        permissions.add(hugo.id, wanted, giver=get(StaffUser, rita.id), by=SYSTEM)
    assert held(hugo).acts("vip") == ALL and held(hugo).acts("desk") == {"read", "create", "update"}


def test_the_templates_name_sections_and_acts_that_exist():
    for template in permissions.TEMPLATES.values():
        assert set(template.sections) <= set(rights.GRANTABLE)
        assert all("read" in acts and set(acts) <= set(rights.ACTS) for acts in template.sections.values())


def test_what_ends_soon_is_listed_in_its_order(rita, hugo, ines):
    give(hugo, rita, until=now() + timedelta(days=9), vip=R)
    give(ines, rita, until=now() + timedelta(days=2), tokens=R)
    give(ines, rita, until=now() + timedelta(days=90), users=R)
    give(ines, rita, vip=R)
    assert [(row.agent_name, name) for row, name in permissions.expiring()] == [
        ("tokens", "Inés Sol"),
        ("vip", "Hugo Paz"),
    ]


def test_a_right_taken_away_this_moment_is_not_passed_on(app, rita, hugo, ines):
    give(hugo, rita, staff=RU, vip=R)

    def deed(which):
        with app.app_context():
            try:
                give(hugo, rita, vip=()) if which else give(ines, hugo, vip=R)
            except Refused as error:
                return type(error).__name__
            finally:
                db.session.remove()

    with ThreadPoolExecutor(2) as both:
        _revoked, given = both.map(deed, (1, 0))
    passed_on = db.session.query(UserAgentPermission).filter_by(user_id=ines.id).first()
    taken = db.session.query(UserAgentPermission).filter_by(user_id=hugo.id, agent_name="vip").one()
    assert (given == "Denied") is (passed_on is None)
    assert passed_on is None or passed_on.granted_at <= taken.revoked_at


@pytest.mark.parametrize("broken", ["granted_by = user_id", "expires_at = granted_at", "can_read = false"])
def test_the_database_itself_refuses_a_right_that_cannot_be(rita, hugo, broken):
    give(hugo, rita, vip=R)
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(text(f"UPDATE user_agent_permissions SET {broken}"))


def test_asking_is_one_query_by_an_index(rita, hugo, engine_kind):
    give(hugo, rita, vip=RU, tokens=R)
    staff, sent = get(StaffUser, hugo.id), []
    note = lambda _connection, _cursor, sql, told, *_more: sent.append((sql, told))  # noqa: E731
    event.listen(db.engine, "before_cursor_execute", note)
    assert rights.of(staff).may("vip", "update")
    event.remove(db.engine, "before_cursor_execute", note)
    ((sql, told),) = [one for one in sent if one[0] != "BEGIN"]
    with db.engine.connect() as connection:
        if engine_kind == "postgresql":
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        plan = str(connection.exec_driver_sql(EXPLAIN[engine_kind] + sql, told).all())
    assert "uq_user_agent_permissions" in plan or "sqlite_autoindex_user_agent_permissions" in plan


def test_an_invitation_counts_while_whoever_made_it_may_invite(rita, hugo):
    with time_machine.travel(now(), tick=False) as clock:
        give(hugo, rita, until=now() + timedelta(hours=2), staff={"create"})
        with transaction():
            by = accounts.as_actor(get(StaffUser, hugo.id))
            links = [accounts.invite(StaffRole.USER, by=by) for _one in range(2)]
        assert accounts.get_invitation(links[0]).created_by == by.ref
        clock.shift(timedelta(hours=2))
        for link in links:
            with pytest.raises(NotFound):
                accounts.get_invitation(link)
        give(hugo, rita, staff={"create"})
        assert accounts.get_invitation(links[0])
        give(hugo, rita, staff={"read"})
        with pytest.raises(NotFound), transaction():
            accounts.join(links[0], email="x@vitrina.example", full_name="Equis", password="x", locale="es", by=SYSTEM)


def test_whoever_may_invite_withdraws_no_invitation_above_themselves(rita, hugo):
    give(hugo, rita, staff={"create"})
    with transaction():
        token = accounts.invite(StaffRole.SYSADMIN, by=accounts.as_actor(get(StaffUser, rita.id)))
        number = accounts.get_invitation(token).id
    with pytest.raises(Denied), transaction():
        team.withdraw_invitation(number, by=accounts.as_actor(get(StaffUser, hugo.id)))
    assert accounts.get_invitation(token)
