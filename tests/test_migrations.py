"""The migrations: up, down and up again on a filled database, the schema that the design names, one head."""

from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from flask_migrate import downgrade, upgrade
from sqlalchemy import create_engine, inspect, make_url, select, text
from sqlalchemy.exc import DatabaseError

from tests.conftest import SERVER, Databases
from tests.factories import ClientFactory, ClientImportFactory, InterestFactory, PackageFactory, StaffFactory
from webapp import create_app
from webapp.base import inbox, outbox
from webapp.base.db import db, transaction
from webapp.domain.audit import trail
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.audit.models import AuditLog
from webapp.domain.catalog.models import UserInterest
from webapp.domain.channels import subscriptions
from webapp.domain.sessions import devices
from webapp.domain.staff import team
from webapp.domain.users import people, roles

MIGRATIONS = str(Path(__file__).parent.parent / "migrations")
COLUMNS = {
    "users": "user_id username first_name last_name language_code role reach referral_code referred_by is_blocked "
    "blocked_until blocked_reason search_text last_seen_at created_at updated_at erased_at",
    "user_role_change_log": "user_id previous_role new_role changed_by reason change_source metadata changed_at",
    "content_packages": "id public_id name description body price currency price_stars price_points category type "
    "provider_id team_id is_active published_from published_until created_at updated_at",
    "user_interests": "user_id package_id is_attended attended_at attended_by stage owner click_count withdrawn_at "
    "conversation_id created_at",
    "audit_logs": "at actor_type actor_id actor_label action resource_type resource_id old_values new_values "
    "ip_address user_agent session_id request_id reason additional_data seq prev_hash row_hash",
    "user_sessions": "id token_hash user_id staff_id kind created_at last_activity expires_at absolute_expires_at "
    "is_active revoked_at revoked_by ip_address user_agent auth_level sudo_until init_data_hash",
    "telegram_updates": "update_id kind chat_id payload status attempts lease_until error received_at done_at",
    "clients": "id name cpf_encrypted cpf_hash birth_date user_id email created_by is_active deleted_at version "
    "created_at updated_at",
    "outbox_messages": "method chat_id payload dedupe_key status attempts next_attempt_at lease_until "
    "telegram_message_id last_error priority",
}
INDEXES = {
    "users": ["role", "created_at user_id", "last_seen_at"],
    "user_role_change_log": ["user_id", "changed_by", "changed_at", "user_id changed_at", "changed_by changed_at"],
    "content_packages": ["category is_active", "type is_active", "public_id"],
    "user_interests": ["user_id package_id", "user_id package_id is_attended", "is_attended created_at"],
    "user_sessions": ["token_hash", "user_id", "staff_id", "is_active", "expires_at", "last_activity"],
    "clients": ["cpf_hash", "user_id", "is_active created_at", "is_active search_text"],
    "outbox_messages": ["status next_attempt_at", "chat_id id", "dedupe_key"],
}


@pytest.fixture
def fresh(engine_kind, tmp_path):
    """An app on an unmigrated database of its own."""
    databases = Databases(tmp_path)
    app = create_app(databases.settings(engine_kind, redis_url=""))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
    if engine_kind == "postgresql":
        admin = create_engine(make_url(SERVER).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{databases.name}" WITH (FORCE)'))
        admin.dispose()


def fill():
    """A row of everything."""
    StaffFactory()
    ClientFactory()
    ClientImportFactory()
    interest = InterestFactory()
    PackageFactory()
    with transaction():
        user = people.get_or_create_user({"id": 5, "first_name": "Ñandú"})
        roles.promote_to_vip(user, by=SYSTEM)
        devices.start("miniapp", by=SYSTEM, user_id=user.user_id)
        subscriptions.gift(user, 7, by=SYSTEM, reason="sorteo")
        outbox.promise("sendMessage", 5, {"text": "hola"})
        inbox.receive([{"update_id": 9, "message": {"chat": {"id": 5}}}])
    return interest


def test_up_down_and_up_again_on_a_filled_database(fresh):
    upgrade(MIGRATIONS)
    fill()
    db.session.remove()
    downgrade(MIGRATIONS, revision="base")
    left = set(inspect(db.engine).get_table_names())
    assert left <= {"alembic_version"}
    upgrade(MIGRATIONS)
    fill()


def test_a_step_down_and_up_keeps_what_people_did(fresh):
    upgrade(MIGRATIONS)
    fill()
    db.session.remove()
    downgrade(MIGRATIONS, revision="0001")
    upgrade(MIGRATIONS)
    assert len(db.session.scalars(select(UserInterest)).all()) == 1
    assert people.search("nandu", size=5).rows[0].first_name == "Ñandú"
    assert team.people("LIMA equipo").rows[0].full_name == "Caio Lima"


def test_the_tables_have_the_columns_and_indexes_that_the_design_names(fresh):
    upgrade(MIGRATIONS)
    found = inspect(db.engine)
    for table, names in COLUMNS.items():
        assert set(names.split()) <= {column["name"] for column in found.get_columns(table)}, table
    for table, wanted in INDEXES.items():
        indexes = [index["column_names"] for index in found.get_indexes(table)]
        indexes += [unique["column_names"] for unique in found.get_unique_constraints(table)]
        for columns in wanted:
            assert any(index[: len(columns.split())] == columns.split() for index in indexes), (table, columns)


def test_one_interest_a_person_and_package_is_the_databases_own_rule(fresh):
    upgrade(MIGRATIONS)
    found = inspect(db.engine)
    unique = {index["name"] for index in found.get_indexes("user_interests") if index["unique"]}
    assert unique == {"idx_interest_user_package", "idx_interest_user_vip"}


def test_there_is_one_head(fresh):
    assert len(ScriptDirectory(MIGRATIONS).get_heads()) == 1


@pytest.mark.parametrize("table", ["audit_logs", "user_role_change_log", "subscription_periods"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id + 1000", "DELETE FROM {}"])
def test_nobody_changes_or_removes_what_is_append_only(fresh, table, statement):
    upgrade(MIGRATIONS)
    fill()
    with pytest.raises(DatabaseError, match="append-only"), db.engine.begin() as connection:
        connection.execute(text(statement.format(table)))


def test_sealing_is_the_one_change_an_audit_row_allows_and_only_once(fresh):
    upgrade(MIGRATIONS)
    with transaction():
        trail.note("create", "things", 1, by=SYSTEM)
    row = db.session.scalar(select(AuditLog.id))
    db.session.rollback()
    seal = text("UPDATE audit_logs SET seq = 1, prev_hash = '0', row_hash = 'a' WHERE id = :row").bindparams(row=row)
    with db.engine.begin() as connection:
        connection.execute(seal)
    with pytest.raises(DatabaseError, match="append-only"), db.engine.begin() as connection:
        connection.execute(seal)


def test_of_two_verifications_under_way_the_first_stays(fresh):
    upgrade(MIGRATIONS, revision="0018")
    row = "INSERT INTO audit_verifications (id, up_to, reached, findings, asked_by, asked_by_label, created_at,"
    with db.engine.begin() as connection:
        for number, over in ((1, "'2026-01-02'"), (2, "NULL"), (3, "NULL")):
            values = f"({number}, 9, 0, '[]', 'staff:caio', '', '2026-01-01', {over})"
            connection.execute(text(f"{row} finished_at) VALUES {values}"))
    upgrade(MIGRATIONS)
    with db.engine.connect() as connection:
        assert connection.scalars(text("SELECT id FROM audit_verifications ORDER BY id")).all() == [1, 2]
