"""The Zalo Official Account.

Revision 0005, after 0004. There is no way down: restore a backup instead.
"""
# ruff: noqa

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision: str | None = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('account_fact',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('channel', sa.String(length=20), nullable=False),
    sa.Column('account', sa.String(length=64), nullable=False),
    sa.Column('key', sa.String(length=40), nullable=False),
    sa.Column('value', sa.Text(), nullable=False),
    sa.Column('said_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account_fact')),
    sa.UniqueConstraint('commune_id', 'channel', 'account', 'key', name=op.f('uq_account_fact_commune_id_channel_account_key'))
    )
    op.create_table('grant_awaited',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('channel', sa.String(length=20), nullable=False),
    sa.Column('account', sa.String(length=64), nullable=False),
    sa.Column('state_key', sa.String(length=32), nullable=False),
    sa.Column('until', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_grant_awaited')),
    sa.UniqueConstraint('commune_id', 'channel', 'account', 'state_key', name=op.f('uq_grant_awaited_commune_id_channel_account_state_key'))
    )
    op.create_table('grant_pair',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('channel', sa.String(length=20), nullable=False),
    sa.Column('account', sa.String(length=64), nullable=False),
    sa.Column('generation', sa.Integer(), nullable=False),
    sa.Column('pair', sa.LargeBinary(), nullable=True),
    sa.Column('previous', sa.LargeBinary(), nullable=True),
    sa.Column('obtained_at', sa.BigInteger(), nullable=True),
    sa.Column('expires_at', sa.BigInteger(), nullable=True),
    sa.Column('asked_by', sa.String(length=40), nullable=True),
    sa.Column('asked_until', sa.BigInteger(), nullable=True),
    sa.Column('unanswered', sa.Boolean(), nullable=False),
    sa.Column('first_key', sa.String(length=32), nullable=True),
    sa.Column('lost_at', sa.BigInteger(), nullable=True),
    sa.Column('lost_why', sa.String(length=20), nullable=True),
    sa.Column('told_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_grant_pair')),
    sa.UniqueConstraint('commune_id', 'channel', 'account', name=op.f('uq_grant_pair_commune_id_channel_account'))
    )
    op.create_table('notice',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('key', sa.String(length=120), nullable=False),
    sa.Column('topic', sa.String(length=12), nullable=False),
    sa.Column('about', sa.String(length=80), nullable=False),
    sa.Column('words', sa.LargeBinary(), nullable=True),
    sa.Column('calls', sa.Boolean(), nullable=False),
    sa.Column('made_at', sa.BigInteger(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notice')),
    sa.UniqueConstraint('commune_id', 'key', name=op.f('uq_notice_commune_id_key'))
    )
    with op.batch_alter_table('notice', schema=None) as batch_op:
        batch_op.create_index('ix_notice_words', ['made_at'], unique=False, sqlite_where=sa.text('words IS NOT NULL'), postgresql_where=sa.text('words IS NOT NULL'))

    op.create_table('spending',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('month', sa.String(length=7), nullable=False),
    sa.Column('cost', sa.Integer(), nullable=False),
    sa.Column('plan_messages', sa.Integer(), nullable=False),
    sa.Column('told_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_spending')),
    sa.UniqueConstraint('commune_id', 'month', name=op.f('uq_spending_commune_id_month'))
    )
    op.create_table('takeover',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('channel', sa.String(length=20), nullable=False),
    sa.Column('account', sa.String(length=64), nullable=False),
    sa.Column('chat', sa.String(length=128), nullable=False),
    sa.Column('sender', sa.String(length=128), nullable=False),
    sa.Column('began_at', sa.BigInteger(), nullable=False),
    sa.Column('wrote_at', sa.BigInteger(), nullable=False),
    sa.Column('until', sa.BigInteger(), nullable=False),
    sa.Column('request_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('asked_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_takeover')),
    sa.UniqueConstraint('commune_id', 'channel', 'account', 'chat', name=op.f('uq_takeover_commune_id_channel_account_chat'))
    )
    with op.batch_alter_table('takeover', schema=None) as batch_op:
        batch_op.create_index('ix_takeover_until', ['commune_id', 'until'], unique=False)

    op.create_table('upload',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('channel', sa.String(length=20), nullable=False),
    sa.Column('account', sa.String(length=64), nullable=False),
    sa.Column('file', sa.String(length=80), nullable=False),
    sa.Column('provider_id', sa.String(length=500), nullable=False),
    sa.Column('until', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_upload')),
    sa.UniqueConstraint('commune_id', 'channel', 'account', 'file', name=op.f('uq_upload_commune_id_channel_account_file'))
    )
    op.create_table('delivery',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('notice_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('person', sa.String(length=48), nullable=False),
    sa.Column('citizen_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('dossier_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('step', sa.String(length=8), nullable=True),
    sa.Column('outbox_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('until', sa.BigInteger(), nullable=True),
    sa.Column('rings', sa.Integer(), server_default='0', nullable=False),
    sa.Column('official_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('changed_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['citizen_id'], ['citizen.id'], name=op.f('fk_delivery_citizen_id')),
    sa.ForeignKeyConstraint(['dossier_id'], ['dossier.id'], name=op.f('fk_delivery_dossier_id')),
    sa.ForeignKeyConstraint(['notice_id'], ['notice.id'], name=op.f('fk_delivery_notice_id')),
    sa.ForeignKeyConstraint(['official_id'], ['official.id'], name=op.f('fk_delivery_official_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_delivery')),
    sa.UniqueConstraint('commune_id', 'notice_id', 'person', name=op.f('uq_delivery_commune_id_notice_id_person'))
    )
    with op.batch_alter_table('delivery', schema=None) as batch_op:
        batch_op.create_index('ix_delivery_call', ['commune_id', 'person'], unique=False, sqlite_where=sa.text("state = 'call'"), postgresql_where=sa.text("state = 'call'"))
        batch_op.create_index('ix_delivery_citizen', ['citizen_id'], unique=False)
        batch_op.create_index('ix_delivery_going', ['commune_id', 'outbox_id'], unique=False, sqlite_where=sa.text("state IN ('sending', 'uncertain')"), postgresql_where=sa.text("state IN ('sending', 'uncertain')"))
        batch_op.create_index('ix_delivery_waiting', ['commune_id', 'id'], unique=False, sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'"))
        batch_op.create_index('ix_delivery_watched', ['commune_id', 'until'], unique=False, sqlite_where=sa.text('until IS NOT NULL'), postgresql_where=sa.text('until IS NOT NULL'))

    op.create_table('join_code',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('citizen_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code_hash', sa.String(length=64), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['citizen_id'], ['citizen.id'], name=op.f('fk_join_code_citizen_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_join_code')),
    sa.UniqueConstraint('commune_id', 'code_hash', name=op.f('uq_join_code_commune_id_code_hash'))
    )
    with op.batch_alter_table('join_code', schema=None) as batch_op:
        batch_op.create_index('ix_join_code_citizen', ['citizen_id'], unique=False)

    op.create_table('phone_consent',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('phone_key', sa.String(length=32), nullable=False),
    sa.Column('phone', sa.LargeBinary(), nullable=False),
    sa.Column('citizen_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('how', sa.String(length=20), nullable=False),
    sa.Column('given_at', sa.BigInteger(), nullable=False),
    sa.Column('withdrawn_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['citizen_id'], ['citizen.id'], name=op.f('fk_phone_consent_citizen_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_phone_consent')),
    sa.UniqueConstraint('commune_id', 'phone_key', name=op.f('uq_phone_consent_commune_id_phone_key'))
    )
    with op.batch_alter_table('phone_consent', schema=None) as batch_op:
        batch_op.create_index('ix_phone_consent_citizen', ['citizen_id'], unique=False)

    op.create_table('delivery_attempt',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('delivery_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('step', sa.String(length=8), nullable=False),
    sa.Column('address_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('outbox_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('month', sa.String(length=7), nullable=False),
    sa.Column('cost', sa.Integer(), nullable=False),
    sa.Column('plan_messages', sa.Integer(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('why', sa.String(length=200), nullable=True),
    sa.ForeignKeyConstraint(['delivery_id'], ['delivery.id'], name=op.f('fk_delivery_attempt_delivery_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_delivery_attempt')),
    sa.UniqueConstraint('commune_id', 'delivery_id', 'step', 'address_id', name=op.f('uq_delivery_attempt_commune_id_delivery_id_step_address_id'))
    )
    with op.batch_alter_table('delivery_attempt', schema=None) as batch_op:
        batch_op.create_index('ix_delivery_attempt_late', ['commune_id', 'at'], unique=False, sqlite_where=sa.text("state = 'late'"), postgresql_where=sa.text("state = 'late'"))

