"""The answers about runs that pages show: those that wait, run and have ended, and what is due next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from orchestration.model import AssetKey
from orchestration.schedule.state import Decision, Pause

OPEN = ("queued", "running")
"""Runs that have not ended."""
OVER = ("succeeded", "held", "failed", "cancelled", "interrupted", "refused")
"""How a run ends."""
Cursor = tuple[int, int]
"""Where a page of runs ended: a number of the log, and one of the queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsWanted:
    """Which runs are asked for.

    ``select``: a selection of assets, those of which a run made or passed over any; "" for every run. ``since`` and
    ``until`` bound when it began, or was asked for. ``before``: where the page before it ended, as it said.
    """

    statuses: tuple[str, ...] = ()  # none: any
    select: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: Cursor | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """One run; ``started_at`` None: it has not begun, or never did."""

    id: str
    status: str
    selection: str
    partitions: str
    reason: str
    asked_by: str | None  # None: it never was in the queue
    asked_at: datetime | None
    due_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    duration_s: float | None
    assets: int
    counts: tuple[tuple[str, int], ...]
    attempts: int
    note: str  # why it was refused or waits

    @property
    def at(self) -> datetime:
        """When it began, or else was asked for."""
        found = self.started_at or self.asked_at
        assert found is not None
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsPage:
    at: datetime
    project: str
    environment: str
    timezone: str
    wanted: RunsWanted
    open: tuple[RunLine, ...]  # running ones first, then in the order in which the queue gives them out
    ended: tuple[RunLine, ...]  # newest first
    counts: tuple[tuple[str, int], ...]  # of all runs, by status
    more: Cursor | None  # ``before`` of the next page; None: this is the last


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    """One process's try at a run."""

    number: int
    holder: str
    began_at: datetime
    ended_at: datetime | None
    ended: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedFor:
    """A run as it was put into the queue."""

    by: str
    reason: str
    at: datetime
    due_at: datetime | None
    note: str
    attempts: tuple[AttemptRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanRow:
    """A try that failed, or what a step waited for: a ``SpanKind``."""

    kind: str
    number: int  # of the try that it belongs to
    start_s: float  # since the run began
    length_s: float
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRow:
    """One thing that a step said."""

    at: datetime | None
    offset_s: float  # since its try began
    level: str  # of logging, in lower case, or stdout or stderr
    source: str  # the logger; "" of what was printed
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRow:
    """What one try of a step said; ``lines`` are the last of ``count``, ``left_out`` came before those and are gone."""

    run_id: str
    number: int
    count: int
    left_out: int
    worst: str
    unknown: str  # what may be missing, and why
    ended: bool
    lines: tuple[LineRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLogPage:
    """All that is known of what a step said, a log a try."""

    at: datetime
    project: str
    environment: str
    timezone: str
    run_id: str
    asset: str
    partition: str | None
    status: str
    logs: tuple[LogRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRow:
    """One asset that the scheduler looks at."""

    asset: AssetKey
    schedule: str
    next_at: datetime | None  # None: something has to happen first
    freshness: str | None  # passed, warned, failed or unknown; None without a policy
    pause: Pause | None
    last: Decision | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulesPage:
    at: datetime
    project: str
    environment: str
    timezone: str
    sentence: str
    schedules: tuple[ScheduleRow, ...]  # what is due first comes first
