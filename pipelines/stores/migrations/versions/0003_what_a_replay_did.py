"""what a replay did to a mention."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('mention', sa.Column('replayed', sa.SmallInteger(), server_default='0', nullable=False))
