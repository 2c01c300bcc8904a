"""How much a state database holds."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, func, inspect, select, text

from observer.store import schema as schema  # what brings every table into the metadata
from orchestration.tables import metadata

_POSTGRES = text(
    "SELECT coalesce(sum(pg_total_relation_size(to_regclass(name))), 0) FROM unnest(CAST(:names AS text[])) AS name"
)


def rows_of(connection: Connection) -> Mapping[str, int]:
    """How many rows each table has, by its name; a table that is not there yet is left out."""
    there = set(inspect(connection).get_table_names())
    return {
        name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for name, table in sorted(metadata.tables.items())
        if name in there
    }


def bytes_of(connection: Connection) -> int:
    """What the tables and their indexes take on disk; of SQLite the file, room that it has free included."""
    if connection.dialect.name == "sqlite":
        pages, size = (connection.execute(text(f"PRAGMA {name}")).scalar_one() for name in ("page_count", "page_size"))
        return int(pages) * int(size)
    quoted = [connection.dialect.identifier_preparer.quote(name) for name in metadata.tables]
    return int(connection.execute(_POSTGRES, {"names": quoted}).scalar_one())
