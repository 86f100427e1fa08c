"""What is heard, and answers that wait for their recording.

Revision 0003, after 0002. There is no way down: restore a backup instead.
"""
# ruff: noqa

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision: str | None = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('citizen', schema=None) as batch_op:
        batch_op.add_column(sa.Column('spoken_language', sa.String(length=40), nullable=True))

    with op.batch_alter_table('request_message', schema=None) as batch_op:
        batch_op.create_index('ix_request_message_held', ['commune_id'], unique=False, sqlite_where=sa.text("state = 'held'"), postgresql_where=sa.text("state = 'held'"))

