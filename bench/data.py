"""Filled databases: made once for each schema and scale, kept, and copied for every run.

Rows are made inside the database from a table of numbers, with the plain indexes taken down meanwhile, so that a
million interests take seconds. Member n is signed in with `token(n)`; everybody has an interest in one package of the
first page, so that a page shows marks. A package's number is its id and its position.
"""

import hashlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from alembic.script import ScriptDirectory
from flask_migrate import upgrade
from sqlalchemy import Connection, Engine, create_engine, insert, make_url, text, update

from bench.scale import Scale
from webapp import create_app
from webapp.base.clock import now
from webapp.base.crypto import hash_token
from webapp.base.db import db, new_engine
from webapp.domain.sessions.models import UserSession
from webapp.domain.users.models import Reach, User, UserRole

ROOT = Path(__file__).parent.parent
FIRST = 500_000_000
ADMIN = 900_000_001
TABLES = ("content_packages", "users", "user_interests")
MISSING = "PostgreSQL left out: set BENCH_DATABASE_URL (or TEST_DATABASE_URL) to a server where databases may be made."

NUMBERS = """
INSERT INTO bench_numbers (i)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :most) SELECT i FROM n
"""
PROVIDERS = """
INSERT INTO providers (id, name, display_name, is_active, created_at)
SELECT i, 'estudio-' || i, 'Estudio ' || i, TRUE, {ago} FROM bench_numbers WHERE i <= 20
"""
PACKAGES = """
INSERT INTO content_packages (id, public_id, provider_id, name, description, body, category, type, price, currency,
  price_stars, is_active, position, version, search_text, created_at, updated_at)
SELECT i, 'pk' || (1000000000 + i), 1 + i % 20, 'Primavera ' || i || ', 24 fotos', 'La sesión del jardín.',
  'Un video corto de cómo se hizo.',
  CASE i % 3 WHEN 0 THEN 'vip_content' WHEN 1 THEN 'free_content' ELSE 'vip_premium' END, 'collection',
  CASE WHEN i % 4 = 0 THEN NULL ELSE 50 + i % 300 END, 'MXN', CASE WHEN i % 4 = 0 THEN 100 ELSE NULL END, TRUE, i, 1,
  'primavera ' || i || ', 24 fotos la sesion del jardin.', {ago}, {ago}
FROM bench_numbers WHERE i <= :packages
"""
USERS = """
INSERT INTO users (user_id, username, first_name, last_name, language_code, role, reach, referral_code, is_blocked,
  search_text, last_seen_at, created_at, updated_at)
SELECT 500000000 + i, 'persona' || i, 'Ana', 'Torres ' || i, 'es', CASE i % 2 WHEN 0 THEN 'vip' ELSE 'free' END, 'ok',
  'r' || (10000000000 + i), FALSE, 'ana torres ' || i || ' persona' || i, {ago}, {ago}, {ago}
FROM bench_numbers WHERE i <= :users
"""
INTERESTS = """
INSERT INTO user_interests (user_id, package_id, stage, is_attended, click_count, notice_count, attended_at, created_at)
SELECT 500000000 + u.i, 1 + (:packages - 1 - u.i % 20 + (k.i - 1) * (1 + 10 * (u.i % 991))) % :packages, 'nuevo',
  (u.i + k.i) % 3 = 0, 1, 0, CASE WHEN (u.i + k.i) % 3 = 0 THEN {ago_k} ELSE NULL END, {ago_k}
FROM bench_numbers u CROSS JOIN bench_numbers k WHERE u.i <= :users AND k.i <= :each ORDER BY u.i, k.i
"""
AGO = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f000', 'now', printf('%+d seconds', -({})))",
    "postgresql": "(now() - ({}) * interval '1 second')",
}


def token(member: int) -> str:
    """The session's token of a signed-in member, 0 …"""
    return f"bench-session-{member:029d}"


def user_id(member: int) -> int:
    """A signed-in member's Telegram id."""
    return FIRST + 1 + member


def public_id(package: int) -> str:
    """A package's public id, by its number."""
    return f"pk{1_000_000_000 + package}"


def home() -> Path:
    """Where filled databases are kept: VITRINA_HOME, or the system's folder for temporary files."""
    told = os.environ.get("VITRINA_HOME")
    folder = Path(told, "bench") if told else Path(tempfile.gettempdir(), "vitrina-bench")
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


def server() -> str:
    """The PostgreSQL server to use; empty when none is named."""
    return os.environ.get("BENCH_DATABASE_URL") or os.environ.get("TEST_DATABASE_URL") or ""


def engines() -> list[str]:
    """The engines that can be measured here."""
    return ["SQLite", *(["PostgreSQL"] if server() else [])]


@contextmanager
def database(engine: str, scale: Scale) -> Iterator[str]:
    """The address of a fresh copy of a filled database; gone afterwards."""
    with _copied(scale) if engine == "SQLite" else _cloned(scale) as url:
        _freshen(url)
        yield url


