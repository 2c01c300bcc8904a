"""The columns of an asset: what readers have of each, and how many nulls each had over time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, case, select

from observer import accuracy
from observer.history import SeriesKey, StoredPoint
from observer.reads import points
from observer.reads.instants import full
from observer.reads.model import NullHeatmap, SchemaColumn
from observer.reads.newest import LIVE
from observer.store.tables import observations, schemas, series
from orchestration.assets import Asset
from orchestration.model import AssetKey, VersionStatus
from orchestration.tables import versions

_PARTITIONS = 60
_METRICS = ("null_rate", "distinct_count", "min", "max", "mean")


def newest_schema(connection: Connection, asset: AssetKey, among: Collection[int]) -> tuple[SchemaColumn, ...]:
    """The columns of the newest version that readers have, else of the held one: two statements.

    ``among`` has the numbers of the newest versions, one of which it is.
    """
    published = case((versions.c.status == VersionStatus.PUBLISHED, 0), else_=1)
    row = connection.execute(
        select(schemas.c.version_seq, schemas.c.data_at, schemas.c.columns)
        .join(versions, versions.c.seq == schemas.c.version_seq)
        .where(schemas.c.asset == asset, schemas.c.version_seq.in_(sorted(among)), versions.c.status.in_(LIVE))
        .order_by(published, schemas.c.data_at.desc(), schemas.c.version_seq.desc())
        .limit(1)
    ).one_or_none()
    numbers = connection.execute(
        select(series.c.column, series.c.metric, observations.c.value, observations.c.accuracy)
        .join(series, series.c.id == observations.c.series_id)
        .where(
            series.c.asset == asset, series.c.segment == "", series.c.metric.in_(_METRICS),
            observations.c.ordered_at == (row.data_at if row is not None else None),
            observations.c.version_seq == (row.version_seq if row is not None else -1),
        )
    ).all()  # fmt: skip
    return () if row is None else tuple(_columns(row.columns, numbers))


def _columns(columns: Sequence[Sequence[Any]], numbers: Iterable[Any]) -> Iterable[SchemaColumn]:
    known: dict[tuple[str, str], float | None] = {}
    worth = dict.fromkeys((name for name, *_ in columns), "")
    for row in numbers:
        known[row.column, row.metric] = row.value
        if row.metric == "distinct_count":
            worth[row.column] = accuracy.in_words(accuracy.read(row.accuracy))
    for name, kind, *_ in columns:
        null_rate, distinct, minimum, maximum, mean = (known.get((name, each)) for each in _METRICS)
        yield SchemaColumn(
            name=name, type=kind, null_rate=null_rate, distinct=distinct, distinct_accuracy=worth[name],
            minimum=minimum, maximum=maximum, mean=mean,
        )  # fmt: skip


def heatmap(
    connection: Connection, asset: Asset, columns: tuple[SchemaColumn, ...], zone: ZoneInfo
) -> NullHeatmap | None:
    """Null rates of the columns over the newest partitions (or versions); None without columns."""
    keys = {column.name: SeriesKey("null_rate", column.name) for column in columns}
    stored = points.load(connection, asset, set(keys.values()), _PARTITIONS)
    of_key = {key: {(p.at, part): p for part, found in stored[key].items() for p in found} for key in keys.values()}
    points_of = {place: point for found in of_key.values() for place, point in found.items()}
    places = sorted(points_of)[-_PARTITIONS:]
    if not places:
        return None
    labels = {place: _label(points_of[place], zone) for place in places}
    rates = (tuple(found[place].value if place in found else None for place in places) for found in of_key.values())
    return NullHeatmap(
        partitions=tuple(labels.values()), columns=tuple(keys), rates=tuple(rates),
        held=tuple(labels[place] for place in places if points_of[place].status is VersionStatus.HELD),
    )  # fmt: skip


def _label(point: StoredPoint, zone: ZoneInfo) -> str:
    return point.partition or full(point.at, zone)
