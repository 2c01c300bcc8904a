"""SQLite: one file, any number of readers while one process writes, and a column type system of four."""

from __future__ import annotations

import hashlib
import json
import math
import re
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, Table, event
from sqlalchemy.exc import DBAPIError

from orchestration.database import WRITES, open_database
from orchestration.errors import StateError, StorageError
from orchestration.garbage import uncollected
from orchestration.io.alchemy import AlchemySession, AlchemyWarehouse, rows_of
from orchestration.io.columns import Column, Keeping
from orchestration.io.options import ensure_known, given, text
from orchestration.io.sql import PARTITION_COLUMN, SqlIOManager
from orchestration.io.streams import FIRST_ROWS, rows_that_fit
from orchestration.io.warehouse import Abilities
from orchestration.model import Declared

if TYPE_CHECKING:
    import pyarrow as pa

_STEPS = 10_000  # of its virtual machine, between two looks at the clock
_ROWS = 50_000  # are turned into Python's values at a time
_NAMES = {"INT": "INTEGER", "NUM": "NUMERIC"}  # what CREATE TABLE AS calls them


def from_options(options: Mapping[str, object], root: Path) -> SqlIOManager:
    """An IO manager of kind ``sqlite``: ``path`` is the file, counted from ``root``; ``partition_column`` a name."""
    ensure_known("sqlite", options, ("path", "partition_column"))
    file = root / text("sqlite", options, "path", ".tidegate/data.sqlite")
    return open_sqlite(file, **given("sqlite", options, ["partition_column"]))


def open_sqlite(file: Path, *, partition_column: str = PARTITION_COLUMN) -> SqlIOManager:
    """An IO manager that keeps tables in a SQLite file; raises StorageError where its folder can't be made."""
    try:
        engine = open_database(f"sqlite:///{file}")
    except StateError as error:
        raise StorageError(f"the SQLite file {file} can't be opened: {error}") from error
    _prepare(engine)
    warehouse = AlchemyWarehouse(engine, _able(), SqliteSession, writes={WRITES: True})
    return SqlIOManager(warehouse, schema=None, partition_column=partition_column)


def _prepare(engine: Engine) -> None:
    words = engine.dialect.identifier_preparer
    words.reserved_words = {*words.reserved_words, "nothing", "returning"}  # which SQLAlchemy leaves bare

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, record: object) -> None:
        connection.execute("PRAGMA synchronous=FULL")  # what is published survives a power cut
        connection.create_aggregate("tidegate_digest", -1, _Digest)
        connection.create_aggregate("tidegate_quartiles", 1, _Quartiles)
        connection.create_function("tidegate_sqrt", 1, _sqrt, deterministic=True)  # it may be built without its own
        connection.create_function("tidegate_epoch", 1, _epoch, deterministic=True)
        connection.create_function("tidegate_matches", 2, _matches, deterministic=True)


def _sqrt(value: float | None) -> float | None:
    return None if value is None else math.sqrt(value)


def _matches(text: str | None, pattern: str) -> bool | None:
    return None if text is None else re.search(pattern, text) is not None


def _epoch(text: str | None) -> float | None:
    """An instant or a date, as they are kept here, in seconds; what has no zone is UTC."""
    if text is None:
        return None
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


class _Digest:
    """The sum of the rows' hashes: the same in any order."""

    def __init__(self) -> None:
        self._sum, self._rows = 0, 0

    def step(self, *values: object) -> None:
        body = hashlib.blake2b(repr(values).encode("utf-8", "surrogatepass"), digest_size=16).digest()
        self._sum = (self._sum + int.from_bytes(body)) % 2**128
        self._rows += 1

    def finalize(self) -> str:
        return f"{self._rows}:{self._sum:032x}"


class _Quartiles:
    """The quartiles of numbers as a JSON array, between two of them where that is where one lies; null of none."""

    def __init__(self) -> None:
        self._values: list[float] = []

    def step(self, value: float | None) -> None:
        if value is not None:
            self._values.append(value)

    def finalize(self) -> str | None:
        if not self._values:
            return None
        ordered = sorted(self._values)
        return json.dumps([_between(ordered, (len(ordered) - 1) * share) for share in (0.25, 0.5, 0.75)])


def _between(ordered: Sequence[float], place: float) -> float | None:
    low, high = float(ordered[math.floor(place)]), float(ordered[math.ceil(place)])
    found = low if low == high else low + (high - low) * (place % 1)
    return found if math.isfinite(found) else None  # JSON has no other numbers


def _able() -> Abilities:
    keeping = Keeping(engine="SQLite", storage=_storage, keeps_nan=False, is_caseless=True)
    return Abilities(
        dialect="sqlite", keeping=keeping, has_schemas=False, alters_types=False, integers=frozenset({"INTEGER"}),
        floats=frozenset({"REAL"}),
        holds={
            "": frozenset({"INTEGER", "REAL", "TEXT", "BLOB", "NUMERIC"}),
            "INTEGER": frozenset({"REAL", "NUMERIC", ""}),  # which it keeps as they are
            "NUMERIC": frozenset({"INTEGER", "REAL", ""}),
            "REAL": frozenset({"NUMERIC", ""}),
            "TEXT": frozenset({""}),
        },
    )  # fmt: skip


