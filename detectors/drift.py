"""Slow drift: steps too small to alarm one by one that all go one way."""

from __future__ import annotations

from collections import deque
from typing import ClassVar

from detectors.calibrate import Tail, body_end, two_sided_p, upper_p
from detectors.learner import Learner, LearnerState
from detectors.model import Cadence, Detection, Point
from detectors.noise import LARGEST_TRAINED, NOISES, Noise
from detectors.season import seasonal_slots, slot_at
from detectors.spread import Spread

NAME = "drift"

MIN_TRAIN = 14
"""Fewest trained points: two weeks of a daily series, for one teaches the season."""

FAST, SLOW = 0.15, 0.05
"""Gains of the two levels: what holds now, worth about twelve points, and what it is compared with."""

EFFECT_GAIN = 0.15
"""Weight of the newest value in the effect of its weekday or hour."""

LAG = 8
"""Points by which what is compared with stays behind, level and scale: a drift must not hide in them."""

CLIP = 2.5
"""Standard deviations beyond which a value counts no more here: a single jump is the level detector's news."""

NOISE_MEMORY, SCALE_MEMORY = 0.97, 0.985
"""Discounts of squared errors around the slow level, and of squared differences of the two levels."""

CORRELATED = 3.0
"""So many differences in a row are worth one: they share most of their points."""

INDEX = 8.0
"""Prior Pareto index of the tails: means of clipped values have light ones."""

FLOOR = 0.45
"""Smallest spread of the difference, as a share of the smallest that is believed of a point."""

ACCEPTED_AFTER = 5
"""Surprising differences in a row that make a new level."""

TOLD = 1.8
"""Multiple of the end of the body beyond which one difference makes a new level: a drift is told and then taken."""

SUDDEN_AFTER = 3
"""Values on one side in a row that make a new level at once: a jump is the level detector's news."""

SUDDEN = 1.5
"""Standard deviations beyond which such values are, if the fast level was not on their side before them."""

RISE = 0.6
"""Standard deviations by which the mean of the last STEP must lie beyond that of the STEP before, or it rests."""

STEP = 3
"""Points in each of the two means."""


class Run:
    """Large errors in a row on one side."""

    __slots__ = ("lead", "points", "total")

    def __init__(self) -> None:
        self.points = 0
        self.total = 0.0
        self.lead = 0.0
        """How far to their side the fast level was from the slow one before the first; below zero on the other."""

    def learn(self, error: float, limit: float, lead: float) -> None:
        """Take in an error, which is large beyond `limit`, and the fast level's lead over the slow one before it."""
        if abs(error) <= limit:
            self.points, self.total = 0, 0.0
            return
        if error * self.total <= 0.0:
            self.points, self.total = 0, 0.0
            self.lead = lead if error > 0.0 else -lead
        self.points += 1
        self.total += error

    def mean(self) -> float:
        """Return the mean error; there is at least one."""
        return self.total / self.points


