"""Stuck values: the same number again and again where numbers used to move."""

from __future__ import annotations

from math import exp, isfinite, lgamma
from typing import ClassVar

from detectors.base import Detector
from detectors.errors import ParameterError
from detectors.learner import LearnerState
from detectors.model import Detection, MetricKind, Point
from detectors.noise import NOISES, Noise

NAME = "stuck"


class StuckState(LearnerState):
    """Ties between neighbours in the past of one series, and the run of ties that is going on.

    Parameters
    ----------
    noise: of the kind of metric.
    """

    __slots__ = ("longest", "noise", "previous", "run", "second", "ties")

    detector: ClassVar[str] = NAME
    min_train: ClassVar[int] = 7

    def __init__(self, noise: Noise) -> None:
        super().__init__()
        self.noise = noise
        self.previous: float | None = None
        self.ties = 0
        self.run = 0
        self.longest = 0
        self.second = 0
        """The longest run but one: a single time that it was stuck does not hide the next."""

    def _verdict(self, point: Point, alpha: float) -> Detection:
        return self._told(self._p_value(point.value), 0.0, alpha)

    def _p_value(self, value: float) -> float:
        """Return P(a run of ties this long) given the tie rate; 1 unless it is longer than all before but one."""
        if value in (self.noise.minimum, self.noise.maximum):
            return 1.0
        run = self.run + 1 if value == self.previous else 0
        if run <= self.second:
            return 1.0
        ties = self.ties - self.run + 0.5
        moves = self.n_train - 1 - self.ties + 0.5
        log_p = lgamma(ties + run) - lgamma(ties) + lgamma(ties + moves) - lgamma(ties + moves + run)
        return min(1.0, exp(log_p))

    def advance(self, point: Point) -> None:
        if not isfinite(point.value):
            return
        if point.value == self.previous:
            self.run += 1
            self.ties += 1
        else:
            self.second = max(self.second, min(self.longest, self.run))
            self.longest = max(self.longest, self.run)
            self.run = 0
        self.previous = point.value
        self._trained(point)


class StuckValue(Detector):
    """Alarms when a value repeats for longer than ever before but once, and longer than its tie rate explains.

    With t ties and m moves before the run, and Jeffreys' prior on the tie rate, a run of r ties has the
    predictive probability p = B(t + 1/2 + r, m + 1/2) / B(t + 1/2, m + 1/2).
    A series that never moved proves nothing, and at the ends of what is possible (no nulls at all) a metric may rest.

    Parameters
    ----------
    kind: the kind of noise, which says what is possible.

    Raises
    ------
    ParameterError: `kind` is not one of its enumeration.

    References
    ----------
    Runs in Bernoulli trials: Feller (1950), chapter XIII; Jeffreys (1946) for the prior.

    Examples
    --------
    >>> from detectors.model import History, Point
    >>> moving = [100, 104, 97, 101, 99, 103, 98, 102, 95, 105, 105, 105]
    >>> history = History.of([86400 * day for day in range(12)], moving)
    >>> str(StuckValue().detect(history, Point(86400 * 12, 105), alpha=0.01).status)
    'anomalous'
    """

    name: ClassVar[str] = NAME
    banded: ClassVar[bool] = False

    def __init__(self, kind: MetricKind = MetricKind.VALUE) -> None:
        if kind not in list(MetricKind):
            raise ParameterError("kind", kind, f"one of {[str(known) for known in MetricKind]}")
        self.kind = MetricKind(kind)

    def start(self, utc_offset_s: float = 0.0) -> StuckState:
        """Return the state of a series without a past; the clock does not matter."""
        return StuckState(NOISES[self.kind])

    def __repr__(self) -> str:
        return f"StuckValue(kind={self.kind.value!r})"
