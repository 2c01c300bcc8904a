"""One line of a table of assets."""

from __future__ import annotations

from observer.reads.instants import Sentence
from observer.reads.model import AssetRow, State, StripCell
from observer.reads.states import Standing
from orchestration.assets import Asset
from orchestration.freshness import FreshnessStatus

FRESH = {
    FreshnessStatus.PASSED: State.HEALTHY,
    FreshnessStatus.WARNED: State.WARNED,
    FreshnessStatus.FAILED: State.STALE,
    FreshnessStatus.UNKNOWN: State.NEVER,
}
"""What a freshness policy makes of the age of data, in the word for an asset that has nothing else."""


def asset_row(asset: Asset, standing: Standing) -> AssetRow:
    """What is to be said of an asset, on one line."""
    readers = standing.readers
    return AssetRow(
        key=asset.key, kind=asset.kind.value, group=asset.group, owners=asset.owners, tags=asset.tags,
        state=standing.state, text=standing.text, since=standing.since,
        last_partition=readers.address.partition if readers else None,
        last_at=readers.materialized_at if readers else None, rows=standing.rows,
        row_sparkline=_rows(standing),
        strip=tuple(
            StripCell(partition=c.label, state=c.state, text=Sentence.of(c.label, " ", c.text))
            for c in standing.cells
        ),
        data_until=standing.data_until,
        freshness=None if standing.freshness is None else FRESH[standing.freshness],
    )  # fmt: skip


def _rows(standing: Standing) -> tuple[float | None, ...]:
    """The rows of each cell, empty where no version of it has rows."""
    rows = tuple(c.rows for c in standing.cells)
    return rows if any(value is not None for value in rows) else ()
