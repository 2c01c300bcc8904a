"""A DuckDB file: quick and self-contained, but one process at a time, which others wait for.

While a process writes, no other one can open the file, and while others read, nobody can write. So it is closed after
each transaction, or a moment later, and whoever finds it taken tries again for half a minute.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql.base import PGDialect, PGIdentifierPreparer
from sqlalchemy.sql.ddl import BaseDDLElement

from orchestration.errors import AssetError, StorageError
from orchestration.io.columns import Column, Keeping
from orchestration.io.duckdb_open import Left, open_file
from orchestration.io.options import ensure_known, given, text
from orchestration.io.parameters import used
from orchestration.io.sql import PARTITION_COLUMN, PLACES, SqlIOManager
from orchestration.io.warehouse import Abilities, Row
from orchestration.model import Declared

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection
    from sqlalchemy.sql.base import Executable

PATIENCE_S = 30.0
"""How long a transaction waits for the processes that have the file open."""
_ENOUGH = "SET memory_limit = '1GB'"
"""For what moves rows, and for nearly all that looks at them; by itself DuckDB keeps what it has touched."""
_PLENTY = "RESET memory_limit"
_BATCH = "tidegate_batch"
_THERE = " UNION ALL ".join(
    f"SELECT 1 FROM duckdb_{kind}s() WHERE database_name = current_database() AND schema_name = $1 "
    f"AND lower({kind}_name) = lower($2)"
    for kind in ("table", "view")
)
_DECLARED = (
    "SELECT column_name, is_nullable, comment FROM duckdb_columns() WHERE database_name = current_database() "
    "AND schema_name = $1 AND lower(table_name) = lower($2)"
)
_CONFIG: dict[str, Any] = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}


class _Quoting(PGIdentifierPreparer):
    """Quotes every name: DuckDB has reserved words of its own."""

    def _requires_quotes(self, value: str) -> bool:
        return True


class _Dialect(PGDialect):
    """PostgreSQL's SQL, which DuckDB speaks."""

    preparer = _Quoting


_DIALECT = _Dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]


def from_options(options: Mapping[str, object], root: Path) -> SqlIOManager:
    """An IO manager of kind ``duckdb``: ``path`` is the file, counted from ``root``; ``schema`` and the like."""
    ensure_known("duckdb", options, ("path", *PLACES))
    file = root / text("duckdb", options, "path", ".tidegate/data.duckdb")
    return open_duckdb(file, **given("duckdb", options, PLACES))


def open_duckdb(
    file: Path,
    *,
    schema: str = "main",
    versions_schema: str | None = None,
    partition_column: str = PARTITION_COLUMN,
    patience_s: float = PATIENCE_S,
) -> SqlIOManager:
    """An IO manager that keeps tables in a DuckDB file, which is opened when it is used."""
    return SqlIOManager(
        DuckDBWarehouse(file, patience_s), schema=schema, versions_schema=versions_schema,
        partition_column=partition_column,
    )  # fmt: skip


class DuckDBWarehouse:
    """Implements :class:`orchestration.io.warehouse.Warehouse` over a file of DuckDB's.

    ``lingers_s``: how long it stays open after a transaction, so that the next one finds it so; other processes wait so
    much longer.
    """

    def __init__(self, file: Path, patience_s: float, lingers_s: float = 0.0) -> None:
        self._file = file
        self._patience_s, self._lingers_s = patience_s, lingers_s
        self._away = 0
        self.able = _able()
        self.name = f"DuckDB ({file})"
        self._open = open_file(file)

    @property
    def url(self) -> None:
        return None

    def quote(self, name: str) -> str:
        return quoted(name)

    def fold(self, name: str) -> str:
        return name.casefold()

    def close(self) -> None:
        self._open.close()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Leave the file to another process between transactions, while the block lasts."""
        with self._open.lock:
            self._away += 1
            self._open.close()
        try:
            yield
        finally:
            with self._open.lock:
                self._away -= 1

    @contextmanager
    def reading(self) -> Iterator[DuckDBSession]:
        with self._opened(read_only=True) as connection:
            connection.execute(_ENOUGH)
            connection.execute("BEGIN")  # the statements of one view see one moment
            yield DuckDBSession(connection, only_reads=True)

    @contextmanager
    def writing(self) -> Iterator[DuckDBSession]:
        with self._opened(read_only=False) as connection:
            connection.execute(_ENOUGH)
            connection.execute("BEGIN")
            yield DuckDBSession(connection)
            connection.execute("COMMIT")

    @contextmanager
    def _opened(self, *, read_only: bool) -> Iterator[DuckDBPyConnection]:
        import duckdb

        with self._open.lock:
            try:
                with self._instance(read_only=read_only) as instance, instance.cursor() as connection:
                    connection.execute("SET TimeZone = 'UTC'")
                    yield connection  # what was not committed is rolled back with it
            except duckdb.Error as error:
                failed = StorageError(
                    f"{self.name}: {first_line(error)}; nothing of it was published and readers keep what they had; "
                    f"{_advice(error)}"
                )
                failed.said = first_line(error)
                raise failed from error

    @contextmanager
    def _instance(self, *, read_only: bool) -> Iterator[DuckDBPyConnection]:
        """The file, open: as it was left, else anew; after a failure it isn't left open."""
        found = self._open.take(read_only=read_only)
        if found is None:
            found = Left(self._connected(read_only=read_only), read_only)
        lingers_s = 0.0
        try:
            yield found.connection
            lingers_s = 0.0 if self._away else self._lingers_s
        finally:
            if lingers_s:
                self._open.leave(found, lingers_s)
            else:
                found.connection.close()

    def _connected(self, *, read_only: bool) -> DuckDBPyConnection:
        import duckdb

        if not self._file.exists():
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StorageError(
                    f"{self.name}: its folder can't be made: {error.strerror}; nothing was published; make it writable"
                ) from error
            read_only = False
        deadline = time.monotonic() + self._patience_s
        while True:
            try:
                return duckdb.connect(self._file, read_only=read_only, config=_CONFIG)
            except duckdb.IOException as error:
                if "lock" not in str(error).lower():
                    raise
                if time.monotonic() > deadline:
                    raise StorageError(
                        f"{self.name}: another process has had the file open for {self._patience_s:g} s; nothing was "
                        f"published and readers keep what they had; close it there ({first_line(error)}), or keep the "
                        "data in files or PostgreSQL, which many processes share"
                    ) from error
                time.sleep(random.uniform(0.002, 0.02))


