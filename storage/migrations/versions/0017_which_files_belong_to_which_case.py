"""Which files belong to which case

Revision 0017, after 0016. There is no way down: restore a backup instead.
"""
# ruff: noqa

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision: str | None = '0016'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('case_media',
    sa.Column('commune_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('kept', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['case_id'], ['case_file.id'], name=op.f('fk_case_media_case_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('commune_id', 'name', 'case_id', name=op.f('pk_case_media'))
    )
    with op.batch_alter_table('case_media', schema=None) as batch_op:
        batch_op.create_index('ix_case_media_case', ['case_id'], unique=False)

