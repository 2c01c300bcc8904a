"""Each store that keeps frames: our IO manager over it, and the calls of its own library that do the same."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import psycopg
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq
from sqlalchemy import make_url

from orchestration.io.base import IOManager
from orchestration.io.duckdb_file import open_duckdb
from orchestration.io.formats import DEFAULT
from orchestration.io.kinds import open_kind
from orchestration.io.objects import open_objects
from orchestration.io.postgres import open_postgres
from orchestration.io.sqlite import open_sqlite
from tests.support import postgres, s3


@dataclass(frozen=True, slots=True)
class Pair:
    """Our IO manager and bare calls over one store.

    ``write`` and ``read`` are the bare calls: a table's name and a frame or Arrow table, or whether the latter is read.

    ``reader`` is another IO manager than ``writer`` where the writer would read from a copy of its own.
    """

    writer: IOManager
    reader: IOManager
    write: Callable[[str, Any], None]
    read: Callable[[str, bool], object]


@contextmanager
def on_duckdb(folder: Path) -> Iterator[Pair]:
    """A file, opened for each call as ours is, and as it must be where several processes use it."""
    ours, bare = open_duckdb(folder / "ours.duckdb"), folder / "bare.duckdb"

    def write(name: str, value: Any) -> None:
        with duckdb.connect(bare) as connection:
            connection.register("given", value)
            connection.execute(f"create table {name} as from given")

    def read(name: str, is_arrow: bool) -> object:
        with duckdb.connect(bare, read_only=True) as connection:
            found = connection.sql(f"from {name}")
            return found.to_arrow_table() if is_arrow else found.df()

    yield Pair(ours, ours, write, read)


@contextmanager
def on_sqlite(folder: Path) -> Iterator[Pair]:
    """A file in WAL mode, synced at each commit, as ours is; instants are texts in both."""
    ours = open_sqlite(folder / "ours.sqlite")
    with closing(sqlite3.connect(folder / "bare.sqlite")) as bare:
        bare.execute("pragma journal_mode=wal")
        bare.execute("pragma synchronous=full")

        def write(name: str, value: Any) -> None:
            if isinstance(value, pa.Table):
                columns = [column.to_pylist() for column in _with_texts(value).columns]
            else:
                columns = [column.tolist() for _, column in value.assign(left_at=value["left_at"].astype(str)).items()]
            with bare:
                bare.execute(f"create table {name} (carrier text, distance integer, delay real, left_at text)")
                bare.executemany(f"insert into {name} values (?, ?, ?, ?)", zip(*columns, strict=True))

        def read(name: str, is_arrow: bool) -> object:
            sql = f"select * from {name}"
            if not is_arrow:
                return pd.read_sql(sql, bare, parse_dates={"left_at": {"format": "ISO8601"}})
            cursor = bare.execute(sql)
            names = [column[0] for column in cursor.description]
            table = pa.table(list(map(pa.array, zip(*cursor.fetchall(), strict=True))), names=names)
            return table.set_column(3, "left_at", table["left_at"].cast(pa.timestamp("us")))

        yield Pair(ours, ours, write, read)


@contextmanager
def on_postgres(folder: Path) -> Iterator[Pair]:
    """COPY in both directions, which is the quickest that the driver has; commits are synced."""
    with postgres.running_server() as server, postgres.database(server) as url:
        address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(address, autocommit=True) as bare:
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):  # the tests' server does without
                bare.execute(f"alter system set {setting} = 'on'".encode())
            bare.execute("select pg_reload_conf()")

            def write(name: str, value: Any) -> None:
                body = io.BytesIO()
                table = value if isinstance(value, pa.Table) else pa.Table.from_pandas(value)
                csv.write_csv(table, body, csv.WriteOptions(include_header=False))
                columns = "carrier text, distance bigint, delay double precision, left_at timestamp"
                with bare.transaction(), bare.cursor() as cursor:
                    cursor.execute(f"create table {name} ({columns})".encode())
                    with cursor.copy(f"copy {name} from stdin (format csv)".encode()) as copy:
                        copy.write(body.getbuffer())

            def read(name: str, is_arrow: bool) -> object:
                sql = f"copy {name} to stdout (format csv, header)".encode()
                with bare.cursor() as cursor, cursor.copy(sql) as copy:
                    table = csv.read_csv(io.BytesIO(b"".join(copy)))
                return table if is_arrow else table.to_pandas()

            ours = open_postgres(url)
            try:
                yield Pair(ours, ours, write, read)
            finally:
                ours.close()


@contextmanager
def on_iceberg(folder: Path) -> Iterator[Pair]:
    """A catalog in SQLite and local files, the same for both; appending to a table and reading it whole."""
    from pyiceberg.catalog import load_catalog

    root = folder / "bare"
    root.mkdir()
    bare = load_catalog("bare", type="sql", uri=f"sqlite:///{root / 'catalog.db'}", warehouse=root.as_uri())
    bare.create_namespace("bare")

    def write(name: str, value: Any) -> None:
        table = value if isinstance(value, pa.Table) else pa.Table.from_pandas(value)
        bare.create_table(("bare", name), table.schema).append(table)

    def read(name: str, is_arrow: bool) -> object:
        scan = bare.load_table(("bare", name)).scan()
        return scan.to_arrow() if is_arrow else scan.to_pandas()

    ours = open_kind("iceberg", {"path": "ours"}, folder)
    yield Pair(ours, ours, write, read)


@contextmanager
def on_objects(folder: Path) -> Iterator[Pair]:
    """S3's protocol, spoken by moto's server; ours reads with an empty cache, so that it fetches what it reads."""
    with s3.running_server() as server:
        bucket, storage = s3.bucket(server), s3.storage(server)
        from pyarrow.fs import S3FileSystem

        store = S3FileSystem(**storage)

        def write(name: str, value: Any) -> None:
            table = value if isinstance(value, pa.Table) else pa.Table.from_pandas(value)
            pq.write_table(table, f"{bucket}/{name}.parquet", filesystem=store)

        def read(name: str, is_arrow: bool) -> object:
            table = pq.read_table(f"{bucket}/{name}.parquet", filesystem=store)
            return table if is_arrow else table.to_pandas()

        def ours(cache: str) -> IOManager:
            return open_objects(f"s3://{bucket}/ours", folder / cache, storage, DEFAULT)

        yield Pair(ours("written"), ours("read"), write, read)


@dataclass(frozen=True, slots=True)
class Backend:
    """How it is opened, and how many rows it is measured with."""

    opened: Callable[[Path], AbstractContextManager[Pair]]
    rows: int


BACKENDS = {
    "DuckDB": Backend(on_duckdb, 2_000_000),
    "SQLite": Backend(on_sqlite, 200_000),
    "PostgreSQL": Backend(on_postgres, 300_000),
    "Iceberg": Backend(on_iceberg, 2_000_000),
    "S3": Backend(on_objects, 1_000_000),
}


def _with_texts(table: pa.Table) -> pa.Table:
    return table.set_column(3, "left_at", table["left_at"].cast(pa.string()))
