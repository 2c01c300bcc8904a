"""Schedules: how far each was followed, decisions, events from outside, freshness; what readers have, by an index.

Revision ID: 0016
Revises: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "schedules",
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("marks", sa.JSON(), nullable=False),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.Column("paused_by", sa.Text()),
        sa.Column("paused_reason", sa.Text()),
        sa.Column("paused_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("asset", name=op.f("pk_schedules")),
    )
    op.create_table(
        "schedule_cursor",
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("publication", sa.BigInteger(), nullable=False),
        sa.Column("signal", sa.BigInteger(), nullable=False),
        sa.Column("taken", sa.JSON(), nullable=False),
        sa.Column("heard", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_schedule_cursor")),
    )
    op.create_table(
        "decisions",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("about", sa.String(16), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("due_key", sa.Text()),
        sa.Column("due_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
    )
    op.create_index(op.f("ix_decisions_asset_id"), "decisions", ["asset", "id"])
    op.create_index(op.f("ix_decisions_at"), "decisions", ["at"])
    op.create_table(
        "signals",
        sa.Column("seq", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_signals")),
        sa.UniqueConstraint("id", name=op.f("uq_signals_id")),
    )
    op.create_index(op.f("ix_signals_at"), "signals", ["at"])
    op.create_table(
        "freshness",
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("data_until", sa.BigInteger()),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("incident_id", sa.BigInteger()),
        sa.PrimaryKeyConstraint("asset", name=op.f("pk_freshness")),
    )
    published = sa.text("status = 'published'")
    op.create_index(
        "ix_versions_published", "versions", ["asset", "partition", "materialized_at"],
        sqlite_where=published, postgresql_where=published,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_versions_published", "versions")
    for table in ("freshness", "signals", "decisions", "schedule_cursor", "schedules"):
        op.drop_table(table)
