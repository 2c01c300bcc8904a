"""Queries over Parquet versions by DuckDB, in the process, without a database file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from orchestration.errors import AssetError

if TYPE_CHECKING:
    import pyarrow as pa


def relation(paths: Sequence[str]) -> str:
    """SQL text for the rows of these Parquet files together; paths are quoted as literals."""
    if not paths:
        raise ValueError("a relation needs at least one file")
    literals = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
    return f"read_parquet([{literals}], union_by_name = true, hive_partitioning = false)"


def query(sql: str, parameters: Mapping[str, object], tables: Mapping[str, pa.Table] | None = None) -> pa.Table:
    """The result of one query, which may name ``tables``; raises AssetError with the engine's message."""
    import duckdb

    used = {name: value for name, value in parameters.items() if f"${name}" in sql}
    with duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False}) as engine:
        for name, table in (tables or {}).items():
            engine.register(name, table)
        try:
            return engine.sql(sql, params=used).to_arrow_table()
        except duckdb.Error as error:
            raise AssetError(f"the query failed: {error}; nothing was published") from error
