"""What detectors would have said: a replay without look-ahead, and faults laid over it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from math import isfinite

from detectors.base import Detector, State
from detectors.errors import ParameterError
from detectors.model import Detection, DetectionStatus, History, MetricKind, Point
from detectors.synthetic import APPLIES, FAULTS, Injection

WEEK_S = 7 * 86400.0
PLACES = 12
"""Places at which each fault is injected, evenly over what can be judged."""

CONFIDENCE = 0.95
"""Of the upper limit of the rate of alarms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """How well one fault of one size is found.

    Parameters
    ----------
    injection: the fault.
    injected, found: how many times it was laid over the history, and how many of them some point of it alarmed.
    delay: mean points from the first faulty one to the alarm, where found; None where never.
    """

    injection: Injection
    injected: int
    found: int
    delay: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """What a replay of one series gives.

    Parameters
    ----------
    judged: points that train and could be judged.
    alarms: index of each of them that alarmed.
    weeks: how long they took.
    recalls: one for each fault that this kind of metric shows.
    bad: index of each excluded point that could be judged.
    caught: index of each of those that alarmed.
    today: what would be said of the next point, were it as the last one: the band, or how much there is still to learn.
    """

    judged: int
    alarms: tuple[int, ...]
    weeks: float
    recalls: tuple[Recall, ...]
    bad: tuple[int, ...] = ()
    caught: tuple[int, ...] = ()
    today: Detection | None = None

    @property
    def alarms_per_week(self) -> float:
        """Alarms a week over what could be judged; false ones, where the history was sound."""
        return len(self.alarms) / self.weeks if self.weeks else 0.0

    @property
    def alarms_per_week_at_most(self) -> float | None:
        """The alarms a week that so short a history does not rule out, at 95 %; None where nothing was judged.

        The upper limit of a Poisson rate (Garwood 1936).
        """
        if not self.weeks:
            return None
        from scipy.special import gammaincinv

        return float(gammaincinv(len(self.alarms) + 1, CONFIDENCE)) / self.weeks

    def plain(self) -> dict[str, object]:
        """Return the figures as data that `json` can write, to compare two configurations.

        Examples
        --------
        >>> Backtest(judged=0, alarms=(), weeks=0.0, recalls=()).plain()["alarms_per_week"]
        0.0
        """
        return {
            "judged": self.judged,
            "alarms": list(self.alarms),
            "weeks": self.weeks,
            "alarms_per_week": self.alarms_per_week,
            "alarms_per_week_at_most": self.alarms_per_week_at_most,
            "bad": list(self.bad),
            "caught": list(self.caught),
            "faults": [
                {
                    "fault": each.injection.fault.value,
                    "size": each.injection.size,
                    "points": each.injection.points,
                    "injected": each.injected,
                    "found": each.found,
                    "recall": each.found / each.injected if each.injected else None,
                    "delay": each.delay,
                }
                for each in self.recalls
            ],
        }


def backtest(
    table: Sequence[tuple[Detector, float]],
    history: History,
    kind: MetricKind,
    *,
    alpha: float,
    faults: Sequence[Injection] = FAULTS,
    places: int = PLACES,
    points_per_week: float | None = None,
    lay: Callable[[int, Injection], Sequence[Point]] | None = None,
) -> Backtest:
    """Replay a history point by point, then again with faults, each judged from the sound past before it.

    Parameters
    ----------
    table: detectors with their shares of alpha, as `default_detectors` gives them.
    history: what is replayed; excluded points are judged but don't train, as in `Detector.replay`.
    kind: of the metric; faults that it does not show are left out.
    alpha: as in `Detector.detect`, over the whole table.
    faults: what is injected.
    places: at how many places each, >= 1; where a fault begins, the history is sound and does not alarm.
    points_per_week: how often the series gets a point, > 0; left out, as its times say (of a backfill they are wrong).
    lay: the faulty points from an index on, of a fault that is laid over what the series is of; all of `faults` then
        are. Left out, they are laid over its values.

    Returns
    -------
    Backtest: false alarms, recall by fault and size, and delay.

    Raises
    ------
    ParameterError: alpha is not above 0 and at most 0.5, places is below 1, or points_per_week is not above 0.

    Examples
    --------
    >>> from detectors import Cadence, default_detectors
    >>> rows = History.of([86400 * day for day in range(60)], [5000 + day * 37 % 101 for day in range(60)])
    >>> found = backtest(default_detectors(MetricKind.COUNT, Cadence.DAILY), rows, MetricKind.COUNT, alpha=0.003)
    >>> [(each.found, each.injected) for each in found.recalls if each.injection.size == 0.9]
    [(12, 12)]
    """
    if places < 1:
        raise ParameterError("places", places, "1 or more")
    if points_per_week is not None and not 0.0 < points_per_week < float("inf"):
        raise ParameterError("points_per_week", points_per_week, "a finite number above 0")
    replayed = _Replay(table, history, alpha)
    shown = [fault for fault in faults if lay is not None or kind in APPLIES[fault.fault]]
    laid = lay or (lambda at, fault: _laid(history, kind, at, fault))
    begins = {fault.points: replayed.places(places, fault.points) for fault in shown}
    known = _known_before(table, history, {at for chosen in begins.values() for at in chosen})
    recalls = tuple(
        _recall(table, laid, alpha, fault, {at: known[at] for at in begins[fault.points]}) for fault in shown
    )
    judged = len(replayed.judged)
    return Backtest(
        judged=judged, alarms=tuple(replayed.alarms), recalls=recalls, bad=tuple(replayed.bad),
        weeks=replayed.weeks if points_per_week is None else judged / points_per_week,
        caught=tuple(replayed.caught), today=replayed.today,
    )  # fmt: skip


