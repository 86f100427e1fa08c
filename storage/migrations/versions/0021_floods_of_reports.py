"""Floods of reports.

Revision 0021, after 0020. There is no way down: restore a backup instead.
"""
# ruff: noqa

import sqlalchemy as sa
from alembic import op

revision = '0021'
down_revision: str | None = '0020'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('case_flood',
    sa.Column('commune_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('began', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('began_at', sa.BigInteger(), nullable=False),
    sa.Column('last_at', sa.BigInteger(), nullable=False),
    sa.Column('shown_at', sa.BigInteger(), nullable=False),
    sa.Column('ended_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('commune_id', 'began', name=op.f('pk_case_flood'))
    )
    with op.batch_alter_table('case_flood', schema=None) as batch_op:
        batch_op.create_index('ix_case_flood_running', ['commune_id'], unique=True, sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))

