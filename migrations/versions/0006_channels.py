"""The channels: plans, tokens, subscriptions, invites, join requests, members, and their settings."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('bot_channels',
    sa.Column('chat_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('username', sa.String(length=64), nullable=True),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('can_invite_users', sa.Boolean(), nullable=False),
    sa.Column('can_restrict_members', sa.Boolean(), nullable=False),
    sa.Column('can_post_messages', sa.Boolean(), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('chat_id', name=op.f('pk_bot_channels'))
    )
    op.create_table('channel_invites',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('channel', sa.Enum('vip', 'free', name='channel', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('link', sa.String(length=200), nullable=True),
    sa.Column('used_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_channel_invites'))
    )
    with op.batch_alter_table('channel_invites', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_channel_invites_link'), ['link'], unique=False)
        batch_op.create_index(batch_op.f('ix_channel_invites_user_id_channel_id'), ['user_id', 'channel', 'id'], unique=False)

    op.create_table('channel_members',
    sa.Column('channel_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('via_link', sa.String(length=200), nullable=True),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('channel_id', 'user_id', name=op.f('pk_channel_members'))
    )
    with op.batch_alter_table('channel_members', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_channel_members_user_id'), ['user_id'], unique=False)

    op.create_table('expulsion_runs',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('due', sa.Integer(), nullable=False),
    sa.Column('members', sa.Integer(), nullable=False),
    sa.Column('decided_by', sa.String(length=60), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("state IN ('braked', 'released', 'cleared')", name=op.f('ck_expulsion_runs_state')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_expulsion_runs'))
    )
    with op.batch_alter_table('expulsion_runs', schema=None) as batch_op:
        batch_op.create_index('uq_expulsion_runs_braked', ['state'], unique=True, sqlite_where=sa.text("state = 'braked'"), postgresql_where=sa.text("state = 'braked'"))

    op.create_table('subscription_plans',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('duration_days', sa.Integer(), nullable=False),
    sa.Column('price', sa.Numeric(precision=10, scale=2), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('price_stars', sa.Integer(), nullable=True),
    sa.Column('eligibility', sa.Enum('everyone', 'new', 'active', 'past', name='eligibility', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('created_by', sa.String(length=60), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('duration_days BETWEEN 1 AND 3650', name=op.f('ck_subscription_plans_duration_days')),
    sa.CheckConstraint('length(trim(name)) BETWEEN 1 AND 100', name=op.f('ck_subscription_plans_name_not_blank')),
    sa.CheckConstraint('price >= 0', name=op.f('ck_subscription_plans_price')),
    sa.CheckConstraint('price_stars IS NULL OR price_stars > 0', name=op.f('ck_subscription_plans_price_stars')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_subscription_plans'))
    )
    with op.batch_alter_table('subscription_plans', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_subscription_plans_is_active_position_id'), ['is_active', 'position', 'id'], unique=False)

    op.create_table('free_channel_requests',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('chat_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('user_chat_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('status', sa.Enum('pending', 'approving', 'approved', 'declined', 'expired', 'error', 'cancelled', name='status', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('request_date', sa.DateTime(timezone=True), nullable=False),
    sa.Column('approve_after', sa.DateTime(timezone=True), nullable=False),
    sa.Column('processed_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['users.user_id'], name=op.f('fk_free_channel_requests_user_id_users')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_free_channel_requests'))
    )
    with op.batch_alter_table('free_channel_requests', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_free_channel_requests_request_date_id'), ['request_date', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_free_channel_requests_status_approve_after_id'), ['status', 'approve_after', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_free_channel_requests_user_id_id'), ['user_id', 'id'], unique=False)
        batch_op.create_index('uq_free_channel_requests_waiting', ['user_id', 'chat_id'], unique=True, sqlite_where=sa.text("status IN ('pending', 'approving')"), postgresql_where=sa.text("status IN ('pending', 'approving')"))

    op.create_table('invitation_tokens',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('plan_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('batch_id', sa.String(length=16), nullable=True),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('hint', sa.String(length=4), nullable=False),
    sa.Column('shelf_hours', sa.Integer(), nullable=False),
    sa.Column('max_uses', sa.Integer(), nullable=False),
    sa.Column('uses', sa.Integer(), nullable=False),
    sa.Column('generated_by', sa.String(length=60), nullable=False),
    sa.Column('generated_by_label', sa.String(length=150), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('plan_name', sa.String(length=100), nullable=False),
    sa.Column('duration_days', sa.Integer(), nullable=False),
    sa.Column('price', sa.Numeric(precision=10, scale=2), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.CheckConstraint('duration_days BETWEEN 1 AND 3650', name=op.f('ck_invitation_tokens_duration_days')),
    sa.CheckConstraint('max_uses >= 1', name=op.f('ck_invitation_tokens_max_uses')),
    sa.CheckConstraint('uses >= 0 AND uses <= max_uses', name=op.f('ck_invitation_tokens_uses')),
    sa.ForeignKeyConstraint(['plan_id'], ['subscription_plans.id'], name=op.f('fk_invitation_tokens_plan_id_subscription_plans'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_invitation_tokens')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_invitation_tokens_token_hash'))
    )
    with op.batch_alter_table('invitation_tokens', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_invitation_tokens_batch_id'), ['batch_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_invitation_tokens_created_at_id'), ['created_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_invitation_tokens_plan_id'), ['plan_id'], unique=False)

    op.create_table('vip_subscribers',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('plan_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('status', sa.Enum('pending_entry', 'active', 'grace', 'paused', 'expired', 'revoked', name='status', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('vip_entry_stage', sa.Integer(), nullable=True),
    sa.Column('channel_state', sa.Enum('none', 'invited', 'member', 'expelled', name='channel_state', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('last_error', sa.Text(), nullable=True),
    sa.Column('join_date', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expiry_date', sa.DateTime(timezone=True), nullable=False),
    sa.Column('paused_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('kicked_from_channel_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('next_attempt_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('next_reminder_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('plan_name', sa.String(length=100), nullable=False),
    sa.Column('duration_days', sa.Integer(), nullable=False),
    sa.Column('price', sa.Numeric(precision=10, scale=2), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.CheckConstraint("(status = 'paused') = (paused_at IS NOT NULL)", name=op.f('ck_vip_subscribers_paused')),
    sa.CheckConstraint('vip_entry_stage BETWEEN 1 AND 3', name=op.f('ck_vip_subscribers_vip_entry_stage')),
    sa.ForeignKeyConstraint(['plan_id'], ['subscription_plans.id'], name=op.f('fk_vip_subscribers_plan_id_subscription_plans'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['user_id'], ['users.user_id'], name=op.f('fk_vip_subscribers_user_id_users')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_vip_subscribers')),
    sa.UniqueConstraint('user_id', name=op.f('uq_vip_subscribers_user_id'))
    )
    with op.batch_alter_table('vip_subscribers', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_vip_subscribers_channel_state_status_next_attempt_at'), ['channel_state', 'status', 'next_attempt_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_vip_subscribers_expiry_date_id'), ['expiry_date', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_vip_subscribers_next_reminder_at'), ['next_reminder_at'], unique=False, sqlite_where=sa.text('next_reminder_at IS NOT NULL'), postgresql_where=sa.text('next_reminder_at IS NOT NULL'))
        batch_op.create_index(batch_op.f('ix_vip_subscribers_plan_id'), ['plan_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_vip_subscribers_status_expiry_date_id'), ['status', 'expiry_date', 'id'], unique=False)

    op.create_table('subscription_periods',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('subscriber_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('token_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('what', sa.String(length=8), nullable=False),
    sa.Column('plan_name', sa.String(length=100), nullable=True),
    sa.Column('days', sa.Integer(), nullable=False),
    sa.Column('price', sa.Numeric(precision=10, scale=2), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('by', sa.String(length=60), nullable=False),
    sa.Column('by_label', sa.String(length=150), nullable=False),
    sa.Column('starts_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("what IN ('start', 'extend', 'gift', 'pause', 'resume', 'revoke', 'expire', 'correct')", name=op.f('ck_subscription_periods_what')),
    sa.ForeignKeyConstraint(['subscriber_id'], ['vip_subscribers.id'], name=op.f('fk_subscription_periods_subscriber_id_vip_subscribers')),
    sa.ForeignKeyConstraint(['token_id'], ['invitation_tokens.id'], name=op.f('fk_subscription_periods_token_id_invitation_tokens')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_subscription_periods'))
    )
    with op.batch_alter_table('subscription_periods', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_subscription_periods_created_at_id'), ['created_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_subscription_periods_subscriber_id_id'), ['subscriber_id', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_subscription_periods_token_id'), ['token_id'], unique=False)

    op.create_table('token_redemptions',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('token_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('redeemed_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['token_id'], ['invitation_tokens.id'], name=op.f('fk_token_redemptions_token_id_invitation_tokens')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_token_redemptions')),
    sa.UniqueConstraint('token_id', 'user_id', name=op.f('uq_token_redemptions_token_id_user_id'))
    )
    with op.batch_alter_table('token_redemptions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_token_redemptions_user_id'), ['user_id'], unique=False)

    with op.batch_alter_table('bot_config', schema=None) as batch_op:
        batch_op.add_column(sa.Column('vip_channel_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.add_column(sa.Column('vip_channel_title', sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column('free_channel_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.add_column(sa.Column('free_channel_title', sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column('wait_time_minutes', sa.Integer(), server_default='5', nullable=False))
        batch_op.add_column(sa.Column('grace_hours', sa.Integer(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('expiry_hour', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('reminder_days', sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql'), server_default='[3, 1]', nullable=False))
        batch_op.add_column(sa.Column('brake_most', sa.Integer(), server_default='50', nullable=False))
        batch_op.add_column(sa.Column('brake_share', sa.Integer(), server_default='30', nullable=False))
        batch_op.create_check_constraint('wait_time_minutes', 'wait_time_minutes >= 1')
        batch_op.create_check_constraint('grace_hours', 'grace_hours >= 0')
        batch_op.create_check_constraint('expiry_hour', 'expiry_hour BETWEEN 0 AND 23')



def downgrade() -> None:
    with op.batch_alter_table('bot_config', schema=None) as batch_op:
        for name in ('expiry_hour', 'grace_hours', 'wait_time_minutes'):
            batch_op.drop_constraint(op.f(f'ck_bot_config_{name}'), type_='check')
        batch_op.drop_column('brake_share')
        batch_op.drop_column('brake_most')
        batch_op.drop_column('reminder_days')
        batch_op.drop_column('expiry_hour')
        batch_op.drop_column('grace_hours')
        batch_op.drop_column('wait_time_minutes')
        batch_op.drop_column('free_channel_title')
        batch_op.drop_column('free_channel_id')
        batch_op.drop_column('vip_channel_title')
        batch_op.drop_column('vip_channel_id')

    with op.batch_alter_table('token_redemptions', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_token_redemptions_user_id'))

    op.drop_table('token_redemptions')
    with op.batch_alter_table('subscription_periods', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_subscription_periods_token_id'))
        batch_op.drop_index(batch_op.f('ix_subscription_periods_subscriber_id_id'))
        batch_op.drop_index(batch_op.f('ix_subscription_periods_created_at_id'))

    op.drop_table('subscription_periods')
    with op.batch_alter_table('vip_subscribers', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_vip_subscribers_status_expiry_date_id'))
        batch_op.drop_index(batch_op.f('ix_vip_subscribers_plan_id'))
        batch_op.drop_index(batch_op.f('ix_vip_subscribers_next_reminder_at'), sqlite_where=sa.text('next_reminder_at IS NOT NULL'), postgresql_where=sa.text('next_reminder_at IS NOT NULL'))
        batch_op.drop_index(batch_op.f('ix_vip_subscribers_expiry_date_id'))
        batch_op.drop_index(batch_op.f('ix_vip_subscribers_channel_state_status_next_attempt_at'))

    op.drop_table('vip_subscribers')
    with op.batch_alter_table('invitation_tokens', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_invitation_tokens_plan_id'))
        batch_op.drop_index(batch_op.f('ix_invitation_tokens_created_at_id'))
        batch_op.drop_index(batch_op.f('ix_invitation_tokens_batch_id'))

    op.drop_table('invitation_tokens')
    with op.batch_alter_table('free_channel_requests', schema=None) as batch_op:
        batch_op.drop_index('uq_free_channel_requests_waiting', sqlite_where=sa.text("status IN ('pending', 'approving')"), postgresql_where=sa.text("status IN ('pending', 'approving')"))
        batch_op.drop_index(batch_op.f('ix_free_channel_requests_user_id_id'))
        batch_op.drop_index(batch_op.f('ix_free_channel_requests_status_approve_after_id'))
        batch_op.drop_index(batch_op.f('ix_free_channel_requests_request_date_id'))

    op.drop_table('free_channel_requests')
    with op.batch_alter_table('subscription_plans', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_subscription_plans_is_active_position_id'))

    op.drop_table('subscription_plans')
    with op.batch_alter_table('expulsion_runs', schema=None) as batch_op:
        batch_op.drop_index('uq_expulsion_runs_braked', sqlite_where=sa.text("state = 'braked'"), postgresql_where=sa.text("state = 'braked'"))

    op.drop_table('expulsion_runs')
    with op.batch_alter_table('channel_members', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_channel_members_user_id'))

    op.drop_table('channel_members')
    with op.batch_alter_table('channel_invites', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_channel_invites_user_id_channel_id'))
        batch_op.drop_index(batch_op.f('ix_channel_invites_link'))

    op.drop_table('channel_invites')
    op.drop_table('bot_channels')
