"""Stored points of many series, of all parts of an asset's partitions."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, select, tuple_

from observer.history import SeriesKey, StoredPoint
from observer.store.observations import of_series
from observer.store.tables import series
from orchestration.assets import Asset

Parts = Mapping[str, tuple[StoredPoint, ...]]
"""Points by the part of the partition key that isn't time, in the order of their text; "" where keys have none."""


def load(connection: Connection, asset: Asset, keys: Collection[SeriesKey], limit: int) -> Mapping[SeriesKey, Parts]:
    """The newest ``limit`` points of each series, as the store's ``load`` gives those of one part."""
    rows = connection.execute(
        select(series.c.id, series.c.metric, series.c.column, series.c.segment, series.c.part)
        .where(
            series.c.asset == asset.key,
            tuple_(series.c.metric, series.c.column, series.c.segment).in_(
                [(key.metric, key.column or "", key.segment or "") for key in keys]
            ),
        )
        .order_by(series.c.part)
    ).all()
    numbers = {row.id: SeriesKey(row.metric, row.column or None, row.segment or None) for row in rows}
    timed = asset.partitions is not None and asset.partitions.has_time
    stored = of_series(connection, numbers, partitioned=timed, limit=limit)
    found: dict[SeriesKey, dict[str, tuple[StoredPoint, ...]]] = {key: {} for key in keys}
    for row in rows:
        if points := stored[row.id]:
            found[numbers[row.id]][row.part] = points
    return found
