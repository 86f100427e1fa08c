"""Cases looked for from her side, and counted by the week

Revision 0019, after 0018. There is no way down: restore a backup instead.
"""
# ruff: noqa

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision: str | None = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('case_entry', schema=None) as batch_op:
        batch_op.create_index('ix_case_entry_kind', ['commune_id', 'kind', 'at'], unique=False)

    with op.batch_alter_table('case_file', schema=None) as batch_op:
        batch_op.create_index('ix_case_file_asked', ['commune_id', 'channel', 'account', 'chat'], unique=False, sqlite_where=sa.text('asked_at IS NOT NULL'), postgresql_where=sa.text('asked_at IS NOT NULL'))
        batch_op.create_index('ix_case_file_done', ['commune_id', 'done_at'], unique=False)
        batch_op.create_index('ix_case_file_published', ['commune_id', 'done_at'], unique=False, sqlite_where=sa.text('published'), postgresql_where=sa.text('published'))
        batch_op.create_index('ix_case_file_told', ['commune_id', 'done_at'], unique=False, sqlite_where=sa.text('closed_at IS NULL AND done_at IS NOT NULL'), postgresql_where=sa.text('closed_at IS NULL AND done_at IS NOT NULL'))
