"""What a backtest says, as plain records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from detectors.model import MetricKind
from observer.model import Severity
from orchestration.model import AssetKey, PartitionKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A point of the history that would have alarmed."""

    at: datetime
    partition: PartitionKey
    value: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultFound:
    """How well one fault of one size is found.

    Parameters
    ----------
    fault, size, points: as in ``detectors.synthetic.Injection``: what goes wrong, how much, and for how many points.
    injected, found: how many times it was laid over the history, and how many of them alarmed.
    recall: the share that was found, 0..1; None where it could not be injected.
    delay: mean points from the first faulty one to the alarm; None where it was never found.
    """

    fault: str
    size: float
    points: int
    injected: int
    found: int
    recall: float | None
    delay: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One series as one configuration of its monitor judges it.

    Parameters
    ----------
    alpha: the share of good points that it may flag, 0..1.
    detectors: their names.
    judged: points of published versions that could be judged.
    weeks: how long so many points take, at the pace at which the asset is made.
    false_alarms: those of them that would have alarmed: false, unless something was wrong and published all the same.
    false_alarms_per_week: None where nothing was judged.
    at_most_per_week: what so short a history does not rule out, at 95 %.
    promised_per_week: what alpha promises at the pace at which the asset is made.
    held, held_found: points of held versions that could be judged, and those of them that would have alarmed.
    runs_needed: how many more points it takes until it can judge; 0: it can.
    lower, expected, upper: today's band, in the metric's unit.
    faults: what was injected.
    """

    alpha: float
    detectors: tuple[str, ...]
    judged: int
    weeks: float
    false_alarms: tuple[Alarm, ...]
    false_alarms_per_week: float | None
    at_most_per_week: float | None
    promised_per_week: float
    held: int
    held_found: int
    runs_needed: int
    lower: float | None
    expected: float | None
    upper: float | None
    faults: tuple[FaultFound, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesBacktest:
    """One monitor on one series of its asset.

    Parameters
    ----------
    part: the part of the partition key that isn't time; "" where there is none.
    points, missing: how many points were replayed, and how many of them have no value.
    here, other: by the project as it is, and by what it is compared with; None where that has no such monitor.
    """

    asset: AssetKey
    part: str
    monitor: str
    label: str
    unit: str
    kind: MetricKind
    severity: Severity
    points: int
    missing: int
    first: datetime | None
    last: datetime | None
    here: Replayed | None
    other: Replayed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """All monitors of a configuration together; those that could judge nothing count as ``learning`` alone."""

    judging: int
    learning: int
    false_alarms: int
    false_alarms_per_week: float
    promised_per_week: float
    injected: int
    found: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestReport:
    """What :func:`observer.backtest` returns.

    Parameters
    ----------
    configuration, compared_with: what the two are called; None: with nothing.
    monitors: assets upstream first, their monitors as declared.
    never_measured: monitors, as ``asset monitor``, whose metric no version has.
    """

    select: str
    last: int
    configuration: str
    compared_with: str | None
    monitors: tuple[SeriesBacktest, ...]
    never_measured: tuple[str, ...]
    here: Totals
    other: Totals | None
