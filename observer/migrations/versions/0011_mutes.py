"""Mutes, rows that break a check, and the columns that faults lie in.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mutes",
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("partition", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("asset", "partition", "subject", name=op.f("pk_mutes")),
    )
    op.add_column("evaluations", sa.Column("muted", sa.Text()))
    op.add_column("evaluations", sa.Column("sample", sa.JSON()))
    op.add_column("gates", sa.Column("columns", sa.JSON()))


def downgrade() -> None:
    op.drop_column("gates", "columns")
    op.drop_column("evaluations", "sample")
    op.drop_column("evaluations", "muted")
    op.drop_table("mutes")
