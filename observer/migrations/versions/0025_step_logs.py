"""What steps said, and where their time went besides.

Revision ID: 0025
Revises: 0023
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0023"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "step_logs",
        sa.Column("seq", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("run_id", sa.String(40), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("partition", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.BigInteger()),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.Column("worst", sa.String(16), nullable=False),
        sa.Column("unknown", sa.Text(), nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_step_logs_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_step_logs")),
        sa.UniqueConstraint(
            "run_id", "asset", "partition", "number", name=op.f("uq_step_logs_run_id_asset_partition_number")
        ),
    )
    op.create_index(op.f("ix_step_logs_asset_partition"), "step_logs", ["asset", "partition"])
    op.create_table(
        "step_spans",
        sa.Column("run_id", sa.String(40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("start_s", sa.Float(), nullable=False),
        sa.Column("length_s", sa.Float(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_step_spans_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "position", "kind", "number", name=op.f("pk_step_spans")),
    )


def downgrade() -> None:
    op.drop_table("step_spans")
    op.drop_table("step_logs")