class DriftState(LearnerState):
    """The two levels of one series, its seasonal effects, and how far the levels have been apart.

    Parameters
    ----------
    noise: of the kind of metric.
    cadence: of the series.
    utc_offset_s: seconds that the local clock is ahead of UTC.
    """

    __slots__ = (
        "cadence",
        "counts",
        "differences",
        "effects",
        "fast",
        "highest",
        "jump",
        "lately",
        "levels",
        "lower_tail",
        "noise",
        "one_way",
        "scales",
        "slow",
        "spread",
        "surprises",
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
        slots = seasonal_slots(cadence)
        self.effects = [0.0] * slots
        self.counts = [0] * slots
        self.fast = 0.0
        self.slow = 0.0
        self.spread = Spread(NOISE_MEMORY)
        self.differences = Spread(SCALE_MEMORY)
        self.levels: deque[float] = deque(maxlen=LAG + 1)
        self.scales: deque[float] = deque(maxlen=LAG + 1)
        self.upper_tail = Tail(INDEX)
        self.lower_tail = Tail(INDEX)
        self.lately: deque[float] = deque(maxlen=2 * STEP)
        """The last values, clipped and without their season."""
        self.surprises = 0
        """Surprising differences in a row."""
        self.highest = 0.0
        """The largest of them, as a multiple of the end of the body: what is no larger is no news."""
        self.one_way = Run()
        self.jump = Run()

    def _verdict(self, point: Point, alpha: float) -> Detection:
        _, clipped, spread = self._error(point)
        z = self._standardised(self._fast_with(clipped), point)
        freedom = self._freedom()
        news = abs(z) > self.highest * body_end(freedom) and self._goes_on(self.slow + clipped, spread, z)
        return self._told(self._p_value(z, freedom) if news else 1.0, z, alpha)

    def _goes_on(self, value: float, spread: float, side: float) -> bool:
        """Return whether the level still moves towards `side`; where it rests, a jump came before."""
        points = [*self.lately, value][-2 * STEP :]
        if len(points) < 2 * STEP:
            return True
        rise = (sum(points[STEP:]) - sum(points[:STEP])) / STEP
        return rise >= RISE * spread if side > 0.0 else -rise >= RISE * spread

    def _error(self, point: Point) -> tuple[float, float, float]:
        """Return (error around the slow level and the season, the same clipped, its standard deviation)."""
        worked = self.noise.forward(point.value)
        slot = slot_at(self.cadence, point.at, self.utc_offset_s)
        count = self.counts[slot]
        error = worked - self.slow - self.effects[slot] * count / (count + 1.0)
        spread = max(self.spread.deviation(), self._floor(point))
        clipped = error if self.n_train < 4 else max(-CLIP * spread, min(CLIP * spread, error))
        return error, clipped, spread

    def _floor(self, point: Point) -> float:
        return max(self.noise.floor(self.slow, point.exposure, 0.0), 1e-9 * abs(self.slow), 1e-150)

    def _fast_with(self, clipped: float) -> float:
        """Return the fast level once the point with this clipped error has been taken in."""
        return self.fast + max(FAST, 1.0 / (self.n_train + 1)) * (self.slow + clipped - self.fast)

    def _standardised(self, fast: float, point: Point) -> float:
        scale = max(self.scales[0], FLOOR * self._floor(point))
        return (fast - self.levels[0]) / scale

    def _freedom(self) -> float:
        return round(max(1.0, self.differences.worth() / CORRELATED - 1.0), 1)

    def _p_value(self, z: float, freedom: float) -> float:
        if not self.noise.two_sided:
            return upper_p(z, freedom, self.upper_tail)
        return two_sided_p(z, freedom, self.upper_tail, self.lower_tail)

    def advance(self, point: Point) -> None:
        if not abs(point.value) < LARGEST_TRAINED or not self.noise.possible(point.value):
            return
        if self.n_train:
            self._learn(point)
        else:
            self.fast = self.slow = self.noise.forward(point.value)
            self.counts[slot_at(self.cadence, point.at, self.utc_offset_s)] += 1
            self.levels.append(self.slow)
            self.lately.append(self.slow)
        self._trained(point)

    def _learn(self, point: Point) -> None:
        error, clipped, spread = self._error(point)
        lead, level = self.fast - self.slow, self.slow
        self.lately.append(level + clipped)
        self.fast = self._fast_with(clipped)
        self._learn_difference(point)
        self.spread.learn(clipped)
        self._learn_season(point, clipped)
        self.levels.append(self.slow)
        if self.surprises >= ACCEPTED_AFTER or self.highest > TOLD:
            self._settle(self.fast)
        self._learn_jump(error, spread, lead, level)

    def _learn_difference(self, point: Point) -> None:
        """Learn how far the levels are apart, by the scale of LAG points ago."""
        difference = self.fast - self.levels[0]
        scale = max(self.scales[0] if self.scales else 0.0, FLOOR * self._floor(point))
        if self.n_train >= MIN_TRAIN:
            ratio = difference / scale / body_end(self._freedom())
            self.upper_tail.learn(ratio)
            self.lower_tail.learn(-ratio)
            self.surprises = self.surprises + 1 if abs(ratio) > 1.0 else 0
            self.highest = max(self.highest, abs(ratio)) if abs(ratio) > 1.0 else 0.0
        if self.n_train > 5:
            difference = max(-3.0 * scale, min(3.0 * scale, difference))
        self.differences.learn(difference)
        self.scales.append(self.differences.deviation())

    def _learn_season(self, point: Point, clipped: float) -> None:
        slot = slot_at(self.cadence, point.at, self.utc_offset_s)
        count, effect = self.counts[slot], self.effects[slot]
        before = self.slow
        if count or self.n_train <= 2:
            self.slow += max(SLOW, 1.0 / (self.n_train + 1)) * clipped
        known = effect * count / (count + 1.0)
        seen = known + clipped if count else self.noise.forward(point.value) - before
        self.counts[slot] = count + 1
        self.effects[slot] += max(EFFECT_GAIN, 1.0 / (count + 1)) * (seen - effect)

    def _learn_jump(self, error: float, spread: float, lead: float, level: float) -> None:
        """Take values in a row on one side for a new level: clipped ones, as the level's detector does, or sudden ones.

        The fast level was `lead` from the slow one, which was at `level`, before the point came.
        """
        if self.n_train < SUDDEN_AFTER + 2:
            return
        self.one_way.learn(error, CLIP * spread, lead)
        self.jump.learn(error, SUDDEN * spread, lead)
        if self.one_way.points >= ACCEPTED_AFTER:
            self._settle(self.slow + self.one_way.mean())
        elif self.jump.points >= SUDDEN_AFTER and self.jump.lead <= 0.0:
            self._settle(level + self.jump.mean())

    def _settle(self, level: float) -> None:
        """Take `level` for what holds and has held."""
        self.fast = self.slow = level
        self.levels.extend([level] * len(self.levels))
        self.surprises, self.highest = 0, 0.0
        self.one_way, self.jump = Run(), Run()


class Drift(Learner):
    """Alarms when the level of now has left the level of before, by steps that are no news one by one.

    Values, on the scale of their kind of noise and without the effect of their weekday or hour, are clipped and
    averaged twice: fast, and slowly with a lag. Their difference is judged by how far the two have been apart
    before, in a Student t with a light Pareto tail. It is news only while it goes on, and only if it is larger than
    what was told. Five surprises in a row, a large one, or three values that jumped to one side are a new level, which
    both averages then take.

    Parameters
    ----------
    kind: the kind of noise.
    cadence: how often a point comes; decides which season is taken out.

    Raises
    ------
    ParameterError: `kind` or `cadence` is not one of its enumeration.

    References
    ----------
    Roberts (1959) and Lucas and Saccucci (1990) for charts of exponentially weighted means; Page (1954) for
    why small steps must be added up.

    Examples
    --------
    >>> from detectors.model import History, Point
    >>> wobble = [5000 + (day * 37 % 11 - 5) * 40 for day in range(60)]
    >>> rising = [value + 40 * max(0, day - 49) for day, value in enumerate(wobble)]
    >>> history = History.of([86400 * day for day in range(60)], rising)
    >>> verdict = Drift(MetricKind.COUNT, Cadence.IRREGULAR).detect(history, Point(86400 * 60, 5440), alpha=0.01)
    >>> str(verdict.status), str(verdict.direction)
    ('anomalous', 'high')
    """

    name: ClassVar[str] = NAME
    banded: ClassVar[bool] = False

    def start(self, utc_offset_s: float = 0.0) -> DriftState:
        """Return the state of a series without a past."""
        return DriftState(NOISES[self.kind], self.cadence, utc_offset_s)
