"""Points in and out by the driver's own calls, for a row costs SQLAlchemy more than it costs the database."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection

from observer.accuracy import read as read_accuracy
from observer.history import StoredPoint
from observer.model import EXACT
from observer.store.tables import observations
from orchestration.driver import cursor
from orchestration.model import PartitionKey, VersionStatus
from orchestration.tables import EPOCH, versions

Row = tuple[int, int, int, float | None, str | None, str | None]
"""Series, instant in microseconds since 1970, version, value, why there is none, and how near to the truth it is."""

_Point = tuple[int, int, int, float | None, str | None]  # series, instant, version, value and its accuracy
_Version = tuple[PartitionKey, str, str, VersionStatus]  # its partition, id, run and status
_Place = tuple[int, int, int]  # series, instant and version, which is above all that is asked for

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
    connection: Connection, wanted: Mapping[int, Collection[VersionStatus]], before: int, limit: int
) -> Mapping[int, Sequence[StoredPoint]]:
    """The last points of some series before an instant, newest first, ``limit`` of each at most.

    One series is read beside its versions. Several mostly have the same versions, so that their points are read alone
    and each version is looked up once; the connection has to show both of one moment, as ``reading`` does.

    Parameters
    ----------
    wanted: the numbers of series, each with the statuses of the versions that count in it.

    Raises
    ------
    DBAPIError
        As SQLAlchemy raises it of its own statements.
    """
    if len(wanted) == 1:
        ((number, counted),) = wanted.items()
        return {number: _beside(connection, number, tuple(counted), before, limit)}
    return _apart(connection, wanted, before, limit)


def _beside(
    connection: Connection, number: int, counted: tuple[VersionStatus, ...], before: int, limit: int
) -> Sequence[StoredPoint]:
    question = _joined("?" if connection.dialect.name == "sqlite" else "%s", counted)
    with _cursor(connection, question) as opened:
        rows = opened.execute(question, (number, before, limit)).fetchall()
    make = tuple.__new__  # half the time of StoredPoint(), and they come by the ten thousand
    return [
        make(
            StoredPoint,
            (
                EPOCH + timedelta(0, at // _SECOND, at % _SECOND), partition or None, seq, made, run_id,
                _BY_NAME[status], value, EXACT if worth is None else read_accuracy(worth),
            ),
        )
        for at, seq, value, worth, made, partition, run_id, status in rows
    ]  # fmt: skip


def _apart(
    connection: Connection, wanted: Mapping[int, Collection[VersionStatus]], before: int, limit: int
) -> Mapping[int, Sequence[StoredPoint]]:
    """Points first, then their versions; of series in which too few of them count, more points."""
    found: dict[int, list[StoredPoint]] = {number: [] for number in wanted}
    known: dict[int, _Version] = {}
    instants: dict[int, datetime] = {}
    left, many = [(number, before, 0) for number in wanted], limit
    while left:
        read = _points(connection, left, many)
        met = {point[2] for points in read.values() for point in points}
        known |= _versions(connection, met - known.keys())
        for number, points in read.items():
            found[number] += _counted(points, known, wanted[number], instants)
        left = [
            (number, *points[-1][1:3]) for number, points in read.items()
            if len(points) == many and len(found[number]) < limit
        ]  # fmt: skip
        many *= 2
    return {number: points[:limit] for number, points in found.items()}


def _counted(
    points: Sequence[_Point],
    known: Mapping[int, _Version],
    counted: Collection[VersionStatus],
    instants: dict[int, datetime],
) -> list[StoredPoint]:
    """Those of versions that count; ``instants`` are those that were met, for other series have the same."""
    found, make = [], tuple.__new__
    for _, at, seq, value, worth in points:
        version = known.get(seq)
        if version is None or version[3] not in counted:
            continue
        instant = instants.get(at)
        if instant is None:
            instant = instants[at] = EPOCH + timedelta(0, at // _SECOND, at % _SECOND)
        partition, made, run_id, status = version
        accuracy = EXACT if worth is None else read_accuracy(worth)
        found.append(make(StoredPoint, (instant, partition, seq, made, run_id, status, value, accuracy)))
    return found


def _points(connection: Connection, left: Sequence[_Place], many: int) -> Mapping[int, Sequence[_Point]]:
    """The next ``many`` points of each series below a place in it, newest first."""
    if connection.dialect.name == "sqlite":  # which has no LATERAL, and is asked without a journey
        with _cursor(connection, _NEXT) as opened:
            return {place[0]: opened.execute(_NEXT, (*place, many)).fetchall() for place in left}
    read: dict[int, list[_Point]] = {number: [] for number, _, _ in left}
    with _cursor(connection, _NEXT_OF_EACH) as opened:
        numbers, ats, seqs = map(_array, zip(*left, strict=True))
        for point in opened.execute(_NEXT_OF_EACH, (numbers, ats, seqs, many)).fetchall():
            read[point[0]].append(point)
    for points in read.values():
        points.sort(reverse=True)  # as they come, which nothing promises
    return read


def _versions(connection: Connection, seqs: Collection[int]) -> dict[int, _Version]:
    if not seqs:
        return {}
    numbers = sorted(seqs)
    is_sqlite = connection.dialect.name == "sqlite"
    question, names = (_OF_SEQS, json.dumps(numbers)) if is_sqlite else (_OF_SEQS_ARRAY, _array(numbers))
    with _cursor(connection, question) as opened:
        return {seq: _version(*row) for seq, *row in opened.execute(question, (names,)).fetchall()}


def _version(made: str, partition: str, run_id: str, status: str) -> _Version:
    return partition or None, made, run_id, _BY_NAME[status]


def _array(numbers: Iterable[int]) -> str:
    """As PostgreSQL reads it: the driver takes longer over a list than the server over the answer."""
    return f"{{{','.join(map(str, numbers))}}}"


def _cursor(connection: Connection, statement: str) -> AbstractContextManager[Any]:
    """A cursor of the driver's; what PostgreSQL sends needs no parsing."""
    options = {} if connection.dialect.name == "sqlite" else {"binary": True}
    return cursor(connection, statement, **options)


