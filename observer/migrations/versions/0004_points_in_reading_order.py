"""Points lie in the order in which a series is read, without a second tree and without a foreign key.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SERIES = "fk_observations_series_id"
_INDEX = "ix_observations_series_id_ordered_at"


def upgrade() -> None:
    _keyed_by("series_id", "ordered_at", "version_seq")


def downgrade() -> None:
    _keyed_by("series_id", "version_seq")
    op.create_index(_INDEX, "observations", ["series_id", "ordered_at"])


def _keyed_by(*key: str) -> None:
    """Key the table anew; SQLite, whose rows lie in the order of the key, copies them."""
    into_reading_order = len(key) == 3
    if op.get_bind().dialect.name == "sqlite":
        _copied(key, foreign=not into_reading_order)
        return
    if into_reading_order:
        op.drop_index(_INDEX, table_name="observations")
        op.drop_constraint(_SERIES, "observations", type_="foreignkey")
    op.drop_constraint("pk_observations", "observations", type_="primary")
    # With the value in it the index alone answers what is asked of a series; a row lies on a page of its own day.
    include = " INCLUDE (value, accuracy)" if into_reading_order else ""
    op.execute(f"ALTER TABLE observations ADD CONSTRAINT pk_observations PRIMARY KEY ({', '.join(key)}){include}")
    if not into_reading_order:
        op.create_foreign_key(_SERIES, "observations", "series", ["series_id"], ["id"])


def _copied(key: tuple[str, ...], *, foreign: bool) -> None:
    table = sa.Table("observations", sa.MetaData(), autoload_with=op.get_bind())
    constraints: list[sa.schema.SchemaItem] = [sa.PrimaryKeyConstraint(*key, name="pk_observations")]
    if foreign:
        constraints.append(sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=_SERIES))
    columns = [sa.Column(c.name, c.type, nullable=c.nullable) for c in table.columns]
    new = op.create_table("observations_new", *columns, *constraints, sqlite_with_rowid=False)
    names = [c.name for c in table.columns]
    op.execute(new.insert().from_select(names, sa.select(*(table.c[n] for n in names)).order_by(*key)))
    op.drop_table("observations")
    op.rename_table("observations_new", "observations")
