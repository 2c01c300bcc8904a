"""Snowflake: DDL commits by itself there, tables have no order of their own, and plain names are of upper case."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, create_engine, event, text
from sqlalchemy.exc import DBAPIError

from orchestration.errors import StorageError
from orchestration.io.alchemy import AS_WRITTEN, AlchemySession, AlchemyWarehouse, rows_of
from orchestration.io.columns import Column, Keeping
from orchestration.io.options import ensure_known, given, number
from orchestration.io.options import text as option
from orchestration.io.sql import PARTITION_COLUMN, PLACES, SqlIOManager
from orchestration.io.warehouse import Abilities, Row
from orchestration.model import Declared

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy.engine import ExceptionContext

_TEXTS = (
    "account", "user", "password", "database", "warehouse", "role", "authenticator", "host", "protocol",
    "private_key_file", "private_key_file_pwd", "token", *PLACES,
)  # fmt: skip
_NUMBERS = ("port", "login_timeout", "query_timeout", "retry_max_attempts")
_ROW = "tidegate_row"
_BATCH = 10_000  # rows of one INSERT, below the 16,384 that Snowflake takes
_COMPILES = ("42", "22", "02")  # classes of errors that a query is to blame for


def from_options(options: Mapping[str, object], root: Path) -> SqlIOManager:
    """An IO manager of kind ``snowflake``: what the connector needs, ``versions_schema`` and ``partition_column``."""
    ensure_known("snowflake", options, (*_TEXTS, *_NUMBERS))
    for name in ("account", "user", "database"):
        option("snowflake", options, name)
    numbers: dict[str, Any] = {name: number("snowflake", options, name) for name in _NUMBERS if name in options}
    return open_snowflake(**given("snowflake", options, _TEXTS), **numbers)


def open_snowflake(
    *,
    schema: str = "public",
    versions_schema: str | None = None,
    partition_column: str = PARTITION_COLUMN,
    protocol: str | None = None,
    private_key_file: str | None = None,
    private_key_file_pwd: str | None = None,
    token: str | None = None,
    login_timeout: int | None = None,
    query_timeout: int | None = None,
    retry_max_attempts: int | None = None,
    **address: Any,
) -> SqlIOManager:
    """An IO manager that keeps tables in Snowflake; nothing is connected to yet.

    Parameters
    ----------
    schema, versions_schema:
        Where the tables lie that readers see, and where versions and the registry do (``tidegate_<schema>``).
    address:
        ``account``, ``user``, ``password``, ``database``, ``warehouse``, ``role``, ``authenticator``, ``host`` and
        ``port``.
    protocol, private_key_file, private_key_file_pwd, token:
        As Snowflake's connector has them.
    login_timeout, query_timeout:
        How long a login and a query may take in s, tries anew included; the connector's: 120, and 0 for no limit.
    retry_max_attempts:
        How often a request is sent before the connection counts as lost; the connector's: 6, over some 20 s.

    Raises
    ------
    StorageError
        The driver is missing.
    """
    try:
        from snowflake.sqlalchemy import URL  # type: ignore[attr-defined]
    except ImportError as error:
        raise StorageError(
            f"Snowflake needs a driver that isn't installed ({error}); pip install 'tidegate[snowflake]'"
        ) from error
    beside = {
        "protocol": protocol, "private_key_file": private_key_file, "private_key_file_pwd": private_key_file_pwd,
        "token": token, "login_timeout": login_timeout, "query_timeout": query_timeout,
        "retry_max_attempts": retry_max_attempts,
    }  # fmt: skip
    arguments: dict[str, Any] = {name: value for name, value in beside.items() if value is not None}
    arguments["session_parameters"] = {"TIMEZONE": "UTC", "QUERY_TAG": "tidegate"}
    engine = create_engine(URL(schema=schema, **address), connect_args=arguments)
    engine.dialect.identifier_preparer.reserved_words = _reserved(engine.dialect)
    event.listen(engine, "handle_error", _give_up)
    warehouse = AlchemyWarehouse(engine, _able(), SnowflakeSession)
    return SqlIOManager(warehouse, schema=schema, versions_schema=versions_schema, partition_column=partition_column)


def _give_up(context: ExceptionContext) -> None:
    """Count a connection as lost whose line failed: else ROLLBACK would be tried on it, twice, as patiently.

    A server that answers, if only with an error, must hear the ROLLBACK, or its transaction stays in the way of others.
    """
    from snowflake.connector.errors import OperationalError

    error = context.original_exception
    if isinstance(error, OperationalError) and "last status" not in str(error):
        context.is_disconnect = True


def _able() -> Abilities:
    keeping = Keeping(
        engine="Snowflake", storage=_storage, keeps_nul=False, is_caseless=True, longest_name=255,
        refused_signs="%'\"",  # which its drivers and its tools don't all spell alike
    )  # fmt: skip
    return Abilities(
        dialect="snowflake", keeping=keeping, has_transactional_ddl=False, has_indexes=False, alters_types=False,
        row_column=_ROW, integers=frozenset({"NUMBER(38,0)"}), floats=frozenset({"FLOAT"}),
    )  # fmt: skip


def _storage(type_: pa.DataType) -> tuple[pa.DataType, str] | None:
    import pyarrow as pa

    types = pa.types
    if types.is_uint64(type_):
        return pa.decimal128(20, 0), "NUMBER(20,0)"
    if types.is_integer(type_) or types.is_duration(type_):
        return pa.int64(), "NUMBER(38,0)"
    if types.is_boolean(type_):
        return pa.bool_(), "BOOLEAN"
    if types.is_floating(type_):
        return pa.float64(), "FLOAT"
    if types.is_decimal(type_):
        return (type_, f"NUMBER({type_.precision},{type_.scale})") if type_.precision <= 38 else None
    if types.is_date(type_):
        return pa.date32(), "DATE"
    if types.is_timestamp(type_):
        zoned = type_.tz is not None
        return pa.timestamp("us", "UTC" if zoned else None), "TIMESTAMP_TZ" if zoned else "TIMESTAMP_NTZ"
    if types.is_time(type_):
        return pa.time64("us"), "TIME"
    if types.is_binary(type_) or types.is_large_binary(type_) or types.is_fixed_size_binary(type_):
        return pa.binary(), "BINARY"
    if isinstance(type_, pa.BaseExtensionType) or types.is_interval(type_):
        return None
    return pa.string(), "TEXT"


def _arrow(type_: str) -> pa.DataType:
    import pyarrow as pa

    if type_.startswith("NUMBER("):
        precision, scale = map(int, type_.removeprefix("NUMBER(").rstrip(")").split(","))
        return pa.decimal128(precision, scale) if scale else pa.int64()
    return {
        "FLOAT": pa.float64(), "BOOLEAN": pa.bool_(), "DATE": pa.date32(), "TIME": pa.time64("us"),
        "TIMESTAMP_NTZ": pa.timestamp("us"), "TIMESTAMP_TZ": pa.timestamp("us", "UTC"),
        "TIMESTAMP_LTZ": pa.timestamp("us", "UTC"), "BINARY": pa.binary(),
    }.get(type_, pa.string())  # fmt: skip


class SnowflakeSession(AlchemySession):
    """Snowflake's own ways; see :class:`AlchemySession`."""

    mark = "%({})s"
    doubles_percent = True

    @staticmethod
    def quoted(name: str) -> str:
        return str(_dialect().identifier_preparer.quote(name))

    def is_the_query(self, error: DBAPIError) -> bool:
        return str(getattr(error.orig, "sqlstate", "") or "").startswith(_COMPILES)

    @contextmanager
    def limited(self, seconds: float) -> Iterator[None]:
        self.change(f"ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = {math.ceil(seconds)}")
        try:
            yield
        finally:
            self.change("ALTER SESSION UNSET STATEMENT_TIMEOUT_IN_SECONDS")  # the connection is used again

    def catalogue(self, table: Table) -> dict[str, str]:
        return {name: type_ for name, type_ in self._columns(table).items() if name != _ROW}

    def _columns(self, table: Table) -> dict[str, str]:
        place = {"schema": _physical(str(table.schema)), "name": _physical(table.name)}
        found = self.connection.execute(_CATALOGUE, place)
        return {
            str(_dialect().normalize_name(name)): f"NUMBER({precision},{scale})" if type_ == "NUMBER" else type_
            for name, type_, precision, scale in found
        }

    def declared(self, table: Table) -> dict[str, Declared]:
        place = {"schema": _physical(str(table.schema)), "name": _physical(table.name)}
        return {
            str(_dialect().normalize_name(name)): Declared(nullable == "YES", comment or None)
            for name, nullable, comment in self.connection.execute(_DECLARED, place)
        }

    def insert(self, table: Table, rows: pa.Table) -> None:
        marks = ", ".join(["%s"] * (rows.num_columns + 1))
        sql = f"INSERT INTO {self.place(table).replace('%', '%%')} VALUES ({marks})"
        ((before,),) = self.ask(f"SELECT count(*) FROM {self.place(table)}")
        for batch in rows.to_batches(max_chunksize=_BATCH):
            columns = [[_bound(value) for value in column.to_pylist()] for column in batch.columns]
            numbers = range(int(before), int(before) + batch.num_rows)
            before = int(before) + batch.num_rows
            if batch.num_rows:
                self.connection.exec_driver_sql(sql, list(zip(*columns, numbers, strict=True)))

    def fetch(self, table: Table, columns: Sequence[Column], part: range | None) -> Iterator[pa.Table]:
        order = self.quoted(_ROW) if _ROW in self._columns(table) else None
        wanted = ", ".join(self._as_read(kept) for kept in columns)
        sql = f"SELECT {wanted} FROM {self.place(table)}" + (f" ORDER BY {order}" if order else "")
        result = self.connection.exec_driver_sql(sql, execution_options=AS_WRITTEN)
        for rows in result.partitions(_BATCH):
            yield rows_of(columns, rows)

    def _as_read(self, kept: Column) -> str:
        """A column in a SELECT; instants as microseconds, which no session's settings bend."""
        import pyarrow as pa

        name = self.quoted(kept.name)
        return f"date_part(epoch_microsecond, {name})" if pa.types.is_timestamp(kept.storage) else name

    def described(self, table: Table) -> pa.Table:
        import pyarrow as pa

        return pa.schema([pa.field(n, _arrow(t)) for n, t in self.catalogue(table).items()]).empty_table()

    def digest(self, table: Table) -> str:
        names = ", ".join(self.quoted(name) for name in self.catalogue(table))
        found: Sequence[Row] = self.ask(
            f"SELECT count(*), sum(hash({names})), sum(hash({names}, 1)) FROM {self.place(table)}"
        )
        return ":".join(map(str, found[0]))


_OF_TABLE = (
    "FROM information_schema.columns WHERE table_schema = :schema AND table_name = :name ORDER BY ordinal_position"
)
_CATALOGUE = text(f"SELECT column_name, data_type, numeric_precision, numeric_scale {_OF_TABLE}")
_DECLARED = text(f"SELECT column_name, is_nullable, comment {_OF_TABLE}")


@cache
def _dialect() -> Any:
    from snowflake.sqlalchemy.snowdialect import SnowflakeDialect

    made = SnowflakeDialect(paramstyle="qmark")  # so that names keep their per cent signs
    made.identifier_preparer.reserved_words = _reserved(made)
    return made


def _reserved(dialect: Any) -> set[str]:
    """The dialect's own reserved words, and those with which a table's past is asked for."""
    return {*dialect.identifier_preparer.reserved_words, "at", "before"}


def _physical(name: str) -> str:
    """What a name is in Snowflake's catalogue: plain ones are of upper case."""
    return name if _dialect().identifier_preparer.quote(name) != name else name.upper()


def _bound(value: object) -> object:
    """A value as the connector can spell it."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return value if value is None or isinstance(value, bool | int | float | str | bytes) else str(value)
