"""Putting a copy of the state back, into either engine."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine

from observer.backups import rows
from observer.backups.backup import looked_at
from observer.errors import BackupError, StateError
from observer.store import schema, statuses
from observer.store.schema import Standing
from orchestration.database import open_database, writing


def restore(engine: Engine, file: Path, *, force: bool = False) -> Mapping[str, int]:
    """Put what ``file`` holds in place of what the state holds; returns how many rows each table has now.

    It is one transaction, and what was written is read again and compared before it ends: the state is the copy's or
    what it was before. A copy of an earlier revision is upgraded on the way; the file stays as it is.

    Parameters
    ----------
    file: what :func:`observer.backups.back_up` has written, or a copy of a state that SQLite keeps.
    force: also where the state holds something, which is gone then.

    Raises
    ------
    BackupError
        The file is no copy of a state, or of a later Tidegate; or the state isn't empty.
    StateError
        The state can't be read or written, or a later Tidegate has made it.
    """
    with _ready(file) as source:
        _make_room(engine, force)
        with writing(engine) as target:
            rows.alone(target)  # or else what is written after the look would be gone without a word
            if not force:
                _refuse_unless_empty(target)
            shown = statuses.progress(target).revision
            rows.empty(target)
            expected = rows.copy(source, target)
            rows.count_on(target)
            if rows.tallies(target) != expected:
                raise BackupError(f"what was written isn't what {file} holds; nothing was changed; look at the disk")
            statuses.go_on_after(target, shown)
    return {name: tally.rows for name, tally in expected.items()}


def _make_room(engine: Engine, force: bool) -> None:
    """See that the tables are there, and at the revision that this code speaks."""
    match schema.look(engine).standing:
        case Standing.NEWER | Standing.BEYOND:
            raise StateError(
                "a later Tidegate has upgraded the state database; nothing was changed; restore with that one"
            )
        case Standing.EMPTY | Standing.CURRENT:
            schema.ensure(engine)
        case Standing.OLDER:
            if not force:
                raise BackupError(
                    "the state database is of an earlier revision, and so not empty; nothing was changed; "
                    "--force upgrades it and replaces all that it holds"
                )
            schema.ensure(engine)


def _refuse_unless_empty(target: Connection) -> None:
    there = {name: tally.rows for name, tally in rows.tallies(target).items() if tally.rows}
    if there:
        most = sorted(there, key=there.__getitem__, reverse=True)[:3]
        said = ", ".join(f"{there[name]:,} {name}" for name in most)
        raise BackupError(
            f"the state database isn't empty ({said} ...); nothing was changed; --force replaces all that it holds: "
            "keep a copy of that first (tidegate db backup), and stop the service"
        )


@contextmanager
def _ready(file: Path) -> Iterator[Connection]:
    """The copy at the revision that this code speaks; in a file of our own, so that the given one stays as it is."""
    with tempfile.TemporaryDirectory(prefix="tidegate-restore-") as folder:
        own = Path(folder) / "state.db"
        _take(file, own)
        engine = open_database(f"sqlite:///{own}")
        try:
            _upgrade(engine, file)
        finally:
            engine.dispose()
        with looked_at(own) as found:
            yield found


def _take(file: Path, own: Path) -> None:
    if not file.is_file():
        raise BackupError(f"there is no file {file}; nothing was changed")
    try:
        with (
            closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(own)) as target,
        ):
            source.backup(target)
    except sqlite3.Error as error:
        raise BackupError(f"{file} can't be read as a copy of a state: {error}; nothing was changed") from error


def _upgrade(engine: Engine, file: Path) -> None:
    found = schema.look(engine)
    match found.standing:
        case Standing.EMPTY:
            raise BackupError(f"{file} is no copy of a state of Tidegate's; nothing was changed")
        case Standing.NEWER | Standing.BEYOND:
            raise BackupError(
                f"{file} is of revision {found.revision}, made by a later Tidegate (this one speaks {schema.HEAD}); "
                "nothing was changed; restore it with that one"
            )
        case _:
            schema.ensure(engine)
