"""Stuck values: the same number again and again where numbers used to move."""

from __future__ import annotations

from collections import deque
from math import exp, isfinite, lgamma
from typing import ClassVar

from detectors.base import Detector
from detectors.errors import ParameterError
from detectors.learner import LearnerState
from detectors.model import Detection, MetricKind, Point
from detectors.noise import NOISES, Noise

NAME = "stuck"

REMEMBERED = 32
"""Values that a new one is compared with, to see how fine the numbers are."""

NEIGHBOURS_ALIKE = 3.0
"""How many times likelier than any two values neighbours are believed to be equal, before some were seen to be."""


class StuckState(LearnerState):
    """Ties between neighbours in the past of one series, ties between any, and the run of ties that is going on.

    Parameters
    ----------
    noise: of the kind of metric.
    """

    __slots__ = ("equals", "longest", "noise", "pairs", "previous", "recent", "run", "second", "ties")

    detector: ClassVar[str] = NAME
    min_train: ClassVar[int] = 7

    def __init__(self, noise: Noise) -> None:
        super().__init__()
        self.noise = noise
        self.previous: float | None = None
        self.ties = 0
        self.recent: deque[float] = deque(maxlen=REMEMBERED)
        """The last values that were not the one before again."""
        self.pairs = 0
        """Pairs of such values that were compared, `equals` of which were equal."""
        self.equals = 0
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
        moves = self.n_train - 1 - self.ties + self._moves_believed()
        log_p = lgamma(ties + run) - lgamma(ties) + lgamma(ties + moves) - lgamma(ties + moves + run)
        return min(1.0, exp(log_p))

    def _moves_believed(self) -> float:
        """Return the moves that go with half a tie beforehand: 1/2 of coarse numbers, many of fine ones."""
        alike = min(0.5, NEIGHBOURS_ALIKE * (self.equals + 0.5) / (self.pairs + 1.0))
        return 0.5 * (1.0 - alike) / alike

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
            self.equals += self.recent.count(point.value)
            self.pairs += len(self.recent)
            self.recent.append(point.value)
        self.previous = point.value
        self._trained(point)


class StuckValue(Detector):
    """Alarms when a value repeats for longer than ever before but once, and longer than its tie rate explains.

    With t ties and m moves before the run, and a Beta(1/2, b) prior on the tie rate, a run of r ties has the
    predictive probability p = B(t + 1/2 + r, m + b) / B(t + 1/2, m + b). The prior's mean is three times the share of
    equal pairs among the values of the past, at most one half (b = 1/2, Jeffreys' prior): in numbers so fine that no
    two were ever equal, few ties in a row are news.
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
