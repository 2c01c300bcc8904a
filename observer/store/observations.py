"""Observations: narrow points, written in the caller's transaction, read as series."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Connection, func, select

from observer.accuracy import stored as stored_accuracy
from observer.history import SeriesKey, StoredPoint
from observer.metrics import METRICS, Order
from observer.model import EXACT, Observation
from observer.store.points import Row, newest, write
from observer.store.series import Name, Owner, add, known_series, named
from observer.store.tables import observations as _table
from observer.store.tables import series
from orchestration.model import AssetKey, VersionStatus
from orchestration.tables import EPOCH

WINDOW = 400
"""How many points of a series detectors learn from, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What was measured of one version.

    ``part`` is the part of the partition key that isn't time: each has series of its own. ``known`` are the numbers of
    its series, where the caller has asked for them.
    """

    asset: AssetKey
    version_seq: int
    observed: Sequence[Observation]
    data_at: datetime
    made_at: datetime
    part: str = ""
    known: Mapping[SeriesKey, int] | None = None

    @property
    def owner(self) -> Owner:
        """Whose series its points are of."""
        return self.asset, self.part


def save(connection: Connection, measured: Sequence[Measurement]) -> None:
    """Store what was measured of some versions; series are made as they first appear."""
    ids: dict[Owner, Mapping[Name, int]] = {}
    for m in measured:
        if (owner := m.owner) not in ids:
            known = known_series(connection, *owner) if m.known is None else m.known
            ids[owner] = cast(Mapping[Name, int], known)
    numbered = [_numbered(m, ids[m.owner]) for m in measured]
    if None in numbered:
        lacking = [m for m, found in zip(measured, numbered, strict=True) if found is None]
        ids |= add(connection, {missing for m in lacking for missing in _missing(m, ids[m.owner])})
        numbered = [found or _numbered(m, ids[m.owner]) for m, found in zip(measured, numbered, strict=True)]
    write(connection, _rows(measured, numbered))


def add_missing(connection: Connection, m: Measurement) -> int:
    """Store those of the numbers that aren't there of the version yet; how many."""
    numbers = known_series(connection, *m.owner)
    rows = connection.execute(
        select(_table.c.series_id)
        .join(series, series.c.id == _table.c.series_id)
        .where(series.c.asset == m.asset, series.c.part == m.part, _table.c.version_seq == m.version_seq)
        .where(_table.c.ordered_at.in_({m.data_at, m.made_at}))
    )
    there = set(rows.scalars())
    named = {SeriesKey(o.metric, o.column, o.segment): o for o in reversed(m.observed)}
    new = [o for key, o in named.items() if numbers.get(key) not in there]
    save(connection, [replace(m, observed=new, known=numbers)])
    return len(new)


Numbered = Mapping[int, Observation]
"""What was measured of a version by the number of its series; of two of a name the first."""


def _numbered(m: Measurement, numbers: Mapping[Name, int]) -> Numbered | None:
    """None where a series isn't there yet."""
    if not numbers and m.observed:
        return None
    try:
        return {numbers[o.metric, o.column, o.segment]: o for o in reversed(m.observed)}
    except KeyError:
        return None


def _missing(m: Measurement, numbers: Mapping[Name, int]) -> Sequence[tuple[Owner, Name]]:
    owner, names = m.owner, [(o.metric, o.column, o.segment) for o in m.observed]
    return [(owner, name) for name in names if name not in numbers]


def _rows(measured: Sequence[Measurement], numbered: Sequence[Numbered | None]) -> Iterator[Row]:
    """The points one by one: they come by the hundred thousand, and nobody needs them all at once."""
    for m, found in zip(measured, numbered, strict=True):
        data_at, made_at, seq = _micros(m.data_at), _micros(m.made_at), m.version_seq
        for number, o in (found or {}).items():
            yield (
                number,
                made_at if o.metric in _WALL_CLOCK else data_at,
                seq,
                o.value,
                o.reason,
                (None if o.accuracy is EXACT else stored_accuracy(o.accuracy)),
            )


def _micros(at: datetime) -> int:
    return (at - EPOCH) // _MICROSECOND


