"""Forms that are printed from a code.

Revision 0024, after 0023. There is no way down: restore a backup instead.
"""
# ruff: noqa

import sqlalchemy as sa
from alembic import op

revision = '0024'
down_revision: str | None = '0023'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('print_code',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('code_key', sa.String(length=64), nullable=False),
    sa.Column('citizen_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('form', sa.String(length=40), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('made_at', sa.BigInteger(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['citizen_id'], ['citizen.id'], name=op.f('fk_print_code_citizen_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_print_code')),
    sa.UniqueConstraint('commune_id', 'code_key', name=op.f('uq_print_code_commune_id_code_key'))
    )
    with op.batch_alter_table('print_code', schema=None) as batch_op:
        batch_op.create_index('ix_print_code_citizen', ['citizen_id'], unique=False)
        batch_op.create_index('ix_print_code_expires', ['expires_at'], unique=False)

    op.create_table('print_try',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('official_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['official_id'], ['official.id'], name=op.f('fk_print_try_official_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_print_try'))
    )
    with op.batch_alter_table('print_try', schema=None) as batch_op:
        batch_op.create_index('ix_print_try_at', ['at'], unique=False)
        batch_op.create_index('ix_print_try_official', ['commune_id', 'official_id', 'at'], unique=False)