_SECOND = 1_000_000  # instants are split for timedelta(), which takes long over so many microseconds
_BY_NAME = {status.value: status for status in VersionStatus}
_POINT = "series_id, ordered_at, version_seq, value, accuracy"
_VERSION = "v.id, v.partition, v.run_id, v.status"
_FALLING = "ORDER BY ordered_at DESC, version_seq DESC"
_BELOW = f"SELECT {_POINT} FROM {observations.name} WHERE series_id = {{}} AND (ordered_at, version_seq) < ({{}}, {{}})"
_NEXT = f"{_BELOW.format('?', '?', '?')} {_FALLING} LIMIT ?"
_NEXT_OF_EACH = (
    "SELECT o.* FROM unnest(%s::int8[], %s::int8[], %s::int8[]) AS s(number, at, seq) CROSS JOIN LATERAL"
    f" ({_BELOW.format('s.number', 's.at', 's.seq')} {_FALLING} LIMIT %s) AS o"
)
_OF_SEQS = f"SELECT v.seq, {_VERSION} FROM {versions.name} AS v WHERE v.seq IN (SELECT value FROM json_each(?))"
_OF_SEQS_ARRAY = f"SELECT v.seq, {_VERSION} FROM {versions.name} AS v WHERE v.seq = ANY (%s::int8[])"


@lru_cache
def _joined(mark: str, counted: tuple[VersionStatus, ...]) -> str:
    wanted = ", ".join(f"'{status.value}'" for status in counted)
    return (
        f"SELECT o.ordered_at, o.version_seq, o.value, o.accuracy, {_VERSION}"
        f" FROM {observations.name} AS o JOIN {versions.name} AS v ON v.seq = o.version_seq"
        f" WHERE o.series_id = {mark} AND o.ordered_at < {mark} AND v.status IN ({wanted}) {_FALLING} LIMIT {mark}"
    )
