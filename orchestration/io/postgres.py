"""PostgreSQL: rows go in and out by COPY, which is several times quicker than INSERT and SELECT."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Table, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from orchestration.errors import StorageError
from orchestration.io.alchemy import AlchemySession, AlchemyWarehouse
from orchestration.io.columns import Column, Keeping
from orchestration.io.options import ensure_known, given
from orchestration.io.options import text as option
from orchestration.io.sql import PARTITION_COLUMN, PLACES, SqlIOManager
from orchestration.io.streams import FIRST_ROWS, rows_that_fit
from orchestration.io.warehouse import Abilities
from orchestration.model import Declared

if TYPE_CHECKING:
    import pyarrow as pa

_NAME_BYTES = 63
_LONGEST_MS = 2**31 - 1
_OUT_OF_ORDER = (
    "08",
    "25",
    "26",
    "40",
    "53",
    "55",
    "57",
    "58",
    "XX",
)  # classes of errors that no query is to blame for


def from_options(options: Mapping[str, object], root: Path) -> SqlIOManager:
    """An IO manager of kind ``postgres``: ``url``, ``schema``, ``versions_schema`` and ``partition_column``."""
    ensure_known("postgres", options, ("url", *PLACES))
    return open_postgres(option("postgres", options, "url"), **given("postgres", options, PLACES))


def open_postgres(
    url: str,
    *,
    schema: str = "public",
    versions_schema: str | None = None,
    partition_column: str = PARTITION_COLUMN,
) -> SqlIOManager:
    """An IO manager that keeps tables in PostgreSQL; nothing is connected to yet.

    Raises
    ------
    StorageError
        The address isn't one, or the driver is missing.
    """
    warehouse = postgres_warehouse(url, partition_column)
    return SqlIOManager(warehouse, schema=schema, versions_schema=versions_schema, partition_column=partition_column)


def postgres_warehouse(url: str | URL, partition_column: str = PARTITION_COLUMN) -> AlchemyWarehouse:
    """PostgreSQL at an address; nothing is connected to yet. Raises StorageError as ``open_postgres`` does."""
    try:
        address = make_url(url)
    except ArgumentError:
        raise StorageError(
            "the address of PostgreSQL isn't one; write postgresql+psycopg://user@host/database"
        ) from None
    if address.drivername == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
    try:
        engine = create_engine(address, pool_pre_ping=True, connect_args={"options": "-c TimeZone=UTC"})
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise StorageError(
            f"PostgreSQL needs a driver that isn't installed ({error}); pip install 'tidegate[postgres]'"
        ) from error
    if address.get_driver_name() != "psycopg":
        raise StorageError("PostgreSQL is talked to by psycopg; write postgresql+psycopg:// for the address")
    return AlchemyWarehouse(engine, _able(partition_column), PostgresSession)


def _able(partition_column: str) -> Abilities:
    keeping = Keeping(engine="PostgreSQL", storage=_storage, keeps_nul=False, longest_name=_NAME_BYTES)
    return Abilities(
        dialect="postgresql", keeping=keeping, integers=frozenset({"smallint", "integer", "bigint"}),
        floats=frozenset({"double precision"}),
        holds={
            "integer": frozenset({"smallint"}),
            "bigint": frozenset({"smallint", "integer"}),
            "numeric": frozenset({"smallint", "integer", "bigint"}),
            "double precision": frozenset({"real", "smallint", "integer"}),
        },
    )  # fmt: skip


def _storage(type_: pa.DataType) -> tuple[pa.DataType, str] | None:
    import pyarrow as pa

    types = pa.types
    sized: dict[int, tuple[pa.DataType, str]] = {
        8: (pa.int16(), "smallint"),
        16: (pa.int16(), "smallint"),
        32: (pa.int32(), "integer"),
    }
    if types.is_boolean(type_):
        return pa.bool_(), "boolean"
    if types.is_unsigned_integer(type_):
        wider: dict[int, tuple[pa.DataType, str]] = {
            8: (pa.int16(), "smallint"),
            16: (pa.int32(), "integer"),
            32: (pa.int64(), "bigint"),
        }
        return wider[type_.bit_width] if type_.bit_width in wider else (pa.decimal128(20, 0), "numeric(20,0)")
    if types.is_integer(type_):
        return sized[type_.bit_width] if type_.bit_width in sized else (pa.int64(), "bigint")
    if types.is_floating(type_):
        return (pa.float64(), "double precision") if type_.bit_width == 64 else (pa.float32(), "real")
    if types.is_decimal(type_):
        return type_, f"numeric({type_.precision},{type_.scale})"
    if types.is_date(type_):
        return pa.date32(), "date"
    if types.is_timestamp(type_):
        zone = " with time zone" if type_.tz is not None else " without time zone"
        return pa.timestamp("us", "UTC" if type_.tz is not None else None), f"timestamp{zone}"
    if types.is_time(type_):
        return pa.string(), "time without time zone"
    if types.is_duration(type_):
        return pa.int64(), "bigint"
    if types.is_binary(type_) or types.is_large_binary(type_) or types.is_fixed_size_binary(type_):
        return pa.binary(), "bytea"
    if isinstance(type_, pa.BaseExtensionType) or types.is_interval(type_):
        return None
    return pa.string(), "jsonb" if types.is_nested(type_) else "text"


def _arrow(type_: str) -> pa.DataType:
    """What a type of PostgreSQL's is read as; what has no counterpart is read as its text."""
    import pyarrow as pa

    if type_.startswith("numeric("):
        precision, _, scale = type_.removeprefix("numeric(").rstrip(")").partition(",")
        return pa.decimal128(int(precision), int(scale or 0)) if int(precision) <= 38 else pa.string()
    return {
        "boolean": pa.bool_(), "smallint": pa.int16(), "integer": pa.int32(), "bigint": pa.int64(),
        "real": pa.float32(), "double precision": pa.float64(), "numeric": pa.float64(), "date": pa.date32(),
        "timestamp without time zone": pa.timestamp("us"), "timestamp with time zone": pa.timestamp("us", "UTC"),
        "time without time zone": pa.time64("us"), "bytea": pa.binary(),
    }.get(type_, pa.string())  # fmt: skip