def _able() -> Abilities:
    integers = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT"})
    return Abilities(
        dialect="duckdb", keeping=Keeping(engine="DuckDB", storage=_storage, is_caseless=True), has_indexes=False,
        is_shared=False, integers=integers, floats=frozenset({"DOUBLE"}),
        holds={
            "SMALLINT": frozenset({"TINYINT", "UTINYINT"}),
            "INTEGER": frozenset({"TINYINT", "UTINYINT", "SMALLINT", "USMALLINT"}),
            "BIGINT": frozenset({"TINYINT", "UTINYINT", "SMALLINT", "USMALLINT", "INTEGER", "UINTEGER"}),
            "HUGEINT": integers,
            "DOUBLE": frozenset({"FLOAT", "TINYINT", "SMALLINT", "INTEGER"}),
        },
    )  # fmt: skip


def _storage(type_: pa.DataType) -> tuple[pa.DataType, str] | None:
    """DuckDB takes Arrow's types as they are, but for a few that it would bend."""
    import pyarrow as pa

    types = pa.types
    if isinstance(type_, pa.BaseExtensionType) or types.is_interval(type_):
        return None
    for is_type, kept, ddl in (
        (types.is_null, pa.string(), "VARCHAR"), (types.is_float16, pa.float32(), "FLOAT"),
        (types.is_duration, pa.int64(), "BIGINT"), (types.is_date64, pa.date32(), "DATE"),
        (types.is_time, pa.time64("us"), "TIME"), (types.is_large_string, pa.string(), "VARCHAR"),
        (types.is_string_view, pa.string(), "VARCHAR"), (types.is_string, pa.string(), "VARCHAR"),
        (types.is_boolean, pa.bool_(), "BOOLEAN"), (types.is_float32, pa.float32(), "FLOAT"),
        (types.is_float64, pa.float64(), "DOUBLE"), (types.is_date32, pa.date32(), "DATE"),
        (types.is_binary, pa.binary(), "BLOB"), (types.is_large_binary, pa.binary(), "BLOB"),
        (types.is_fixed_size_binary, pa.binary(), "BLOB"),
    ):  # fmt: skip
        if is_type(type_):
            return kept, ddl
    if types.is_integer(type_):
        sign = "U" if types.is_unsigned_integer(type_) else ""
        return type_, sign + {8: "TINYINT", 16: "SMALLINT", 32: "INTEGER", 64: "BIGINT"}[type_.bit_width]
    if types.is_timestamp(type_):
        if type_.tz is not None:
            return pa.timestamp("us", "UTC"), "TIMESTAMP WITH TIME ZONE"
        return (type_, "TIMESTAMP_NS") if type_.unit == "ns" else (pa.timestamp("us"), "TIMESTAMP")
    if types.is_decimal(type_):
        return (type_, f"DECIMAL({type_.precision},{type_.scale})") if type_.precision <= 38 else None
    return _nested(type_)


def _nested(type_: pa.DataType) -> tuple[pa.DataType, str] | None:
    import pyarrow as pa

    if pa.types.is_struct(type_):
        parts = [(field, _storage(field.type)) for field in type_]
        if not parts or any(kept is None or kept[0] != field.type for field, kept in parts):
            return None
        return type_, f"STRUCT({', '.join(f'{quoted(field.name)} {kept[1]}' for field, kept in parts if kept)})"
    if pa.types.is_list(type_):
        inner = _storage(type_.value_type)
        return (type_, f"{inner[1]}[]") if inner is not None and inner[0] == type_.value_type else None
    return None


