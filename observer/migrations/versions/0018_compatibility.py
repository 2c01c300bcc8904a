"""Which code may still work with the schema.

A revision after this one that code of an earlier one can't work beside, since it takes away or changes what that code
reads or writes, says so: ``op.execute("UPDATE compatibility SET oldest = '...'")`` with its own number.

Revision ID: 0018
Revises: 0016
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    made = op.create_table(
        "compatibility",
        sa.Column("oldest", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("oldest", name=op.f("pk_compatibility")),
    )
    op.bulk_insert(made, [{"oldest": revision}])  # earlier code knows no later schema


def downgrade() -> None:
    op.drop_table("compatibility")
