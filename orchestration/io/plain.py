"""Frames in the few types that open table formats have, with the schema that they came with kept beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestration.errors import StorageError

if TYPE_CHECKING:
    import pyarrow as pa

_SCHEMA = b"tidegate.schema"


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """The schema in plain types: wide numbers, microseconds, UTC, text for categories; the given one in its metadata.

    A duration is the number of its units.

    A column of nulls only has no type to be kept in and is left out. Raises StorageError for a type that has no place.
    """
    import pyarrow as pa

    fields = [
        pa.field(field.name, _plain(field.name, field.type)) for field in schema if not pa.types.is_null(field.type)
    ]
    return pa.schema(fields, metadata={_SCHEMA: schema.serialize().to_pybytes()})


def to_plain(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The table in a schema that ``plain_schema`` gave; raises StorageError where a value would be lost."""
    import pyarrow as pa

    columns = []
    for field in schema:
        try:
            columns.append(_cast(table.column(field.name), field.type))
        except pa.ArrowException as error:
            raise StorageError(
                f"column {field.name!r} can't be kept as {field.type} without loss: {' '.join(map(str, error.args))}; "
                "nothing was published; round or cast it in the asset"
            ) from error
    return pa.Table.from_arrays(columns, schema=schema)


def given_schema(schema: pa.Schema) -> pa.Schema:
    """The schema that a plain one was made of; one that wasn't made so as it is."""
    import pyarrow as pa

    kept = (schema.metadata or {}).get(_SCHEMA)
    return schema if kept is None else pa.ipc.read_schema(pa.py_buffer(kept))


def from_plain(table: pa.Table) -> pa.Table:
    """The table in the schema that it came with; one without that knowledge as it is."""
    import pyarrow as pa

    plain = table.schema
    schema = given_schema(plain)
    if schema is plain:
        return table
    columns = [
        pa.nulls(table.num_rows) if pa.types.is_null(field.type) else _cast(table.column(field.name), field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _cast(column: pa.ChunkedArray, wanted: Any) -> pa.ChunkedArray:
    import pyarrow as pa

    if column.type == wanted:
        return column
    if pa.types.is_dictionary(wanted):
        return column.cast(wanted.value_type).dictionary_encode().cast(wanted)
    return column.cast(wanted)


def _plain(name: str, kind: Any) -> Any:
    import pyarrow as pa

    is_type = pa.types
    if is_type.is_dictionary(kind):
        return _plain(name, kind.value_type)
    if is_type.is_struct(kind):
        return pa.struct([pa.field(field.name, _plain(name, field.type)) for field in kind])
    if is_type.is_map(kind):
        return pa.map_(_plain(name, kind.key_type), _plain(name, kind.item_type))
    if is_type.is_list(kind) or is_type.is_large_list(kind) or is_type.is_fixed_size_list(kind):
        return pa.list_(_plain(name, kind.value_type))
    if is_type.is_timestamp(kind):
        return pa.timestamp("us", tz="UTC" if kind.tz else None)
    if kind == pa.uint64():
        return pa.decimal128(20, 0)
    if is_type.is_integer(kind) or is_type.is_duration(kind):
        return pa.int64()
    for fits, plain in (
        (is_type.is_floating, pa.float64()),
        (is_type.is_time, pa.time64("us")),
        (is_type.is_date, pa.date32()),
        (is_type.is_boolean, kind),
        (is_type.is_decimal128, kind),
        (_is_text, pa.string()),
        (_is_bytes, pa.binary()),
    ):
        if fits(kind):
            return plain
    raise StorageError(
        f"column {name!r} is {kind}, which has no place in the table; nothing was published; cast it in the asset, or "
        "keep the asset by the files IO manager"
    )


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    is_type = pa.types
    return any(fits(kind) for fits in (is_type.is_string, is_type.is_large_string, is_type.is_string_view))


def _is_bytes(kind: Any) -> bool:
    import pyarrow as pa

    is_type = pa.types
    return any(fits(kind) for fits in (is_type.is_binary, is_type.is_large_binary, is_type.is_fixed_size_binary))