class PostgresSession(AlchemySession):
    """PostgreSQL's own ways; see :class:`AlchemySession`."""

    mark = "%({})s"
    doubles_percent = True

    def is_the_query(self, error: DBAPIError) -> bool:
        state = getattr(error.orig, "sqlstate", None)
        return state is not None and not state.startswith(_OUT_OF_ORDER)

    @contextmanager
    def limited(self, seconds: float) -> Iterator[None]:
        self.change(f"SET LOCAL statement_timeout = {min(math.ceil(seconds * 1000), _LONGEST_MS)}")
        yield
        self.change("SET LOCAL statement_timeout TO DEFAULT")  # a failure ends the transaction, and this with it

    def alone(self, name: str) -> None:
        self.connection.execute(_ALONE, {"name": name})

    def catalogue(self, table: Table) -> dict[str, str]:
        rows = self.connection.execute(_CATALOGUE, {"schema": table.schema, "name": table.name})
        return {str(name): str(type_) for name, type_ in rows}

    def declared(self, table: Table) -> dict[str, Declared]:
        rows = self.connection.execute(_DECLARED, {"schema": table.schema, "name": table.name})
        return {str(name): Declared(not is_strict, comment) for name, is_strict, comment in rows}

    def insert(self, table: Table, rows: pa.Table) -> None:
        if not rows.num_rows:
            return
        sql = f"COPY {self.place(table)} FROM STDIN (FORMAT csv)"
        with self._cursor() as cursor, _as_dbapi(sql), cursor.copy(sql) as copy:
            for batch in rows.to_batches(max_chunksize=_BATCH):
                copy.write(_csv(batch))

    def fetch(self, table: Table, columns: Sequence[Column], part: range | None) -> Iterator[pa.Table]:
        """As they lie in the table, from its first page on: that is as they were inserted, and nothing is sorted."""
        self.connection.execute(_FROM_THE_START)
        names = ", ".join(self.quoted(kept.name) for kept in columns)
        sql = f"COPY {self.place(table)} ({names}) TO STDOUT (FORMAT csv)"
        with self._cursor() as cursor, _as_dbapi(sql), cursor.copy(sql) as copy:
            for body in _blocks(copy):
                yield _from_csv(body, columns)

    def described(self, table: Table) -> pa.Table:
        import pyarrow as pa

        return pa.schema([pa.field(n, _arrow(t)) for n, t in self.catalogue(table).items()]).empty_table()

    def digest(self, table: Table) -> str:
        hashes = ", ".join(f"sum(hashtextextended(r::text, {seed})::numeric)" for seed in (0, 1))
        ((rows, one, two),) = self.ask(f"SELECT count(*), {hashes} FROM {self.place(table)} r")
        return f"{rows}:{one}:{two}"

    def _cursor(self) -> Any:
        return self.connection.connection.cursor()


