"""What a monitor looks at, and by which detectors: what judging a version and replaying its past have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from detectors.model import Cadence, History
from observer.accuracy import seen_rate
from observer.arrivals import arrivals_of
from observer.feedback import NO_MARKS, Marks
from observer.history import SeriesKey, StoredPoint
from observer.local_clock import as_of, offset_s
from observer.metrics import ARRIVAL, EFFECTS, Order, metric
from observer.monitors import Monitor
from orchestration.assets import Asset
from orchestration.partitions import DailyPartitions, HourlyPartitions, MonthlyPartitions, WeeklyPartitions
from orchestration.special_days import HOLIDAY

if TYPE_CHECKING:
    from detectors.base import Detector

_CADENCES: Mapping[type, Cadence] = {
    HourlyPartitions: Cadence.HOURLY,
    DailyPartitions: Cadence.DAILY,
    WeeklyPartitions: Cadence.WEEKLY,
}
_LONG = (WeeklyPartitions, MonthlyPartitions)


def detectors_of(monitor: Monitor, asset: Asset, history: History | None = None) -> tuple[tuple[Detector, float], ...]:
    """The detectors of a monitor of an asset, its level's first, each with its share of the monitor's alpha.

    An asset without partitions declares no cadence; it is told from the times of ``history``. Where that knows of
    special days, they are compared with their like.
    """
    from detectors.calendar import Calendared
    from detectors.registry import default_detectors, detector

    if monitor.detector is not None:
        return ((detector(monitor.detector, **dict(monitor.parameters)), 1.0),)
    kind = metric(monitor.metric, column=monitor.column).kind
    found = default_detectors(kind, cadence(monitor, asset, history))
    if history is None or history.special is None:
        return found
    return tuple((Calendared(one, kind), share) for one, share in found)


def cadence(monitor: Monitor, asset: Asset, history: History | None = None) -> Cadence:
    """How often the series of a monitor gets a point; of an asset without partitions by the times of ``history``."""
    from detectors.season import cadence_of

    if asset.partitions is None and history is not None:
        return cadence_of(history.at.tolist())
    return Cadence.IRREGULAR if by_wall_clock(monitor) else _cadence(asset)


def _cadence(asset: Asset) -> Cadence:
    return _CADENCES.get(type(asset.partitions), Cadence.IRREGULAR)


def _zone(asset: Asset) -> str:
    return "UTC" if asset.partitions is None else asset.partitions.timezone


def as_clocks_tell(asset: Asset, ats: Sequence[datetime], at: datetime) -> list[int]:
    """In which slot of its season (``detectors.season.slot_at``) each of some instants of an asset's data lies.

    Parameters
    ----------
    ats: strictly increasing.
    at: what the clocks showed then is what all are read by.
    """
    from detectors.season import slot_at

    ahead_s = offset_s(_zone(asset), at)
    return [slot_at(_cadence(asset), each, ahead_s) for each in as_of(_zone(asset), ats, ahead_s)] if ats else []


def slot_of(asset: Asset, at: datetime) -> int:
    """In which slot of its season one instant lies."""
    return as_clocks_tell(asset, [at], at)[0]


def by_wall_clock(monitor: Monitor) -> bool:
    """Whether its series is ordered by when its points were measured."""
    return metric(monitor.metric, column=monitor.column).order is Order.WALL_CLOCK


def points_of(
    monitor: Monitor, asset: Asset, series: Mapping[SeriesKey, Sequence[StoredPoint]]
) -> Sequence[StoredPoint]:
    """The points that a monitor judges, of one part of the partitions: those of its series, or what is told by them."""
    points = series.get(monitor.key, ())
    return arrivals_of(asset, monitor, points)[0] if monitor.metric == ARRIVAL else points


def behind(key: SeriesKey) -> SeriesKey:
    """The series of the rows that stand behind the points of another; of effect sizes, of what each is worth."""
    if key.metric in EFFECTS:
        return SeriesKey(f"worth of {key.metric}", key.column)
    return SeriesKey("row_count", None, key.segment)


def history_of(
    monitor: Monitor,
    asset: Asset,
    points: Sequence[StoredPoint],
    rows: Sequence[StoredPoint],
    at: datetime,
    marks: Marks = NO_MARKS,
) -> History:
    """Stored points as the detectors of a monitor read them to judge one of an instant.

    Parameters
    ----------
    points, rows:
        Of its series and of the rows behind it, oldest first.
    at:
        In the data's time: its clocks then are what weekday and hour go by.
    marks:
        What people said of the versions.
    """
    by_clock = by_wall_clock(monitor)
    zone = _zone(asset)
    goes_by = "UTC" if by_clock and monitor.metric != ARRIVAL else zone  # what comes by day comes by the data's clock
    ahead_s = 0.0 if zone == "UTC" else offset_s(zone, at)
    points, left_out = marks.known(monitor.id, points, by_clock=by_clock)
    kind_of = marks.special(monitor.id)
    kinds = None if kind_of is None else [special_kind(monitor, asset, kind_of, p.at, p.value) for p in points]
    if not points and kinds is None:
        return _nothing(ahead_s)
    exposure = {p.version_seq: p.value for p in rows}
    return History.of(
        as_of(goes_by, [p.at for p in points], ahead_s),
        [as_float(p.value) for p in points],
        excluded=left_out,
        exposure=[as_float(exposure.get(p.version_seq)) * seen_rate(p.accuracy) for p in points],
        utc_offset_s=ahead_s,
        special=kinds,
    )


def special_kind(
    monitor: Monitor, asset: Asset, kind_of: Callable[[date], int], at: datetime, value: float | None
) -> int:
    """The kind of special day that a point is of, by the data's own calendar.

    Partitions longer than a day hold holidays with other days. A wait is special if something is on the day on which it
    begins or the one after.
    """
    zone = ZoneInfo("UTC" if asset.partitions is None else asset.partitions.timezone)
    if monitor.metric == ARRIVAL and value is not None:
        began = (at - timedelta(seconds=value)).astimezone(zone).date()
        return kind_of(began) or kind_of(began + timedelta(days=1))
    found = kind_of(at.astimezone(zone).date())
    return 0 if found == HOLIDAY and isinstance(asset.partitions, _LONG) else found


@lru_cache(maxsize=64)
def _nothing(ahead_s: float) -> History:
    """The history of a series without a past; building arrays costs more than judging by them."""
    return History.of([], [], exposure=[], utc_offset_s=ahead_s)


def as_float(value: float | None) -> float:
    """A stored value as detectors take it: NaN is missing."""
    return float("nan") if value is None else float(value)
