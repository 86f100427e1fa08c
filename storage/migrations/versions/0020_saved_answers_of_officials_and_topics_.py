"""Saved answers of officials and topics for fields of cases

Revision 0020, after 0019. There is no way down: restore a backup instead.
"""
# ruff: noqa

import sqlalchemy as sa
from alembic import op

revision = '0020'
down_revision: str | None = '0019'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('field_topic',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('channel', sa.String(length=20), nullable=False),
    sa.Column('account', sa.String(length=64), nullable=False),
    sa.Column('chat', sa.String(length=128), nullable=False),
    sa.Column('field', sa.String(length=12), nullable=False),
    sa.Column('thread', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_field_topic')),
    sa.UniqueConstraint('commune_id', 'channel', 'account', 'chat', 'field', name=op.f('uq_field_topic_commune_id_channel_account_chat_field'))
    )
    op.create_table('saved_answer',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('changed_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_saved_answer')),
    sa.UniqueConstraint('commune_id', 'name', name=op.f('uq_saved_answer_commune_id_name'))
    )
