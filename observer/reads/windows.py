"""A metric over windows of partitions, put together of what was kept of each: no data is looked at again."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from observer.collectors.sketches import unpacked
from observer.data_time import data_time
from observer.errors import CheckError, UnknownName
from observer.history import SeriesKey
from observer.merging import MERGEABLE, MergedDistribution, Part, merged, merged_distribution
from observer.metrics import RANKS
from observer.metrics import metric as described
from observer.model import Accuracy
from observer.store import distributions, series, sketches
from observer.store import windows as store
from observer.windows import Over, Window, windows
from orchestration.assets import Asset
from orchestration.errors import PartitionError
from orchestration.partition_keys import list_keys
from orchestration.partitions import Partitions

_ROWS = ("row_count", "null_rate")


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowPoint:
    """A metric of all published partitions of a window; ``missing`` are those that are due and not published.

    ``reason`` says why there is no value.
    """

    window: str
    partitions: int
    missing: tuple[str, ...]
    value: float | None
    accuracy: Accuracy
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowDistribution:
    """How the values of a column are spread over all published partitions of a window."""

    window: str
    partitions: int
    missing: tuple[str, ...]
    found: MergedDistribution


def of_metric(
    connection: Connection, asset: Asset, key: SeriesKey, over: Over, now: datetime, last: int
) -> tuple[WindowPoint, ...]:
    """The newest ``last`` windows, oldest first; see ``StoredReads.merged``."""
    described(key.metric, column=key.column)
    if key.metric not in MERGEABLE or key.segment is not None:
        possible = ", ".join(MERGEABLE)
        what = key.metric if key.segment is None else f"{key.metric} by segment"
        raise CheckError(f"{what} of several partitions can't be told from that of each; there are {possible}")
    known = series.measured(connection, asset.key)
    if key not in known and known:
        columns = sorted({one.column or "" for one in known if one.metric == key.metric})
        raise UnknownName(f"column with {key.metric}", key.column or "", columns, where=asset.key)
    wanted = {*_ROWS, key.metric} | ({"mean"} if key.metric == "std" else set())
    look = _Look(connection, asset, key.column, wanted, key.metric in RANKS, key.metric == "distinct_count")
    return tuple(_point(key, *each) for each in look.parts(over, now, last))


def of_distribution(
    connection: Connection, asset: Asset, column: str, over: Over, now: datetime, last: int
) -> tuple[WindowDistribution, ...]:
    """The same of how values are spread."""
    if (kept := distributions.columns(connection, asset.key)) and column not in kept:
        raise UnknownName("column with a distribution", column, kept, where=asset.key)
    look = _Look(connection, asset, column, _ROWS, spread=True, sketched=False)
    return tuple(
        WindowDistribution(
            window=window.name, partitions=len(parts), missing=missing, found=merged_distribution(column, parts)
        )
        for window, parts, missing in look.parts(over, now, last)
    )  # fmt: skip


def _point(key: SeriesKey, window: Window, parts: Sequence[Part], missing: tuple[str, ...]) -> WindowPoint:
    found = merged(key.metric, key.column, parts)
    return WindowPoint(
        window=window.name, partitions=len(parts), missing=missing, value=found.value, accuracy=found.accuracy,
        reason=found.reason,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Look:
    """What is read of an asset: some metrics of the table and of a column, how it is spread, its sketches."""

    connection: Connection
    asset: Asset
    column: str | None
    metrics: Collection[str]
    spread: bool
    sketched: bool

    def parts(self, over: Over, now: datetime, last: int) -> Iterator[tuple[Window, Sequence[Part], tuple[str, ...]]]:
        """Each window with its published partitions and those that are missing."""
        rows = {row.partition: row for row in store.published(self.connection, self.asset.key)}
        found = windows(self._partitions(), rows, over, now, last)
        seen = [rows[key] for key in dict.fromkeys(key for window in found for key in window.partitions) if key in rows]
        seqs = [row.seq for row in seen]
        numbers = self._numbers(seen)
        spreads = distributions.of_versions(self.connection, self.column or "", seqs) if self.spread else {}
        packed = sketches.load(self.connection, seqs) if self.sketched else {}
        parts = {
            row.partition: Part(
                name=row.partition, seen=numbers.get(row.seq, {}), spread=spreads.get(row.seq),
                sketch=unpacked(packed[row.seq]).get(self.column or "") if row.seq in packed else None,
            )
            for row in seen
        }  # fmt: skip
        for window in found:
            missing = tuple(key for key in window.partitions if key not in parts)
            yield window, [parts[key] for key in window.partitions if key in parts], missing

    def _partitions(self) -> Partitions:
        if self.asset.partitions is None:
            raise PartitionError(f"{self.asset.key} is not partitioned: each of its versions is all there is")
        return self.asset.partitions.bound(lambda name: list_keys(self.connection, name))

    def _numbers(self, seen: Sequence[Any]) -> Mapping[int, Mapping[str, Any]]:
        if not seen:
            return {}
        ats = [data_time(self.asset, row.partition, row.materialized_at) for row in seen]
        return store.numbers(self.connection, self.asset.key, self.column, self.metrics, (min(ats), max(ats)))
