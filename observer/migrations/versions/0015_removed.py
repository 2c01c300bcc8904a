"""Which versions' data was let go, and an index of those that are kept.

Revision ID: 0015
Revises: 0014
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_versions = sa.table("versions", sa.column("id", sa.String), sa.column("removed_at", sa.BigInteger))


def upgrade() -> None:
    op.add_column("versions", sa.Column("removed_at", sa.BigInteger()))
    connection = op.get_bind()
    said = connection.execute(sa.text("SELECT at, detail FROM events WHERE kind = 'versions.removed' ORDER BY id"))
    for at, detail in said.all():
        told = json.loads(detail) if isinstance(detail, str) else detail
        gone = sa.update(_versions).where(_versions.c.id.in_(str(told["versions"]).split(", ")))
        connection.execute(gone.values(removed_at=at))
    is_kept = sa.text("removed_at IS NULL")
    op.create_index(
        "ix_versions_kept", "versions", ["asset", "partition"], sqlite_where=is_kept, postgresql_where=is_kept
    )


def downgrade() -> None:
    op.drop_index("ix_versions_kept", table_name="versions")
    op.drop_column("versions", "removed_at")
