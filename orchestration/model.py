"""The records that flow through the orchestration core: frozen, without behaviour, without I/O.

Read this file and ``errors.py`` and you know the package. Instants are aware UTC, ``*_s`` are seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, NewType

AssetKey = NewType("AssetKey", str)
"""The name of an asset: what people type, what the log and the store say."""

PartitionKey = str | None
"""The name of one partition; ``None`` for an asset that has none."""

Scalar = str | int | float | bool | None
"""What the metadata of a materialization may hold."""


class AssetKind(StrEnum):
    PYTHON = "python"
    SQL = "sql"
    DBT = "dbt"
    SOURCE = "source"  # observed, never materialized by us


class OnHold(StrEnum):
    """What a consumer does while an upstream partition is held or was never published."""

    WAIT = "wait"
    USE_PUBLISHED = "use_published"
    PROCEED = "proceed"


class GateOutcome(StrEnum):
    OPEN = "open"
    HELD = "held"
    OPEN_BY_OVERRIDE = "open_by_override"


class VersionStatus(StrEnum):
    PUBLISHING = "publishing"  # judged good, intent in the log, the pointer not yet confirmed
    PUBLISHED = "published"  # what readers see
    SUPERSEDED = "superseded"  # was published, a later version took its place
    HELD = "held"  # in quarantine
    DISCARDED = "discarded"  # was held, replaced by a later version or thrown away by a person
    ROLLED_BACK = "rolled_back"  # was published, a person put an earlier version in its place


class StepStatus(StrEnum):
    PLANNED = "planned"
    RUNNING = "running"
    PUBLISHED = "published"  # materialized, judged, visible to readers
    OBSERVED = "observed"  # a source was measured
    SKIPPED = "skipped"  # nothing that it depends on has changed
    HELD = "held"  # materialized, in quarantine
    BLOCKED = "blocked"  # did not run, because of a named asset upstream
    FAILED = "failed"
    INTERRUPTED = "interrupted"  # was stopped in the middle
    CANCELLED = "cancelled"  # had not begun when its run was cancelled


TROUBLE = (StepStatus.BLOCKED, StepStatus.FAILED, StepStatus.INTERRUPTED)
"""What leaves an address without what it should have."""


class RunStatus(StrEnum):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    HELD = "held"
    FAILED = "failed"
    INTERRUPTED = "interrupted"  # its process was stopped or died
    CANCELLED = "cancelled"  # a person or a program asked for its end


class Address(NamedTuple):
    """One asset and, if it is partitioned, one of its partitions: the unit that is materialized and gated.

    A tuple, because a run looks some fifty times a step for what belongs to an address.
    """

    asset: AssetKey
    partition: PartitionKey = None

    def __str__(self) -> str:
        return self.asset if self.partition is None else f"{self.asset} {self.partition}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Materialization:
    """One version of one address: who made it, when, from which code and which inputs.

    ``id`` is unique and names the version in storage. ``data_version`` is equal for equal content.
    ``fingerprint`` hashes the code version and every input's data version: equal fingerprints need no
    new computation.
    """

    id: str
    asset: AssetKey
    partition: PartitionKey
    run_id: str
    materialized_at: datetime
    data_version: str
    code_version: str
    fingerprint: str
    duration_s: float
    rows: int | None = None
    bytes: int | None = None
    metadata: Mapping[str, Scalar] = field(default_factory=dict)

    @property
    def address(self) -> Address:
        return Address(self.asset, self.partition)


@dataclass(frozen=True, slots=True)
class Declared:
    """What a catalogue says of a column of the table that readers see; None: it doesn't say."""

    nullable: bool | None
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A version that exists and that no reader can see yet: what the gate judges.

    ``data`` is what can be looked at beside the data: a frame, a ``ParquetFiles``, or any object. ``declared`` is what
    the storage's catalogue says of columns, by name. ``beside`` loads, as an Arrow table, what readers see of the other
    assets that the gate compares it with.
    """

    materialization: Materialization
    data: object
    declared: Mapping[str, Declared] = field(default_factory=dict)
    previous: Materialization | None = None
    beside: Mapping[AssetKey, Callable[[], object]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateDecision:
    """What the gate said of one version of one address, why, and until when."""

    asset: AssetKey
    partition: PartitionKey
    materialization_id: str
    outcome: GateOutcome
    reasons: tuple[str, ...]
    holds: tuple[str, ...]  # the checks and monitors that hold
    decided_at: datetime
    by: str
    unknown: bool = False  # held because something could not be evaluated
    expires_at: datetime | None = None
    overridden: tuple[str, ...] = ()  # the checks and monitors that would hold, and don't by an override of theirs
    columns: tuple[str, ...] = ()  # that all faults which hold lie in; none: any


class StepRecord(NamedTuple):
    """What became of one step of a run.

    A tuple, because each is changed twice on its way, and ``_replace`` takes a fifth of what ``replace`` does.
    """

    run_id: str
    position: int
    asset: AssetKey
    partition: PartitionKey
    status: StepStatus
    reason: str  # why it runs, or why it doesn't
    note: str = ""  # what else a reader must know, e.g. which partitions were left out
    started_at: datetime | None = None
    ended_at: datetime | None = None
    offset_s: float | None = None  # start, in seconds since the run began
    duration_s: float | None = None
    execute_s: float | None = None  # the part of it that was the user's function and the write
    gate_s: float | None = None  # the part of it that was measuring and deciding
    materialization_id: str | None = None
    blocked_by: AssetKey | None = None
    error: str | None = None
    forced: bool = False  # was to be made again whatever its state

    @property
    def address(self) -> Address:
        return Address(self.asset, self.partition)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """That a run is to end: who asked for it, why, and when by the clock on the wall."""

    by: str
    reason: str  # may be empty
    asked_at: datetime

    def __str__(self) -> str:
        return f"cancelled by {self.by}{': ' + self.reason if self.reason else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One walk of one plan."""

    id: str
    selection: str
    partitions: str  # as asked: a key, "first..last", or ""
    status: RunStatus
    trigger: str
    environment: str
    started_at: datetime
    ended_at: datetime | None
    holder: str  # host and process that walks or walked it
    fail_fast: bool = False
    resumes: str | None = None  # the run whose work it goes on with
    cancellation: Cancellation | None = None
    steps: tuple[StepRecord, ...] = ()
