"""Money received by hand, and lists of members who were sold to before."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('member_imports',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('file_name', sa.String(length=120), nullable=False),
    sa.Column('state', sa.Enum('read', 'running', 'done', 'cancelled', name='state', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('existing', sa.String(length=8), nullable=False),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('by', sa.String(length=60), nullable=False),
    sa.Column('by_label', sa.String(length=150), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("existing IN ('extend', 'skip')", name=op.f('ck_member_imports_existing')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_member_imports'))
    )
    with op.batch_alter_table('member_imports', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_member_imports_created_at_id'), ['created_at', 'id'], unique=False)

    op.create_table('imported_members',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('import_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('line', sa.Integer(), nullable=False),
    sa.Column('state', sa.Enum('ready', 'waiting', 'done', 'skipped', 'wrong', name='state', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('typed', sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql'), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('username', sa.String(length=64), nullable=True),
    sa.Column('plan_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('days', sa.Integer(), nullable=True),
    sa.Column('until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('problem', sa.String(length=40), nullable=True),
    sa.Column('had_access', sa.Boolean(), nullable=False),
    sa.Column('claimed_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['import_id'], ['member_imports.id'], name=op.f('fk_imported_members_import_id_member_imports')),
    sa.ForeignKeyConstraint(['plan_id'], ['subscription_plans.id'], name=op.f('fk_imported_members_plan_id_subscription_plans'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_imported_members'))
    )
    with op.batch_alter_table('imported_members', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_imported_members_import_id_state_line'), ['import_id', 'state', 'line'], unique=False)
        batch_op.create_index('ix_imported_members_user', ['user_id'], unique=False, sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'"))
        batch_op.create_index('ix_imported_members_username', ['username'], unique=False, sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'"))
        batch_op.create_index('uq_imported_members_line', ['import_id', 'line'], unique=True)

    op.create_table('manual_payments',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('token_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('period_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('reverses_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('amount', sa.Numeric(precision=10, scale=2), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('method', sa.Enum('cash', 'transfer', 'card', 'other', name='method', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('once', sa.String(length=32), nullable=True),
    sa.Column('by', sa.String(length=60), nullable=False),
    sa.Column('by_label', sa.String(length=150), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('(amount < 0) = (reverses_id IS NOT NULL) AND amount <> 0', name=op.f('ck_manual_payments_sign')),
    sa.CheckConstraint('token_id IS NOT NULL OR period_id IS NOT NULL', name=op.f('ck_manual_payments_for_something')),
    sa.ForeignKeyConstraint(['period_id'], ['subscription_periods.id'], name=op.f('fk_manual_payments_period_id_subscription_periods')),
    sa.ForeignKeyConstraint(['reverses_id'], ['manual_payments.id'], name=op.f('fk_manual_payments_reverses_id_manual_payments')),
    sa.ForeignKeyConstraint(['token_id'], ['invitation_tokens.id'], name=op.f('fk_manual_payments_token_id_invitation_tokens')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_manual_payments')),
    sa.UniqueConstraint('once', name=op.f('uq_manual_payments_once')),
    sa.UniqueConstraint('reverses_id', name=op.f('uq_manual_payments_reverses_id'))
    )
    with op.batch_alter_table('manual_payments', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_manual_payments_created_at_id'), ['created_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_manual_payments_period_id'), ['period_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_manual_payments_token_id'), ['token_id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('manual_payments', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_manual_payments_token_id'))
        batch_op.drop_index(batch_op.f('ix_manual_payments_period_id'))
        batch_op.drop_index(batch_op.f('ix_manual_payments_created_at_id'))

    op.drop_table('manual_payments')
    with op.batch_alter_table('imported_members', schema=None) as batch_op:
        batch_op.drop_index('uq_imported_members_line')
        batch_op.drop_index('ix_imported_members_username', sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'"))
        batch_op.drop_index('ix_imported_members_user', sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'"))
        batch_op.drop_index(batch_op.f('ix_imported_members_import_id_state_line'))

    op.drop_table('imported_members')
    with op.batch_alter_table('member_imports', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_member_imports_created_at_id'))

    op.drop_table('member_imports')
