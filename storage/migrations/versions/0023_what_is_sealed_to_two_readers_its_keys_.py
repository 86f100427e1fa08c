"""What is sealed to two readers, its keys, its links and who looked

Revision 0023, after 0022. There is no way down: restore a backup instead.
"""
# ruff: noqa

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision: str | None = '0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('sealed_token',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('back', sa.LargeBinary(), nullable=True),
    sa.Column('back_key', sa.String(length=32), nullable=True),
    sa.Column('expires_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sealed_token')),
    sa.UniqueConstraint('commune_id', 'digest', name=op.f('uq_sealed_token_commune_id_digest'))
    )
    with op.batch_alter_table('sealed_token', schema=None) as batch_op:
        batch_op.create_index('ix_sealed_token_back', ['commune_id', 'back_key'], unique=False)
        batch_op.create_index('ix_sealed_token_expires', ['expires_at'], unique=False)

    op.create_table('sealed_access',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('item_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('official_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('what', sa.String(length=10), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['official_id'], ['official.id'], name=op.f('fk_sealed_access_official_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sealed_access'))
    )
    with op.batch_alter_table('sealed_access', schema=None) as batch_op:
        batch_op.create_index('ix_sealed_access_item', ['commune_id', 'item_id'], unique=False)

    op.create_table('sealed_item',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('lane', sa.String(length=10), nullable=False),
    sa.Column('post', sa.String(length=120), nullable=False),
    sa.Column('excluded_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('words', sa.LargeBinary(), nullable=False),
    sa.Column('outcome', sa.LargeBinary(), nullable=True),
    sa.Column('received_at', sa.BigInteger(), nullable=False),
    sa.Column('read_at', sa.BigInteger(), nullable=True),
    sa.Column('done_at', sa.BigInteger(), nullable=True),
    sa.Column('reminded', sa.Integer(), server_default='0', nullable=False),
    sa.Column('told_at', sa.BigInteger(), nullable=True),
    sa.Column('back', sa.LargeBinary(), nullable=True),
    sa.Column('back_key', sa.String(length=32), nullable=True),
    sa.ForeignKeyConstraint(['excluded_id'], ['official.id'], name=op.f('fk_sealed_item_excluded_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sealed_item'))
    )
    with op.batch_alter_table('sealed_item', schema=None) as batch_op:
        batch_op.create_index('ix_sealed_item_back', ['commune_id', 'back_key'], unique=False)
        batch_op.create_index('ix_sealed_item_done', ['done_at'], unique=False)
        batch_op.create_index('ix_sealed_item_waiting', ['commune_id', 'received_at'], unique=False, sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'"))

    op.create_table('sealed_reader',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('official_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.Column('decision', sa.String(length=120), nullable=False),
    sa.Column('decided_on', sa.Date(), nullable=False),
    sa.Column('named_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('named_at', sa.BigInteger(), nullable=False),
    sa.Column('key', sa.LargeBinary(), nullable=False),
    sa.Column('pin_hash', sa.String(length=64), nullable=True),
    sa.Column('pin_tries', sa.Integer(), server_default='0', nullable=False),
    sa.Column('locked_until', sa.BigInteger(), nullable=True),
    sa.Column('fresh_hash', sa.String(length=64), nullable=True),
    sa.Column('fresh_until', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['named_by'], ['official.id'], name=op.f('fk_sealed_reader_named_by')),
    sa.ForeignKeyConstraint(['official_id'], ['official.id'], name=op.f('fk_sealed_reader_official_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sealed_reader')),
    sa.UniqueConstraint('commune_id', 'official_id', name=op.f('uq_sealed_reader_commune_id_official_id')),
    sa.UniqueConstraint('commune_id', 'place', name=op.f('uq_sealed_reader_commune_id_place'))
    )
    op.create_table('sealed_file',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('item_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['item_id'], ['sealed_item.id'], name=op.f('fk_sealed_file_item_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sealed_file')),
    sa.UniqueConstraint('commune_id', 'name', name=op.f('uq_sealed_file_commune_id_name'))
    )
    with op.batch_alter_table('sealed_file', schema=None) as batch_op:
        batch_op.create_index('ix_sealed_file_item', ['item_id'], unique=False)

    op.create_table('sealed_wrap',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('item_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('holder', sa.String(length=24), nullable=False),
    sa.Column('key', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['item_id'], ['sealed_item.id'], name=op.f('fk_sealed_wrap_item_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sealed_wrap')),
    sa.UniqueConstraint('commune_id', 'item_id', 'holder', name=op.f('uq_sealed_wrap_commune_id_item_id_holder'))
    )
    with op.batch_alter_table('sealed_wrap', schema=None) as batch_op:
        batch_op.create_index('ix_sealed_wrap_holder', ['commune_id', 'holder', 'item_id'], unique=False)

