"""Days of points: those that were let go as their day keeps them, and those that are there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Insert, and_, delete, exists, func, select
from sqlalchemy.dialects import postgresql, sqlite

from observer.history import SeriesKey
from observer.store import distributions, sketches
from observer.store.series import named
from observer.store.tables import observations, rolled_up, rollups, series
from orchestration.model import AssetKey, PartitionKey, VersionStatus
from orchestration.tables import versions

_EARLIER = (VersionStatus.SUPERSEDED, VersionStatus.ROLLED_BACK, VersionStatus.DISCARDED)
_DIALECTS = {"sqlite": sqlite, "postgresql": postgresql}


@dataclass(frozen=True, slots=True)
class Gone:
    """A version whose points may go, and the instants that they can be ordered by."""

    seq: int
    ats: frozenset[datetime]
    counts: bool  # False: it was thrown away, and no day remembers it


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The points of one UTC day of a series; ``mean``, ``least`` and ``most`` are None where none has a value."""

    day: datetime
    points: int
    measured: int
    mean: float | None
    least: float | None
    most: float | None


def last_time(connection: Connection, asset: AssetKey) -> datetime | None:
    """When the points of an asset were last looked through."""
    found: datetime | None = connection.execute(
        select(rolled_up.c.at).where(rolled_up.c.asset == asset)
    ).scalar_one_or_none()
    return found


def looked_through(connection: Connection, asset: AssetKey, at: datetime) -> None:
    """Remember when the points of an asset were looked through."""
    insert = _insert(connection, rolled_up).values(asset=asset, at=at)
    connection.execute(insert.on_conflict_do_update(index_elements=["asset"], set_={"at": at}))


def earlier(connection: Connection, asset: AssetKey, before: datetime) -> Mapping[int, Any]:
    """Versions that nothing shows and that were made before an instant, by number, as far as they have points."""
    has_points = exists().where(  # every version has a duration, ordered by when it was made
        series.c.asset == versions.c.asset, series.c.metric == "duration",
        observations.c.series_id == series.c.id, observations.c.ordered_at == versions.c.materialized_at,
        observations.c.version_seq == versions.c.seq,
    )  # fmt: skip
    rows = connection.execute(
        select(versions.c.seq, versions.c.id, versions.c.materialized_at, versions.c.status).where(
            versions.c.asset == asset, versions.c.status.in_(_EARLIER), versions.c.materialized_at < before, has_points
        )
    )
    return {row.seq: row for row in rows}


def known(connection: Connection, asset: AssetKey) -> Sequence[tuple[int, PartitionKey, VersionStatus]]:
    """The versions of an asset, newest first."""
    rows = connection.execute(
        select(versions.c.seq, versions.c.partition, versions.c.status)
        .where(versions.c.asset == asset)
        .order_by(versions.c.materialized_at.desc(), versions.c.seq.desc())
    )
    return [(row.seq, row.partition or None, VersionStatus(row.status)) for row in rows]


def fold(connection: Connection, asset: AssetKey, gone: Sequence[Gone]) -> int:
    """Add the points of some versions to their days and remove them; returns how many there were."""
    numbers = select(series.c.id).where(series.c.asset == asset).scalar_subquery()
    days: dict[tuple[int, datetime], list[float | None]] = {}
    went = 0
    for version in gone:
        theirs = and_(
            observations.c.series_id.in_(numbers), observations.c.ordered_at.in_(version.ats),
            observations.c.version_seq == version.seq,
        )  # fmt: skip
        found = connection.execute(
            delete(observations)
            .where(theirs)
            .returning(observations.c.series_id, observations.c.ordered_at, observations.c.value)
        )
        for number, at, value in found:
            went += 1
            if version.counts:
                days.setdefault((number, _day(at)), []).append(value)
    for kept in (distributions, sketches):
        kept.forget(connection, [version.seq for version in gone])
    if days:
        _add(connection, days)
    return went


def _add(connection: Connection, days: Mapping[tuple[int, datetime], Sequence[float | None]]) -> None:
    rows = []
    for (number, day), values in sorted(days.items()):
        known = [value for value in values if value is not None]
        rows.append(
            {
                "series_id": number, "day": day, "points": len(values), "measured": len(known),
                "total": sum(known) if known else None, "least": min(known, default=None),
                "most": max(known, default=None),
            }
        )  # fmt: skip
    insert = _insert(connection, rollups)
    new, old = insert.excluded, rollups.c
    smaller, larger = (func.min, func.max) if connection.dialect.name == "sqlite" else (func.least, func.greatest)
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=["series_id", "day"],
            set_={
                "points": old.points + new.points,
                "measured": old.measured + new.measured,
                "total": func.coalesce(old.total + new.total, old.total, new.total),
                "least": func.coalesce(smaller(old.least, new.least), old.least, new.least),
                "most": func.coalesce(larger(old.most, new.most), old.most, new.most),
            },
        ),
        rows,
    )


def days(connection: Connection, asset: AssetKey, key: SeriesKey) -> tuple[Day, ...]:
    """Every day of a series, oldest first, whether its points are there or were let go; all parts together.

    Points of versions that were thrown away count in neither.
    """
    mine = named(asset, key)
    kept = connection.execute(
        select(observations.c.ordered_at, observations.c.value)
        .join(series, series.c.id == observations.c.series_id)
        .join(versions, versions.c.seq == observations.c.version_seq)
        .where(mine, versions.c.status != VersionStatus.DISCARDED)
    )
    sums: dict[datetime, list[Any]] = {}
    for at, value in kept:
        _merge(sums, _day(at), 1, int(value is not None), value, value, value)
    gone = connection.execute(select(rollups).join(series, series.c.id == rollups.c.series_id).where(mine))
    for row in gone:
        _merge(sums, row.day, row.points, row.measured, row.total, row.least, row.most)
    return tuple(
        Day(day=day, points=points, measured=measured, mean=total / measured if measured else None, least=least,
            most=most)
        for day, (points, measured, total, least, most) in sorted(sums.items())
    )  # fmt: skip


def _merge(sums: dict[datetime, list[Any]], day: datetime, points: int, measured: int, *numbers: float | None) -> None:
    there = sums.setdefault(day, [0, 0, None, None, None])
    there[0] += points
    there[1] += measured
    joins: tuple[Callable[[float, float], float], ...] = (float.__add__, min, max)
    for at, (join, number) in enumerate(zip(joins, numbers, strict=True), start=2):
        there[at] = number if there[at] is None else there[at] if number is None else join(there[at], number)


def _day(at: datetime) -> datetime:
    return at - timedelta(hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond)


def _insert(connection: Connection, table: Any) -> Any:
    made: Insert = _DIALECTS[connection.dialect.name].insert(table)
    return made
