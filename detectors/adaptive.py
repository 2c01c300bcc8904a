"""The default detector: a mixture of cheap forecasters, a clipped scale of its errors, calibrated tails."""

from __future__ import annotations

from math import isfinite, sqrt
from typing import ClassVar, NamedTuple

from detectors.calibrate import Tail, body_end, two_sided_p, upper_p, upper_quantile
from detectors.carry import Carry
from detectors.cluster import Cluster
from detectors.falls import ALWAYS_FOR, NEAR, SHARE, fall, fallen
from detectors.forecast import Mixture
from detectors.learner import Learner, LearnerState
from detectors.model import Cadence, Detection, DetectionStatus, MetricKind, Point
from detectors.noise import LARGEST_TRAINED, NOISES, Noise
from detectors.season import forecasters_for, seasonal_slots, slot_of, slots_at
from detectors.spread import SlotSpread, Spread

NAME = "adaptive"

MIN_TRAIN = 7
"""Fewest trained points: one week of a daily series."""

SCALE_MEMORY = 0.97
"""Discount of squared errors: the scale is worth about 65 points."""

CLIP = 3.0
"""Standard deviations beyond which an error counts no more: one bad point moves neither band nor level."""

NEW_LEVEL_AFTER = 3
"""So many clipped errors in a row on one side are a new level, which the forecasters then jump to."""

SLOW = 1
"""Index in `forecasters_for` of the level with a memory of about twenty points."""

DOUBT = 0.4
"""Smallest spread as a share of the slow level's usual error: no season is believed to explain more of the noise."""

PROBATION = 14
"""For so many points after a jump the former level stays believed: to return to it is no news."""

SETTLE = 4
"""Points before errors are clipped at all: earlier there is no scale to clip at."""

TURBULENCE = 0.2
"""Weight of what has just happened in the scale: trouble comes in clusters (Engle 1982, Bollerslev 1986)."""

TURBULENCE_MEMORY = 0.7
"""Discount of the squared standardised errors that turbulence is made of: about three points."""


class Outlook(NamedTuple):
    """What is expected of a point, on the working scale."""

    expected: float
    spread: float
    """Standard deviation, of this point's weekday or hour."""
    freedom: float
    """Degrees of freedom of the body."""
    usual: float
    """Standard deviation of any weekday or hour."""


