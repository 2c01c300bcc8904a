"""The newest versions and steps of an asset without partitions, of which all are of one key.

Revision ID: 0027
Revises: 0026
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    where = sa.text("partition = ''")
    for table, column in (("versions", "seq"), ("steps", "ended_at")):
        op.create_index(
            f"ix_{table}_whole", table, ["asset", column], sqlite_where=where, postgresql_where=where
        )  # fmt: skip


def downgrade() -> None:
    for table in ("steps", "versions"):
        op.drop_index(f"ix_{table}_whole", table)
