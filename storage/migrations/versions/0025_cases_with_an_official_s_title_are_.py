"""Cases with an official's title are found at once.

Revision 0025, after 0024. There is no way down: restore a backup instead.
"""
# ruff: noqa

import sqlalchemy as sa
from alembic import op

revision = '0025'
down_revision: str | None = '0024'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('case_file', schema=None) as batch_op:
        batch_op.create_index('ix_case_file_titled', ['commune_id', 'field'], unique=False, sqlite_where=sa.text("state = 'open' AND title IS NOT NULL"), postgresql_where=sa.text("state = 'open' AND title IS NOT NULL"))

