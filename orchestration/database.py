"""Opening the state database: one engine a process, short write transactions, errors that say what to do."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from orchestration.driver import cursor
from orchestration.errors import StateError
from orchestration.shown import shown

WRITES = "tidegate_writes"
"""The execution option of a connection whose transactions write."""
_KEPT, _MOST = 20, 25
"""Connections to PostgreSQL that a process keeps, and has at most: more than are taken in and asked for at once."""
_PATIENCE_S = 30.0
"""How long a statement waits for another process's write to a SQLite file."""


def open_database(url: str, *, where: str = "the project's settings") -> Engine:
    """An engine for ``url`` (SQLite or PostgreSQL); raises StateError where it can't be one.

    SQLite runs in WAL mode, so that any number of processes read while one writes. Nothing is created here
    but the folder of a SQLite file. Errors say ``where`` the address stands.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StateError(
            "the state database's address isn't one; write sqlite:///path or postgresql+psycopg://..."
        ) from None
    try:
        if parsed.get_backend_name() == "sqlite":
            return _sqlite(url, parsed.database, where)
        return create_engine(
            parsed, pool_pre_ping=True, pool_size=_KEPT, max_overflow=_MOST - _KEPT, json_deserializer=_of_json
        )
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise StateError(
            f"the state database {shown(parsed)} needs a driver that isn't installed ({error}); "
            "for PostgreSQL: pip install 'tidegate[postgres]' and write postgresql+psycopg://"
        ) from error


def _sqlite(url: str, file: str | None, where: str) -> Engine:
    if file and file != ":memory:":
        try:
            Path(file).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StateError(
                f"the folder of the state database can't be made: {error.strerror}: {error.filename}; "
                f"nothing was changed; make it writable or set state= in {where}"
            ) from error
    engine = create_engine(
        url, connect_args={"timeout": _PATIENCE_S}, json_serializer=_as_json, json_deserializer=_of_json
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        opened = connection.cursor()
        _write_ahead(opened)
        opened.execute("PRAGMA synchronous=NORMAL")
        opened.execute("PRAGMA foreign_keys=ON")
        opened.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES, False)
        statement = "BEGIN IMMEDIATE" if writes else "BEGIN"
        with cursor(connection, statement) as opened:
            opened.execute(statement)

    return engine


def _as_json(value: object) -> str:
    """The value as JSON; most that a step writes are empty, and to set the encoder up takes longer than to encode."""
    if value == {}:
        return "{}"
    return "[]" if value == [] else json.dumps(value)


def _of_json(text: str | bytes) -> object:
    """What is written in JSON; of most rows that a page reads, nothing is."""
    return {} if text in (b"{}", "{}") else json.loads(text)


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """Switch the file to WAL mode. SQLite doesn't wait for others here as it does elsewhere, so we do."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One short write transaction, rolled back on any error; StateError where it can't be."""
    with _speaking(engine), engine.connect() as connection:
        writer = connection.execution_options(**{WRITES: True})
        with writer.begin():
            yield writer


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent view of the state. StateError where it can't be read."""
    with _speaking(engine), engine.connect() as connection:
        if engine.dialect.name == "postgresql":  # whose usual level shows each statement another moment
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection


@contextmanager
def _speaking(engine: Engine) -> Iterator[None]:
    """Turn what the driver says into what a person can act on, without the password."""
    try:
        yield
    except DBAPIError as error:
        where = shown(engine.url)
        cause = str(error.orig).strip().splitlines()[0] if error.orig else type(error).__name__
        raise StateError(f"the state database {where}: {cause}; {_advice(cause)}") from error


def _advice(cause: str) -> str:
    said = cause.lower()
    if "not a database" in said or "malformed" in said or "disk image" in said:
        return (
            "the file is damaged and was left as it is; published data is not touched by this; put back a "
            "copy of the file, or move it away to begin with an empty history"
        )
    if "readonly" in said or "read-only" in said or "unable to open" in said or "permission" in said:
        return "nothing was changed; make the file and its folder writable for this user"
    if "full" in said or "no space" in said:
        return "the transaction was rolled back, nothing is half-written; make room on the disk and run it again"
    if "lock timeout" in said:
        return "others work with a table that it changes; nothing was changed; run it again, or stop what takes so long"
    if "locked" in said:
        return "another process has been writing for 30 s; nothing was changed; look for a run that hangs"
    return "nothing was changed; see whether the server is up and the address is right"
