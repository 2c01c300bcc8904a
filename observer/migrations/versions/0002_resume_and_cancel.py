"""Runs know which run they resume and who cancelled them; steps, whether they were forced.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("fail_fast", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("runs", sa.Column("resumes", sa.String(length=40), nullable=True))
    op.add_column("runs", sa.Column("cancel_asked_at", sa.BigInteger(), nullable=True))
    op.add_column("runs", sa.Column("cancel_by", sa.Text(), nullable=True))
    op.add_column("runs", sa.Column("cancel_reason", sa.Text(), nullable=True))
    op.create_index(op.f("ix_runs_resumes"), "runs", ["resumes"])
    op.add_column("steps", sa.Column("forced", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("steps", "forced")
    op.drop_index(op.f("ix_runs_resumes"), table_name="runs")
    for name in ("cancel_reason", "cancel_by", "cancel_asked_at", "resumes", "fail_fast"):
        op.drop_column("runs", name)
