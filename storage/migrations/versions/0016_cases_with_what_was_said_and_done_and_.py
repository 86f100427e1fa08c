"""Cases, with what was said and done, and by which words they are found

Revision 0016, after 0015. There is no way down: restore a backup instead.
"""
# ruff: noqa

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision: str | None = '0015'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('case_number',
    sa.Column('commune_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('last', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('commune_id', name=op.f('pk_case_number'))
    )
    op.create_table('case_file',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('field', sa.String(length=12), nullable=False),
    sa.Column('lane', sa.String(length=10), nullable=False),
    sa.Column('source', sa.String(length=12), nullable=False),
    sa.Column('channel', sa.String(length=20), nullable=True),
    sa.Column('account', sa.String(length=64), nullable=True),
    sa.Column('chat', sa.String(length=128), nullable=True),
    sa.Column('sender', sa.String(length=128), nullable=True),
    sa.Column('citizen_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('reporter', sa.LargeBinary(), nullable=True),
    sa.Column('village', sa.String(length=120), nullable=True),
    sa.Column('title', sa.String(length=200), nullable=True),
    sa.Column('hides_name', sa.Boolean(), nullable=False),
    sa.Column('shown_to_head', sa.Boolean(), nullable=False),
    sa.Column('kept_from_head', sa.Boolean(), nullable=False),
    sa.Column('sensitive', sa.Boolean(), nullable=False),
    sa.Column('urgent', sa.Boolean(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('main_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('received_at', sa.BigInteger(), nullable=False),
    sa.Column('due_at', sa.BigInteger(), nullable=False),
    sa.Column('remind_at', sa.BigInteger(), nullable=True),
    sa.Column('reminded', sa.Integer(), server_default='0', nullable=False),
    sa.Column('apologised_at', sa.BigInteger(), nullable=True),
    sa.Column('asked_at', sa.BigInteger(), nullable=True),
    sa.Column('done_at', sa.BigInteger(), nullable=True),
    sa.Column('closed_at', sa.BigInteger(), nullable=True),
    sa.Column('reopened', sa.Integer(), server_default='0', nullable=False),
    sa.Column('satisfied', sa.String(length=8), nullable=True),
    sa.Column('published', sa.Boolean(), nullable=False),
    sa.Column('taken_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('filed_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['citizen_id'], ['citizen.id'], name=op.f('fk_case_file_citizen_id')),
    sa.ForeignKeyConstraint(['filed_by'], ['official.id'], name=op.f('fk_case_file_filed_by')),
    sa.ForeignKeyConstraint(['main_id'], ['case_file.id'], name=op.f('fk_case_file_main_id')),
    sa.ForeignKeyConstraint(['taken_by'], ['official.id'], name=op.f('fk_case_file_taken_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_case_file')),
    sa.UniqueConstraint('commune_id', 'number', name=op.f('uq_case_file_commune_id_number'))
    )
    with op.batch_alter_table('case_file', schema=None) as batch_op:
        batch_op.create_index('ix_case_file_citizen', ['citizen_id'], unique=False)
        batch_op.create_index('ix_case_file_main', ['main_id'], unique=False)
        batch_op.create_index('ix_case_file_open', ['commune_id', 'due_at'], unique=False, sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))
        batch_op.create_index('ix_case_file_received', ['commune_id', 'received_at'], unique=False)
        batch_op.create_index('ix_case_file_remind', ['commune_id', 'remind_at'], unique=False, sqlite_where=sa.text("state IN ('open', 'done')"), postgresql_where=sa.text("state IN ('open', 'done')"))
        batch_op.create_index('ix_case_file_village', ['commune_id', 'village', 'received_at'], unique=False)

    op.create_table('case_entry',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('from_citizen', sa.Boolean(), nullable=False),
    sa.Column('official_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('undo_until', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['case_id'], ['case_file.id'], name=op.f('fk_case_entry_case_id')),
    sa.ForeignKeyConstraint(['official_id'], ['official.id'], name=op.f('fk_case_entry_official_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_case_entry'))
    )
    with op.batch_alter_table('case_entry', schema=None) as batch_op:
        batch_op.create_index('ix_case_entry_case', ['case_id', 'id'], unique=False)

    op.create_table('case_word',
    sa.Column('commune_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('word', sa.String(length=16), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.ForeignKeyConstraint(['case_id'], ['case_file.id'], name=op.f('fk_case_word_case_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('commune_id', 'word', 'case_id', name=op.f('pk_case_word'))
    )
    with op.batch_alter_table('case_word', schema=None) as batch_op:
        batch_op.create_index('ix_case_word_case', ['case_id'], unique=False)

