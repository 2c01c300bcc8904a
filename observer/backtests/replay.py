"""One monitor over one stored series: what it would have said, and what it would have found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from detectors.measures import Measure
from detectors.model import DetectionStatus, History
from observer.backtests.model import Alarm, FaultFound, Replayed, SeriesBacktest
from observer.detection import as_clocks_tell, behind, by_wall_clock, detectors_of, history_of, points_of
from observer.feedback import Marks
from observer.history import SeriesKey, StoredPoint
from observer.kept import Version
from observer.metrics import EFFECTS, metric
from observer.monitors import Monitor
from orchestration.assets import Asset

if TYPE_CHECKING:
    from observer.backtests.laying import Laying


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What is stored of one part of an asset, and how many points a week its series get.

    ``versions`` is what monitors of effect sizes compare, one for each point of theirs.
    """

    asset: Asset
    part: str
    series: Mapping[Measure | None, Mapping[SeriesKey, Sequence[StoredPoint]]]  # by what monitors' effect sizes are
    per_week: float
    marks: Marks
    versions: Mapping[SeriesKey, Sequence[Version]]

    def known(self, monitor: Monitor) -> Sequence[StoredPoint]:
        """The points of a monitor that it is judged by: those since its newest new normal."""
        points = points_of(monitor, self.asset, self.series[monitor.measure])
        return self.marks.known(monitor.id, points, by_clock=by_wall_clock(monitor))[0]


def replay(stored: Stored, here: Monitor | None, other: Monitor | None = None) -> SeriesBacktest:
    """Replay a monitor as it is declared here, and elsewhere; one of them at least, and both of one series."""
    monitor = here or other
    assert monitor is not None
    points = stored.known(monitor)
    described = metric(monitor.metric, column=monitor.column)
    return SeriesBacktest(
        asset=stored.asset.key, part=stored.part, monitor=monitor.id, label=monitor.label, unit=described.unit,
        kind=described.kind, severity=monitor.severity, points=len(points),
        missing=sum(point.value is None for point in points),
        first=points[0].at if points else None, last=points[-1].at if points else None,
        here=_replayed(stored, here), other=_replayed(stored, other),
    )  # fmt: skip


def _laying(stored: Stored, monitor: Monitor, points: Sequence[StoredPoint], history: History) -> Laying | None:
    """What faults are laid over where it isn't the numbers themselves."""
    from observer.backtests.laying import Laying

    if monitor.metric not in EFFECTS:
        return None
    seen = stored.versions[monitor.key][-len(points) :]
    slots = as_clocks_tell(stored.asset, [point.at for point in points], points[-1].at)
    return Laying(monitor, seen, slots, history.excluded.tolist(), history.at.tolist())


def _replayed(stored: Stored, monitor: Monitor | None) -> Replayed | None:
    from detectors.backtest import backtest
    from detectors.synthetic import FAULTS

    if monitor is None:
        return None
    points = stored.known(monitor)
    series = stored.series[monitor.measure]
    rows, newest = series.get(behind(monitor.key), ()), series[monitor.key][-1].at
    history = history_of(monitor, stored.asset, points, rows, newest, stored.marks)
    table = detectors_of(monitor, stored.asset, history)
    alpha = monitor.false_alarms
    laying = _laying(stored, monitor, points, history)
    found = backtest(
        table, history, metric(monitor.metric, column=monitor.column).kind, alpha=alpha,
        points_per_week=stored.per_week, faults=FAULTS if laying is None else laying.faults,
        lay=None if laying is None else laying.points,
    )  # fmt: skip
    today = found.today
    learning = today is not None and today.status is DetectionStatus.LEARNING
    return Replayed(
        alpha=alpha, detectors=tuple(detector.name for detector, _ in table), judged=found.judged, weeks=found.weeks,
        false_alarms=tuple(
            Alarm(at=points[at].at, partition=points[at].partition, value=points[at].value) for at in found.alarms
        ),
        false_alarms_per_week=found.alarms_per_week if found.judged else None,
        at_most_per_week=found.alarms_per_week_at_most, promised_per_week=alpha * stored.per_week,
        held=len(found.bad), held_found=len(found.caught), runs_needed=today.runs_needed if today and learning else 0,
        lower=today.lower if today else None, expected=today.expected if today else None,
        upper=today.upper if today else None,
        faults=tuple(
            FaultFound(
                fault=each.injection.fault.value, size=each.injection.size, points=each.injection.points,
                injected=each.injected, found=each.found,
                recall=each.found / each.injected if each.injected else None, delay=each.delay,
            )
            for each in found.recalls
        ),
    )  # fmt: skip
