"""How results are collected, ratings that nobody can trace, and who noted a consent.

Revision 0008, after 0007. There is no way down: restore a backup instead.
"""
# ruff: noqa

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision: str | None = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('rating',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('stars', sa.Integer(), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_rating')),
    sa.UniqueConstraint('commune_id', 'month', 'stars', name=op.f('uq_rating_commune_id_month_stars'))
    )
    op.create_table('rating_report',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('told_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_rating_report')),
    sa.UniqueConstraint('commune_id', 'month', name=op.f('uq_rating_report_commune_id_month'))
    )
    op.create_table('rating_seal',
    sa.Column('commune_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('key', sa.String(length=32), nullable=False),
    sa.PrimaryKeyConstraint('commune_id', 'key', name=op.f('pk_rating_seal')),
    sqlite_with_rowid=False
    )
    op.create_table('rating_words',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('words', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_rating_words'))
    )
    with op.batch_alter_table('rating_words', schema=None) as batch_op:
        batch_op.create_index('ix_rating_words_month', ['commune_id', 'month'], unique=False)

    op.create_table('collection',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('commune_id', sa.Integer(), nullable=False),
    sa.Column('dossier_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('citizen_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('way', sa.String(length=8), nullable=False),
    sa.Column('details', sa.LargeBinary(), nullable=False),
    sa.Column('chosen_at', sa.BigInteger(), nullable=False),
    sa.Column('sent_at', sa.BigInteger(), nullable=True),
    sa.Column('got_at', sa.BigInteger(), nullable=True),
    sa.Column('official_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['citizen_id'], ['citizen.id'], name=op.f('fk_collection_citizen_id')),
    sa.ForeignKeyConstraint(['dossier_id'], ['dossier.id'], name=op.f('fk_collection_dossier_id')),
    sa.ForeignKeyConstraint(['official_id'], ['official.id'], name=op.f('fk_collection_official_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_collection')),
    sa.UniqueConstraint('commune_id', 'dossier_id', name=op.f('uq_collection_commune_id_dossier_id'))
    )
    with op.batch_alter_table('collection', schema=None) as batch_op:
        batch_op.create_index('ix_collection_citizen', ['citizen_id'], unique=False)
        batch_op.create_index('ix_collection_post', ['commune_id', 'chosen_at'], unique=False, sqlite_where=sa.text("way = 'post' AND got_at IS NULL"), postgresql_where=sa.text("way = 'post' AND got_at IS NULL"))

    with op.batch_alter_table('phone_consent', schema=None) as batch_op:
        batch_op.add_column(sa.Column('official_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_phone_consent_official_id'), 'official', ['official_id'], ['id'])

