"""Observations and schemas: narrow points, written in the caller's transaction, read as series."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Integer, Select, bindparam, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from observer.accuracy import read as read_accuracy
from observer.accuracy import stored as stored_accuracy
from observer.history import SeriesKey, StoredPoint
from observer.metrics import METRICS, Order
from observer.model import Column, Observation, Schema
from observer.store.tables import observations, schemas, series
from orchestration.among import Among
from orchestration.bulk import Bulk
from orchestration.model import AssetKey, VersionStatus
from orchestration.tables import Instant, versions


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


def save(connection: Connection, measured: Sequence[Measurement]) -> None:
    """Store what was measured of some versions; series are made as they first appear."""
    by_key = [{SeriesKey(o.metric, o.column): o for o in reversed(m.observed)} for m in measured]  # the first of a name
    ids = _series_ids(connection, measured, by_key)
    rows = [
        {
            "series_id": ids[m.asset, m.part][key],
            "version_seq": m.version_seq,
            "ordered_at": m.made_at if _is_wall_clock(key) else m.data_at,
            "value": o.value,
            "reason": o.reason,
            "accuracy": stored_accuracy(o.accuracy),
        }
        for m, found in zip(measured, by_key, strict=True)
        for key, o in found.items()
    ]
    _ADD.run(connection, rows)


def _is_wall_clock(key: SeriesKey) -> bool:
    """Whether a series is ordered by when it was measured; a number of the user's own never is."""
    return key.metric in METRICS and METRICS[key.metric].order is Order.WALL_CLOCK


Owner = tuple[AssetKey, str]
"""Whose series they are: an asset's, of one part of its partitions."""


def _series_ids(
    connection: Connection, measured: Sequence[Measurement], wanted: Sequence[Iterable[SeriesKey]]
) -> dict[Owner, dict[SeriesKey, int]]:
    """The numbers of the series that are wanted; those that are missing are made."""
    ids: dict[Owner, dict[SeriesKey, int]] = {}
    for m in measured:
        known = known_series(connection, m.asset, m.part) if m.known is None else m.known
        ids.setdefault((m.asset, m.part), {}).update(known)
    missing = {
        (m.asset, m.part, key) for m, keys in zip(measured, wanted, strict=True) for key in keys
        if key not in ids[m.asset, m.part]
    }  # fmt: skip
    if not missing:
        return ids
    new = [
        {"asset": asset, "column": key.column or "", "metric": key.metric, "part": part, "segment": ""}
        for asset, part, key in missing
    ]
    # In one order and without complaint: another process may be measuring the same asset for the first time.
    new.sort(key=lambda row: (row["asset"], row["part"], row["metric"], row["column"]))
    made = connection.execute(_ADD_SERIES[connection.dialect.name], new).all()
    for row in made:
        ids[AssetKey(row.asset), row.part][SeriesKey(row.metric, row.column or None)] = row.id
    if len(made) < len(new):
        for asset, part in {(asset, part) for asset, part, key in missing if key not in ids[asset, part]}:
            ids[asset, part].update(known_series(connection, asset, part))
    return ids


def known_series(connection: Connection, asset: AssetKey, part: str = "") -> dict[SeriesKey, int]:
    """The numbers of an asset's series, of one part of its partitions."""
    rows = connection.execute(_KNOWN, {"b_asset": asset, "b_part": part})
    return {SeriesKey(row.metric, row.column or None): row.id for row in rows}


def known_series_of(connection: Connection, assets: Collection[AssetKey]) -> dict[AssetKey, dict[SeriesKey, int]]:
    """The numbers of the series of several assets that aren't partitioned; an entry for each."""
    found: dict[AssetKey, dict[SeriesKey, int]] = {asset: {} for asset in assets}
    for row in connection.execute(_KNOWN_OF, {"b_assets": list(found)}) if found else ():
        found[row.asset][SeriesKey(row.metric, row.column or None)] = row.id
    return found


# Built once, because each step asks them.
_ADD = Bulk(insert(observations))
_ADD_SERIES = {
    name: dialect.insert(series)
    .on_conflict_do_nothing()
    .returning(series.c.id, series.c.asset, series.c.part, series.c.metric, series.c.column)
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
}
_ADD_SCHEMA = Bulk(insert(schemas))
_KNOWN = select(series.c.id, series.c.metric, series.c.column).where(
    series.c.asset == bindparam("b_asset"), series.c.part == bindparam("b_part"), series.c.segment == ""
)
_KNOWN_OF = select(series.c.id, series.c.asset, series.c.metric, series.c.column).where(
    Among(series.c.asset, "b_assets"), series.c.part == "", series.c.segment == ""
)


