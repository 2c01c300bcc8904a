"""Arrow columns as a database stores them, and back: every value, or a refusal in words.

A database says in which Arrow type it keeps each type (``storage``); a column is cast to that, and what a cast would
bend is spelled as text (dates where there are none, decimals, JSON for nested values) and compared with the original
before anything is written.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestration.errors import CorruptData, StorageError

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a version: what it is, and what the database keeps it as."""

    name: str
    type: pa.DataType
    storage: pa.DataType
    ddl: str  # the type's name in CREATE TABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """What a database can keep.

    ``storage`` gives the Arrow type and the SQL type in which it keeps an Arrow type, or None where it can't.
    """

    engine: str
    storage: Callable[[pa.DataType], tuple[pa.DataType, str] | None]
    keeps_nan: bool = True
    keeps_nul: bool = True
    is_caseless: bool = False  # "a" and "A" are one column
    longest_name: int | None = None  # of identifiers, in bytes
    refused_signs: str = ""  # in identifiers


def columns_of(schema: pa.Schema, keeping: Keeping) -> tuple[Column, ...]:
    """How a table of this schema is kept; raises StorageError where it can't be."""
    _refuse_names(schema.names, keeping)
    found: list[Column] = []
    for field in schema:
        kept = keeping.storage(_plain(field.type))
        if kept is None:
            raise StorageError(_unstorable(field.name, field.type, keeping, f"{keeping.engine} has no such type"))
        found.append(Column(field.name, field.type, *kept))
    return tuple(found)


def encode(table: pa.Table, columns: Sequence[Column], keeping: Keeping) -> pa.Table:
    """The table as the database keeps it; raises StorageError where a value would be lost or bent."""
    import pyarrow as pa

    arrays = []
    for column, values in zip(columns, table.columns, strict=True):
        try:
            stored = _encoded(values, column.storage)
            if _is_spelled(column) and not _decoded(stored, column.type).equals(_undictionaried(values)):
                raise ValueError("a value would not come back as it is")
        except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
            raise StorageError(_unstorable(column.name, column.type, keeping, _said(error))) from error
        _refuse_values(column, stored, keeping)
        arrays.append(stored)
    return pa.table(arrays, names=[column.name for column in columns]) if arrays else table


def decode(table: pa.Table, like: pa.Table) -> pa.Table:
    """The table with the columns, types, categories and metadata of ``like``, which has no rows."""
    import pyarrow as pa

    arrays = []
    for field, example in zip(like.schema, like.columns, strict=True):
        try:
            values = _decoded(table.column(field.name), field.type)
            if pa.types.is_dictionary(field.type):
                values = _categorized(values, field.type, example)
        except (pa.ArrowException, ValueError, TypeError, KeyError) as error:
            raise CorruptData(f"its column {field.name!r} no longer holds {field.type}: {_said(error)}") from error
        arrays.append(values)
    return pa.Table.from_arrays(arrays, schema=like.schema) if arrays else like


def with_categories(like: pa.Table, table: pa.Table) -> pa.Table:
    """``like``, which has no rows, with the categories that a table has besides its own."""
    import pyarrow as pa

    if not any(pa.types.is_dictionary(field.type) for field in like.schema):
        return like
    return pa.concat_tables([like, table]).unify_dictionaries().slice(0, 0)


def remember(table: pa.Table) -> str:
    """A table's columns, types, categories and metadata as text, without its rows."""
    import pyarrow as pa

    arrays = []
    for field, values in zip(table.schema, table.columns, strict=True):
        if pa.types.is_dictionary(field.type):
            known = values.unify_dictionaries()
            words = known.chunk(0).dictionary if known.num_chunks else pa.array([], field.type.value_type)
            arrays.append(
                pa.DictionaryArray.from_arrays(pa.array([], field.type.index_type), words, ordered=field.type.ordered)
            )
        else:
            arrays.append(pa.array([], field.type))
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        if arrays:
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=table.schema))
    return base64.b64encode(sink.getvalue()).decode()


def remembered(text: str) -> pa.Table:
    """What ``remember`` wrote: a table without rows."""
    import pyarrow as pa

    return pa.ipc.open_stream(base64.b64decode(text)).read_all()


def _plain(type_: pa.DataType) -> pa.DataType:
    """The type of the values of a category; any other type as it is."""
    import pyarrow as pa

    return type_.value_type if pa.types.is_dictionary(type_) else type_


def _is_spelled(column: Column) -> bool:
    """Whether values are written as text that they are not."""
    import pyarrow as pa

    type_ = _plain(column.type)
    texts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)
    return bool(pa.types.is_string(column.storage)) and not any(is_text(type_) for is_text in texts)


