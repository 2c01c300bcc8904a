"""Points in and out by the driver's own calls, for a row costs SQLAlchemy more than it costs the database."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection

from observer.store.tables import observations
from orchestration.driver import cursor
from orchestration.model import VersionStatus
from orchestration.tables import versions

Row = tuple[int, int, int, float | None, str | None, str | None]
"""Series, instant in microseconds since 1970, version, value, why there is none, and how near to the truth it is."""

Found = tuple[int, float | None, str | None, int, str, str, str, str]
"""Instant in microseconds, value and its accuracy, and of its version: number, id, partition, run and status."""

_NAMES = tuple(column.name for column in observations.columns)
_COLUMNS = ", ".join(_NAMES)
_INSERT = f"INSERT INTO {observations.name} ({_COLUMNS}) VALUES ({', '.join('?' * len(_NAMES))})"
_COPY = f"COPY {observations.name} ({_COLUMNS}) FROM STDIN (FORMAT BINARY)"
_TYPES = ("int8", "int8", "int8", "float8", "text", "varchar")


def write(connection: Connection, rows: Iterable[Row]) -> None:
    """Add points in the caller's transaction: COPY in binary on PostgreSQL, one prepared statement on SQLite.

    Raises
    ------
    DBAPIError
        As SQLAlchemy raises it of its own statements.
    """
    with _cursor(connection, _INSERT) as opened:
        if connection.dialect.name == "sqlite":
            opened.executemany(_INSERT, rows)
            return
        with opened.copy(_COPY) as copy:
            copy.set_types(_TYPES)
            for row in rows:
                copy.write_row(row)


def newest(
    connection: Connection, number: int, before: int, limit: int, statuses: Collection[VersionStatus]
) -> Sequence[Found]:
    """The last points of a series before an instant, newest first, of versions with one of some statuses.

    Raises
    ------
    DBAPIError
        As SQLAlchemy raises it of its own statements.
    """
    question = _question("?" if connection.dialect.name == "sqlite" else "%s", tuple(statuses))
    with _cursor(connection, question) as opened:
        found: Sequence[Found] = opened.execute(question, (number, before, limit)).fetchall()
        return found


def _cursor(connection: Connection, statement: str) -> AbstractContextManager[Any]:
    """A cursor of the driver's; what PostgreSQL sends needs no parsing."""
    options = {} if connection.dialect.name == "sqlite" else {"binary": True}
    return cursor(connection, statement, **options)


@lru_cache
def _question(mark: str, statuses: tuple[VersionStatus, ...]) -> str:
    wanted = ", ".join(f"'{status.value}'" for status in statuses)
    return (
        "SELECT o.ordered_at, o.value, o.accuracy, v.seq, v.id, v.partition, v.run_id, v.status"
        f" FROM {observations.name} AS o JOIN {versions.name} AS v ON v.seq = o.version_seq"
        f" WHERE o.series_id = {mark} AND o.ordered_at < {mark} AND v.status IN ({wanted})"
        f" ORDER BY o.ordered_at DESC, o.version_seq DESC LIMIT {mark}"
    )