class DuckDBSession:
    """Implements :class:`orchestration.io.warehouse.Session` by DuckDB's own client."""

    def __init__(self, connection: DuckDBPyConnection, *, only_reads: bool = False) -> None:
        self._connection = connection
        self._only_reads = only_reads

    def run(self, statement: Executable) -> Sequence[Row]:
        return self._connection.execute(*_compiled(statement)).fetchall()

    def ask(self, sql: str) -> Sequence[Row]:
        import duckdb

        try:
            return self._connection.execute(sql).fetchall()
        except duckdb.OutOfMemoryException:
            if not self._only_reads:
                raise
            # Exact quartiles of many rows have to lie in memory. While a file is open to be read nobody writes to it,
            # so a second transaction sees what the first one did.
            for statement in ("ROLLBACK", _PLENTY, "BEGIN"):
                self._connection.execute(statement)
            return self._connection.execute(sql).fetchall()

    @contextmanager
    def limited(self, seconds: float) -> Iterator[None]:
        timer = threading.Timer(seconds, self._connection.interrupt)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def change(self, sql: str) -> None:
        self._connection.execute(sql)

    def alone(self, name: str) -> None:
        """Nothing: a file has one writer."""

    def create_from(self, table: Table, sql: str, parameters: Mapping[str, object]) -> None:
        self._query(f"CREATE TABLE {place(table)} AS {sql}", used(sql, parameters))

    def create_from_select(self, table: Table, select_: Any) -> None:
        text, values = _compiled(select_)
        self._query(f"CREATE TABLE {place(table)} AS {text}", values)

    def _query(self, sql: str, values: Any) -> None:
        import duckdb

        self._connection.execute(_PLENTY)
        try:
            self._connection.execute(sql, values or None)
        except (duckdb.IOException, duckdb.FatalException, duckdb.InternalException, duckdb.OutOfMemoryException):
            raise
        except duckdb.Error as error:
            raise AssetError(f"the query failed: {first_line(error)}; nothing was published") from error

    def catalogue(self, table: Table) -> dict[str, str]:
        if not self._connection.execute(_THERE, [table.schema, table.name]).fetchall():
            return {}  # asking for the columns of what isn't there would end the transaction
        return {row[0]: row[1] for row in self._connection.execute(f"DESCRIBE {place(table)}").fetchall()}

    def declared(self, table: Table) -> dict[str, Declared]:
        found = self._connection.execute(_DECLARED, [table.schema, table.name]).fetchall()
        return {name: Declared(nullable, comment) for name, nullable, comment in found}

    def insert(self, table: Table, rows: pa.Table) -> None:
        self._connection.register(_BATCH, rows)
        self._connection.execute(f"INSERT INTO {place(table)} SELECT * FROM {_BATCH}")
        self._connection.unregister(_BATCH)  # after a failure it goes with the connection

    def fetch(self, table: Table, columns: Sequence[Column], part: range | None) -> Iterator[pa.Table]:
        """Without ORDER BY, which would sort: DuckDB preserves the order of insertion by itself."""
        names = ", ".join(quoted(kept.name) for kept in columns)
        where = ""
        if part is not None and "rowid" not in {kept.name.lower() for kept in columns}:
            where = f" WHERE rowid >= {part.start} AND rowid < {part.stop}"
        elif part is not None:
            where = f" LIMIT {len(part)} OFFSET {part.start}"
        found = self._connection.sql(f"SELECT {names} FROM {place(table)}{where}").to_arrow_table()
        yield found.rename_columns([kept.name for kept in columns])

    def described(self, table: Table) -> pa.Table:
        return self._connection.sql(f"SELECT * FROM {place(table)} LIMIT 0").to_arrow_table()

    def digest(self, table: Table) -> str:
        found = self.ask(f"SELECT count(*), sum(hash(r)::HUGEINT), bit_xor(hash(r)) FROM {place(table)} r")
        return ":".join(map(str, found[0]))


def _compiled(statement: Any) -> tuple[str, list[Any]]:
    if isinstance(statement, BaseDDLElement):
        return str(statement.compile(dialect=_DIALECT)), []
    compiled = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    return str(compiled), [compiled.params[name] for name in compiled.positiontup or ()]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def place(table: Table) -> str:
    return ".".join(quoted(part) for part in (table.schema, table.name) if part)


def first_line(error: BaseException) -> str:
    """What the engine says, without the lines that point into the statement."""
    return str(error).strip().split("\n")[0][:400] or type(error).__name__


def _advice(error: BaseException) -> str:
    said = str(error).lower()
    if "space" in said or "full" in said or "too large" in said:
        return "make room, then run it again"
    if "permission" in said or "read-only" in said:
        return "make the file and its folder writable for this user"
    if "serialize" in said or "corrupt" in said or "not a valid duckdb" in said:
        return "the file was left as it is; put back a copy of it, or move it away and materialize again"
    return "run it again once that is mended"
