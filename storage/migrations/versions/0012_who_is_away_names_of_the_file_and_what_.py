"""Who is away, names of the file, and what summaries count.

Revision 0012, after 0011. There is no way down: restore a backup instead.
"""
# ruff: noqa

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision: str | None = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('summary_told',
    sa.Column('commune_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('day', sa.String(length=10), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('commune_id', 'kind', 'day', name=op.f('pk_summary_told'))
    )
    op.create_table('absence',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('official_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('substitute_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('starts_at', sa.BigInteger(), nullable=False),
    sa.Column('ends_at', sa.BigInteger(), nullable=False),
    sa.Column('noted_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('noted_at', sa.BigInteger(), nullable=False),
    sa.Column('begun_at', sa.BigInteger(), nullable=True),
    sa.Column('closed_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['noted_by'], ['official.id'], name=op.f('fk_absence_noted_by')),
    sa.ForeignKeyConstraint(['official_id'], ['official.id'], name=op.f('fk_absence_official_id')),
    sa.ForeignKeyConstraint(['substitute_id'], ['official.id'], name=op.f('fk_absence_substitute_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_absence'))
    )
    with op.batch_alter_table('absence', schema=None) as batch_op:
        batch_op.create_index('ix_absence_unclosed', ['commune_id', 'ends_at'], unique=False, sqlite_where=sa.text('closed_at IS NULL'), postgresql_where=sa.text('closed_at IS NULL'))

    op.create_table('officer_name',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('dossiers', sa.Integer(), nullable=False),
    sa.Column('official_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('tied_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('tied_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['official_id'], ['official.id'], name=op.f('fk_officer_name_official_id')),
    sa.ForeignKeyConstraint(['tied_by'], ['official.id'], name=op.f('fk_officer_name_tied_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_officer_name')),
    sa.UniqueConstraint('commune_id', 'name', name=op.f('uq_officer_name_commune_id_name'))
    )
    op.create_table('dossier_access',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('dossier_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('official_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['dossier_id'], ['dossier.id'], name=op.f('fk_dossier_access_dossier_id')),
    sa.ForeignKeyConstraint(['official_id'], ['official.id'], name=op.f('fk_dossier_access_official_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dossier_access'))
    )
    with op.batch_alter_table('dossier_access', schema=None) as batch_op:
        batch_op.create_index('ix_dossier_access', ['commune_id', 'dossier_id', 'at'], unique=False)

    op.create_table('dossier_ledger',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('dossier_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('once', sa.String(length=64), nullable=False),
    sa.Column('month', sa.String(length=7), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('status', sa.Integer(), nullable=False),
    sa.Column('deadline', sa.BigInteger(), nullable=True),
    sa.Column('on_time', sa.Boolean(), nullable=True),
    sa.ForeignKeyConstraint(['dossier_id'], ['dossier.id'], name=op.f('fk_dossier_ledger_dossier_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dossier_ledger')),
    sa.UniqueConstraint('commune_id', 'dossier_id', 'kind', 'once', name=op.f('uq_dossier_ledger_commune_id_dossier_id_kind_once'))
    )
    with op.batch_alter_table('dossier_ledger', schema=None) as batch_op:
        batch_op.create_index('ix_dossier_ledger_month', ['commune_id', 'month', 'kind', 'on_time'], unique=False)

    with op.batch_alter_table('delivery', schema=None) as batch_op:
        batch_op.create_index('ix_delivery_lost', ['commune_id', 'changed_at'], unique=False, sqlite_where=sa.text("state IN ('uncertain', 'unreachable')"), postgresql_where=sa.text("state IN ('uncertain', 'unreachable')"))

    with op.batch_alter_table('dossier', schema=None) as batch_op:
        batch_op.add_column(sa.Column('set_at', sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column('set_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.create_index('ix_dossier_deadline', ['commune_id', 'deadline', 'officer'], unique=False, sqlite_where=sa.text('status IN (1, 2, 4) AND deadline IS NOT NULL'), postgresql_where=sa.text('status IN (1, 2, 4) AND deadline IS NOT NULL'))
        batch_op.create_index('ix_dossier_received', ['commune_id', 'received_at'], unique=False)
        batch_op.create_index('ix_dossier_set', ['commune_id', 'set_at'], unique=False, sqlite_where=sa.text('set_at IS NOT NULL'), postgresql_where=sa.text('set_at IS NOT NULL'))
        batch_op.create_index('ix_dossier_unmoved', ['commune_id', 'changed_at'], unique=False, sqlite_where=sa.text('status IN (1, 2, 4, 5, 6)'), postgresql_where=sa.text('status IN (1, 2, 4, 5, 6)'))

    with op.batch_alter_table('notice', schema=None) as batch_op:
        batch_op.create_index('ix_notice_about', ['commune_id', 'about'], unique=False)
        batch_op.create_index('ix_notice_made', ['commune_id', 'made_at', 'kind'], unique=False)

