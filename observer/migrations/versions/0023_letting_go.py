"""Messages that were not delivered without those that were, and when what is no longer kept was last let go.

Revision ID: 0023
Revises: 0022
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    where = sa.text("delivered_at IS NULL AND folded_into IS NULL")
    op.create_index(
        "ix_outbox_undelivered", "outbox", ["next_attempt_at"], sqlite_where=where, postgresql_where=where
    )  # fmt: skip
    op.create_table(
        "chores",
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_chores")),
    )


def downgrade() -> None:
    op.drop_table("chores")
    op.drop_index("ix_outbox_undelivered", "outbox")