class AdaptiveState(LearnerState):
    """What the default detector knows of one series: O(1) numbers, whatever the length of the past.

    Parameters
    ----------
    noise: of the kind of metric.
    cadence: of the series.
    utc_offset_s: seconds that the local clock is ahead of UTC.
    """

    __slots__ = (
        "cadence",
        "carry",
        "cluster",
        "evidence",
        "former",
        "lower_tail",
        "mixture",
        "noise",
        "outliers",
        "positive",
        "probation",
        "run",
        "slot_spread",
        "spread",
        "turbulence",
        "upper_tail",
        "utc_offset_s",
    )

    detector: ClassVar[str] = NAME
    min_train: ClassVar[int] = MIN_TRAIN

    def __init__(self, noise: Noise, cadence: Cadence, utc_offset_s: float) -> None:
        super().__init__()
        self.noise = noise
        self.cadence = cadence
        self.utc_offset_s = utc_offset_s
        self.mixture = Mixture(forecasters_for(cadence))
        self.carry = Carry()
        self.cluster = Cluster()
        self.upper_tail = Tail(noise.blind_index)
        self.lower_tail = Tail(noise.lower_index)
        self.evidence = 0.0
        self.positive = 0
        """Values above zero in a row."""
        self.spread = Spread(SCALE_MEMORY)
        self.slot_spread = SlotSpread(seasonal_slots(cadence))
        self.turbulence = 1.0
        """Mean squared standardised error of the last few points; it widens the scale and never narrows it."""
        self.former = 0.0
        """Where the level was before it jumped, seen from the new one, on the working scale."""
        self.probation = 0
        """Points for which the former level is still believed."""
        self.outliers: tuple[float, ...] = ()
        """The errors of the run that is going on."""
        self.run = 0
        """Clipped errors in a row, negative below the forecast."""

    def _verdict(self, point: Point, alpha: float) -> Detection:
        outlook = self._outlook(point)
        if outlook is None:
            return self._silent(DetectionStatus.LEARNING, alpha, 1)
        expected, spread, freedom, _ = outlook
        error = self.noise.forward(point.value) - expected
        lowest, highest = self._believed(expected)
        error = (error - min(max(error, lowest), highest)) / spread
        p_value = self._p_value(error, freedom) if self.noise.possible(point.value) else 0.0
        if self._falls(expected + lowest, spread):
            fell = fall(self.noise.forward(point.value), expected + lowest, spread)
            p_value = min(p_value, two_sided_p(-max(0.0, fell), freedom, self.upper_tail, self.lower_tail) / SHARE)
        lower, upper = self._band(expected, spread, freedom, self.cluster.believed(alpha))
        told = self.cluster.doubted(p_value)
        return self._told(told, error, alpha, (lower, self.noise.backward(expected), upper))

    def _outlook(self, point: Point) -> Outlook | None:
        """Return what is expected of the point; None without a past."""
        slots = slots_at(point.at, self.utc_offset_s)
        forecast = self.mixture.predict(slots)
        if forecast is None:
            return None
        expected = forecast + self.carry.ahead()
        least = max(self.noise.floor(expected, point.exposure, self.evidence), 1e-9 * abs(expected), 1e-150)
        if not self.spread.weight:
            return Outlook(expected, least, 1.0, least)
        unrest = self._unrest()
        usual = max(max(self.spread.deviation(), least) * unrest, DOUBT * self.mixture.usual_error(SLOW))
        spread = max(usual * self.slot_spread.factor(slot_of(self.cadence, slots)), least * unrest)
        return Outlook(expected, spread, round(max(1.0, self.spread.worth() - 1.0), 1), usual)

    def _unrest(self) -> float:
        """Return by how much the scale is wider than usual just now; 1 while all is quiet."""
        return sqrt(max(1.0, 1.0 + TURBULENCE * (self.turbulence - 1.0)))

    def _p_value(self, error: float, freedom: float) -> float:
        if not self.noise.two_sided:
            return upper_p(error, freedom, self.upper_tail)
        return two_sided_p(error, freedom, self.upper_tail, self.lower_tail)

    def _believed(self, expected: float) -> tuple[float, float]:
        """Return what counts as the level, around `expected`: it and, for a while, the level before a jump.

        A rate also believes its slow level: after a storm the last value may lead the mixture, and to be back at
        ordinary is no news.
        """
        slow = self.mixture.forecasts[SLOW]
        below = slow - expected if self.noise.kind is MetricKind.RATE and slow is not None else 0.0
        return min(self.former, below, 0.0), max(self.former, 0.0)

    def _band(self, expected: float, spread: float, freedom: float, alpha: float) -> tuple[float | None, float | None]:
        """Return what `_p_value` does not call anomalous at `alpha`, in the metric's unit."""
        noise = self.noise
        share = 0.5 * alpha if noise.two_sided else alpha
        lowest, highest = self._believed(expected)
        upper = noise.backward(expected + highest + spread * upper_quantile(share, freedom, self.upper_tail))
        if not noise.two_sided:
            return (noise.minimum if isfinite(noise.minimum) else None), upper
        low = expected + lowest - spread * upper_quantile(share, freedom, self.lower_tail)
        if self._falls(expected + lowest, spread):
            z = upper_quantile(share * SHARE, freedom, self.lower_tail)
            low = max(low, fallen(z, expected + lowest, spread))
        return noise.backward(low), upper

    def _falls(self, level: float, spread: float) -> bool:
        """Return whether values that could have either sign have always been above zero, and `level` is near it."""
        always = self.noise.signed and self.positive >= min(self.n_train, ALWAYS_FOR)
        return always and 0.0 < level < NEAR * spread

    def advance(self, point: Point) -> None:
        if not abs(point.value) < LARGEST_TRAINED or not self.noise.possible(point.value):
            return
        raw = value = self.noise.forward(point.value)
        slots = slots_at(point.at, self.utc_offset_s)
        outlook = self._outlook(point)
        if outlook is not None:
            if self._return_to_former(value, outlook):
                outlook = self._outlook(point) or outlook
            value = self._weigh(value, outlook, slot_of(self.cadence, slots))
        self.mixture.learn(value, slots, raw)
        self.positive = self.positive + 1 if point.value > 0.0 else 0
        self._trained(point)
        if point.exposure is not None and isfinite(point.exposure):
            self.evidence += max(0.0, point.exposure)
            self.upper_tail.index = self.noise.upper_index

    def _return_to_former(self, value: float, outlook: Outlook) -> bool:
        """Jump back when a new level proves to have been an episode; return whether it did."""
        if not self.probation:
            return False
        expected, spread = outlook.expected, outlook.spread
        error = value - expected
        back = abs(error) > CLIP * spread and abs(error - self.former) < abs(error)
        if back:
            self.mixture.jump(self.former)
            self.carry.forget()
            self.probation = 0
        self.probation = max(0, self.probation - 1)
        self.former = self.former if self.probation else 0.0
        return back

    def _weigh(self, value: float, outlook: Outlook, slot: int) -> float:
        """Learn the forecast's error; return the value to learn from, clipped unless the level is new."""
        expected, spread, freedom, usual = outlook
        error = value - expected
        clipped = error
        self.carry.learn(error + self.carry.ahead(), CLIP * spread)
        ratio = error / (spread * body_end(freedom))
        self.cluster.learn(abs(ratio) > 1.0)
        if self.n_train >= SETTLE:
            self.upper_tail.learn(ratio)
            self.lower_tail.learn(-ratio)
            clipped = max(-CLIP * spread, min(CLIP * spread, error))
        if self.n_train >= MIN_TRAIN:
            unusual = min(CLIP, abs(error) * self._unrest() / spread)
            self.turbulence += (1.0 - TURBULENCE_MEMORY) * (unusual * unusual - self.turbulence)
            if self.noise.slotted:
                self.slot_spread.learn(max(-CLIP, min(CLIP, error / usual)), slot)
        self.spread.learn(clipped)
        if clipped == error:
            self.run = 0
            return value
        side = 1 if error > 0.0 else -1
        self.run = self.run + side if self.run * side > 0 else side
        self.outliers = (*self.outliers[1 - NEW_LEVEL_AFTER :], error) if abs(self.run) > 1 else (error,)
        if abs(self.run) < NEW_LEVEL_AFTER:
            return expected + clipped
        step = sorted(self.outliers)[len(self.outliers) // 2]
        self.mixture.jump(step)
        self.carry.forget()
        self.former, self.probation = -side * max(abs(outlier) for outlier in self.outliers), PROBATION
        self.run = 0
        return expected + step + max(-CLIP * spread, min(CLIP * spread, error - step))


class Adaptive(Learner):
    """Judges a number by a mixture of cheap forecasts of it, and the errors which these made until now.

    The value, on the scale of its kind of noise, is forecast by levels of several memories and by weekday or
    hour effects, weighted by their recent out-of-sample errors; of the last error so much is carried over as errors
    have persisted. The scale of the mixture's errors is exponentially weighted and clipped, and that of a weekday or
    hour leaves it as far as its own errors show; p-values come from a Student t with a Pareto tail that follows the
    series' own exceedances. What could have either sign, has always been above zero and is near it for its noise is
    also judged by the factor by which it falls. Right after a surprise another one is likelier, and so says less. One
    clipped point neither moves the level nor widens the band; three in a row are a new level.

    Parameters
    ----------
    kind: the kind of noise.
    cadence: how often a point comes; decides which seasons are looked for.

    Raises
    ------
    ParameterError: `kind` or `cadence` is not one of its enumeration.

    References
    ----------
    Brown (1959), Winters (1960) for the forecasters; Bates and Granger (1969) for their combination; Gelper,
    Fried and Croux (2010), "Robust forecasting with exponential and Holt-Winters smoothing", for clipping;
    Pickands (1975) and Hill (1975) for the tail.

    Examples
    --------
    >>> from detectors.model import History, Point
    >>> rows = History.of([86400 * day for day in range(10)], [5000] * 10)
    >>> verdict = Adaptive(MetricKind.COUNT, Cadence.DAILY).detect(rows, Point(864000, 10), alpha=0.001)
    >>> str(verdict.status), str(verdict.direction), verdict.n_train
    ('anomalous', 'low', 10)
    """

    name: ClassVar[str] = NAME

    def start(self, utc_offset_s: float = 0.0) -> AdaptiveState:
        """Return the state of a series without a past."""
        return AdaptiveState(NOISES[self.kind], self.cadence, utc_offset_s)
