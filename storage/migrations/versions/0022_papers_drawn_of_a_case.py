"""Papers drawn of a case

Revision 0022, after 0021. There is no way down: restore a backup instead.
"""
# ruff: noqa

import sqlalchemy as sa
from alembic import op

revision = '0022'
down_revision: str | None = '0021'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('case_paper',
    sa.Column('commune_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('letter_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['case_id'], ['case_file.id'], name=op.f('fk_case_paper_case_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('commune_id', 'letter_id', name=op.f('pk_case_paper'))
    )
    with op.batch_alter_table('case_paper', schema=None) as batch_op:
        batch_op.create_index('ix_case_paper_case', ['case_id'], unique=False)

