"""Stored points of many series in one statement; ``observer.store.observations.load`` asks once for each."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select, tuple_

from observer import accuracy
from observer.history import SeriesKey, StoredPoint
from observer.metrics import Order, metric
from observer.reads.ledger import LIVE
from observer.store.tables import observations, series
from orchestration.assets import Asset
from orchestration.model import VersionStatus
from orchestration.tables import versions

Parts = Mapping[str, tuple[StoredPoint, ...]]
"""Points by the part of the partition key that isn't time, in the order of their text; "" where keys have none."""


def load(connection: Connection, asset: Asset, keys: Collection[SeriesKey], limit: int) -> Mapping[SeriesKey, Parts]:
    """The newest ``limit`` points of each series, oldest first, one an instant: the published before the held one.

    As in the store, superseded versions count only where the order is when they were made.
    """
    rows = connection.execute(_question(asset, keys, limit))
    found: dict[SeriesKey, dict[str, dict[datetime, StoredPoint]]] = {key: {} for key in keys}
    for row in rows:
        parts, point = found[SeriesKey(row.metric, row.column or None, row.segment or None)], _point(row)
        here = parts.setdefault(row.part, {})
        other = here.get(point.at)
        if other is None or (other.status is VersionStatus.HELD and point.status is not VersionStatus.HELD):
            here[point.at] = point
    return {
        key: {part: tuple(reversed(parts[part].values())) for part in sorted(parts)} for key, parts in found.items()
    }


def _question(asset: Asset, keys: Collection[SeriesKey], limit: int) -> Any:
    timed = asset.partitions is not None and asset.partitions.has_time
    by_clock = [key.metric for key in keys if not timed or _is_wall_clock(key)]
    again = and_(versions.c.status == VersionStatus.SUPERSEDED, series.c.metric.in_(sorted(set(by_clock))))
    newest = (observations.c.ordered_at.desc(), versions.c.seq.desc())
    ranked = (
        select(
            series.c.metric, series.c.column, series.c.segment, series.c.part,
            observations.c.ordered_at, observations.c.value, observations.c.accuracy, versions.c.seq,
            versions.c.id, versions.c.partition, versions.c.run_id, versions.c.status,
            func.row_number().over(partition_by=series.c.id, order_by=newest).label("nth"),
        )
        .join(observations, observations.c.series_id == series.c.id)
        .join(versions, versions.c.seq == observations.c.version_seq)
        .where(
            series.c.asset == asset.key,
            tuple_(series.c.metric, series.c.column, series.c.segment).in_(
                [(key.metric, key.column or "", key.segment or "") for key in keys]
            ),
            or_(versions.c.status.in_(LIVE), again),
        )
        .subquery()
    )  # fmt: skip
    place = (ranked.c.ordered_at.desc(), ranked.c.seq.desc())
    return select(ranked).where(ranked.c.nth <= limit).order_by(*place)


def _is_wall_clock(key: SeriesKey) -> bool:
    return metric(key.metric, column=key.column).order is Order.WALL_CLOCK


def _point(row: Any) -> StoredPoint:
    return StoredPoint(
        at=row.ordered_at, partition=row.partition or None, version_seq=row.seq, materialization_id=row.id,
        run_id=row.run_id, status=VersionStatus(row.status), value=row.value, accuracy=accuracy.read(row.accuracy),
    )  # fmt: skip
