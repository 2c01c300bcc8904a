"""Opening a version's data for DuckDB: frames of every library, Arrow tables and Parquet files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from observer.collectors import engine, known
from observer.collectors.copied import Copied, Sampler
from observer.collectors.field import Field
from observer.collectors.relation import Relation
from observer.collectors.sql import literal
from observer.collectors.tabular import (
    Unreadable,
    arrow_columns,
    column_names,
    first_line,
    is_frame,
    is_polars,
    is_table,
    polars_columns,
)
from observer.collectors.texts import TextsOfFiles, TextsOfMemory
from observer.model import Column, Schema
from orchestration.io.base import ParquetFiles, SqlRelation
from orchestration.io.plain import given_schema

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

_SOURCE = "tidegate_data"
_SAMPLE = "tidegate_sample"
_PART = "tidegate_part"
_PLACE = "hash(file_row_number)"
_MANY_COLUMNS = 50
_KNOWN = {  # what DuckDB makes of Arrow's commonest types: asking it costs as much as looking at a small table
    "bool": "BOOLEAN", "int32": "INTEGER", "int64": "BIGINT", "float": "FLOAT", "double": "DOUBLE",
    "string": "VARCHAR", "large_string": "VARCHAR", "date32[day]": "DATE", "timestamp[us]": "TIMESTAMP",
}  # fmt: skip


def is_opened(data: object) -> bool:
    """Whether there is something to open: it is no model and no text."""
    return isinstance(data, SqlRelation | ParquetFiles) or is_table(data)


@contextmanager
def opened(data: object) -> Iterator[Relation | None]:
    """Open a version's data for looking; None where it is no table (a model, a text).

    Parameters
    ----------
    data: a pandas or Polars frame, an Arrow table, ``ParquetFiles``, ``SqlRelation``, or any object.

    Raises
    ------
    duckdb.Error, OSError: the files can't be read.
    """
    if not is_opened(data):
        yield None
        return
    if isinstance(data, SqlRelation):
        from observer.collectors.pushed import pushed  # which is a Relation itself

        with pushed(data) as relation:
            yield relation
        return
    connection = engine.cursor()
    try:
        if isinstance(data, ParquetFiles):
            yield _from_files(connection, data.paths)
        else:
            yield from_memory(connection, data)
    finally:
        connection.close()


def _from_files(connection: DuckDBPyConnection, paths: Sequence[str]) -> Relation:
    if not paths:
        return Relation(connection, "range(0)", (), (), Schema(()), 0)
    import pyarrow.parquet as pq

    footers = [pq.read_metadata(path) for path in paths]
    arrow = footers[0].schema.to_arrow_schema()
    names = column_names(arrow.names)
    rows = sum(int(footer.num_rows) for footer in footers)
    files = ", ".join(literal(path) for path in paths)
    source = f"read_parquet([{files}], hive_partitioning = false)"
    if not names:
        return Relation(connection, f"range({rows})", (), (), Schema(()), rows)
    if len(names) > _MANY_COLUMNS:
        connection.execute("SET parquet_metadata_cache = true")  # else each statement parses the footers again
    source += f" AS s({', '.join(f'c{i}' for i in range(len(names)))})"
    types = _types(connection, source)
    lengths = durations(given_schema(arrow))
    fields = [
        Field(name, f"c{i}", lengths.get(name, type_)) for i, (name, type_) in enumerate(zip(names, types, strict=True))
    ]

    def keep(rate: float) -> Copied:
        chosen = f"SELECT {_aliases(fields)}, {_PLACE} AS place FROM {source} WHERE {_below(_PLACE, rate)}"
        return Copied(f"CREATE OR REPLACE TEMP TABLE {_PART} AS {chosen}", _PART, _sampler(_PART, "place"))

    def pick(rate: float) -> str:
        return _below(_PLACE, rate)

    def look() -> list[known.Known]:
        found = known.of_files(footers)
        return [one.counted() if each.name in lengths else one for one, each in zip(found, fields, strict=True)]

    schema, sample = _schema(fields, range(len(fields)), ()), _sampler(source, _PLACE)
    texts = TextsOfFiles(source, footers, arrow.names)
    return Relation(connection, source, fields, (), schema, rows, sample, keep, pick=pick, look=look, texts=texts)


def _sampler(source: str, place: str) -> Sampler:
    """Rows by their place, which is anywhere in 64 bits: those of a smaller share are among those of a larger one."""
    return lambda rate, wanted: f"(SELECT {_aliases(wanted)} FROM {source} WHERE {_below(place, rate)}) few"


def _aliases(fields: Sequence[Field]) -> str:
    return ", ".join(field.sql for field in fields)


def _below(place: str, rate: float) -> str:
    return f"{place} < {int(rate * 2**64)}::UBIGINT"


def durations(schema: pa.Schema) -> dict[str, str]:
    """The types of the columns that are lengths of time, where they are kept as numbers of their units."""
    import pyarrow as pa

    return {field.name: f"DURATION_{field.type.unit}" for field in schema if pa.types.is_duration(field.type)}


def described(table: pa.Table) -> tuple[list[Field], Schema]:
    """The fields of an Arrow table without rows, as DuckDB would see them, and its schema."""
    connection = engine.cursor()
    try:
        relation = from_memory(connection, table)
    finally:
        connection.close()
    return list(relation.fields), relation.schema


def from_memory(connection: DuckDBPyConnection, data: Any) -> Relation:
    """A frame or an Arrow table, registered with a connection of DuckDB's, mostly without a copy."""
    unreadable: list[Unreadable] = []
    if is_frame(data):
        names = column_names(data.columns)
        table, positions, unreadable = arrow_columns(data)
        rows = len(data)
    elif is_polars(data):
        names = column_names(data.columns)
        table, positions, unreadable = polars_columns(data)
        rows = int(data.height)
    else:
        names = column_names(data.column_names)
        table = data.rename_columns([f"c{i}" for i in range(len(names))])
        positions, rows = list(range(len(names))), int(data.num_rows)
    table, types, positions, refused = _registered(connection, table, positions, names)
    unreadable = sorted([*unreadable, *refused], key=lambda column: column.position)
    fields = [Field(names[at], f"c{i}", type_) for i, (at, type_) in enumerate(zip(positions, types, strict=True))]

    def sample(rate: float, wanted: Sequence[Field]) -> str:
        import numpy as np

        at = (np.random.default_rng(1).random(rows, dtype=np.float32) < rate).nonzero()[0]
        name = f"{_SAMPLE}_{round(rate * 1e9)}"  # a part and a sample of it are asked side by side
        aliases = [field.sql for field in wanted]
        if is_polars(data):  # Arrow takes no rows of texts as Polars keeps them
            few = data[:, [positions[int(alias[1:])] for alias in aliases]][at]
            connection.register(name, polars_columns(few)[0].rename_columns(aliases))
        else:
            connection.register(name, table.select(aliases).take(at))
        return name

    def look() -> Sequence[known.Known]:
        return known.OfTable(table)

    source = _SOURCE if types else f"range({rows})"
    schema = _schema(fields, positions, unreadable)
    texts = TextsOfMemory(connection, table)
    return Relation(connection, source, fields, unreadable, schema, rows, sample, look=look, texts=texts)


