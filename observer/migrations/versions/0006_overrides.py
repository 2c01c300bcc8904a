"""One check or monitor can be overridden until a stated time; a gate's state names those that didn't hold by it.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "overrides",
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("partition", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("asset", "partition", "subject", name=op.f("pk_overrides")),
    )
    op.add_column("gates", sa.Column("overridden", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("gates", "overridden")
    op.drop_table("overrides")