def forget(scale: Scale) -> None:
    """Removes what was filled for this scale."""
    for old in home().glob(f"{_kind(scale)}*"):
        old.unlink()
    if server():
        admin = _admin()
        for name in _known(admin, scale):
            _sql(admin, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        admin.dispose()


@contextmanager
def _copied(scale: Scale) -> Iterator[str]:
    kept = home() / f"{_name(scale)}.db"
    if not kept.exists():
        for old in home().glob(f"{_kind(scale)}*"):
            old.unlink()
        making = home() / f"making-{os.getpid()}.db"
        making.unlink(missing_ok=True)
        _fill(f"sqlite:///{making}", scale)
        with closing(sqlite3.connect(making)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        making.rename(kept)
    with tempfile.TemporaryDirectory(dir=home()) as folder:
        copy = Path(folder, "vitrina.db")
        shutil.copyfile(kept, copy)
        yield f"sqlite:///{copy}"


@contextmanager
def _cloned(scale: Scale) -> Iterator[str]:
    name, copy = _name(scale), f"vitrina_bench_run_{os.getpid()}"
    admin = _admin()
    try:
        known = _known(admin, scale)
        if name not in known:
            for old in known:
                _sql(admin, f'DROP DATABASE IF EXISTS "{old}" WITH (FORCE)')
            making = f"vitrina_bench_making_{os.getpid()}"
            _sql(admin, f'DROP DATABASE IF EXISTS "{making}" WITH (FORCE)', f'CREATE DATABASE "{making}"')
            _fill(_address(making), scale)
            _sql(admin, f'ALTER DATABASE "{making}" RENAME TO "{name}"')
        _sql(admin, f'DROP DATABASE IF EXISTS "{copy}" WITH (FORCE)', f'CREATE DATABASE "{copy}" TEMPLATE "{name}"')
        yield _address(copy)
    finally:
        _sql(admin, f'DROP DATABASE IF EXISTS "{copy}" WITH (FORCE)')
        admin.dispose()


def _known(admin: Engine, scale: Scale) -> Sequence[str]:
    """Names of the filled databases of this scale, of whatever schema."""
    query = text("SELECT datname FROM pg_database WHERE datname LIKE :same")
    with admin.connect() as connection:
        return connection.scalars(query, {"same": f"{_kind(scale)}%"}).all()


def _admin() -> Engine:
    return create_engine(make_url(server()).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")


def _sql(engine: Engine, *statements: str) -> None:
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))


def _address(name: str) -> str:
    return make_url(server()).set(drivername="postgresql", database=name).render_as_string(hide_password=False)


def _kind(scale: Scale) -> str:
    return "vitrina_bench_" + "_".join(str(number) for number in scale.rows) + "_"


def _name(scale: Scale) -> str:
    """Of a filled database: another schema, scale or way of filling makes another one."""
    schema = ScriptDirectory(str(ROOT / "migrations")).get_current_head() or ""
    return _kind(scale) + hashlib.sha256(schema.encode() + Path(__file__).read_bytes()).hexdigest()[:10]


def _fill(url: str, scale: Scale) -> None:
    """Migrates an empty database and fills it."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(vitrina_env="test", vitrina_home=folder, database_url=url, log_level="WARNING")
        with app.app_context():
            upgrade(str(ROOT / "migrations"))
            db.session.remove()
            db.engine.dispose()
    engine = new_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        _hurry(connection)
        indexes = _take_indexes_down(connection)
        _insert(connection, scale)
        for statement in indexes:
            connection.exec_driver_sql(statement)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE" if engine.dialect.name == "postgresql" else "ANALYZE")
    engine.dispose()


def _hurry(connection: Connection) -> None:
    """A large cache; no checks of foreign keys, where we may: all of them are right by the way they are made."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA cache_size=-400000")
        return
    connection.exec_driver_sql("SET LOCAL maintenance_work_mem = '256MB'")
    if connection.scalar(text("SELECT usesuper FROM pg_user WHERE usename = CURRENT_USER")):
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")


def _take_indexes_down(connection: Connection) -> list[str]:
    """Drops the indexes of the large tables that are not unique; returns what makes them again."""
    if connection.dialect.name == "sqlite":
        query = (
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql LIKE 'CREATE INDEX%' AND tbl_name = '{}'"
        )
    else:
        query = "SELECT indexname, indexdef FROM pg_indexes WHERE indexdef LIKE 'CREATE INDEX%%' AND tablename = '{}'"
    found = [row for table in TABLES for row in connection.exec_driver_sql(query.format(table)).all()]
    for name, _statement in found:
        connection.exec_driver_sql(f'DROP INDEX "{name}"')
    return [statement for _name, statement in found]


def _insert(connection: Connection, scale: Scale) -> None:
    ago = AGO[connection.dialect.name]
    each = scale.interests // scale.users
    connection.execute(text("CREATE TABLE bench_numbers (i INTEGER PRIMARY KEY)"))
    connection.execute(text(NUMBERS), {"most": max(scale.packages, scale.users, 20)})
    day = {"ago": ago.format("86400 * (9 + i % 300)"), "ago_k": ago.format("60 * (u.i % 400000) + k.i")}
    for statement, values in (
        (PROVIDERS, {}),
        (PACKAGES, {"packages": scale.packages}),
        (USERS, {"users": scale.users}),
        (INTERESTS, {"packages": scale.packages, "users": scale.users, "each": each}),
    ):
        connection.execute(text(statement.format(**day)), values)
    connection.execute(text("DROP TABLE bench_numbers"))
    admin = {"user_id": ADMIN, "username": "dorar", "first_name": "Dora", "language_code": "es"}
    connection.execute(insert(User).values(admin | {"role": UserRole.ADMIN, "reach": Reach.OK}))
    connection.execute(insert(UserSession), [_session(member) for member in range(min(scale.members, scale.users))])
    if connection.dialect.name == "postgresql":
        for table in ("providers", "content_packages", "user_interests"):
            connection.exec_driver_sql(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
            )


def _session(member: int) -> dict[str, Any]:
    end = now() + timedelta(days=3650)
    return {
        "id": UUID(int=member + 1),
        "token_hash": hash_token(token(member)),
        "user_id": user_id(member),
        "kind": "miniapp",
        "expires_at": end,
        "absolute_expires_at": end,
    }


def _freshen(url: str) -> None:
    """Signed-in members were here just now, whenever the database was filled."""
    engine = new_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(update(UserSession).values(last_activity=now()))
    engine.dispose()
