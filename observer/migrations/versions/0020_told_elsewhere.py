"""What others tell: the audit says what was sent; their runs are found by an index.

Revision ID: 0020
Revises: 0018
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("audit", sa.Column("about", sa.Text()))
    external = sa.text("kind IN ('external.started', 'external.failed')")
    op.create_index(
        "ix_events_external", "events", ["run_id"], sqlite_where=external, postgresql_where=external
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_events_external", "events")
    op.drop_column("audit", "about")
