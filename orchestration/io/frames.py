"""Frames in files: Parquet or Arrow IPC, written a chunk at a time and read as the annotation asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.errors import StorageError
from orchestration.io import duck
from orchestration.io.tables import Shape, present, shape_of

if TYPE_CHECKING:
    import pyarrow as pa

PARQUET, ARROW = "parquet", "arrow"
_GROUP_ROWS = 2**20
_GROUP_BYTES = 64 * 2**20
_SMALL = 2**16


def save(tables: Iterator[pa.Table], file: Any, kind: str) -> int:
    """Write tables of one schema as one file, holding a row group at most; returns the rows.

    Raises
    ------
    StorageError
        A column's type has no place in such a file.
    """
    import pyarrow as pa

    first = next(tables)
    rows = 0
    try:
        with pa.PythonFile(file, mode="w") as sink, _writer(sink, first.schema, kind) as writer:
            for table in grouped(first, tables):
                _write(writer, table, kind)
                rows += table.num_rows
    except pa.ArrowException as error:
        raise StorageError(
            f"the frame can't be stored as {kind.capitalize()}: {' '.join(map(str, error.args))}; nothing was published"
        ) from error
    return rows


def _writer(sink: Any, schema: pa.Schema, kind: str) -> Any:
    if kind == ARROW:
        import pyarrow as pa

        return pa.ipc.new_file(sink, schema)
    import pyarrow.parquet as pq

    return pq.ParquetWriter(sink, schema, compression="zstd")


def _write(writer: Any, table: pa.Table, kind: str) -> None:
    if kind == ARROW:
        writer.write_table(table, max_chunksize=_GROUP_ROWS)
    else:
        writer.write_table(table, row_group_size=_GROUP_ROWS)


def grouped(first: pa.Table, rest: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Small tables together, so that many small chunks are no file of many small row groups."""
    import pyarrow as pa

    waiting, rows, size = [first], first.num_rows, first.nbytes
    for table in rest:
        if rows >= _GROUP_ROWS or size >= _GROUP_BYTES:
            yield pa.concat_tables(waiting)
            waiting, rows, size = [], 0, 0
        waiting.append(table)
        rows, size = rows + table.num_rows, size + table.nbytes
    yield waiting[0] if len(waiting) == 1 else pa.concat_tables(waiting)


def body(file: Path) -> pa.Buffer:
    """A file's bytes in Arrow's memory.

    Bytes of Python's would be let go by one of Arrow's threads, which aborts a process that is about to end.
    """
    import pyarrow as pa

    with pa.OSFile(str(file)) as source:
        return source.read_buffer()


def read(file: Path | pa.Buffer, kind: str, wants: str) -> Any:
    """Read a file, or its bytes, as the annotation ``wants`` asks."""
    shape = shape_of(wants)
    if kind == PARQUET and shape is Shape.READER:
        return _reader(file)
    if kind == PARQUET and shape is Shape.DUCKDB and isinstance(file, Path):
        return duck.of_files([str(file)])
    return present(_table(file, kind), wants)


def _table(file: Path | pa.Buffer, kind: str) -> pa.Table:
    import pyarrow as pa

    if kind == ARROW:
        return duck.mapped(str(file)) if isinstance(file, Path) else pa.ipc.open_file(file).read_all()
    import pyarrow.parquet as pq

    source = file if isinstance(file, Path) else pa.BufferReader(file)
    return pq.read_table(source, partitioning=None)


def schema(file: Path, kind: str) -> pa.Schema:
    """The columns of a file, whose rows are not read."""
    import pyarrow.parquet as pq

    return duck.mapped(str(file)).schema if kind == ARROW else pq.ParquetFile(file).schema_arrow


def _reader(file: Path | pa.Buffer) -> pa.RecordBatchReader:
    """A file's batches as they are asked for, none of more than a row group."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    opened = pq.ParquetFile(file if isinstance(file, Path) else pa.BufferReader(file))
    groups = range(opened.num_row_groups)
    batches = (batch for group in groups for batch in opened.iter_batches(_SMALL, row_groups=[group]))
    return pa.RecordBatchReader.from_batches(opened.schema_arrow, batches)
