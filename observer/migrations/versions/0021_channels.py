"""Channels: how each fares, and messages that were folded into another one.

Revision ID: 0021
Revises: 0020
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "channel_states",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Float()),
        sa.Column("counted_at", sa.BigInteger()),
        sa.Column("paused_until", sa.BigInteger()),
        sa.Column("failures", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("failing_since", sa.BigInteger()),
        sa.Column("gave_up", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("last_error", sa.Text()),
        sa.Column("incident_id", sa.BigInteger()),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_channel_states_incident_id")),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_channel_states")),
    )
    op.add_column("outbox", sa.Column("folded_into", sa.String(40)))
    op.create_index(op.f("ix_outbox_folded_into"), "outbox", ["folded_into"])


def downgrade() -> None:
    op.drop_index(op.f("ix_outbox_folded_into"), "outbox")
    op.drop_column("outbox", "folded_into")
    op.drop_table("channel_states")
