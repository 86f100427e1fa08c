"""Refusals that wait for the Chairman, and proofs on their way

Revision 0018, after 0017. There is no way down: restore a backup instead.
"""
# ruff: noqa

import sqlalchemy as sa
from alembic import op

revision = '0018'
down_revision: str | None = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('case_refusal',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('asked_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('asked_at', sa.BigInteger(), nullable=False),
    sa.Column('decided_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('decided_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['asked_by'], ['official.id'], name=op.f('fk_case_refusal_asked_by')),
    sa.ForeignKeyConstraint(['case_id'], ['case_file.id'], name=op.f('fk_case_refusal_case_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['decided_by'], ['official.id'], name=op.f('fk_case_refusal_decided_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_case_refusal'))
    )
    with op.batch_alter_table('case_refusal', schema=None) as batch_op:
        batch_op.create_index('ix_case_refusal_case', ['case_id'], unique=False)
        batch_op.create_index('uq_case_refusal_waits', ['commune_id', 'case_id'], unique=True, sqlite_where=sa.text("state = 'asked'"), postgresql_where=sa.text("state = 'asked'"))

    op.create_table('case_proof',
    sa.Column('commune_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('entry_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['entry_id'], ['case_entry.id'], name=op.f('fk_case_proof_entry_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('commune_id', 'name', name=op.f('pk_case_proof'))
    )
    with op.batch_alter_table('case_proof', schema=None) as batch_op:
        batch_op.create_index('ix_case_proof_entry', ['entry_id'], unique=False)