class _Replay:
    """The history, judged once: which of its sound and of its excluded points could be judged, and which alarmed."""

    def __init__(self, table: Sequence[tuple[Detector, float]], history: History, alpha: float) -> None:
        self._history = history
        self.judged: list[int] = []
        self.alarms: list[int] = []
        self.bad: list[int] = []
        self.caught: list[int] = []
        states = [detector.start(history.utc_offset_s) for detector, _ in table]
        for at, (point, excluded) in enumerate(zip(history.points(), history.excluded.tolist(), strict=True)):
            verdicts = [
                state.judge(point, alpha=alpha * share) for state, (_, share) in zip(states, table, strict=True)
            ]
            if any(verdict.p_value is not None for verdict in verdicts):
                (self.bad if excluded else self.judged).append(at)
            if any(verdict.status is DetectionStatus.ANOMALOUS for verdict in verdicts):
                (self.caught if excluded else self.alarms).append(at)
            if not excluded:
                for state in states:
                    state.advance(point)
        self.today = states[0].judge(self._next(), alpha=alpha * table[0][1]) if table else None

    def _next(self) -> Point:
        """The point that comes after the last, with the value and exposure of the last one that has a value."""
        points = self._history.points()
        like = next((point for point in reversed(points) if isfinite(point.value)), Point(0.0, 0.0))
        return Point(points[-1].at + self._step if points else 0.0, like.value, like.exposure)

    @property
    def _step(self) -> float:
        times = self._history.at
        return float(times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else WEEK_S / 7

    @property
    def weeks(self) -> float:
        if len(self.judged) < 2:
            return 0.0
        times = self._history.at
        return float(times[self.judged[-1]] - times[self.judged[0]] + self._step) / WEEK_S

    def places(self, count: int, points: int) -> list[int]:
        """Return where to inject a fault of so many points: evenly over sound points that can be judged."""
        wild = set(self.alarms)
        room = [at for at in self.judged if 0 < at <= len(self._history) - points and at not in wild]
        return sorted({room[len(room) * part // count] for part in range(count)}) if room else []


def _known_before(
    table: Sequence[tuple[Detector, float]], history: History, wanted: Collection[int]
) -> dict[int, list[State]]:
    """Return what is known before some points; copying a state costs more than advancing it by a point."""
    known: dict[int, list[State]] = {}
    states = [detector.start(history.utc_offset_s) for detector, _ in table]
    for at, (point, excluded) in enumerate(zip(history.points(), history.excluded.tolist(), strict=True)):
        if at in wanted:
            known[at] = deepcopy(states)
        if not excluded:
            for state in states:
                state.advance(point)
    return known


def _recall(
    table: Sequence[tuple[Detector, float]],
    laid: Callable[[int, Injection], Sequence[Point]],
    alpha: float,
    fault: Injection,
    tried: dict[int, list[State]],
) -> Recall:
    delays = []
    for at, states in tried.items():
        delay = _first_alarm(table, deepcopy(states), laid(at, fault), alpha)
        if delay is not None:
            delays.append(delay)
    mean = sum(delays) / len(delays) if delays else None
    return Recall(injection=fault, injected=len(tried), found=len(delays), delay=mean)


def _laid(history: History, kind: MetricKind, at: int, fault: Injection) -> list[Point]:
    """Return the points from index `at` on with a fault over their values."""
    import numpy as np

    past = history.value[:at]
    known = past[np.isfinite(past)]
    before = float(known[-1]) if len(known) else 0.0
    wrong = fault.over(history.value[at : at + fault.points], kind, before).tolist()
    return [replace(point, value=value) for point, value in zip(history.points()[at:], wrong, strict=False)]


def _first_alarm(
    table: Sequence[tuple[Detector, float]], states: list[State], faulty: Sequence[Point], alpha: float
) -> int | None:
    """Return how many points after the first faulty one something alarms; None if nothing does."""
    for late, point in enumerate(faulty):
        for state, (_, share) in zip(states, table, strict=True):
            if state.judge(point, alpha=alpha * share).status is DetectionStatus.ANOMALOUS:
                return late
        for state in states:
            state.advance(point)
    return None
