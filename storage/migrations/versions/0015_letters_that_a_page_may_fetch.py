"""Letters that a page may fetch.

Revision 0015, after 0014. There is no way down: restore a backup instead.
"""
# ruff: noqa

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision: str | None = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('file_share',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('channel', sa.String(length=20), nullable=False),
    sa.Column('account', sa.String(length=64), nullable=False),
    sa.Column('chat', sa.String(length=128), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_file_share')),
    sa.UniqueConstraint('commune_id', 'channel', 'account', 'chat', 'name', name='uq_file_share_chat')
    )
    with op.batch_alter_table('file_share', schema=None) as batch_op:
        batch_op.create_index('ix_file_share_name', ['commune_id', 'name'], unique=False)

