"""What data says of its columns beside their types: whether they may be null, and their comments."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from observer.collectors.tabular import is_arrow
from observer.model import Column, Schema
from orchestration.io.base import ParquetFiles, SqlRelation

_COMMENTS = (b"comment", b"description")  # the keys of a field's metadata


def noted(schema: Schema | None, data: object) -> Schema | None:
    """The schema with what an Arrow table, Parquet files or a database's table say; a pandas frame says nothing."""
    try:
        said = _arrow_schema(data) if schema is not None else None
    except Exception:  # files that can't be read any more; what is known of them stands
        return schema
    if schema is None or said is None:
        return schema
    fields = {field.name: field for field in said}
    return Schema(tuple(_column(column, fields.get(column.name)) for column in schema.columns))


def _arrow_schema(data: object) -> Any:
    if isinstance(data, SqlRelation):
        return data.like.schema
    if isinstance(data, ParquetFiles) and data.paths:
        import pyarrow.parquet as pq

        return pq.read_schema(data.paths[0])
    return getattr(data, "schema", None) if is_arrow(data) else None


def _column(column: Column, field: Any) -> Column:
    if field is None:
        return column
    metadata = field.metadata or {}
    comment = next((metadata[key].decode("utf-8", "replace") for key in _COMMENTS if key in metadata), None)
    return replace(column, nullable=bool(field.nullable), comment=comment)
