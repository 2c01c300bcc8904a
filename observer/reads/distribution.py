"""How the values of a column were spread, version by version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from observer.model import Distribution
from observer.store import distributions
from orchestration.model import AssetKey, PartitionKey, VersionStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionPoint:
    """One version's; ``at`` is when it was made."""

    at: datetime
    partition: PartitionKey
    version: str
    held: bool
    distribution: Distribution


def timeline(connection: Connection, asset: AssetKey, column: str, last: int) -> tuple[DistributionPoint, ...]:
    """The newest ``last``, oldest first: one statement."""
    return tuple(
        DistributionPoint(
            at=row.materialized_at, partition=row.partition or None, version=row.id,
            held=row.status == VersionStatus.HELD, distribution=found,
        )
        for row, found in distributions.newest(connection, asset, column, last)
    )  # fmt: skip
