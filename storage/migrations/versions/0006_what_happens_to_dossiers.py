"""What happens to dossiers, and until when they have to be done.

Revision 0006, after 0005. There is no way down: restore a backup instead.
"""
# ruff: noqa

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision: str | None = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('dossier_event',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('dossier_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('once', sa.String(length=64), nullable=False),
    sa.Column('old', sa.Integer(), server_default='0', nullable=False),
    sa.Column('new', sa.Integer(), server_default='0', nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('done_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['dossier_id'], ['dossier.id'], name=op.f('fk_dossier_event_dossier_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dossier_event')),
    sa.UniqueConstraint('commune_id', 'dossier_id', 'kind', 'once', name=op.f('uq_dossier_event_commune_id_dossier_id_kind_once'))
    )
    with op.batch_alter_table('dossier_event', schema=None) as batch_op:
        batch_op.create_index('ix_dossier_event_done', ['done_at'], unique=False)
        batch_op.create_index('ix_dossier_event_undone', ['commune_id', 'id'], unique=False, sqlite_where=sa.text('done_at IS NULL'), postgresql_where=sa.text('done_at IS NULL'))

    op.drop_table('dossier_change')
    with op.batch_alter_table('dossier', schema=None) as batch_op:
        batch_op.add_column(sa.Column('deadline', sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column('paused_at', sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column('warned', sa.Integer(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('ready_at', sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column('ready_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.add_column(sa.Column('remind_at', sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column('recalls', sa.Integer(), server_default='0', nullable=False))
        batch_op.create_index('ix_dossier_due', ['commune_id', 'warned', 'deadline'], unique=False, sqlite_where=sa.text('status IN (1, 2, 4) AND deadline IS NOT NULL'), postgresql_where=sa.text('status IN (1, 2, 4) AND deadline IS NOT NULL'))
        batch_op.create_index('ix_dossier_ready', ['commune_id', 'ready_at'], unique=False, sqlite_where=sa.text('status = 9'), postgresql_where=sa.text('status = 9'))
        batch_op.create_index('ix_dossier_remind', ['commune_id', 'remind_at'], unique=False, sqlite_where=sa.text('remind_at IS NOT NULL'), postgresql_where=sa.text('remind_at IS NOT NULL'))
        batch_op.create_foreign_key(batch_op.f('fk_dossier_ready_by'), 'official', ['ready_by'], ['id'])

    # What was late already when it was last imported is nobody's news (storage.imports).
    op.execute("UPDATE dossier SET deadline = due_at, warned = CASE WHEN due_at < changed_at THEN 99 ELSE 0 END")
