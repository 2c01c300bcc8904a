"""The past of a version: series of stored points, and the schema before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from observer.model import EXACT, Accuracy, Effect, Schema
from orchestration.model import PartitionKey, VersionStatus


class SeriesKey(NamedTuple):
    """What a number is: a metric of an asset, or of one of its columns; of all rows, or of those of a segment.

    A tuple, because points are looked up by the hundred thousand: its hash and comparison are the interpreter's own.
    """

    metric: str
    column: str | None = None
    segment: str | None = None


class StoredPoint(NamedTuple):
    """One number of one version, as it stands in a series; a tuple, for the reason that a key is one."""

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
    """What a version is compared with: the series of its asset before it, and the schema before it.

    ``effects`` is how far it is from those before, where a monitor asks for it.
    """

    series: Mapping[SeriesKey, tuple[StoredPoint, ...]]
    schema: Schema | None
    effects: Mapping[SeriesKey, Effect] = field(default_factory=dict)
