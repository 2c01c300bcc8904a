"""What data says of its columns beside their types: whether they may be null, and their comments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from observer.collectors.tabular import is_arrow
from observer.model import Column, Schema
from orchestration.io.base import ParquetFiles, SqlRelation
from orchestration.io.plain import given_schema
from orchestration.model import Declared

_COMMENTS = (b"comment", b"description", b"doc")  # the keys of a field's metadata


def noted(schema: Schema | None, data: object, declared: Mapping[str, Declared]) -> Schema | None:
    """The schema with what an Arrow table or Parquet files say, and what the catalogue has of readers' table.

    A column may not be null where one of them says so; the data's own comment goes before the catalogue's. Neither is
    known of a pandas frame that no catalogue knows.
    """
    if schema is None:
        return None
    try:
        said = _arrow_schema(data)
    except Exception:  # files that can't be read any more; what is known of them stands
        said = None
    fields = {} if said is None else {field.name: field for field in said}
    return Schema(tuple(_declared(_of_field(c, fields.get(c.name)), declared.get(c.name)) for c in schema.columns))


def _arrow_schema(data: object) -> Any:
    if isinstance(data, SqlRelation):
        return data.like.schema
    if isinstance(data, ParquetFiles) and data.paths:
        import pyarrow.parquet as pq

        return given_schema(pq.read_schema(data.paths[0]))
    return getattr(data, "schema", None) if is_arrow(data) else None


def _of_field(column: Column, field: Any) -> Column:
    if field is None:
        return column
    metadata = field.metadata or {}
    comment = next((metadata[key].decode("utf-8", "replace") for key in _COMMENTS if key in metadata), None)
    return replace(column, nullable=bool(field.nullable), comment=comment)


def _declared(column: Column, declared: Declared | None) -> Column:
    if declared is None:
        return column
    nullable = False if column.nullable is False else declared.nullable
    comment = declared.comment if column.comment is None else column.comment
    return replace(column, nullable=column.nullable if nullable is None else nullable, comment=comment)
