"""Observations and schemas: narrow points, written in the caller's transaction, read as series."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, insert, or_, select

from observer.history import SeriesKey, StoredPoint
from observer.metrics import Order, metric
from observer.model import Column, Observation, Schema
from observer.store.tables import observations, schemas, series
from orchestration.model import AssetKey, VersionStatus
from orchestration.tables import versions


def save(
    connection: Connection,
    asset: AssetKey,
    version_seq: int,
    observed: Sequence[Observation],
    *,
    data_at: datetime,
    made_at: datetime,
) -> None:
    """Store what was measured of one version; series are made as they first appear."""
    ids = _series_ids(connection, asset, [SeriesKey(o.metric, o.column) for o in observed])
    rows = [
        {
            "series_id": ids[SeriesKey(o.metric, o.column)],
            "version_seq": version_seq,
            "ordered_at": made_at if metric(o.metric, column=o.column).order is Order.WALL_CLOCK else data_at,
            "value": o.value,
            "reason": o.reason,
        }
        for o in observed
    ]
    if rows:
        connection.execute(insert(observations), rows)


def _series_ids(connection: Connection, asset: AssetKey, keys: Iterable[SeriesKey]) -> dict[SeriesKey, int]:
    known = _known_series(connection, asset)
    missing = [key for key in keys if key not in known]
    if missing:
        connection.execute(
            insert(series),
            [{"asset": asset, "column": k.column or "", "metric": k.metric, "segment": ""} for k in missing],
        )
        known = _known_series(connection, asset)
    return known


def _known_series(connection: Connection, asset: AssetKey) -> dict[SeriesKey, int]:
    rows = connection.execute(
        select(series.c.id, series.c.metric, series.c.column).where(series.c.asset == asset, series.c.segment == "")
    )
    return {SeriesKey(row.metric, row.column or None): row.id for row in rows}


def load(
    connection: Connection,
    asset: AssetKey,
    keys: Collection[SeriesKey],
    *,
    before: datetime | None = None,
    partitioned: bool,
    limit: int = 400,
) -> Mapping[SeriesKey, tuple[StoredPoint, ...]]:
    """The newest points of several series, each oldest first, one point a partition.

    A partition is stood for by what is published of it, else by what is held. Superseded and discarded versions
    stand for nothing where data time is the order; where the order is the wall clock each version counts.
    """
    ids = {i: key for key, i in _known_series(connection, asset).items() if key in keys}
    live = (VersionStatus.PUBLISHED, VersionStatus.PUBLISHING, VersionStatus.HELD)
    wall = [
        i
        for i, key in ids.items()
        if not partitioned or metric(key.metric, column=key.column).order is Order.WALL_CLOCK
    ]
    counts: ColumnElement[bool] = versions.c.status.in_(live)
    if wall:
        made = and_(observations.c.series_id.in_(wall), versions.c.status == VersionStatus.SUPERSEDED)
        counts = or_(counts, made)
    where: list[ColumnElement[bool]] = [observations.c.series_id.in_(tuple(ids)), counts]
    if before is not None:
        where.append(observations.c.ordered_at < before)
    rows = connection.execute(
        select(
            observations.c.series_id, observations.c.ordered_at, observations.c.value, versions.c.seq,
            versions.c.id, versions.c.partition, versions.c.run_id, versions.c.status,
        )
        .join(versions, versions.c.seq == observations.c.version_seq)
        .where(*where)
        .order_by(observations.c.ordered_at.desc(), versions.c.seq.desc())
        .limit(limit * max(1, len(ids)))
    )  # fmt: skip
    found: dict[SeriesKey, list[StoredPoint]] = {key: [] for key in keys}
    for row in rows:
        point = StoredPoint(
            at=row.ordered_at, partition=row.partition or None, version_seq=row.seq, materialization_id=row.id,
            run_id=row.run_id, status=VersionStatus(row.status), value=row.value,
        )  # fmt: skip
        found[ids[row.series_id]].append(point)
    return {key: _one_each(points) for key, points in found.items()}


def _one_each(newest_first: Sequence[StoredPoint]) -> tuple[StoredPoint, ...]:
    """One point an instant, oldest first: the published one before the held one."""
    chosen: dict[datetime, StoredPoint] = {}
    for point in newest_first:
        other = chosen.get(point.at)
        if other is None or (other.status is VersionStatus.HELD and point.status is not VersionStatus.HELD):
            chosen[point.at] = point
    return tuple(sorted(chosen.values(), key=lambda point: point.at))


def measured(connection: Connection, asset: AssetKey) -> tuple[SeriesKey, ...]:
    """Every series of an asset."""
    return tuple(_known_series(connection, asset))


def save_schema(connection: Connection, asset: AssetKey, version_seq: int, schema: Schema, data_at: datetime) -> None:
    """Store the columns of one version."""
    columns = [[column.name, column.type] for column in schema.columns]
    connection.execute(insert(schemas).values(asset=asset, version_seq=version_seq, data_at=data_at, columns=columns))


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
