"""Frames of every library as Arrow tables, and Arrow tables as the annotation of a parameter asks."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from orchestration.errors import StorageError
from orchestration.io.chunks import Chunks

if TYPE_CHECKING:
    import pyarrow as pa


class Shape(StrEnum):
    """What rows are handed out as."""

    PANDAS = "pandas"
    ARROW = "arrow"
    READER = "reader"  # Arrow's record batches, one at a time
    POLARS = "polars"
    POLARS_LAZY = "polars lazy"
    DUCKDB = "duckdb"
    ROWS = "rows"  # a list of dicts


_SHAPES: Mapping[str, Shape] = {
    "Table": Shape.ARROW,
    "RecordBatchReader": Shape.READER,
    "LazyFrame": Shape.POLARS_LAZY,
    "DuckDBPyRelation": Shape.DUCKDB,
    "list": Shape.ROWS,
    "List": Shape.ROWS,
    "Sequence": Shape.ROWS,
}


def shape_of(wants: str) -> Shape:
    """What an annotation's text asks rows to be; pandas where it says nothing that is known.

    Examples
    --------
    >>> shape_of("pa.Table"), shape_of("pl.DataFrame"), shape_of("list[dict[str, object]]"), shape_of("")
    (<Shape.ARROW: 'arrow'>, <Shape.POLARS: 'polars'>, <Shape.ROWS: 'rows'>, <Shape.PANDAS: 'pandas'>)
    """
    name = wants.partition("[")[0].strip().strip("'\"")
    first, last = name.partition(".")[0], name.rpartition(".")[2]
    if last == "DataFrame":
        return Shape.POLARS if first in ("pl", "polars") else Shape.PANDAS
    return _SHAPES.get(last, Shape.PANDAS)


def present(table: pa.Table, wants: str) -> Any:
    """The table as the annotation ``wants`` asks; raises StorageError where its library isn't there."""
    match shape_of(wants):
        case Shape.PANDAS:
            return table.to_pandas()
        case Shape.ARROW:
            return table
        case Shape.READER:
            return table.to_reader()
        case Shape.POLARS:
            return _polars().from_arrow(table)
        case Shape.POLARS_LAZY:
            return _polars().from_arrow(table).lazy()
        case Shape.ROWS:
            return table.to_pylist()
        case Shape.DUCKDB:
            from orchestration.io import duck

            return duck.of_table(table)


def _polars() -> Any:
    try:
        import polars
    except ImportError as error:
        raise StorageError(f"a Polars frame is asked for, and {error}; nothing was read; pip install polars") from error
    return polars


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """The rows of several versions as one table; raises StorageError where a column's types don't go together."""
    import pyarrow as pa

    with fitting():
        return pa.concat_tables(tables, promote_options="permissive")


@contextmanager
def fitting() -> Iterator[None]:
    """Say in words that versions don't go together."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowTypeError, pa.ArrowInvalid) as error:
        raise StorageError(
            f"versions that are read together don't fit: {error}; nothing was changed; materialize those of the older "
            "type again, or read them as pd.DataFrame"
        ) from error


def as_table(value: object) -> pa.Table | None:
    """The value as an Arrow table if it is a frame of any library, or chunks of them; None for anything else.

    Raises
    ------
    StorageError
        It is a frame that Arrow can't hold, or its chunks don't fit together.
    """
    if isinstance(value, Chunks):
        import pyarrow as pa

        return pa.concat_tables(tables_of(value))
    convert = _converter(value)
    if convert is None:
        return None
    table = convert(value)
    _refuse_repeated(table.column_names)
    return table


def tables_in(value: object) -> Iterator[pa.Table] | None:
    """The value as tables of one schema, at least one, if it is a frame, a relation or chunks; None for anything else.

    A relation runs, and chunks are made, while the tables are taken. Raises StorageError as ``as_table`` does.
    """
    chunks = chunks_in(value)
    if chunks is not None:
        return tables_of(chunks)
    table = as_table(value)
    return None if table is None else iter((table,))


def chunks_in(value: object) -> Chunks | None:
    """The value as chunks, if it comes a part at a time: chunks, a relation, a reader of batches; else None."""
    if isinstance(value, Chunks):
        return value
    if is_relation(value):
        from orchestration.io import duck

        return duck.of_relation(value)
    return Chunks(_read(value)) if _is_a(value, "pyarrow", "RecordBatchReader") else None


def _read(reader: Any) -> Iterator[pa.Table]:
    """The reader's batches; before them a table without rows, so that no batch still has columns."""
    yield reader.schema.empty_table()
    yield from map(_from_batch, reader)


