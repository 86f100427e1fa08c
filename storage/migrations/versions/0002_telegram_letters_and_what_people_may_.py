"""Telegram, letters, and what people may stop.

Revision 0002, after 0001. There is no way down: restore a backup instead.
"""
# ruff: noqa

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision: str | None = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('card',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('channel', sa.String(length=20), nullable=False),
    sa.Column('account', sa.String(length=64), nullable=False),
    sa.Column('chat', sa.String(length=128), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('message_id', sa.String(length=64), nullable=True),
    sa.Column('touched_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_card')),
    sa.UniqueConstraint('commune_id', 'channel', 'account', 'chat', 'name', name=op.f('uq_card_commune_id_channel_account_chat_name'))
    )
    with op.batch_alter_table('card', schema=None) as batch_op:
        batch_op.create_index('ix_card_message', ['commune_id', 'channel', 'account', 'chat', 'message_id'], unique=False, sqlite_where=sa.text('message_id IS NOT NULL'), postgresql_where=sa.text('message_id IS NOT NULL'))

    op.create_table('letter',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('digest', sa.String(length=32), nullable=False),
    sa.Column('data', sa.LargeBinary(), nullable=True),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('png', sa.String(length=64), nullable=True),
    sa.Column('pdf', sa.String(length=64), nullable=True),
    sa.Column('channel', sa.String(length=20), nullable=False),
    sa.Column('account', sa.String(length=64), nullable=False),
    sa.Column('chat', sa.String(length=128), nullable=False),
    sa.Column('sender', sa.String(length=128), nullable=False),
    sa.Column('ordered_at', sa.BigInteger(), nullable=False),
    sa.Column('taken_until', sa.BigInteger(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_letter')),
    sa.UniqueConstraint('commune_id', 'channel', 'account', 'chat', 'sender', 'digest', name=op.f('uq_letter_commune_id_channel_account_chat_sender_digest'))
    )
    with op.batch_alter_table('letter', schema=None) as batch_op:
        batch_op.create_index('ix_letter_new', ['id'], unique=False, sqlite_where=sa.text("state = 'new'"), postgresql_where=sa.text("state = 'new'"))
        batch_op.create_index('ix_letter_ordered', ['ordered_at'], unique=False)

    op.create_table('moved_chat',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('channel', sa.String(length=20), nullable=False),
    sa.Column('account', sa.String(length=64), nullable=False),
    sa.Column('chat', sa.String(length=128), nullable=False),
    sa.Column('first', sa.String(length=128), nullable=False),
    sa.Column('moved_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_moved_chat')),
    sa.UniqueConstraint('commune_id', 'channel', 'account', 'chat', name=op.f('uq_moved_chat_commune_id_channel_account_chat'))
    )
    op.create_table('outage',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('channel', sa.String(length=20), nullable=False),
    sa.Column('account', sa.String(length=64), nullable=False),
    sa.Column('began_at', sa.BigInteger(), nullable=False),
    sa.Column('ended_at', sa.BigInteger(), nullable=False),
    sa.Column('settled_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outage'))
    )
    with op.batch_alter_table('outage', schema=None) as batch_op:
        batch_op.create_index('ix_outage_open', ['commune_id', 'id'], unique=False, sqlite_where=sa.text('settled_at IS NULL'), postgresql_where=sa.text('settled_at IS NULL'))

    op.create_table('pulse',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('channel', sa.String(length=20), nullable=False),
    sa.Column('account', sa.String(length=64), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_pulse')),
    sa.UniqueConstraint('commune_id', 'channel', 'account', name=op.f('uq_pulse_commune_id_channel_account'))
    )
    op.create_table('dossier_link',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('citizen_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('dossier_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.LargeBinary(), nullable=True),
    sa.Column('since', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['citizen_id'], ['citizen.id'], name=op.f('fk_dossier_link_citizen_id')),
    sa.ForeignKeyConstraint(['dossier_id'], ['dossier.id'], name=op.f('fk_dossier_link_dossier_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dossier_link')),
    sa.UniqueConstraint('commune_id', 'citizen_id', 'dossier_id', name=op.f('uq_dossier_link_commune_id_citizen_id_dossier_id'))
    )
    with op.batch_alter_table('dossier_link', schema=None) as batch_op:
        batch_op.create_index('ix_dossier_link_dossier', ['dossier_id'], unique=False)

    op.create_table('erasure',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('citizen_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('about', sa.String(length=64), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('proof', sa.String(length=8), nullable=False),
    sa.Column('official_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('request_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('asked_at', sa.BigInteger(), nullable=False),
    sa.Column('due_at', sa.BigInteger(), nullable=True),
    sa.Column('reply_by', sa.BigInteger(), nullable=True),
    sa.Column('reminded_at', sa.BigInteger(), nullable=True),
    sa.Column('ended_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['official_id'], ['official.id'], name=op.f('fk_erasure_official_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_erasure'))
    )
    with op.batch_alter_table('erasure', schema=None) as batch_op:
        batch_op.create_index('ix_erasure_citizen', ['citizen_id'], unique=False)
        batch_op.create_index('ix_erasure_open', ['commune_id', 'state'], unique=False, sqlite_where=sa.text("state IN ('checking', 'waiting', 'rest')"), postgresql_where=sa.text("state IN ('checking', 'waiting', 'rest')"))
        batch_op.create_index('uq_erasure_open', ['commune_id', 'citizen_id', 'kind', 'about'], unique=True, sqlite_where=sa.text("state IN ('checking', 'waiting', 'rest')"), postgresql_where=sa.text("state IN ('checking', 'waiting', 'rest')"))

    op.create_table('fact_change',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('value', sa.Text(), nullable=False),
    sa.Column('mark', sa.String(length=16), nullable=False),
    sa.Column('set_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('set_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['set_by'], ['official.id'], name=op.f('fk_fact_change_set_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_fact_change'))
    )
    with op.batch_alter_table('fact_change', schema=None) as batch_op:
        batch_op.create_index('ix_fact_change_name', ['commune_id', 'name', 'id'], unique=False)
        batch_op.create_index('ix_fact_change_newest', ['commune_id', 'id'], unique=False)

    op.create_table('stop',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('citizen_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('reason', sa.String(length=8), nullable=False),
    sa.Column('stopped_at', sa.BigInteger(), nullable=False),
    sa.Column('started_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['citizen_id'], ['citizen.id'], name=op.f('fk_stop_citizen_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_stop')),
    sa.UniqueConstraint('commune_id', 'citizen_id', 'kind', name=op.f('uq_stop_commune_id_citizen_id_kind'))
    )
    op.create_table('stop_call',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('citizen_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('phone', sa.LargeBinary(), nullable=True),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['citizen_id'], ['citizen.id'], name=op.f('fk_stop_call_citizen_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_stop_call')),
    sa.UniqueConstraint('commune_id', 'citizen_id', name=op.f('uq_stop_call_commune_id_citizen_id'))
    )
    op.create_table('stop_report',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('citizen_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reason', sa.String(length=8), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('noted_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('noted_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['citizen_id'], ['citizen.id'], name=op.f('fk_stop_report_citizen_id')),
    sa.ForeignKeyConstraint(['noted_by'], ['official.id'], name=op.f('fk_stop_report_noted_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_stop_report'))
    )
    with op.batch_alter_table('stop_report', schema=None) as batch_op:
        batch_op.create_index('ix_stop_report_citizen', ['citizen_id'], unique=False)
        batch_op.create_index('ix_stop_report_open', ['commune_id', 'id'], unique=False, sqlite_where=sa.text('noted_at IS NULL'), postgresql_where=sa.text('noted_at IS NULL'))

    op.create_table('todays_line',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('words', sa.String(length=300), nullable=False),
    sa.Column('set_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('set_at', sa.BigInteger(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=False),
    sa.Column('removed_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['set_by'], ['official.id'], name=op.f('fk_todays_line_set_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_todays_line'))
    )
    with op.batch_alter_table('todays_line', schema=None) as batch_op:
        batch_op.create_index('ix_todays_line_standing', ['commune_id', 'expires_at'], unique=False, sqlite_where=sa.text('removed_at IS NULL'), postgresql_where=sa.text('removed_at IS NULL'))

    with op.batch_alter_table('address', schema=None) as batch_op:
        batch_op.add_column(sa.Column('left_at', sa.BigInteger(), nullable=True))

    with op.batch_alter_table('file', schema=None) as batch_op:
        batch_op.add_column(sa.Column('codes', sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column('sender', sa.String(length=128), server_default='', nullable=False))
        batch_op.add_column(sa.Column('source', sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column('why', sa.String(length=12), nullable=True))
        batch_op.add_column(sa.Column('attempts', sa.Integer(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('not_before', sa.BigInteger(), nullable=True))
        batch_op.create_index('ix_file_erased', ['id'], unique=False, sqlite_where=sa.text("state = 'erased'"), postgresql_where=sa.text("state = 'erased'"))
        batch_op.create_index('ix_file_new', ['commune_id', 'channel', 'account', 'id'], unique=False, sqlite_where=sa.text("state = 'new'"), postgresql_where=sa.text("state = 'new'"))

    with op.batch_alter_table('official_address', schema=None) as batch_op:
        batch_op.create_index('ix_official_address_official', ['official_id'], unique=False)

    with op.batch_alter_table('outbox', schema=None) as batch_op:
        batch_op.add_column(sa.Column('rank', sa.Integer(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('card_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.drop_index(batch_op.f('ix_outbox_open'), sqlite_where=sa.text("state IN ('queued', 'sending')"))
        batch_op.create_index('ix_outbox_open', ['commune_id', 'channel', 'account', 'rank', 'id', 'not_before'], unique=False, sqlite_where=sa.text("state IN ('queued', 'sending')"), postgresql_where=sa.text("state IN ('queued', 'sending')"))
        batch_op.create_index('ix_outbox_ahead', ['commune_id', 'channel', 'account', 'chat', 'state', 'rank', 'attempts', 'expires_at'], unique=False, sqlite_where=sa.text("(state = 'sending' OR (state = 'queued' AND attempts > 0))"), postgresql_where=sa.text("(state = 'sending' OR (state = 'queued' AND attempts > 0))"))

    with op.batch_alter_table('request', schema=None) as batch_op:
        batch_op.add_column(sa.Column('detail', sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column('confirmed_at', sa.BigInteger(), nullable=True))

    with op.batch_alter_table('shown_list', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_shown_list_lane'))
        batch_op.create_index('uq_shown_list', ['commune_id', 'lane_id', 'sender', 'unasked'], unique=True)

    with op.batch_alter_table('talk', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_talk_sender'))
        batch_op.create_index('ix_talk_sender', ['lane_id', 'sender', 'state', 'touched_at'], unique=False)

