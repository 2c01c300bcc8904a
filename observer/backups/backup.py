"""Keeping a copy of the state while others work with it."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from observer.backups import rows
from observer.errors import BackupError
from observer.store import schema, sizes
from observer.store.schema import Standing
from orchestration.database import open_database, reading, writing


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A copy of the state in a file of SQLite's: of which schema, how large, with how many rows a table."""

    file: Path
    revision: str
    bytes: int
    rows: Mapping[str, int]


def back_up(engine: Engine, file: Path, *, force: bool = False) -> Backup:
    """Write the state as it is at one moment into ``file``; nobody waits for it, and it is whole or not there.

    Only its owner may read the file. It is read again and compared with what was there.

    Parameters
    ----------
    force: write over a file that is there.

    Raises
    ------
    BackupError
        There is a file already, it can't be written, there is nothing to copy, or a later Tidegate has made it.
    StateError
        The state can't be read.
    """
    if file.exists() and not force:
        raise BackupError(f"there is a file {file} already; nothing was written; name another, or say --force")
    found = schema.look(engine)
    if found.revision is None:
        raise BackupError("the state database is empty; nothing was written; there is nothing to keep yet")
    if engine.dialect.name != "sqlite" and found.standing in (Standing.NEWER, Standing.BEYOND):
        raise BackupError(
            f"the state database is at revision {found.revision}, made by a later Tidegate (this one speaks "
            f"{schema.HEAD}); nothing was written; keep a copy with that one"
        )
    with _beside(file) as partial:
        if engine.dialect.name == "sqlite":
            copy_file(engine, partial)
        else:
            _copy_rows(engine, partial, found.revision)
        with looked_at(partial) as copied:
            kept = sizes.rows_of(copied)
        _as_one_file(partial)
        os.replace(partial, file)
    return Backup(file=file, revision=found.revision, bytes=file.stat().st_size, rows=kept)


@contextmanager
def looked_at(file: Path) -> Iterator[Connection]:
    """One look at the state in a file of SQLite's that is ours alone, after every page of it was looked at.

    Raises
    ------
    BackupError
        It is damaged.
    """
    engine = open_database(f"sqlite:///{file}")
    try:
        with reading(engine) as connection:
            found = [str(row[0]) for row in connection.execute(text("PRAGMA integrity_check(1)"))]
            if found != ["ok"] or connection.execute(text("PRAGMA foreign_key_check")).first() is not None:
                raise BackupError(f"the copy is damaged ({found[0]}); nothing was changed; look at the disk it lies on")
            yield connection
    finally:
        engine.dispose()


@contextmanager
def _beside(file: Path) -> Iterator[Path]:
    """A new file in the folder of ``file``, of a name of its own, which is gone afterwards unless it was moved."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    except OSError as error:
        raise BackupError(f"{file} can't be written: {error.strerror}; nothing was written") from error
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
    except OSError as error:
        raise BackupError(f"{file} can't be written: {error.strerror or error}; nothing is left of it") from error
    finally:
        for end in ("", "-wal", "-shm"):
            Path(f"{name}{end}").unlink(missing_ok=True)


def copy_file(engine: Engine, to: Path) -> None:
    """SQLite's own way, as it is at one moment; whoever writes goes on. Raises BackupError, StateError."""
    with reading(engine) as connection, closing(sqlite3.connect(to)) as target:
        source = connection.connection.driver_connection
        assert isinstance(source, sqlite3.Connection)
        try:
            source.backup(target)
        except sqlite3.Error as error:
            raise BackupError(f"the state can't be copied: {error}; nothing is left of the copy") from error


def _copy_rows(engine: Engine, to: Path, revision: str) -> None:
    """Everything that PostgreSQL has at one moment, into the same tables."""
    copied = open_database(f"sqlite:///{to}")
    try:
        with writing(copied) as target:
            schema.upgrade(target, None, revision)
        with reading(engine) as source, writing(copied) as target:
            expected = rows.copy(source, target)
        with reading(copied) as target:
            if rows.tallies(target) != expected:
                raise BackupError("the copy isn't what was copied; nothing is left of it; look at the disk")
    finally:
        copied.dispose()


def _as_one_file(partial: Path) -> None:
    """Nothing of it in a log beside it, and on the disk."""
    with closing(sqlite3.connect(partial)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    with partial.open("rb+") as written:
        os.fsync(written.fileno())
