"""How the values of a column were spread, version by version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from observer.model import Distribution, Effect
from observer.reads.compared import shifts
from observer.store import distributions
from orchestration.assets import Asset
from orchestration.model import PartitionKey, VersionStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionPoint:
    """One version's; ``at`` is when it was made.

    ``shift`` is how far it was from those before it (Jensen-Shannon distance, 0..1), ``moved`` what had changed most;
    None and "" where it stands for nothing, or there was nothing to compare it with.
    """

    at: datetime
    partition: PartitionKey
    version: str
    held: bool
    distribution: Distribution
    shift: float | None = None
    moved: str = ""


def timeline(connection: Connection, asset: Asset, column: str, last: int) -> tuple[DistributionPoint, ...]:
    """The newest ``last``, oldest first."""
    newest = distributions.newest(connection, asset.key, column, last)
    if not newest:
        return ()
    moved = shifts(connection, asset, column, categories=not newest[-1][1].points)
    return tuple(_point(row, found, moved.get(row.seq, _NOTHING)) for row, found in newest)


_NOTHING = Effect(value=None)


def _point(row: Any, found: Distribution, effect: Effect) -> DistributionPoint:
    return DistributionPoint(
        at=row.materialized_at, partition=row.partition or None, version=row.id,
        held=row.status == VersionStatus.HELD, distribution=found, shift=effect.value, moved=effect.words,
    )  # fmt: skip
