"""Queries over versions by DuckDB, in the process, without a database file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from orchestration.errors import AssetError
from orchestration.io.chunks import Chunks

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_CLOSED: Any = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
_ROWS_A_BATCH = 200_000
_ARROW_FILE = re.compile(r'"arrow file ([^"]*)"')


def relation(paths: Sequence[str]) -> str:
    """SQL text for the rows of these Parquet files together; paths are quoted as literals."""
    if not paths:
        raise ValueError("a relation needs at least one file")
    literals = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
    return f"read_parquet([{literals}], union_by_name = true, hive_partitioning = false)"


def relation_of_each(paths: Sequence[str]) -> str:
    """SQL text for the rows of Parquet and Arrow files together; ``query`` maps Arrow files into memory."""
    each = (f'"arrow file {quote(path)}"' if path.endswith(".arrow") else relation([path]) for path in paths)
    return f"({' union all by name '.join(f'select * from {source}' for source in each)})"


@contextmanager
def query(sql: str, parameters: Mapping[str, object], tables: Mapping[str, pa.Table] | None = None) -> Iterator[Chunks]:
    """Run one query, which may name ``tables``; its result comes in chunks and is never whole in memory.

    Raises AssetError with the engine's message, also from a chunk.
    """
    import duckdb

    used = {name: value for name, value in parameters.items() if f"${name}" in sql}
    with duckdb.connect(config=_CLOSED) as engine:
        for name, table in (tables or {}).items():
            engine.register(name, table)
        for path in set(_ARROW_FILE.findall(sql)):
            engine.register(f"arrow file {path}", mapped(unquote(path)))
        try:
            answer = engine.sql(sql, params=used)
            if answer is None:
                raise AssetError("the query gives no rows, not even none; nothing was published; write a SELECT")
            reader = answer.to_arrow_reader(_ROWS_A_BATCH)
        except duckdb.Error as error:
            raise _failed(error) from error
        yield Chunks(_batches(reader))


def of_relation(value: Any) -> Chunks:
    """The rows of a relation, which runs while they are taken."""
    import duckdb

    try:
        return Chunks(_batches(value.to_arrow_reader(_ROWS_A_BATCH)))
    except duckdb.Error as error:
        raise _failed(error) from error


def _batches(reader: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """The reader's batches; at least one, so that no rows still have columns."""
    import duckdb
    import pyarrow as pa

    yield reader.schema.empty_table()
    while True:
        try:
            batch = reader.read_next_batch()
        except StopIteration:
            return
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            raise _failed(error) from error
        yield pa.Table.from_batches([batch])


def _failed(error: BaseException) -> AssetError:
    return AssetError(f"the query failed: {error}; nothing was published")


def of_files(paths: Sequence[str]) -> duckdb.DuckDBPyRelation:
    """A relation over Parquet files that reads them only when it is asked for rows."""
    import duckdb

    return duckdb.connect(config=_CLOSED).sql(f"from {relation(paths)}")


def of_table(table: pa.Table) -> duckdb.DuckDBPyRelation:
    """A relation over an Arrow table in memory."""
    import duckdb

    return duckdb.connect(config=_CLOSED).from_arrow(table)


def of_streams(opened: Callable[[], pa.RecordBatchReader]) -> duckdb.DuckDBPyRelation:
    """A relation over rows that come a batch at a time, anew whenever it is asked for rows."""
    import duckdb

    return duckdb.connect(config=_CLOSED).from_arrow(_Streams(opened))


class _Streams:
    """Speaks Arrow's PyCapsule interface; DuckDB takes a stream for each scan."""

    def __init__(self, opened: Callable[[], pa.RecordBatchReader]) -> None:
        self._opened = opened
        self._schema = opened().schema

    def __arrow_c_schema__(self) -> object:
        return self._schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._opened().__arrow_c_stream__(requested_schema)


def mapped(path: str) -> pa.Table:
    """An Arrow file as a table whose pages are read when they are looked at."""
    import pyarrow as pa

    with pa.memory_map(path) as source:
        return pa.ipc.open_file(source).read_all()
