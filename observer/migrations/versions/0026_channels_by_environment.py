"""Whose messages are whose, and how channels fare, where several environments share the state.

Revision ID: 0026
Revises: 0025
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("environment", sa.Text()))
    op.create_table(
        "channel_health",
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Float()),
        sa.Column("counted_at", sa.BigInteger()),
        sa.Column("paused_until", sa.BigInteger()),
        sa.Column("failures", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("failing_since", sa.BigInteger()),
        sa.Column("gave_up", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("last_error", sa.Text()),
        sa.Column("incident_id", sa.BigInteger()),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_channel_health_incident_id")),
        sa.PrimaryKeyConstraint("environment", "channel", name=op.f("pk_channel_health")),
    )
    # What is known of channels is the environment's that ran last: nothing says whose it was.
    fares = "channel, tokens, counted_at, paused_until, failures, failing_since, gave_up, last_error, incident_id"
    whose = "coalesce((SELECT environment FROM runs ORDER BY seq DESC LIMIT 1), '')"
    op.execute(f"INSERT INTO channel_health (environment, {fares}) SELECT {whose}, {fares} FROM channel_states")


def downgrade() -> None:
    op.drop_table("channel_health")
    op.drop_column("outbox", "environment")
