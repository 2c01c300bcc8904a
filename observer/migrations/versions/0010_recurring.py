"""What comes again: how often, and counted from which day.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("feedback", sa.Column("every", sa.String(16)))
    op.add_column("feedback", sa.Column("day", sa.String(10)))


def downgrade() -> None:
    op.drop_column("feedback", "day")
    op.drop_column("feedback", "every")
