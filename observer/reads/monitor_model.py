"""What the page of a monitor shows: plain frozen records, as in ``model.py``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from observer.reads.decomposed import Decomposed
from observer.reads.incident_model import PrecisionRow
from observer.reads.model import Comparison, MonitorSeries, SeriesPoint


class HappeningKind(StrEnum):
    """What may have changed a series beside its data."""

    RUN = "run"
    CODE = "code"
    CONFIG = "settings"
    SCHEMA = "schema"
    BACKFILL = "backfill"  # made again, or after what comes later
    BASELINE = "baseline"  # somebody said that a new normal begins


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One of them; ``at`` is data time, ``made_at`` when it happened."""

    kind: HappeningKind
    at: datetime
    made_at: datetime
    partition: str | None
    sentence: str
    run_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Happenings:
    """Oldest first; ``without_runs``: there are too many to show each."""

    shown: tuple[Happening, ...] = ()
    without_runs: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A part of the page that could not be told: what, and why."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """The time that is shown, and all that there is: None where the series has no point."""

    since: datetime
    until: datetime  # included
    first: datetime | None
    last: datetime | None
    points: int  # of the whole series

    @property
    def whole(self) -> bool:
        """Whether nothing lies outside what is shown."""
        return self.first is None or self.last is None or (self.since <= self.first and self.until >= self.last)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorPage:
    """One monitor on one part of its asset."""

    at: datetime
    project: str
    environment: str
    timezone: str
    asset: str
    declared: bool  # False: it has left the project, and its past is still there
    declaration: str  # how it stands in the project, as Python; "" where it doesn't
    by_clock: bool  # its points are ordered by when they were measured, also in data time
    parts: tuple[str, ...]  # of the partition key, what isn't time
    stretch: Stretch
    series: MonitorSeries  # its points are those of the stretch
    made: tuple[datetime | None, ...]  # when each point was measured
    week_before: tuple[SeriesPoint, ...]  # the points of the week before the stretch, for an overlay
    alarms: int  # of the stretch, and how many points of it could be judged
    judged: int
    unknown: tuple[SeriesPoint, ...]  # of the stretch, what could not be measured or judged
    happenings: Happenings | Unread
    precision: PrecisionRow | Unread | None
    compared: Comparison | Unread | None
    decomposed: Decomposed | Unread | None
