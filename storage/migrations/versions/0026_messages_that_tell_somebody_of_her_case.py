"""Messages that tell somebody of her case

Revision 0026, after 0025. There is no way down: restore a backup instead.
"""
# ruff: noqa

import sqlalchemy as sa
from alembic import op

revision = '0026'
down_revision: str | None = '0025'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('case_told',
    sa.Column('commune_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('outbox_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['case_id'], ['case_file.id'], name=op.f('fk_case_told_case_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('commune_id', 'outbox_id', name=op.f('pk_case_told'))
    )
    with op.batch_alter_table('case_told', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_case_told_at'), ['at'], unique=False)
        batch_op.create_index(batch_op.f('ix_case_told_case_id'), ['case_id'], unique=False)