def _registered(
    connection: DuckDBPyConnection, table: pa.Table, positions: list[int], names: list[str]
) -> tuple[pa.Table, list[str], list[int], list[Unreadable]]:
    """Register the columns whose Arrow type DuckDB reads; return them, their types and positions, and the others."""
    import duckdb

    if not table.num_columns:
        return table, [], positions, []
    try:
        connection.register(_SOURCE, table)
        known = [_KNOWN.get(str(type_)) for type_ in table.schema.types]
        types = [type_ for type_ in known if type_ is not None]
        return table, types if len(types) == len(known) else _types(connection, _SOURCE), positions, []
    except duckdb.Error:
        connection.abort()
    kept: list[int] = []
    refused: list[Unreadable] = []
    for i, position in enumerate(positions):
        try:
            connection.register(_SOURCE, table.select([i]))
            _types(connection, _SOURCE)
            kept.append(i)
        except duckdb.Error as error:
            connection.abort()
            column = table.column(i)
            refused.append(
                Unreadable(position, names[position], str(column.type), column.null_count, first_line(error))
            )
    table = table.select(kept).rename_columns([f"c{i}" for i in range(len(kept))])
    if kept:
        connection.register(_SOURCE, table)
    return table, _types(connection, _SOURCE) if kept else [], [positions[i] for i in kept], refused


def _types(connection: DuckDBPyConnection, source: str) -> list[str]:
    described = connection.execute(f"SELECT * FROM {source} LIMIT 0")
    types = [str(column[1]).strip('"') for column in described.description or ()]
    described.fetchall()
    return types


def _schema(fields: Sequence[Field], positions: Sequence[int], unreadable: Sequence[Unreadable]) -> Schema:
    columns = [(at, Column(field.name, _type_name(field.type))) for at, field in zip(positions, fields, strict=True)]
    columns += [(column.position, Column(column.name, column.type)) for column in unreadable]
    return Schema(tuple(column for _, column in sorted(columns, key=lambda pair: pair[0])))


def _type_name(type_: str) -> str:
    if type_.startswith("DURATION_"):
        return "interval"
    return "varchar" if type_.startswith("ENUM") else type_.lower()
