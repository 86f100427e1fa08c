"""Whether a dossier stands on a chat by its second factor.

Revision 0014, after 0013. There is no way down: restore a backup instead.
"""
# ruff: noqa

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision: str | None = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('dossier_link', schema=None) as batch_op:
        batch_op.add_column(sa.Column('proven_at', sa.BigInteger(), nullable=True))

