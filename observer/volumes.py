"""Whether assets have far more or far fewer rows than they had."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from sqlalchemy import Connection, select

from observer.quantities import quantity
from observer.store.tables import observations, series
from orchestration.model import AssetKey, PartitionKey
from orchestration.tables import versions

_POINTS = 15  # the newest, and those that it is compared with
_LEAST = 3  # points before, to be compared with
_SERIES = 12
_FAR = 0.2  # of what is usual


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """The newest number of rows of an asset, where it is far from those before it."""

    asset: AssetKey
    partition: PartitionKey
    at: datetime
    sentence: str


def volumes(connection: Connection, assets: Iterable[AssetKey], until: datetime) -> Iterator[Volume]:
    """Those of some assets, of versions made until an instant, that are a fifth off the median before them."""
    rows = connection.execute(
        select(series.c.id, series.c.asset)
        .where(series.c.asset.in_(list(assets)), series.c.metric == "row_count")
        .where(series.c.column == "", series.c.segment == "")
        .order_by(series.c.id)
        .limit(_SERIES)
    ).all()
    for row in rows:
        points = connection.execute(
            select(observations.c.value, versions.c.partition, versions.c.materialized_at)
            .join(versions, versions.c.seq == observations.c.version_seq)
            .where(observations.c.series_id == row.id, versions.c.materialized_at <= until)
            .order_by(observations.c.ordered_at.desc(), observations.c.version_seq.desc())
            .limit(_POINTS)
        ).all()
        before = [point.value for point in points[1:] if point.value is not None]
        if len(before) < _LEAST or points[0].value is None:
            continue
        usual, now = median(before), points[0].value
        if usual and abs(now - usual) > _FAR * usual:
            said = f"{quantity(now, 'rows')}, {quantity(usual, 'rows')} are usual"
            yield Volume(
                asset=AssetKey(row.asset), partition=points[0].partition or None, at=points[0].materialized_at,
                sentence=said,
            )  # fmt: skip
