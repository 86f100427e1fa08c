"""Warnings before a date, pauses of the clock, and new dates.

Revision 0011, after 0010. There is no way down: restore a backup instead.
"""
# ruff: noqa

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision: str | None = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('dossier_pause',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('dossier_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('since', sa.BigInteger(), nullable=False),
    sa.Column('due_at', sa.BigInteger(), nullable=True),
    sa.Column('until', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['dossier_id'], ['dossier.id'], name=op.f('fk_dossier_pause_dossier_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dossier_pause')),
    sa.UniqueConstraint('commune_id', 'dossier_id', 'since', name=op.f('uq_dossier_pause_commune_id_dossier_id_since'))
    )
    op.create_table('due_warning',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('dossier_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('stage', sa.Integer(), nullable=False),
    sa.Column('deadline', sa.BigInteger(), nullable=False),
    sa.Column('made_at', sa.BigInteger(), nullable=False),
    sa.Column('told_at', sa.BigInteger(), nullable=True),
    sa.Column('told_to', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('answer', sa.String(length=8), nullable=True),
    sa.ForeignKeyConstraint(['dossier_id'], ['dossier.id'], name=op.f('fk_due_warning_dossier_id')),
    sa.ForeignKeyConstraint(['told_to'], ['official.id'], name=op.f('fk_due_warning_told_to')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_due_warning')),
    sa.UniqueConstraint('commune_id', 'dossier_id', 'stage', 'deadline', name=op.f('uq_due_warning_commune_id_dossier_id_stage_deadline'))
    )
    with op.batch_alter_table('due_warning', schema=None) as batch_op:
        batch_op.create_index('ix_due_warning_untold', ['commune_id', 'dossier_id'], unique=False, sqlite_where=sa.text('told_at IS NULL'), postgresql_where=sa.text('told_at IS NULL'))

    op.create_table('postponement',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('dossier_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('official_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('approval_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('old', sa.BigInteger(), nullable=False),
    sa.Column('new', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.LargeBinary(), nullable=False),
    sa.Column('late', sa.Boolean(), nullable=False),
    sa.Column('asked_at', sa.BigInteger(), nullable=False),
    sa.Column('decided_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['dossier_id'], ['dossier.id'], name=op.f('fk_postponement_dossier_id')),
    sa.ForeignKeyConstraint(['official_id'], ['official.id'], name=op.f('fk_postponement_official_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_postponement')),
    sa.UniqueConstraint('commune_id', 'dossier_id', 'number', name=op.f('uq_postponement_commune_id_dossier_id_number'))
    )
    with op.batch_alter_table('postponement', schema=None) as batch_op:
        batch_op.create_index('ix_postponement_approval', ['commune_id', 'approval_id'], unique=False)
        batch_op.create_index('uq_postponement_open', ['commune_id', 'dossier_id'], unique=True, sqlite_where=sa.text("state = 'asked'"), postgresql_where=sa.text("state = 'asked'"))

