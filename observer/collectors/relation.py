"""One version's data as DuckDB sees it: fields, and statements over them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from observer.collectors import engine
from observer.collectors.dialect import DUCKDB, Dialect
from observer.collectors.sql import identifier, literal
from observer.collectors.tabular import (
    Unreadable,
    arrow_columns,
    column_names,
    first_line,
    is_arrow,
    is_frame,
)
from observer.errors import UnknownName
from observer.metrics import ColumnKind
from observer.model import Column, Schema
from orchestration.io.base import ParquetFiles, SqlRelation

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

_SOURCE = "tidegate_data"
_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"}
_FLOATS = {"FLOAT", "DOUBLE"}
_NUMBERS = _INTEGERS | {"U" + name for name in _INTEGERS} | _FLOATS | {"BIGNUM", "VARINT"}


@dataclass(frozen=True, slots=True)
class Field:
    """One column: its name, the alias that statements call it by, and DuckDB's type."""

    name: str
    sql: str
    type: str

    @property
    def kind(self) -> ColumnKind:
        if self.type in _NUMBERS or self.type.startswith("DECIMAL"):
            return ColumnKind.NUMBER
        if self.type == "VARCHAR" or self.type.startswith("ENUM"):
            return ColumnKind.TEXT
        if self.type == "BOOLEAN":
            return ColumnKind.BOOLEAN
        if self.type == "DATE" or self.type.startswith("TIMESTAMP"):
            return ColumnKind.TIME
        return ColumnKind.OTHER


class Relation:
    """The data of one version, open for statements. Use it in the thread that opened it, inside ``opened``.

    Attributes
    ----------
    fields: the columns that can be looked into; names are unique, aliases are ``c0``, ``c1`` ...
    unreadable: those that can't.
    schema: all of them in order, with DuckDB's types in lower case (categories are their values' "varchar").
    rows: how many there are by the frame's or the files' own account.
    dialect: how the engine is asked.
    """

    dialect: Dialect = DUCKDB

    def __init__(
        self,
        connection: DuckDBPyConnection | None,
        source: str,
        fields: Sequence[Field],
        unreadable: Sequence[Unreadable],
        schema: Schema,
        rows: int,
    ) -> None:
        self._database = connection
        self._source = source
        self._named = False
        self.fields = tuple(fields)
        self.unreadable = tuple(unreadable)
        self.schema = schema
        self.rows = rows

    @property
    def _connection(self) -> DuckDBPyConnection:
        assert self._database is not None
        return self._database

    def fetched(self) -> Relation:
        """Return the data as DuckDB sees it: this very relation, where it doesn't lie in another database."""
        return self

    def exact(self, name: str) -> Field:
        """Return the column of a name, to compare its values; as ``field``, and raises NotPlain.

        Raises
        ------
        NotPlain: the engine keeps the values as something else, so ``fetched()`` has to be compared.
        """
        return self.field(name)

    def metric(self, name: str, field: Field) -> str:
        """Return the aggregate that measures a metric of the catalogue."""
        subject = f"{field.sql}::VARCHAR" if field.type.startswith("ENUM") else field.sql
        return self.dialect.metrics[name].format(c=subject, s=f"({self._rows_of([field])}) m")

    def field(self, name: str) -> Field:
        """Return the column of a name.

        Raises
        ------
        LookupError (mostly UnknownName): there is none, and which are near; or it can't be looked into.
        """
        for field in self.fields:
            if field.name == name:
                return field
        for column in self.unreadable:
            if column.name == name:
                raise LookupError(f"column {name!r} can't be looked into: {column.reason}")
        known = [column.name for column in self.schema.columns]
        for other in known:
            if other.lower() == name.lower():
                raise LookupError(f"no column is called {name!r}; did you mean {other!r}?")
        raise UnknownName("column", name, known)

    def select(self, expressions: Sequence[str], tail: str = "") -> list[tuple[Any, ...]]:
        """Return the rows of one SELECT over the aliases; ``tail`` is what comes after FROM."""
        names = set(re.findall(r"\bc\d+\b", " ".join(expressions) + " " + tail))
        inner = self._rows_of([field for field in self.fields if field.sql in names])
        return self._fetch(f"SELECT {', '.join(expressions)} FROM ({inner}) d {tail}")

    def _rows_of(self, fields: Sequence[Field]) -> str:
        """A SELECT of columns by their aliases, with NaN as null."""
        used = [f"{self._value(field)} AS {field.sql}" for field in fields]
        return f"SELECT {', '.join(used) or '1 AS nothing'} FROM {self._source}"

    def _value(self, field: Field) -> str:
        return self.dialect.value(field.type).format(c=field.sql)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a statement that calls the table ``data`` and the columns by their names."""
        if not self._named:
            named = ", ".join(
                f"{self._value(field)} AS {identifier(name)}"
                for field, name in zip(self.fields, _caseless([f.name for f in self.fields]), strict=True)
            )
            self._connection.execute(f"CREATE TEMP VIEW data AS SELECT {named or '1 AS nothing'} FROM {self._source}")
            self._named = True
        try:
            found: Any = self._connection.sql(sql)  # None where the statement returns no rows
            if found is None:
                return []
            table = found.to_arrow_table()  # fetchall() needs pytz for time zones
        except BaseException:
            self._connection.abort()
            raise
        columns = [table.column(i).to_pylist() for i in range(table.num_columns)]
        return list(zip(*columns, strict=True))

    def explain(self, error: BaseException) -> str:
        """Return what an error says in one line, with the columns' names for their aliases."""
        names = {field.sql: field.name for field in self.fields}
        return re.sub(r"\bc\d+\b", lambda found: names.get(found.group(), found.group()), first_line(error))

    @contextmanager
    def quick(self) -> Iterator[None]:
        """Skip DuckDB's optimizer for a small table, where planning costs more than the scan."""
        small = self.rows <= 20_000
        if small:
            self._connection.execute("PRAGMA disable_optimizer")
        try:
            yield
        finally:
            if small:
                self._connection.execute("PRAGMA enable_optimizer")

    def _fetch(self, sql: str) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(sql).fetchall()
        except BaseException:
            self._connection.abort()  # else the connection takes no further statement
            raise


