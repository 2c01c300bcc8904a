"""Databases that IO managers keep tables in: opened by an address, read by their own clients, written by a process."""

import sqlite3
import time
import traceback
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from orchestration.io.duckdb_file import open_duckdb
from orchestration.io.postgres import open_postgres
from orchestration.io.snowflake import open_snowflake
from orchestration.io.sql import SqlIOManager
from orchestration.io.sqlite import open_sqlite
from orchestration.model import Address, AssetKey
from tests.support import local_snowflake
from tests.support.forked import FORKED

Ask = Callable[[str], list[tuple[object, ...]]]
Say = Callable[[object], None]
Work = Callable[[str, int, Say], None]
ROWS = 500
HELD = -1
ADDRESS = Address(AssetKey("orders"), "2013-02-08")
OTHER = Address(AssetKey("orders"), "2013-02-07")


KINDS = (
    "sqlite",
    "duckdb",
    pytest.param("postgres", marks=pytest.mark.postgres),
    pytest.param("snowflake", marks=pytest.mark.snowflake),
)
"""The kinds of IO managers that keep tables in a database, as parameters of a test."""


def new_io(kind: str, fixture: Callable[[str], Any], folder: Path) -> SqlIOManager:
    """An IO manager over a new, empty database, on the server that the fixtures run."""
    if kind == "postgres":
        return open_postgres(fixture("new_database")())
    if kind == "snowflake":
        return open_snowflake(**local_snowflake.new_options(fixture("snowflake_server")))
    return open_io(str(folder / f"{uuid.uuid4().hex}.{kind}"))


def open_io(address: str) -> SqlIOManager:
    """An IO manager by a path that ends with its kind, or the address of PostgreSQL."""
    if address.startswith("postgresql"):
        return open_postgres(address)
    file = Path(address)
    return open_sqlite(file) if file.suffix == ".sqlite" else open_duckdb(file)


@contextmanager
def reader(address: str) -> Iterator[Ask]:
    """A function that runs one statement by the database's own client, as somebody who knows nothing of Tidegate."""
    if address.endswith(".sqlite"):
        with closing(sqlite3.connect(f"file:{address}?mode=ro", uri=True, isolation_level=None, timeout=0)) as kept:
            yield lambda sql: kept.execute(sql).fetchall()
    elif address.startswith("postgresql"):
        import psycopg

        with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as connection:
            yield lambda sql: connection.execute(sql.encode()).fetchall()
    else:
        yield lambda sql: _ask_duckdb(address, sql)


def _ask_duckdb(address: str, sql: str) -> list[tuple[object, ...]]:
    """A file of DuckDB's is locked while it is written, so its readers wait."""
    import duckdb

    deadline = time.monotonic() + 30
    while True:
        try:
            with duckdb.connect(address, read_only=True) as connection:
                return connection.execute(sql).fetchall()
        except duckdb.IOException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.003)


def write(address: str, first: int, say: Say) -> None:
    """Stage and publish version after version, each of one value, with one that is held between them, until killed."""
    import pyarrow as pa

    io = open_io(address)
    number = first
    while True:
        for value in (number, HELD):
            version = f"v{number}" if value == number else f"held{number}"
            io.stage(ADDRESS, version, pa.table({"value": [value] * ROWS}))
            if value == number:
                io.publish(ADDRESS, version, number)
                say(number)
        io.sweep(ADDRESS, ())
        number += 1


def read(address: str, count: int, say: Say) -> None:
    """Look again and again, and say what was seen last; raises at the first look that shows a half or held version."""
    before = 0
    with reader(address) as ask:
        for _ in range(count):
            before = look(ask, before)
    say(before)


def look(ask: Ask, before: int) -> int:
    """One look at what readers see: whole versions, none that is held, never an older one than before."""
    ((rows, lowest, highest, others),) = ask(
        "SELECT count(CASE WHEN tidegate_partition = '2013-02-08' THEN 1 END), "
        "min(CASE WHEN tidegate_partition = '2013-02-08' THEN value END), "
        "max(CASE WHEN tidegate_partition = '2013-02-08' THEN value END), "
        "count(CASE WHEN tidegate_partition = '2013-02-07' THEN 1 END) FROM orders"
    )
    assert (rows, others) == (ROWS, ROWS), f"half a version: {rows} rows, {others} of the other partition"
    assert lowest == highest, f"two versions at once: {lowest} and {highest}"
    assert lowest != HELD, "a held version"
    assert int(str(lowest)) >= before, f"version {lowest} after {before}"
    return int(str(lowest))


def prepared(address: str) -> SqlIOManager:
    """The database with two partitions of an asset, so that readers have something to see."""
    import pyarrow as pa

    io = open_io(address)
    for partition in (OTHER, ADDRESS):
        io.stage(partition, "v0", pa.table({"value": [0] * ROWS}))
        io.publish(partition, "v0", 0)
    return io


@dataclass(frozen=True, slots=True)
class Other:
    """Another process and what it says."""

    process: BaseProcess
    said: Connection

    def hear(self, patience_s: float = 60.0) -> int:
        """Wait until it says something; raises AssertionError with what went wrong instead."""
        assert self.said.poll(patience_s), "nothing was said"
        heard = self.said.recv()
        assert isinstance(heard, int), heard
        return heard

    def kill(self) -> None:
        self.process.kill()
        self.process.join()
        self.said.close()


def started(work: Work, address: str, number: int) -> Other:
    """`write` or `read` in another process."""
    ours, theirs = FORKED.Pipe(duplex=False)
    process = FORKED.Process(target=_said, args=(work, address, number, theirs), daemon=True)
    process.start()
    theirs.close()
    return Other(process, ours)


def _said(work: Work, address: str, number: int, to: Connection) -> None:
    try:
        work(address, number, to.send)
    except BaseException:
        to.send(traceback.format_exc())
        raise
