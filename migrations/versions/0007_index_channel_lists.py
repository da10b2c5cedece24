"""Index what the panel lists of tokens, subscribers and join requests."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TOKENS, SUBSCRIBERS, REQUESTS = "invitation_tokens", "vip_subscribers", "free_channel_requests"
UNSPENT, EXHAUSTED = "revoked_at IS NULL AND uses < max_uses", "revoked_at IS NULL AND uses >= max_uses"
OPEN = "status NOT IN ('paused', 'expired', 'revoked')"
WAITING = "status NOT IN ('approved', 'declined', 'expired', 'error', 'cancelled')"
# (name, table, columns, condition)
INDEXES = (
    ("ix_invitation_tokens_plan_id_created_at_id", TOKENS, ["plan_id", "created_at", "id"], ""),
    ("ix_invitation_tokens_unspent", TOKENS, ["expires_at", "id"], UNSPENT),
    ("ix_invitation_tokens_exhausted", TOKENS, ["created_at", "id"], EXHAUSTED),
    ("ix_invitation_tokens_revoked", TOKENS, ["created_at", "id"], "revoked_at IS NOT NULL"),
    ("ix_vip_subscribers_join_date_id", SUBSCRIBERS, ["join_date", "id"], ""),
    ("ix_vip_subscribers_status_join_date_id", SUBSCRIBERS, ["status", "join_date", "id"], ""),
    ("ix_vip_subscribers_open", SUBSCRIBERS, ["expiry_date", "id"], OPEN),
    ("ix_vip_subscribers_failed", SUBSCRIBERS, ["expiry_date", "id"], "last_error IS NOT NULL"),
    ("ix_free_channel_requests_queue", REQUESTS, ["approve_after", "id"], WAITING),
)


def upgrade() -> None:
    for name, table, columns, condition in INDEXES:
        where = sa.text(condition) if condition else None
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for name, table, _columns, _condition in reversed(INDEXES):
        op.drop_index(name, table)