def _storage(type_: pa.DataType) -> tuple[pa.DataType, str] | None:
    import pyarrow as pa

    types = pa.types
    if types.is_integer(type_) or types.is_boolean(type_) or types.is_duration(type_):
        return pa.int64(), "INTEGER"
    if types.is_floating(type_):
        return pa.float64(), "REAL"
    if types.is_binary(type_) or types.is_large_binary(type_) or types.is_fixed_size_binary(type_):
        return pa.binary(), "BLOB"
    if isinstance(type_, pa.BaseExtensionType) or types.is_interval(type_):
        return None
    return pa.string(), "TEXT"


class SqliteSession(AlchemySession):
    """SQLite's own ways; see :class:`AlchemySession`."""

    mark = ":{}"

    def is_the_query(self, error: DBAPIError) -> bool:
        code = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        return code in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_RANGE, sqlite3.SQLITE_MISUSE)

    @contextmanager
    def limited(self, seconds: float) -> Iterator[None]:
        until = time.monotonic() + seconds
        driver: Any = self.connection.connection.driver_connection
        driver.set_progress_handler(lambda: time.monotonic() >= until, _STEPS)
        try:
            yield
        finally:
            driver.set_progress_handler(None, 0)

    def catalogue(self, table: Table) -> dict[str, str]:
        found = self.connection.exec_driver_sql("SELECT name, type FROM pragma_table_info(?)", (table.name,))
        return {name: _NAMES.get(type_.upper(), type_.upper()) for name, type_ in found}

    def declared(self, table: Table) -> dict[str, Declared]:
        """Whether columns may be null; SQLite has no comments."""
        found = self.connection.exec_driver_sql('SELECT name, "notnull" FROM pragma_table_info(?)', (table.name,))
        return {name: Declared(not is_strict, None) for name, is_strict in found}

    def insert(self, table: Table, rows: pa.Table) -> None:
        marks = ", ".join("?" * rows.num_columns)
        sql = f"INSERT INTO {self.place(table)} VALUES ({marks})"
        with self._cursor(sql) as cursor:
            cursor.executemany(sql, _tuples(rows))

    def fetch(self, table: Table, columns: Sequence[Column], part: range | None) -> Iterator[pa.Table]:
        taken = {kept.name.lower() for kept in columns}
        order = next((f" ORDER BY {name}" for name in ("rowid", "_rowid_", "oid") if name not in taken), "")
        sql = f"SELECT {', '.join(self.quoted(kept.name) for kept in columns)} FROM {self.place(table)}{order}"
        with self._cursor(sql) as cursor:
            cursor.execute(sql)
            count = FIRST_ROWS
            while True:
                with uncollected():  # none of so many tuples is garbage
                    rows = cursor.fetchmany(min(count, _ROWS))
                if not rows:
                    return
                found = rows_of(columns, rows)
                yield found
                count = rows_that_fit(len(rows), found.nbytes)

    def described(self, table: Table) -> pa.Table:
        """By the values that are there: SQLite gives what a query made no types of its own."""
        import pyarrow as pa

        names = list(self.catalogue(table))
        kinds = [
            {row[0] for row in self.ask(f"SELECT DISTINCT typeof({name}) FROM {self.place(table)}")} - {"null"}
            for name in map(self.quoted, names)
        ]
        fields = []
        for name, kind in zip(names, kinds, strict=True):
            if len(kind) > 1 and kind != {"integer", "real"}:
                raise StorageError(
                    f"the column {name!r} of the query holds {' and '.join(sorted(kind))}; nothing was published; "
                    "CAST it to one type"
                )
            fields.append(pa.field(name, _arrow("real" if len(kind) > 1 else min(kind, default="null"))))
        return pa.schema(fields).empty_table()

    def digest(self, table: Table) -> str:
        names = ", ".join(self.quoted(name) for name in self.catalogue(table))
        ((found,),) = self.ask(f"SELECT tidegate_digest({names}) FROM {self.place(table)}")
        return _Digest().finalize() if found is None else str(found)  # of no rows SQLite gives nothing

    @contextmanager
    def _cursor(self, sql: str) -> Iterator[Any]:
        """The driver's own, whose rows are plain tuples; it raises as SQLAlchemy would."""
        cursor: Any = self.connection.connection.cursor()
        try:
            yield cursor
        except sqlite3.Error as error:
            raise DBAPIError(sql, None, error) from error
        finally:
            cursor.close()


def _arrow(kind: str) -> pa.DataType:
    import pyarrow as pa

    return {"integer": pa.int64(), "real": pa.float64(), "text": pa.string(), "blob": pa.binary(), "null": pa.null()}[
        kind
    ]


def _tuples(rows: pa.Table) -> Iterator[tuple[object, ...]]:
    for batch in rows.to_batches(max_chunksize=_ROWS):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
