"""What the versions that readers see leave behind, so that those of many partitions can be put together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from observer.accuracy import read as read_accuracy
from observer.model import Observation
from observer.store.tables import observations, series
from orchestration.model import AssetKey, VersionStatus
from orchestration.tables import versions

_SEEN = (VersionStatus.PUBLISHED, VersionStatus.PUBLISHING)  # the latter is decided, and about to be


def published(connection: Connection, asset: AssetKey) -> Sequence[Any]:
    """The version of each partition that readers see: its ``seq``, ``partition`` and ``materialized_at``."""
    rows = connection.execute(
        select(versions.c.seq, versions.c.partition, versions.c.materialized_at)
        .where(versions.c.asset == asset, versions.c.status.in_(_SEEN), versions.c.partition != "")
        .order_by(versions.c.seq)
    )
    return tuple({row.partition: row for row in rows}.values())


def numbers(
    connection: Connection,
    asset: AssetKey,
    column: str | None,
    metrics: Collection[str],
    between: tuple[datetime, datetime],
) -> Mapping[int, Mapping[str, Observation]]:
    """Some metrics of the table and of a column, by version, as far as their data time lies between two instants."""
    rows = connection.execute(
        select(observations, series.c.metric, series.c.column)
        .join(series, series.c.id == observations.c.series_id)
        .where(
            series.c.asset == asset, series.c.column.in_({"", column or ""}), series.c.metric.in_(sorted(metrics)),
            series.c.segment == "", observations.c.ordered_at.between(*between),
        )
    )  # fmt: skip
    found: dict[int, dict[str, Observation]] = defaultdict(dict)
    for row in rows:
        found[row.version_seq][row.metric] = Observation(
            metric=row.metric, column=row.column or None, value=row.value, reason=row.reason,
            accuracy=read_accuracy(row.accuracy),
        )  # fmt: skip
    return found
