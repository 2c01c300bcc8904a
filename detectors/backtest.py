"""What detectors would have said: a replay without look-ahead, and faults laid over it."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from detectors.base import Detector, State
from detectors.errors import ParameterError
from detectors.model import DetectionStatus, History, MetricKind, Point
from detectors.synthetic import APPLIES, FAULTS, Injection

if TYPE_CHECKING:
    from detectors.model import FloatArray

WEEK_S = 7 * 86400.0
PLACES = 12
"""Places at which each fault is injected, evenly over what can be judged."""


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
    judged: points that could be judged.
    alarms: index of each point of the history that alarmed.
    weeks: how long what could be judged took.
    recalls: one for each fault that this kind of metric shows.
    """

    judged: int
    alarms: tuple[int, ...]
    weeks: float
    recalls: tuple[Recall, ...]

    @property
    def alarms_per_week(self) -> float:
        """Alarms a week over what could be judged; false ones, where the history was sound."""
        return len(self.alarms) / self.weeks if self.weeks else 0.0

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
) -> Backtest:
    """Replay a history point by point, then again with faults, each judged from the sound past before it.

    Parameters
    ----------
    table: detectors with their shares of alpha, as `default_detectors` gives them.
    history: what is replayed; excluded points are judged but don't train, as in `Detector.replay`.
    kind: of the metric; faults that it does not show are left out.
    alpha: as in `Detector.detect`, over the whole table.
    faults: what is injected.
    places: at how many places each, >= 1.

    Returns
    -------
    Backtest: false alarms, recall by fault and size, and delay.

    Raises
    ------
    ParameterError: alpha is not above 0 and at most 0.5, or places is below 1.

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
    replayed = _Replay(table, history, alpha)
    shown = [fault for fault in faults if kind in APPLIES[fault.fault]]
    wanted = replayed.places(places, max((fault.points for fault in shown), default=1))
    tried = {at: replayed.states[at] for at in wanted}
    recalls = tuple(_recall(table, history, kind, alpha, fault, tried) for fault in shown)
    return Backtest(judged=len(replayed.judged), alarms=replayed.alarms, weeks=replayed.weeks, recalls=recalls)


class _Replay:
    """The sound history, judged once; `states` holds what was known before each point that can be judged."""

    def __init__(self, table: Sequence[tuple[Detector, float]], history: History, alpha: float) -> None:
        self._history = history
        self.judged: list[int] = []
        self.states: dict[int, list[State]] = {}
        alarms = []
        states = [detector.start(history.utc_offset_s) for detector, _ in table]
        for at, (point, excluded) in enumerate(zip(history.points(), history.excluded.tolist(), strict=True)):
            verdicts = [
                state.judge(point, alpha=alpha * share) for state, (_, share) in zip(states, table, strict=True)
            ]
            if any(verdict.p_value is not None for verdict in verdicts):
                self.judged.append(at)
                self.states[at] = deepcopy(states)
            if any(verdict.status is DetectionStatus.ANOMALOUS for verdict in verdicts):
                alarms.append(at)
            if not excluded:
                for state in states:
                    state.advance(point)
        self.alarms = tuple(alarms)

    @property
    def weeks(self) -> float:
        if len(self.judged) < 2:
            return 0.0
        times = self._history.at
        step = (times[-1] - times[0]) / (len(times) - 1)
        return float(times[self.judged[-1]] - times[self.judged[0]] + step) / WEEK_S

    def places(self, count: int, longest: int) -> list[int]:
        """Return where to inject, evenly over what can be judged and with room for the longest fault."""
        room = [at for at in self.judged if at + longest <= len(self._history) and at > 0]
        return sorted({room[len(room) * part // count] for part in range(count)}) if room else []


def _recall(
    table: Sequence[tuple[Detector, float]],
    history: History,
    kind: MetricKind,
    alpha: float,
    fault: Injection,
    tried: dict[int, list[State]],
) -> Recall:
    import numpy as np

    delays = []
    for at, states in tried.items():
        past = history.value[:at]
        known = past[np.isfinite(past)]
        before = float(known[-1]) if len(known) else 0.0
        wrong = fault.over(history.value[at : at + fault.points], kind, before)
        delay = _first_alarm(table, deepcopy(states), history, at, wrong, alpha)
        if delay is not None:
            delays.append(delay)
    mean = sum(delays) / len(delays) if delays else None
    return Recall(injection=fault, injected=len(tried), found=len(delays), delay=mean)


def _first_alarm(
    table: Sequence[tuple[Detector, float]],
    states: list[State],
    history: History,
    at: int,
    wrong: FloatArray,
    alpha: float,
) -> int | None:
    """Return how many points after the first faulty one something alarms; None if nothing does."""
    for late, value in enumerate(wrong.tolist()):
        rows = None if history.exposure is None else float(history.exposure[at + late])
        point = Point(float(history.at[at + late]), value, rows)
        for state, (_, share) in zip(states, table, strict=True):
            if state.judge(point, alpha=alpha * share).status is DetectionStatus.ANOMALOUS:
                return late
        for state in states:
            state.advance(point)
    return None