def records_as_table(value: object) -> pa.Table | None:
    """A list of dicts as an Arrow table; None for anything else. Raises StorageError where Arrow can't hold it."""
    if not isinstance(value, list) or not value or not all(isinstance(row, dict) for row in value):
        return None
    import pyarrow as pa

    names: dict[str, None] = {}
    for row in value:
        names.update(dict.fromkeys(map(str, row)))
    try:
        return pa.table({name: pa.array([row.get(name) for row in value]) for name in names})
    except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
        raise _unfit("the list of dicts", error) from error


def tables_of(chunks: Chunks) -> Iterator[pa.Table]:
    """The chunks as tables of the first one's schema, one at a time; raises StorageError where one doesn't fit."""
    schema = None
    for number, chunk in enumerate(chunks, start=1):
        table = _chunk_as_table(chunk, number)
        schema = table.schema if schema is None else schema
        yield _fitted(table, schema, number)
    if schema is None:
        raise StorageError("no chunk came; nothing was published; yield an empty frame if there are no rows")


def _chunk_as_table(chunk: object, number: int) -> pa.Table:
    if _is_pandas(chunk) and _has_plain_index(chunk):
        import pandas as pd

        assert isinstance(chunk, pd.DataFrame)
        chunk = chunk.reset_index(drop=True)  # else some chunks would have an index column and some none
    table = None if isinstance(chunk, Chunks) else as_table(chunk)
    if table is None:
        raise StorageError(
            f"chunk {number} is a {type(chunk).__name__}; nothing was published; yield frames of one schema"
        )
    return table


def _fitted(table: pa.Table, schema: pa.Schema, number: int) -> pa.Table:
    """The table with the schema of the first chunk, where that loses nothing."""
    import pyarrow as pa

    if table.column_names != schema.names:
        raise StorageError(
            f"chunk {number} has the columns {', '.join(table.column_names)}, the first one had "
            f"{', '.join(schema.names)}; nothing was published; yield frames of one schema"
        )
    for field, wanted in zip(table.schema, schema, strict=True):
        if field.type != wanted.type and not pa.types.is_null(field.type):
            raise StorageError(
                f"column {field.name!r} is {field.type} in chunk {number} and {wanted.type} in the first one; nothing "
                "was published; give the column one type in every chunk (a whole number turns to a float where one is "
                "missing: use a nullable type)"
            )
    return table.cast(schema) if table.schema != schema else table.replace_schema_metadata(schema.metadata)


def _converter(value: object) -> Callable[[Any], pa.Table] | None:
    """How a frame becomes a table, found without importing a library that nobody has used."""
    if type(value).__module__ == "builtins":  # quick, because most values of small assets are
        return None
    if _is_pandas(value):
        return _from_pandas
    if _is_a(value, "pyarrow", "Table"):
        return lambda table: table
    if _is_a(value, "pyarrow", "RecordBatchReader"):
        return lambda reader: reader.read_all()
    if _is_a(value, "pyarrow", "RecordBatch"):
        return _from_batch
    if _is_a(value, "polars", "DataFrame"):
        return _from_polars
    if _is_a(value, "polars", "LazyFrame"):
        return lambda frame: _from_polars(frame.collect())
    if is_relation(value):
        return _from_relation
    return None


def is_relation(value: object) -> bool:
    """Whether it is a DuckDB relation: a query that hasn't run."""
    return _is_a(value, "duckdb", "DuckDBPyRelation")


def _is_pandas(value: object) -> bool:
    return _is_a(value, "pandas", "DataFrame")


def _is_a(value: object, module: str, name: str) -> bool:
    kind = getattr(sys.modules.get(module), name, None)
    return kind is not None and isinstance(value, kind)


def _has_plain_index(frame: Any) -> bool:
    return frame.index.nlevels == 1 and frame.index.name is None


def _from_pandas(frame: Any) -> pa.Table:
    import pyarrow as pa

    _refuse_repeated(frame.columns.tolist())
    _refuse_repeated([str(name) for name in frame.columns])  # 1 and "1" are one name in a file
    try:
        return pa.Table.from_pandas(frame)
    except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
        raise _unfit("the frame", error) from error


def _from_polars(frame: Any) -> pa.Table:
    try:
        return frame.to_arrow()
    except Exception as error:  # Polars raises errors of its own for columns of Python objects
        raise _unfit("the frame", error) from error


def _from_batch(batch: Any) -> pa.Table:
    import pyarrow as pa

    return pa.Table.from_batches([batch])


def _from_relation(relation: Any) -> pa.Table:
    import pyarrow as pa

    from orchestration.io import duck

    return pa.concat_tables(duck.of_relation(relation))


def _unfit(what: str, error: BaseException) -> StorageError:
    said = " ".join(map(str, error.args))
    return StorageError(f"{what} can't be stored: {said}; nothing was published; give each column one type")


def _refuse_repeated(names: Sequence[object]) -> None:
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise StorageError(f"the frame has two columns called {repeated[0]!r}; nothing was published; rename one")
    if "" in names:
        raise StorageError("the frame has a column without a name; nothing was published; give it one")
