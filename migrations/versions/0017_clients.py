"""Who buys: clients with an encrypted CPF that one living client has at most, and the lists of them that people send."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

LIVING = sa.text("deleted_at IS NULL")
STATES = ("read", "running", "done", "cancelled")
INDEXES = (
    ("cpf_hash",), ("user_id",), ("email",), ("is_active", "created_at", "search_key"),
    ("is_active", "search_text", "search_key"),
)  # fmt: skip


def upgrade() -> None:
    big, moment = sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.DateTime(timezone=True)
    op.create_table(
        "clients",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", big, nullable=True),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("cpf_encrypted", sa.Text(), nullable=False),
        sa.Column("cpf_hash", sa.String(length=64), nullable=False),
        sa.Column("cpf_keys", sa.String(length=33), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("phone", sa.String(length=16), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("search_key", big, nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(length=60), nullable=False),
        sa.Column("created_by_label", sa.String(length=150), nullable=False),
        sa.Column("deleted_by", sa.String(length=60), nullable=True),
        sa.Column("deleted_at", moment, nullable=True),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.CheckConstraint("is_active = (deleted_at IS NULL)", name=op.f("ck_clients_deleted")),
        sa.CheckConstraint("version > 0", name=op.f("ck_clients_version")),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name=op.f("fk_clients_user_id_users"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clients")),
        sa.UniqueConstraint("search_key", name=op.f("uq_clients_search_key")),
    )
    for columns in INDEXES:
        op.create_index(op.f(f"ix_clients_{'_'.join(columns)}"), "clients", list(columns))
    op.create_index("uq_clients_cpf_living", "clients", ["cpf_hash"], unique=True, sqlite_where=LIVING, postgresql_where=LIVING)
    _search_sqlite() if op.get_bind().dialect.name == "sqlite" else _search_postgresql()
    _imports()


def _imports() -> None:
    document = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "client_imports",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(always=False), nullable=False),
        sa.Column("file_name", sa.String(length=120), nullable=False),
        sa.Column("state", sa.Enum(*STATES, name="state", native_enum=False, create_constraint=True, length=24), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("made", sa.Integer(), nullable=False),
        sa.Column("reached", sa.Integer(), nullable=False),
        sa.Column("problems", document, nullable=False),
        sa.Column("by", sa.String(length=60), nullable=False),
        sa.Column("by_label", sa.String(length=150), nullable=False),
        sa.Column("finished_at", moment, nullable=True),
        sa.Column("created_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_imports")),
    )
    op.create_index(op.f("ix_client_imports_created_at_id"), "client_imports", ["created_at", "id"])


def _search_sqlite() -> None:
    fts = "clients_fts"
    op.execute(
        f"CREATE VIRTUAL TABLE {fts} USING fts5(search_text, content='clients', content_rowid='search_key', "
        "tokenize='trigram')"
    )
    add = f"INSERT INTO {fts}(rowid, search_text) VALUES (new.search_key, new.search_text)"
    remove = f"INSERT INTO {fts}({fts}, rowid, search_text) VALUES ('delete', old.search_key, old.search_text)"
    op.execute(f"CREATE TRIGGER {fts}_insert AFTER INSERT ON clients BEGIN {add}; END")
    op.execute(f"CREATE TRIGGER {fts}_delete AFTER DELETE ON clients BEGIN {remove}; END")
    op.execute(
        f"CREATE TRIGGER {fts}_update AFTER UPDATE OF search_text ON clients "
        f"WHEN old.search_text IS NOT new.search_text BEGIN {remove}; {add}; END"
    )


def _search_postgresql() -> None:
    op.execute("CREATE INDEX ix_clients_search_trgm ON clients USING gin (search_text gin_trgm_ops)")


def downgrade() -> None:
    op.drop_table("client_imports")
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE clients_fts")
    op.drop_table("clients")
