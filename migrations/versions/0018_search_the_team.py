"""What the search of the team looks at: name and e-mail, in lower case and without accents."""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("staff_users", sa.Column("search_text", sa.Text(), server_default="", nullable=False))
    staff = sa.table("staff_users", sa.column("id"), sa.column("full_name"), sa.column("email"), sa.column("search_text"))
    here = op.get_bind()
    for row in here.execute(sa.select(staff.c.id, staff.c.full_name, staff.c.email)).all():  # a team: some hundreds
        words = _plain(f"{row.full_name} {row.email}")
        here.execute(sa.update(staff).where(staff.c.id == row.id).values(search_text=words))


def _plain(words: str) -> str:
    """As webapp/base/search.py wrote it then."""
    folded = unicodedata.normalize("NFKD", words.casefold())
    kept = "".join(letter for letter in folded if not unicodedata.combining(letter) and letter.isprintable())
    return " ".join(kept.split())


def downgrade() -> None:
    with op.batch_alter_table("staff_users") as staff:
        staff.drop_column("search_text")
