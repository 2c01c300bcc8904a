"""How each asset is, kept beside the log that it can be worked out from again.

Revision ID: 0022
Revises: 0021
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "asset_status",
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("definition", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("since", sa.BigInteger()),
        sa.Column("fails_at", sa.BigInteger()),
        sa.Column("warns_at", sa.BigInteger()),
        sa.Column("late_at", sa.BigInteger()),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("asset", name=op.f("pk_asset_status")),
    )
    op.create_table(
        "status_cursor",
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_status_cursor")),
    )


def downgrade() -> None:
    op.drop_table("status_cursor")
    op.drop_table("asset_status")
