"""Lists shown before they are applied, and systems that hand dossiers over.

Revision 0010, after 0009. There is no way down: restore a backup instead.
"""
# ruff: noqa

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision: str | None = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('system',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('serial', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('revoked_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_system')),
    sa.UniqueConstraint('commune_id', 'name', name=op.f('uq_system_commune_id_name'))
    )
    op.create_table('system_answer',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('system', sa.String(length=40), nullable=False),
    sa.Column('key', sa.String(length=200), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('answer', sa.LargeBinary(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_system_answer')),
    sa.UniqueConstraint('commune_id', 'system', 'key', name=op.f('uq_system_answer_commune_id_system_key'))
    )
    with op.batch_alter_table('system_answer', schema=None) as batch_op:
        batch_op.create_index('ix_system_answer_at', ['at'], unique=False)

    op.create_table('system_call',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('system', sa.String(length=40), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('status', sa.Integer(), nullable=False),
    sa.Column('new', sa.Integer(), nullable=False),
    sa.Column('changed', sa.Integer(), nullable=False),
    sa.Column('same', sa.Integer(), nullable=False),
    sa.Column('refused', sa.Integer(), nullable=False),
    sa.Column('import_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_system_call')),
    sa.UniqueConstraint('commune_id', 'id', name=op.f('uq_system_call_commune_id_id'))
    )
    with op.batch_alter_table('system_call', schema=None) as batch_op:
        batch_op.create_index('ix_system_call_at', ['at'], unique=False)

    op.create_table('preview',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('file', sa.String(length=64), nullable=False),
    sa.Column('title', sa.LargeBinary(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('channel', sa.String(length=20), nullable=False),
    sa.Column('account', sa.String(length=64), nullable=False),
    sa.Column('chat', sa.String(length=128), nullable=False),
    sa.Column('sender', sa.String(length=128), nullable=False),
    sa.Column('sent_at', sa.BigInteger(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=False),
    sa.Column('taken_until', sa.BigInteger(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('rounds', sa.Integer(), nullable=False),
    sa.Column('base', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('run_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('decided_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('decided_at', sa.BigInteger(), nullable=True),
    sa.Column('shown', sa.LargeBinary(), nullable=True),
    sa.ForeignKeyConstraint(['by'], ['official.id'], name=op.f('fk_preview_by')),
    sa.ForeignKeyConstraint(['decided_by'], ['official.id'], name=op.f('fk_preview_decided_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_preview')),
    sa.UniqueConstraint('commune_id', 'file', name=op.f('uq_preview_commune_id_file'))
    )
    with op.batch_alter_table('preview', schema=None) as batch_op:
        batch_op.create_index('ix_preview_at_work', ['commune_id', 'id'], unique=False, sqlite_where=sa.text("state IN ('new', 'applying')"), postgresql_where=sa.text("state IN ('new', 'applying')"))
        batch_op.create_index('ix_preview_sent', ['sent_at'], unique=False)

