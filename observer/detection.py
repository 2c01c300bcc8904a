"""What a monitor looks at, and by which detectors: what judging a version and replaying its past have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from detectors.model import Cadence, History
from observer.feedback import Marks
from observer.history import SeriesKey, StoredPoint
from observer.metrics import Order, metric
from observer.monitors import Monitor
from orchestration.assets import Asset
from orchestration.partitions import DailyPartitions, HourlyPartitions, WeeklyPartitions

if TYPE_CHECKING:
    from detectors.base import Detector

_CADENCES: Mapping[type, Cadence] = {
    HourlyPartitions: Cadence.HOURLY,
    DailyPartitions: Cadence.DAILY,
    WeeklyPartitions: Cadence.WEEKLY,
}


def detectors_of(monitor: Monitor, asset: Asset) -> tuple[tuple[Detector, float], ...]:
    """The detectors of a monitor of an asset, its level's first, each with its share of the monitor's alpha."""
    from detectors.registry import default_detectors, detector

    if monitor.detector is not None:
        return ((detector(monitor.detector, **dict(monitor.parameters)), 1.0),)
    partitions = asset.partitions
    cadence = Cadence.IRREGULAR if by_wall_clock(monitor) else _CADENCES.get(type(partitions), Cadence.IRREGULAR)
    return default_detectors(metric(monitor.metric, column=monitor.column).kind, cadence)


def by_wall_clock(monitor: Monitor) -> bool:
    """Whether its series is ordered by when its points were measured."""
    return metric(monitor.metric, column=monitor.column).order is Order.WALL_CLOCK


def behind(key: SeriesKey) -> SeriesKey:
    """The series of the rows that stand behind the points of another."""
    return SeriesKey("row_count", None, key.segment)


def history_of(
    monitor: Monitor, points: Sequence[StoredPoint], rows: Sequence[StoredPoint], offset_s: float, marks: Marks
) -> History:
    """Stored points as the detectors of a monitor read them.

    Parameters
    ----------
    points, rows:
        Of its series and of the rows behind it, oldest first.
    offset_s:
        Seconds that the data's local clock is ahead of UTC.
    marks:
        What people said of the versions.
    """
    points, left_out = marks.known(monitor.id, points, by_clock=by_wall_clock(monitor))
    if not points:
        return _nothing(offset_s)
    exposure = {p.version_seq: p.value for p in rows}
    return History.of(
        [p.at.timestamp() for p in points],
        [as_float(p.value) for p in points],
        excluded=left_out,
        exposure=[as_float(exposure.get(p.version_seq)) for p in points],
        utc_offset_s=offset_s,
    )


def offset_of(asset: Asset, at: datetime) -> float:
    """Seconds that the local clock of an asset's data is ahead of UTC at an instant."""
    if asset.partitions is None:
        return 0.0
    ahead = at.astimezone(ZoneInfo(asset.partitions.timezone)).utcoffset()
    return ahead.total_seconds() if ahead else 0.0


@lru_cache(maxsize=64)
def _nothing(offset_s: float) -> History:
    """The history of a series without a past; building arrays costs more than judging by them."""
    return History.of([], [], exposure=[], utc_offset_s=offset_s)


def as_float(value: float | None) -> float:
    """A stored value as detectors take it: NaN is missing."""
    return float("nan") if value is None else float(value)
