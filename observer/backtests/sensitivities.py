"""What one monitor would have said at nine sensitivities: replayed once, and kept while its past stays the same."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from math import log
from threading import Lock

from detectors.model import History
from observer.backtests.model import Alarm
from observer.backtests.replay import Stored
from observer.backtests.report import stored_parts
from observer.declaration import declaration
from observer.detection import behind, detectors_of, history_of
from observer.feedback import is_bad
from observer.fleet import Fleet
from observer.history import StoredPoint
from observer.metrics import metric
from observer.model import FeedbackKind
from observer.monitors import Monitor
from observer.pace import made_lately, runs_per_week
from observer.project import Project
from observer.store.observations import WINDOW
from orchestration.assets import Asset
from orchestration.database import reading

LADDER = (1 / 20, 1 / 50, 1 / 100, 1 / 200, 1 / 365, 1 / 1000, 1 / 3000, 1 / 10_000, 1 / 30_000)
"""Alphas, the most sensitive first; the nearest to that of a monitor gives way to it."""

_KEPT = 64
_RIGHT = {FeedbackKind.EXPECTED, FeedbackKind.EXPECTED_ONCE, FeedbackKind.RECURRING, FeedbackKind.NEW_NORMAL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """One of them.

    Parameters
    ----------
    alpha: the share of good points that may be flagged, 0..1.
    current: it is what the monitor has.
    alarms: which of the points would have alarmed.
    caught: how many of those that are known to be bad.
    expected: how many of those that people said are right.
    declaration: how the monitor would stand in the project.
    """

    alpha: float
    current: bool
    alarms: tuple[int, ...]
    caught: int
    expected: int
    declaration: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivities:
    """A monitor's past as nine sensitivities would have judged it.

    Parameters
    ----------
    points: all that were replayed, oldest first.
    judged: how many of them could be judged, by the most sensitive one.
    bad: how many of those are known to be bad: held, or said to be.
    budgeted: the environment shares a budget out, so that a declared alpha is the most that it gets.
    """

    at: datetime
    project: str
    environment: str
    timezone: str
    asset: str
    monitor: str
    title: str
    part: str
    unit: str
    points: tuple[Alarm, ...]
    judged: int
    bad: int
    budgeted: bool
    levels: tuple[Sensitivity, ...]

    @property
    def days(self) -> int:
        """How long the points took, in whole days."""
        return max(1, (self.points[-1].at - self.points[0].at).days) if self.points else 0

    def sentence(self, level: Sensitivity) -> str:
        """What a level would have done, for people."""
        times = f"{len(level.alarms)} time{'' if len(level.alarms) == 1 else 's'}"
        said = [f"would have alerted {times} in {self.days} days"]
        if self.bad:
            said.append(f"caught {level.caught} of {self.bad} confirmed")
        if level.expected:
            said.append(f"{level.expected} marked expected")
        return ", ".join(said)


Found = tuple[int, int, tuple[Sensitivity, ...]]
"""How many points could be judged, how many of those are bad, and each level."""


class Replays:
    """Replays, and keeps what it found by monitor and history.

    Safe in several threads. Who asks for what another thread replays just now waits for that; of different ones as many
    are replayed at a time as threads ask for them.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._fleet = Fleet(project.graph, project.engine, project.config.false_alarms_per_week)
        self._kept: OrderedDict[Hashable, Found] = OrderedDict()
        self._going: dict[Hashable, Future[Found]] = {}
        self._lock = Lock()

    def of(self, asset: Asset, monitor: Monitor, part: str, timezone: str) -> Sensitivities | None:
        """A declared monitor of numbers on one part; None where nothing of it is stored."""
        project = self._project
        now = project.clock.now()
        budget = self._fleet.budget(now)
        judging = monitor if budget is None else budget.applied(asset.key, monitor)
        stored = _stored(project, asset, judging, part, now)
        points = () if stored is None else tuple(stored.known(judging))
        if stored is None or not points:
            return None
        history = _history(stored, judging, points)
        key = (asset.key, part, monitor, judging.false_alarms, _digest(history, points, stored, judging))
        judged, bad, levels = self._found(key, lambda: _replayed(stored, judging, monitor, points, history))
        described = metric(monitor.metric, column=monitor.column)
        return Sensitivities(
            at=now, project=project.config.root.name, environment=project.config.name, timezone=timezone,
            asset=asset.key, monitor=monitor.id, title=monitor.label, part=part, unit=described.unit,
            points=tuple(Alarm(at=one.at, partition=one.partition, value=one.value) for one in points),
            judged=judged, bad=bad, budgeted=budget is not None, levels=levels,
        )  # fmt: skip

    def _found(self, key: Hashable, replay: Callable[[], Found]) -> Found:
        """What is kept, or what is being found, or else what ``replay`` finds."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            going = self._going.get(key)
            mine = self._going.setdefault(key, Future())
        if going is not None:
            return going.result()
        try:
            found = replay()
        except BaseException as error:
            mine.set_exception(error)
            raise
        else:
            mine.set_result(found)
            self._keep(key, found)
            return found
        finally:
            with self._lock:
                del self._going[key]

    def _keep(self, key: Hashable, found: Found) -> None:
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)


def ladder(alpha: float) -> tuple[float, ...]:
    """The nine alphas, that of the monitor among them.

    >>> [round(1 / one) for one in ladder(1 / 900)]
    [20, 50, 100, 200, 365, 900, 3000, 10000, 30000]
    """
    nearest = min(LADDER, key=lambda one: abs(log(one / alpha)))
    return tuple(sorted((alpha if one == nearest else one for one in LADDER), reverse=True))


def _stored(project: Project, asset: Asset, monitor: Monitor, part: str, now: datetime) -> Stored | None:
    with reading(project.engine) as connection:
        paced = runs_per_week(asset, made_lately(connection, now).get(asset.key), now)
        holidays = project.observer.holidays.get(asset.key)
        parts = stored_parts(connection, asset, [monitor], WINDOW, paced, holidays)
        return next((stored for stored, _ in parts if stored.part == part), None)


def _history(stored: Stored, monitor: Monitor, points: Sequence[StoredPoint]) -> History:
    series = stored.series[monitor.measure]
    rows = series.get(behind(monitor.key), ())
    return history_of(monitor, stored.asset, points, rows, points[-1].at, stored.marks)


def _digest(history: History, points: Sequence[StoredPoint], stored: Stored, monitor: Monitor) -> bytes:
    """What a replay depends on, beside the monitor."""
    said = stored.marks.on(monitor.id)
    told = sha256(repr([(p.version_seq, p.status, said.get(p.version_seq)) for p in points]).encode())
    for array in (history.at, history.value, history.excluded, history.exposure, history.special):
        told.update(b"" if array is None else array.tobytes())
    return told.digest()


def _replayed(
    stored: Stored, judging: Monitor, declared: Monitor, points: Sequence[StoredPoint], history: History
) -> Found:
    from detectors.backtest import backtest

    table = detectors_of(judging, stored.asset, history)
    kind = metric(judging.metric, column=judging.column).kind
    said = stored.marks.on(judging.id)
    bad = {index for index, point in enumerate(points) if is_bad(point, said)}
    right = {index for index, point in enumerate(points) if said.get(point.version_seq) in _RIGHT}
    levels, judged, judged_bad = [], 0, 0
    for alpha in ladder(judging.false_alarms):
        found = backtest(table, history, kind, alpha=alpha, faults=(), points_per_week=stored.per_week)
        alarms = tuple(sorted((*found.alarms, *found.caught)))
        judged = max(judged, found.judged + len(found.bad))
        judged_bad = max(judged_bad, len(bad.intersection(found.bad)))
        current = alpha == judging.false_alarms
        levels.append(
            Sensitivity(
                alpha=alpha, current=current, alarms=alarms, caught=len(bad.intersection(alarms)),
                expected=len(right.intersection(alarms)),
                declaration=declaration(declared, alpha=None if current else alpha),
            )
        )  # fmt: skip
    return judged, judged_bad, tuple(levels)
