"""Index what the statistics read: what happened when, paid time that is running, what was paused, revoked or corrected."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

PERIODS, REQUESTS = "subscription_periods", "free_channel_requests"
DISTURBED = "what IN ('pause', 'resume', 'revoke', 'correct')"
# (name, table, columns, condition)
INDEXES = (
    ("ix_subscription_periods_flows", PERIODS, ["what", "currency", "created_at", "price"], ""),
    ("ix_subscription_periods_free", PERIODS, ["what", "currency", "price", "created_at"], "price = 0 AND what IN ('start', 'extend')"),
    ("ix_subscription_periods_marked", PERIODS, ["what", "created_at"], "what IN ('gift', 'revoke', 'correct')"),
    ("ix_subscription_periods_paid", PERIODS, ["ends_at", "starts_at", "currency", "price", "days", "subscriber_id"], "price > 0"),
    ("ix_subscription_periods_disturbed", PERIODS, ["subscriber_id", "id"], DISTURBED),
    ("ix_subscription_periods_moved", PERIODS, ["ends_at", "created_at", "subscriber_id"], DISTURBED),
    ("ix_vip_subscribers_created_at_id", "vip_subscribers", ["created_at", "id"], ""),
    ("ix_invitation_tokens_expires_at", "invitation_tokens", ["expires_at"], ""),
    ("ix_invitation_tokens_revoked_at", "invitation_tokens", ["revoked_at"], "revoked_at IS NOT NULL"),
    ("ix_token_redemptions_redeemed_at", "token_redemptions", ["redeemed_at"], ""),
    ("ix_free_channel_requests_processed", REQUESTS, ["status", "processed_at", "request_date"], ""),
)


def upgrade() -> None:
    for name, table, columns, condition in INDEXES:
        where = sa.text(condition) if condition else None
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for name, table, _columns, _condition in reversed(INDEXES):
        op.drop_index(name, table)
