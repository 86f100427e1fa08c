"""Letters that somebody has to approve.

Revision 0007, after 0006. There is no way down: restore a backup instead.
"""
# ruff: noqa

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision: str | None = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('approval',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=24), nullable=False),
    sa.Column('key', sa.String(length=120), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=True),
    sa.Column('dossier_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('citizen_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('asked_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('asked_at', sa.BigInteger(), nullable=False),
    sa.Column('decide_by', sa.BigInteger(), nullable=True),
    sa.Column('remind_at', sa.BigInteger(), nullable=True),
    sa.Column('stage', sa.Integer(), server_default='0', nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=True),
    sa.Column('decided_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('decided_at', sa.BigInteger(), nullable=True),
    sa.Column('png', sa.String(length=64), nullable=True),
    sa.Column('pdf', sa.String(length=64), nullable=True),
    sa.Column('signed_pdf', sa.String(length=64), nullable=True),
    sa.Column('number', sa.String(length=60), nullable=True),
    sa.Column('signed_on', sa.Date(), nullable=True),
    sa.Column('signer', sa.String(length=80), nullable=True),
    sa.Column('post', sa.String(length=120), nullable=True),
    sa.Column('way', sa.String(length=12), nullable=True),
    sa.Column('notice_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('sent_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['asked_by'], ['official.id'], name=op.f('fk_approval_asked_by')),
    sa.ForeignKeyConstraint(['citizen_id'], ['citizen.id'], name=op.f('fk_approval_citizen_id')),
    sa.ForeignKeyConstraint(['decided_by'], ['official.id'], name=op.f('fk_approval_decided_by')),
    sa.ForeignKeyConstraint(['dossier_id'], ['dossier.id'], name=op.f('fk_approval_dossier_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_approval')),
    sa.UniqueConstraint('commune_id', 'key', name=op.f('uq_approval_commune_id_key'))
    )
    with op.batch_alter_table('approval', schema=None) as batch_op:
        batch_op.create_index('ix_approval_citizen', ['citizen_id'], unique=False)
        batch_op.create_index('ix_approval_decided', ['commune_id', 'decided_at'], unique=False)
        batch_op.create_index('ix_approval_dossier', ['commune_id', 'dossier_id'], unique=False)
        batch_op.create_index('ix_approval_open', ['commune_id', 'id'], unique=False, sqlite_where=sa.text("state IN ('proposed', 'waiting')"), postgresql_where=sa.text("state IN ('proposed', 'waiting')"))
        batch_op.create_index('ix_approval_remind', ['commune_id', 'remind_at'], unique=False, sqlite_where=sa.text("state IN ('proposed', 'waiting')"), postgresql_where=sa.text("state IN ('proposed', 'waiting')"))

    op.create_table('approval_draft',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('approval_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('purpose', sa.String(length=8), nullable=False),
    sa.Column('official_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('letter_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['approval_id'], ['approval.id'], name=op.f('fk_approval_draft_approval_id')),
    sa.ForeignKeyConstraint(['official_id'], ['official.id'], name=op.f('fk_approval_draft_official_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_approval_draft')),
    sa.UniqueConstraint('commune_id', 'approval_id', 'version', 'purpose', 'official_id', name='uq_approval_draft_once')
    )
    with op.batch_alter_table('approval_draft', schema=None) as batch_op:
        batch_op.create_index('ix_approval_draft_letter', ['commune_id', 'letter_id'], unique=False)

    op.create_table('approval_event',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('approval_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('what', sa.String(length=12), nullable=False),
    sa.Column('official_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('details', sa.LargeBinary(), nullable=True),
    sa.ForeignKeyConstraint(['approval_id'], ['approval.id'], name=op.f('fk_approval_event_approval_id')),
    sa.ForeignKeyConstraint(['official_id'], ['official.id'], name=op.f('fk_approval_event_official_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_approval_event'))
    )
    with op.batch_alter_table('approval_event', schema=None) as batch_op:
        batch_op.create_index('ix_approval_event_of', ['commune_id', 'approval_id'], unique=False)

    with op.batch_alter_table('file', schema=None) as batch_op:
        batch_op.add_column(sa.Column('kept', sa.Boolean(), server_default=sa.text('(false)'), nullable=False))

    with op.batch_alter_table('letter', schema=None) as batch_op:
        batch_op.add_column(sa.Column('event', sa.String(length=24), server_default='letter', nullable=False))