def load(
    connection: Connection,
    asset: AssetKey,
    keys: Collection[SeriesKey],
    *,
    before: datetime | None = None,
    partitioned: bool,
    part: str = "",
    known: Mapping[SeriesKey, int] | None = None,
    limit: int = 400,
) -> Mapping[SeriesKey, tuple[StoredPoint, ...]]:
    """The newest points of several series, each oldest first, one point a partition.

    ``partitioned``: the partitions have data time, which orders the series. A partition is stood for by what is
    published of it, else by what is held; superseded and discarded versions stand for nothing. Otherwise, and where
    the order is the wall clock, each version counts. ``known`` as in ``save``.
    """
    every = known_series(connection, asset, part) if known is None else known
    ids = {key: number for key, number in every.items() if key in keys}
    found: dict[SeriesKey, tuple[StoredPoint, ...]] = dict.fromkeys(keys, ())
    for key, number in ids.items():  # one question each: a busy series must not crowd a quiet one out of a shared limit
        question = _EVERY if not partitioned or _is_wall_clock(key) else _STANDING
        rows = connection.execute(question, {"b_series": number, "b_before": before or _NEVER, "b_limit": limit})
        found[key] = _one_each([_point(row) for row in rows])
    return found


_LIVE = (VersionStatus.PUBLISHED, VersionStatus.PUBLISHING, VersionStatus.HELD)


_NEVER = datetime.max.replace(tzinfo=UTC)


def _newest(*statuses: VersionStatus) -> Select[Any]:
    return (
        select(
            observations.c.ordered_at, observations.c.value, observations.c.accuracy, versions.c.seq,
            versions.c.id, versions.c.partition, versions.c.run_id, versions.c.status,
        )
        .join(versions, versions.c.seq == observations.c.version_seq)
        .where(
            observations.c.series_id == bindparam("b_series"),
            observations.c.ordered_at < bindparam("b_before", type_=Instant),
            versions.c.status.in_([status.value for status in statuses]),
        )
        .order_by(observations.c.ordered_at.desc(), versions.c.seq.desc())
        .limit(bindparam("b_limit", type_=Integer))
    )  # fmt: skip


_STANDING = _newest(*_LIVE)
_EVERY = _newest(*_LIVE, VersionStatus.SUPERSEDED)


def _point(row: Any) -> StoredPoint:
    return StoredPoint(
        at=row.ordered_at, partition=row.partition or None, version_seq=row.seq, materialization_id=row.id,
        run_id=row.run_id, status=VersionStatus(row.status), value=row.value, accuracy=read_accuracy(row.accuracy),
    )  # fmt: skip


def _one_each(newest_first: Sequence[StoredPoint]) -> tuple[StoredPoint, ...]:
    """One point an instant, oldest first: the published one before the held one."""
    chosen: dict[datetime, StoredPoint] = {}
    for point in newest_first:
        other = chosen.get(point.at)
        if other is None or (other.status is VersionStatus.HELD and point.status is not VersionStatus.HELD):
            chosen[point.at] = point
    return tuple(sorted(chosen.values(), key=lambda point: point.at))


def measured(connection: Connection, asset: AssetKey) -> tuple[SeriesKey, ...]:
    """Every series of an asset, whatever the part of its partitions."""
    rows = connection.execute(select(series.c.metric, series.c.column).where(series.c.asset == asset).distinct())
    return tuple(SeriesKey(row.metric, row.column or None) for row in rows)


def save_schemas(connection: Connection, seen: Iterable[tuple[AssetKey, int, Schema, datetime]]) -> None:
    """Store the columns of some versions, each with its ``versions.seq`` and data time."""
    rows = [
        {
            "asset": asset, "version_seq": version_seq, "data_at": data_at,
            "columns": [[column.name, column.type] for column in schema.columns],
        }
        for asset, version_seq, schema, data_at in seen
    ]  # fmt: skip
    _ADD_SCHEMA.run(connection, rows)


def schema_before(connection: Connection, asset: AssetKey, before: datetime | None) -> Schema | None:
    """The columns of the newest version that readers see, of a partition before ``before``."""
    where = [
        schemas.c.asset == asset,
        versions.c.status.in_((VersionStatus.PUBLISHED, VersionStatus.PUBLISHING, VersionStatus.SUPERSEDED)),
    ]
    if before is not None:
        where.append(schemas.c.data_at < before)
    row = connection.execute(
        select(schemas.c.columns)
        .join(versions, versions.c.seq == schemas.c.version_seq)
        .where(*where)
        .order_by(schemas.c.data_at.desc(), schemas.c.version_seq.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else Schema(tuple(Column(name, kind) for name, kind in row.columns))