@contextmanager
def opened(data: object) -> Iterator[Relation | None]:
    """Open a version's data for looking; None where it is no table (a model, a text).

    Parameters
    ----------
    data: a pandas frame, an Arrow table, ``ParquetFiles``, ``SqlRelation``, or any object.

    Raises
    ------
    duckdb.Error, OSError: the files can't be read.
    """
    if isinstance(data, SqlRelation):
        from observer.collectors.pushed import pushed  # which is a Relation itself

        with pushed(data) as relation:
            yield relation
        return
    if not (is_frame(data) or is_arrow(data) or isinstance(data, ParquetFiles)):
        yield None
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
    names = column_names(footers[0].schema.to_arrow_schema().names)
    rows = sum(int(footer.num_rows) for footer in footers)
    files = ", ".join(literal(path) for path in paths)
    source = f"read_parquet([{files}], hive_partitioning = false)"
    if not names:
        return Relation(connection, f"range({rows})", (), (), Schema(()), rows)
    source += f" AS s({', '.join(f'c{i}' for i in range(len(names)))})"
    types = _types(connection, source)
    fields = [Field(name, f"c{i}", type_) for i, (name, type_) in enumerate(zip(names, types, strict=True))]
    return Relation(connection, source, fields, (), _schema(fields, range(len(fields)), ()), rows)


def described(table: pa.Table) -> tuple[list[Field], Schema]:
    """The fields of an Arrow table without rows, as DuckDB would see them, and its schema."""
    connection = engine.cursor()
    try:
        relation = from_memory(connection, table)
    finally:
        connection.close()
    return list(relation.fields), relation.schema


def from_memory(connection: DuckDBPyConnection, data: Any) -> Relation:
    """A frame or an Arrow table, registered with a connection of DuckDB's."""
    unreadable: list[Unreadable] = []
    if is_frame(data):
        names = column_names(data.columns)
        table, positions, unreadable = arrow_columns(data)
        rows = len(data)
    else:
        names = column_names(data.column_names)
        table = data.rename_columns([f"c{i}" for i in range(len(names))])
        positions, rows = list(range(len(names))), int(data.num_rows)
    source = f"range({rows})"
    types: list[str] = []
    if table.num_columns:
        types, positions, refused = _registered(connection, table, positions, names)
        unreadable = sorted([*unreadable, *refused], key=lambda column: column.position)
        source = _SOURCE if types else source
    fields = [Field(names[at], f"c{i}", type_) for i, (at, type_) in enumerate(zip(positions, types, strict=True))]
    return Relation(connection, source, fields, unreadable, _schema(fields, positions, unreadable), rows)


def _registered(
    connection: DuckDBPyConnection, table: pa.Table, positions: list[int], names: list[str]
) -> tuple[list[str], list[int], list[Unreadable]]:
    """Register the columns whose Arrow type DuckDB reads; return their types, and the others."""
    import duckdb

    try:
        connection.register(_SOURCE, table)
        return _types(connection, _SOURCE), positions, []
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
    if kept:
        connection.register(_SOURCE, table.select(kept).rename_columns([f"c{i}" for i in range(len(kept))]))
    return _types(connection, _SOURCE) if kept else [], [positions[i] for i in kept], refused


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
    return "varchar" if type_.startswith("ENUM") else type_.lower()


def _caseless(names: Sequence[str]) -> list[str]:
    """Return names that DuckDB, to which ``a`` and ``A`` are one name, keeps apart."""
    seen: set[str] = set()
    out: list[str] = []
    for name in names:
        free, n = name, 0
        while free.lower() in seen:
            n += 1
            free = f"{name}_{n}"
        seen.add(free.lower())
        out.append(free)
    return out
