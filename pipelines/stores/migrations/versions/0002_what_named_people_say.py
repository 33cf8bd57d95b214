"""acts between batches, and what named people said of holds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('act',
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('at', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('sent', sa.Boolean(), server_default=sa.false(), nullable=False),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_act'))
    )
    op.create_index('ix_act_unsent', 'act', ['number'], unique=False, sqlite_where=sa.text('NOT sent'), postgresql_where=sa.text('NOT sent'))
    op.create_table('review',
    sa.Column('act', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('mention_id', sa.BigInteger(), nullable=False),
    sa.Column('recipient', sa.String(length=16), nullable=False),
    sa.Column('verdict', sa.String(length=8), nullable=False),
    sa.Column('person', sa.String(length=16), nullable=False),
    sa.Column('reason', sa.String(length=32), nullable=False),
    sa.Column('state', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('act', name=op.f('pk_review'))
    )
    op.create_index('ix_review_mention_id', 'review', ['mention_id'], unique=False)
