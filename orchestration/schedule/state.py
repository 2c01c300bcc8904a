"""What is read once for a tick: everything that decisions are made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from orchestration.model import AssetKey, PartitionKey
from orchestration.schedule.base import Mark, Publication, Sighting, Signal


class Outcome(StrEnum):
    ASKED = "asked"  # a run is asked for
    WAITS = "waits"  # it is due, and something keeps it from being asked for
    PASSED_OVER = "passed_over"  # it was due, and won't be asked for
    UNKNOWN = "unknown"  # it can't be told whether it is due
    REFUSED = "refused"  # its schedule can't be followed


SCHEDULE, FRESHNESS = "schedule", "freshness"
"""What a decision is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided of one asset, and why."""

    asset: AssetKey
    at: datetime
    outcome: Outcome
    reason: str
    due_key: str | None = None
    due_at: datetime | None = None
    about: str = SCHEDULE  # or FRESHNESS


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """That a person keeps a schedule from being followed."""

    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """How far the schedule of one asset was followed.

    ``said``: the outcome and reason of the last decision, of its schedule and of its freshness.
    """

    marks: Mapping[str, Mark] = field(default_factory=dict)
    pause: Pause | None = None
    said: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Newest:
    """What readers have of one asset: its newest partition, and when something of it was last made."""

    partition: PartitionKey
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """Runs of one asset that wait or run."""

    requests: int
    says: str


@dataclass(frozen=True, slots=True)
class Cursor:
    """Up to where publications and signals were taken in.

    ``taken``, ``heard``: those of the last few numbers that were. On PostgreSQL a transaction that began earlier may
    end later, so the last numbers are looked at again.
    """

    publication: int
    signal: int
    taken: tuple[int, ...] = ()
    heard: tuple[int, ...] = ()


Held = Mapping[AssetKey, Mapping[PartitionKey, tuple[str, ...]]]
"""By asset and partition that the gate holds, the columns that all its faults lie in (none: any)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleState:
    """The state of all schedules at one moment.

    Parameters
    ----------
    ages_from:
        How far the data of assets reaches that don't tell it by themselves: sources, by their last change. Such a
        source with None: nobody knows.
    """

    cursor: Cursor | None = None  # None: nothing was ever taken in
    until: Cursor = field(default_factory=lambda: Cursor(0, 0))  # where the next tick goes on
    followed: Mapping[AssetKey, Followed] = field(default_factory=dict)
    newest: Mapping[AssetKey, Newest] = field(default_factory=dict)
    ages_from: Mapping[AssetKey, datetime | None] = field(default_factory=dict)
    held: Held = field(default_factory=dict)
    busy: Mapping[AssetKey, Busy] = field(default_factory=dict)
    publications: Sequence[Publication] = ()
    signals: Sequence[Signal] = ()
    sightings: Mapping[str, Sighting] = field(default_factory=dict)
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # of dynamic partitions, by their set

    def keys_of(self, dynamic: str) -> tuple[str, ...]:
        """The keys that were added to a set of dynamic partitions."""
        return self.keys.get(dynamic, ())
