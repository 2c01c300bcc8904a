"""Where a version stands in the data's own time."""

from __future__ import annotations

from datetime import datetime

from orchestration.assets import Asset
from orchestration.model import PartitionKey


def data_time(asset: Asset, partition: PartitionKey, materialized_at: datetime) -> datetime:
    """What orders the versions of an asset: the start of the partition, or when it was materialized."""
    if asset.partitions is None or partition is None:
        return materialized_at
    interval = asset.partitions.interval(partition)
    return materialized_at if interval is None else interval.start


def part_of(asset: Asset, partition: PartitionKey) -> str:
    """The part of a partition key that isn't time: each has a history of its own."""
    return "" if asset.partitions is None or partition is None else asset.partitions.series(partition)


def span(asset: Asset, partition: PartitionKey, made_at: datetime) -> tuple[datetime | None, datetime]:
    """The time that a version is of: from the start of its partition (None: it has no time) to its end.

    What had not ended when the version was made ends then.
    """
    interval = None if asset.partitions is None or partition is None else asset.partitions.interval(partition)
    return (None, made_at) if interval is None else (interval.start, min(made_at, interval.end))
