"""Effect sizes: is this batch farther from those before than batches have been?"""

from __future__ import annotations

from collections import deque
from statistics import median
from typing import ClassVar

from detectors.calibrate import Tail, body_end, upper_p, upper_quantile
from detectors.learner import Learner, LearnerState
from detectors.model import Cadence, Detection, MetricKind, Point
from detectors.noise import LARGEST_TRAINED, NOISES, Noise

NAME = "effect"

MIN_TRAIN = 7
"""Fewest trained points."""

WINDOW = 42
"""Effect sizes that are remembered: six weeks of daily ones, since the first are told by few batches and are larger."""

CLIP = 3.0
"""Robust standard deviations beyond which one counts no more: what alarmed once doesn't hide the next."""


UNCLIPPED = 1.15
"""What a standard deviation without what is far out is multiplied with: noise is more often far out than a Gaussian."""

SETTLE = 21
"""Points before what is far out teaches the tail: until each weekday has been there three times, a weekend is far."""


class EffectState(LearnerState):
    """The last effect sizes of one series, on the working scale of their noise.

    Parameters
    ----------
    noise: of the kind of metric.
    """

    __slots__ = ("known", "noise", "tail", "worst")

    detector: ClassVar[str] = NAME
    min_train: ClassVar[int] = MIN_TRAIN

    def __init__(self, noise: Noise) -> None:
        super().__init__()
        self.noise = noise
        self.known: deque[float] = deque(maxlen=WINDOW)
        self.tail = Tail(noise.blind_index)
        self.worst = 0.0
        """The farthest out, in ends of the body, that has not taught the tail: one incident does not hide the next."""

    def _verdict(self, point: Point, alpha: float) -> Detection:
        middle, spread = self._usual(point)
        freedom = len(self.known) - 1.0
        away = (self.noise.forward(point.value) - middle) / spread
        p_value = upper_p(away, freedom, self.tail) if self.noise.possible(point.value) else 0.0
        upper = self.noise.backward(middle + spread * upper_quantile(alpha, freedom, self.tail))
        return self._told(p_value, away, alpha, (self.noise.minimum, self.noise.backward(middle), upper))

    def _usual(self, point: Point) -> tuple[float, float]:
        """Return the median and the standard deviation without what is far out, of at least what chance gives."""
        middle = median(self.known)
        away = [abs(one - middle) for one in self.known]
        end = CLIP * max(1.4826 * median(away), self.noise.floor(middle, None, 0.0))
        square = sum(min(one, end) ** 2 for one in away)
        spread = UNCLIPPED * (square / (len(away) - 1)) ** 0.5
        return middle, max(spread, self.noise.floor(middle, point.exposure, 0.0), 1e-150)

    def advance(self, point: Point) -> None:
        if not abs(point.value) < LARGEST_TRAINED or not self.noise.possible(point.value):
            return
        worked = self.noise.forward(point.value)
        if self.n_train >= SETTLE:
            middle, spread = self._usual(point)
            ratio = (worked - middle) / (spread * body_end(len(self.known) - 1.0))
            self.tail.learn(min(ratio, max(self.worst, 1.0)))
            self.worst = max(self.worst, ratio)
        self.known.append(worked)
        self._trained(point)


class Effect(Learner):
    """Judges how far a batch is from those before by how far batches have been: only farther is news.

    On the cube root of the effect size: the median of the last 42, their standard deviation without what is far out,
    a Student t with a Pareto tail that follows the series' own exceedances. Where a batch is so small that chance alone
    takes it farther, the band is wider.

    Parameters
    ----------
    kind: the kind of noise.
    cadence: how often a point comes; effect sizes have no seasons of their own, so it changes nothing.

    Raises
    ------
    ParameterError: `kind` or `cadence` is not one of its enumeration.

    References
    ----------
    Huber (1981) for winsorised scales; Pickands (1975) and Hill (1975) for the tail.

    Examples
    --------
    >>> from detectors.model import History
    >>> shifts = History.of([86400 * day for day in range(20)], [0.03 + day * 7 % 5 / 500 for day in range(20)])
    >>> str(Effect().detect(shifts, Point(86400 * 20, 0.2), alpha=0.003).status)
    'anomalous'
    """

    name: ClassVar[str] = NAME

    def __init__(self, kind: MetricKind = MetricKind.EFFECT, cadence: Cadence = Cadence.IRREGULAR) -> None:
        super().__init__(kind, cadence)

    def start(self, utc_offset_s: float = 0.0) -> EffectState:
        """Return the state of a series without a past; the clock does not matter."""
        return EffectState(NOISES[self.kind])