_BATCH = 65_536
_FROM_THE_START = text("SET LOCAL synchronize_seqscans = off")
_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_COLUMNS = (
    "FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
    "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = :schema AND c.relname = :name "
    "AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v', 'm', 'p', 'f') ORDER BY a.attnum"
)
_CATALOGUE = text(f"SELECT a.attname, format_type(a.atttypid, a.atttypmod) {_COLUMNS}")
_DECLARED = text(f"SELECT a.attname, a.attnotnull, col_description(a.attrelid, a.attnum) {_COLUMNS}")


@contextmanager
def _as_dbapi(sql: str) -> Iterator[None]:
    """What the driver raises by itself, as SQLAlchemy would have raised it."""
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        raise DBAPIError(sql, None, error) from error


def _blocks(rows: Iterable[Any]) -> Iterator[bytes]:
    """What COPY gives, which is a row at a time, many rows together: as many as the last ones let expect to fit."""
    left, count = iter(rows), FIRST_ROWS
    while block := b"".join(islice(left, count)):
        yield block
        count = rows_that_fit(count, len(block))


def _csv(batch: pa.RecordBatch) -> bytes:
    """Rows as COPY reads them: null is nothing, an empty text is two quotes."""
    import pyarrow as pa
    import pyarrow.csv as csv

    columns = [_hex(column) if pa.types.is_binary(column.type) else column for column in batch.columns]
    sink = io.BytesIO()
    options = csv.WriteOptions(include_header=False)
    csv.write_csv(pa.RecordBatch.from_arrays(columns, names=batch.schema.names), sink, options)
    return sink.getvalue()


def _hex(column: pa.Array) -> pa.Array:
    import pyarrow as pa

    return pa.array([None if one is None else "\\x" + one.hex() for one in column.to_pylist()], pa.string())


def _from_csv(body: bytes, columns: Sequence[Column]) -> pa.Table:
    import pyarrow as pa
    import pyarrow.csv as csv

    read_as = {kept.name: pa.string() if pa.types.is_binary(kept.storage) else kept.storage for kept in columns}
    names = [f"c{n}" for n in range(len(columns))]
    table = csv.read_csv(
        pa.BufferReader(body),
        read_options=csv.ReadOptions(column_names=names),
        parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=csv.ConvertOptions(
            column_types=dict(zip(names, read_as.values(), strict=True)), strings_can_be_null=True,
            quoted_strings_can_be_null=False, null_values=[""], true_values=["t"], false_values=["f"],
        ),
    )  # fmt: skip
    arrays = [
        _unhex(values) if pa.types.is_binary(kept.storage) else values
        for values, kept in zip(table.columns, columns, strict=True)
    ]
    return pa.table(arrays, names=[kept.name for kept in columns])


def _unhex(values: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa

    found = [None if one is None else bytes.fromhex(one[2:]) for one in values.to_pylist()]
    return pa.chunked_array([pa.array(found, pa.binary())])