_MICROSECOND = timedelta(microseconds=1)
_WALL_CLOCK = frozenset(name for name, line in METRICS.items() if line.order is Order.WALL_CLOCK)
"""The metrics that are ordered by when they were measured; a number of the user's own never is."""


def load(
    connection: Connection,
    asset: AssetKey,
    keys: Collection[SeriesKey],
    *,
    before: datetime | None = None,
    partitioned: bool,
    part: str = "",
    known: Mapping[SeriesKey, int] | None = None,
    limit: int = WINDOW,
) -> Mapping[SeriesKey, tuple[StoredPoint, ...]]:
    """The newest points of several series, each oldest first, one point a partition.

    ``partitioned``: the partitions have data time, which orders the series. A partition is stood for by what is
    published of it, else by what is held; superseded and discarded versions stand for nothing. Otherwise, and where
    the order is the wall clock, each version counts. ``known`` as in ``save``.
    """
    every = known_series(connection, asset, part) if known is None else known
    numbers = {every[key]: key for key in keys if key in every}
    found = of_series(connection, numbers, before=before, partitioned=partitioned, limit=limit)
    return dict.fromkeys(keys, ()) | {key: found[number] for number, key in numbers.items()}


def of_series(
    connection: Connection,
    numbers: Mapping[int, SeriesKey],
    *,
    before: datetime | None = None,
    partitioned: bool,
    limit: int,
) -> Mapping[int, tuple[StoredPoint, ...]]:
    """As ``load``, of series by their numbers: they may be of several parts of the partition key."""
    wanted = {
        number: _EVERY if not partitioned or key.metric in _WALL_CLOCK else _STANDING for number, key in numbers.items()
    }
    found = newest(connection, wanted, _MAX if before is None else _micros(before), limit)
    return {number: _one_each(rows) for number, rows in found.items()}


def reasons(connection: Connection, asset: AssetKey, key: SeriesKey, *, limit: int = WINDOW) -> Mapping[int, str]:
    """Why the newest points without a value have none, by the number of their version; of all parts together."""
    question = (
        select(_table.c.version_seq, _table.c.reason)
        .join(series, series.c.id == _table.c.series_id)
        .where(named(asset, key), _table.c.reason.is_not(None))
        .order_by(_table.c.ordered_at.desc())
        .limit(limit)
    )
    return {row.version_seq: row.reason for row in connection.execute(question)}


@dataclass(frozen=True, slots=True)
class Times:
    """How often an asset was measured, first when, and in how many parts of its partitions."""

    times: int
    first: datetime
    parts: int


def measured_between(connection: Connection, since: datetime, until: datetime) -> Mapping[AssetKey, Times]:
    """How often each asset was measured from ``since`` on and before ``until``: every version has a duration."""
    rows = connection.execute(
        select(
            series.c.asset, func.count().label("times"), func.min(_table.c.ordered_at).label("first"),
            func.count(series.c.id.distinct()).label("parts"),
        )
        .join(_table, _table.c.series_id == series.c.id)
        .where(series.c.metric == "duration", series.c.column == "", series.c.segment == "")
        .where(_table.c.ordered_at >= since, _table.c.ordered_at < until)
        .group_by(series.c.asset)
    )  # fmt: skip
    return {AssetKey(row.asset): Times(row.times, row.first, row.parts) for row in rows}


_STANDING = (VersionStatus.PUBLISHED, VersionStatus.PUBLISHING, VersionStatus.HELD)
_EVERY = (*_STANDING, VersionStatus.SUPERSEDED)
_MAX = 2**63 - 1


def _one_each(newest_first: Sequence[StoredPoint]) -> tuple[StoredPoint, ...]:
    """One point an instant, oldest first: the published one before the held one."""
    points: list[StoredPoint] = []
    last: datetime | None = None
    for point in newest_first:
        if point[0] != last:
            points.append(point)
        elif points[-1].status is VersionStatus.HELD and point.status is not VersionStatus.HELD:
            points[-1] = point
        last = point[0]
    points.reverse()
    return tuple(points)
