"""Files as they may be shown abroad.

Revision 0013, after 0012. There is no way down: restore a backup instead.
"""
# ruff: noqa

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision: str | None = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('file', schema=None) as batch_op:
        batch_op.add_column(sa.Column('abroad', sa.String(length=64), nullable=True))

