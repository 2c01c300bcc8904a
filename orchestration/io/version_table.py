"""Making the table of one version."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Column as SqlColumn
from sqlalchemy import MetaData, Table
from sqlalchemy.schema import CreateTable

from orchestration.io.columns import Column
from orchestration.io.warehouse import Raw, Session

NOTHING = "tidegate_nothing"
"""The column of a table without columns, which SQL doesn't have."""


def created(session: Session, table: Table, columns: Sequence[Column], row_column: str | None) -> None:
    """Create a version's table with its columns as the database keeps them."""
    made = Table(table.name, MetaData(), schema=table.schema)
    for column in columns:
        made.append_column(SqlColumn(column.name, Raw(column.ddl)))
    if not columns:
        made.append_column(SqlColumn(NOTHING, Raw("integer")))
    if row_column is not None:
        made.append_column(SqlColumn(row_column, Raw("bigint")))
    session.run(CreateTable(made))
