"""Rows as the engine keeps them, from one state database into another of the same revision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    MetaData,
    Table,
    Text,
    cast,
    column,
    delete,
    func,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy import table as named

from observer.store import schema as schema  # what brings every table into the metadata
from orchestration.driver import cursor
from orchestration.tables import metadata

OF_THE_SCHEMA = frozenset({"alembic_version", "compatibility"})
"""Tables that say which schema it is: the database that is copied into has its own."""
_AT_ONCE = 2_000
_MODULUS = 1 << 64


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows there are, and a digest of them in whatever order."""

    rows: int = 0
    digest: int = 0

    def and_also(self, rows: Sequence[tuple[Any, ...]]) -> Tally:
        """With some more rows."""
        return Tally(self.rows + len(rows), (self.digest + sum(map(_digest, rows))) % _MODULUS)


def tables_of(connection: Connection) -> tuple[Table, ...]:
    """The tables of a state database with the columns that it has, those that others refer to first."""
    found = inspect(connection)
    ours = set(metadata.tables) - OF_THE_SCHEMA
    return tuple(
        Table(name, MetaData(), *(Column(each["name"], each["type"]) for each in found.get_columns(name)))
        for name, _ in found.get_sorted_table_and_fkc_names()
        if name in ours
    )


def copy(source: Connection, target: Connection) -> Mapping[str, Tally]:
    """Put the rows of every table of ``source`` into ``target``, whose tables are there and empty."""
    ours = {table.name: table for table in tables_of(source)}
    return {theirs.name: _copy(ours[theirs.name], theirs, source, target) for theirs in tables_of(target)}


def alone(target: Connection) -> None:
    """Let nobody else read or write a table until the transaction ends, or wait for who does; SQLite has one writer."""
    if target.dialect.name == "postgresql":
        target.execute(text(f"LOCK TABLE {_named(target)} IN ACCESS EXCLUSIVE MODE"))


def _named(target: Connection) -> str:
    quote = target.dialect.identifier_preparer.quote
    return ", ".join(quote(table.name) for table in tables_of(target))


def empty(target: Connection) -> None:
    """Take every row out of every table."""
    if target.dialect.name == "postgresql":
        target.execute(text(f"TRUNCATE {_named(target)}"))
        return
    for table in reversed(tables_of(target)):
        target.execute(delete(table))


def tallies(connection: Connection) -> Mapping[str, Tally]:
    """Of each table what is in it."""
    return {table.name: _tally(connection, table, tuple(table.c.keys())) for table in tables_of(connection)}


def count_on(target: Connection) -> None:
    """Let new rows be numbered after those that were copied; SQLite does so by itself."""
    if target.dialect.name != "postgresql":
        return
    for table in tables_of(target):
        quoted = target.dialect.identifier_preparer.quote(table.name)
        for each in table.c:
            sequence = target.execute(select(func.pg_get_serial_sequence(quoted, each.name))).scalar_one()
            if sequence is not None:
                last = target.execute(select(func.max(each))).scalar_one()
                target.execute(select(func.setval(sequence, last or 1, last is not None)))


def _tally(connection: Connection, table: Table, names: Sequence[str]) -> Tally:
    tally = Tally()
    for rows in _rows(connection, table, names):
        tally = tally.and_also(rows)
    return tally


def _copy(table: Table, theirs: Table, source: Connection, target: Connection) -> Tally:
    names, tally = tuple(table.c.keys()), Tally()
    for rows in _rows(source, table, names):
        tally = tally.and_also(rows)
        _write(target, theirs, names, rows)
    return tally


def _rows(connection: Connection, table: Table, names: Sequence[str]) -> Iterator[list[tuple[Any, ...]]]:
    """The rows in parts, as plain values: JSON is its text, an instant its number."""
    texts = connection.dialect.name == "postgresql"
    plain = (
        cast(table.c[name], Text) if texts and isinstance(table.c[name].type, JSON) else column(name) for name in names
    )
    wanted = select(*plain).select_from(table).execution_options(stream_results=True, max_row_buffer=_AT_ONCE)
    with connection.execute(wanted) as found:
        for part in found.partitions(_AT_ONCE):
            yield [tuple(row) for row in part]


def _write(connection: Connection, table: Table, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    if connection.dialect.name == "postgresql":
        quote = connection.dialect.identifier_preparer.quote
        statement = f"COPY {quote(table.name)} ({', '.join(map(quote, names))}) FROM STDIN"
        with cursor(connection, statement) as opened, opened.copy(statement) as lines:
            for row in rows:
                lines.write_row(row)
        return
    bare = named(table.name, *(column(name) for name in names))
    statement = str(insert(bare).compile(dialect=connection.dialect))
    with cursor(connection, statement) as opened:
        opened.executemany(statement, rows)


def _digest(row: tuple[Any, ...]) -> int:
    """The same for the same row on either engine, whose truths, bytes and missing numbers differ in type."""
    told = repr([_same(value) for value in row]).encode()
    return int.from_bytes(blake2b(told, digest_size=8).digest(), "big")


def _same(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float) and value != value:  # SQLite keeps no NaN: it is missing
        return None
    return bytes(value) if isinstance(value, memoryview) else value