def _undictionaried(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return values.cast(_plain(values.type)) if _plain(values.type) is not values.type else values


def _encoded(values: pa.ChunkedArray, storage: pa.DataType) -> pa.ChunkedArray:
    import pyarrow as pa

    values = _undictionaried(values)
    type_ = values.type
    if type_.equals(storage):
        return values
    if pa.types.is_null(type_):
        return pa.chunked_array([pa.nulls(len(values), storage)])
    if pa.types.is_nested(type_) and pa.types.is_string(storage):
        return pa.chunked_array([pa.array([_json(one) for one in values.to_pylist()], storage)])
    if pa.types.is_time(type_) and pa.types.is_string(storage):
        return pa.chunked_array([pa.array([one and one.isoformat() for one in _times(values)], storage)])
    if pa.types.is_timestamp(type_) and type_.tz is not None and pa.types.is_string(storage):
        values = values.cast(pa.timestamp(type_.unit, "UTC"))
    return values.cast(storage)


def _times(values: pa.ChunkedArray) -> list[Any]:
    import pyarrow as pa

    return values.cast(pa.time64("us")).to_pylist()  # type: ignore[no-any-return]  # a cast that loses raises


def _json(value: object) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, allow_nan=False)


def _decoded(values: pa.ChunkedArray, type_: pa.DataType) -> pa.ChunkedArray:
    from datetime import time

    import pyarrow as pa

    type_ = _plain(type_)
    if values.type.equals(type_):
        return values
    if pa.types.is_null(type_):
        return pa.chunked_array([pa.nulls(len(values))])
    if pa.types.is_string(values.type):
        if pa.types.is_nested(type_):
            found = [None if one is None else _shaped(json.loads(one), type_) for one in values.to_pylist()]
            return pa.chunked_array([pa.array(found, type_)])
        if pa.types.is_time(type_):
            times = [one and time.fromisoformat(one) for one in values.to_pylist()]
            return pa.chunked_array([pa.array(times, pa.time64("us"))]).cast(type_)
        if pa.types.is_timestamp(type_) and type_.tz is not None:
            return values.cast(pa.timestamp(type_.unit, "UTC")).cast(type_)
    return values.cast(type_)


def _shaped(value: Any, type_: pa.DataType) -> Any:
    """JSON's lists as the pairs that a map is made of."""
    import pyarrow as pa

    if value is None or not pa.types.is_nested(type_):
        return value
    if pa.types.is_map(type_):
        return [(key, _shaped(item, type_.item_type)) for key, item in value]
    if pa.types.is_struct(type_):
        return {field.name: _shaped(value.get(field.name), field.type) for field in type_}
    return [_shaped(item, type_.value_type) for item in value]


def _categorized(values: pa.ChunkedArray, type_: pa.DataType, example: pa.ChunkedArray) -> pa.ChunkedArray:
    """Values as the categories that they had, in their order, also those that no row has."""
    import pyarrow as pa
    import pyarrow.compute as pc

    words = example.chunk(0).dictionary if example.num_chunks else pa.array([], type_.value_type)
    found = pc.index_in(values, value_set=words)
    if found.null_count != values.null_count:
        raise ValueError("a value is none of its categories")
    indices = found.cast(type_.index_type).combine_chunks()
    return pa.chunked_array([pa.DictionaryArray.from_arrays(indices, words, ordered=type_.ordered)])


def _refuse_names(names: Sequence[str], keeping: Keeping) -> None:
    seen: dict[str, str] = {}
    for name in names:
        folded = name.casefold() if keeping.is_caseless else name
        if folded in seen:
            raise StorageError(
                f"{keeping.engine} takes the columns {seen[folded]!r} and {name!r} for one; nothing was published; "
                "rename one of them"
            )
        seen[folded] = name
        if keeping.longest_name is not None and len(name.encode()) > keeping.longest_name:
            raise StorageError(
                f"the column {name[:40]!r}... is longer than the {keeping.longest_name} bytes that {keeping.engine} "
                "keeps of a name; nothing was published; shorten it"
            )
        if bad := [sign for sign in (*keeping.refused_signs, "\0") if sign in name]:
            raise StorageError(
                f"the column {name!r} has {bad[0]!r} in its name, which {keeping.engine} refuses; nothing was "
                "published; rename it"
            )


def _refuse_values(column: Column, stored: pa.ChunkedArray, keeping: Keeping) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not keeping.keeps_nan and pa.types.is_floating(stored.type) and pc.any(pc.is_nan(stored)).as_py():
        why = f"{keeping.engine} would make NaN a null; use null where a number is missing"
        raise StorageError(_unstorable(column.name, column.type, keeping, why))
    if not keeping.keeps_nul and pa.types.is_string(stored.type):
        signs = ("\0", "\\u0000") if pa.types.is_nested(_plain(column.type)) else ("\0",)
        if any(pc.any(pc.match_substring(stored, sign)).as_py() for sign in signs):
            why = "a text in it has the character NUL"
            raise StorageError(_unstorable(column.name, column.type, keeping, why))


def _unstorable(name: str, type_: pa.DataType, keeping: Keeping, why: str) -> str:
    return (
        f"the column {name!r} ({type_}) can't be stored in {keeping.engine} as it is: {why}; nothing was published "
        "and readers keep what they had; convert the column, or use the files IO manager for this asset"
    )


def _said(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
