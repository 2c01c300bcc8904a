"""The past of a version: series of stored points, and the schema before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from observer.model import EXACT, Accuracy, Schema
from orchestration.model import PartitionKey, VersionStatus


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """What a number is: a metric of an asset, or of one of its columns."""

    metric: str
    column: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPoint:
    """One number of one version, as it stands in a series."""

    at: datetime  # what the series is ordered by
    partition: PartitionKey
    version_seq: int
    materialization_id: str
    run_id: str
    status: VersionStatus
    value: float | None
    accuracy: Accuracy = EXACT


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What a version is compared with: the series of its asset before it, and the schema before it."""

    series: Mapping[SeriesKey, tuple[StoredPoint, ...]]
    schema: Schema | None
