"""Data of every few minutes: one alarm an episode, whichever of three memories finds it surprising."""

from __future__ import annotations

from math import isfinite
from typing import ClassVar, NamedTuple

from detectors.base import State
from detectors.calibrate import Tail, body_end, upper_p, upper_quantile
from detectors.forecast import Forecaster, Level, SlotMean
from detectors.learner import Band, Learner, LearnerState
from detectors.model import Cadence, Detection, MetricKind, Point
from detectors.noise import LARGEST_TRAINED, NOISES, Noise
from detectors.season import HOUR, slots_at
from detectors.spread import Spread

NAME = "episodic"

MIN_TRAIN = 30
"""Fewest trained points: some hours of data of every five minutes."""

RECENT, LASTING, HOURLY = range(3)
"""Index of each forecaster: the level of the last points, that of the last hours, and that of the hour of the day."""

GAINS = (0.3, 0.01, 0.05)
"""Weight of the newest value in each."""

CLIPS = (4.0, 50.0, 4.0)
"""Standard deviations beyond which an error counts no more. The lasting level keeps what the series has really done, so
that no quiet hour makes it forget how far values can go."""

FLOOR = 0.1
"""Smallest spread of each, as a share of the lasting one: a quiet hour doesn't make small steps news."""

SCALE_MEMORY = 0.9995
"""Discount of squared errors: the scale is worth a week of data of every five minutes."""

SETTLE = 20
"""Points before errors are clipped, and before they say anything of the tails."""

FREEDOM = 100.0
"""Most degrees of freedom of the body."""

INDEX = 8.0
"""Prior Pareto index of the tails; with thousands of points each series soon has its own."""

EPISODE = 50
"""An episode is over when nothing so surprising has come for so many to twice so many points."""

LEAST = 1e-60
"""Surprise beyond is not told apart."""


class Outlook(NamedTuple):
    """What one forecaster says of a point, on the working scale."""

    expected: float
    spread: float
    upper: Tail
    lower: Tail


class EpisodicState(LearnerState):
    """Three forecasters of one series, the scale and the tails of each, and the episode that is going on.

    Parameters
    ----------
    noise: of the kind of metric.
    utc_offset_s: seconds that the local clock is ahead of UTC.
    """

    __slots__ = (
        "before",
        "evidence",
        "forecasters",
        "left",
        "lower_tails",
        "noise",
        "now",
        "spreads",
        "upper_tails",
        "utc_offset_s",
    )

    detector: ClassVar[str] = NAME
    min_train: ClassVar[int] = MIN_TRAIN

    def __init__(self, noise: Noise, utc_offset_s: float) -> None:
        super().__init__()
        self.noise = noise
        self.utc_offset_s = utc_offset_s
        self.forecasters: list[Forecaster] = [Level(GAINS[RECENT]), Level(GAINS[LASTING]), SlotMean(24, GAINS[HOURLY])]
        self.spreads = [Spread(SCALE_MEMORY) for _ in GAINS]
        self.upper_tails = [Tail(INDEX) for _ in GAINS]
        self.lower_tails = [Tail(INDEX) for _ in GAINS]
        self.evidence = 0.0
        """Rows behind the whole history of a rate."""
        self.now = 1.0
        """The least p-value of this block of EPISODE points; `before` is that of the block before."""
        self.before = 1.0
        self.left = EPISODE
        """Points left of this block."""

    def _verdict(self, point: Point, alpha: float) -> Detection:
        outlooks = [each for each in self._outlooks(point) if each is not None]
        value = self.noise.forward(point.value)
        record = min(self.now, self.before)
        p_value = self._p_value(value, outlooks)
        p_value = p_value if p_value < record else 1.0
        if not self.noise.possible(point.value):
            p_value = 0.0
        side = value - outlooks[RECENT].expected
        return self._told(p_value, side, alpha, self._band(outlooks, min(alpha, record)))

    def _outlooks(self, point: Point) -> list[Outlook | None]:
        """Return what each forecaster says of a point; None of one that knows nothing of its hour."""
        hour = slots_at(point.at, self.utc_offset_s)[HOUR]
        forecasts = [forecaster.predict(hour) for forecaster in self.forecasters]
        shared = FLOOR * self.spreads[LASTING].deviation()
        found: list[Outlook | None] = []
        for i, expected in enumerate(forecasts):
            if expected is None:
                found.append(None)
                continue
            floor = self.noise.floor(expected, point.exposure, self.evidence)
            least = max(shared, floor, 1e-9 * abs(expected), 1e-150)
            spread = max(self.spreads[i].deviation(), least)
            found.append(Outlook(expected, spread, self.upper_tails[i], self.lower_tails[i]))
        return found

    def _freedom(self) -> float:
        return min(FREEDOM, max(1.0, self.n_train - 1.0))

    def _p_value(self, value: float, outlooks: list[Outlook]) -> float:
        """Return the p-value under the forecast that is surprised most, times how many there are (Bonferroni 1936).

        What lies between two forecasts is no news, so that a band holds all of them.
        """
        freedom = self._freedom()
        lowest = min(each.expected for each in outlooks)
        highest = max(each.expected for each in outlooks)
        if lowest <= value <= highest or (value < lowest and not self.noise.two_sided):
            return 1.0
        high = value > highest
        tails = [
            upper_p(abs(value - each.expected) / each.spread, freedom, each.upper if high else each.lower)
            for each in outlooks
        ]
        sides = 2.0 if self.noise.two_sided else 1.0
        return max(LEAST, min(1.0, len(GAINS) * sides * min(tails)))

    def _band(self, outlooks: list[Outlook], alpha: float) -> Band:
        """Return what `_p_value` does not put below `alpha`, in the metric's unit."""
        noise, freedom = self.noise, self._freedom()
        lower = noise.minimum if isfinite(noise.minimum) else None
        upper = noise.maximum if isfinite(noise.maximum) else None
        expected = noise.backward(outlooks[RECENT].expected)
        if alpha <= LEAST:
            return lower, expected, upper
        share = alpha / len(GAINS) / (2.0 if noise.two_sided else 1.0)
        highest = max(each.expected for each in outlooks)
        reach = min(each.expected + each.spread * upper_quantile(share, freedom, each.upper) for each in outlooks)
        upper = noise.backward(max(highest, reach))
        if noise.two_sided:
            lowest = min(each.expected for each in outlooks)
            reach = max(each.expected - each.spread * upper_quantile(share, freedom, each.lower) for each in outlooks)
            lower = noise.backward(min(lowest, reach))
        return lower, expected, upper

    def advance(self, point: Point) -> None:
        if not abs(point.value) < LARGEST_TRAINED or not self.noise.possible(point.value):
            return
        value = self.noise.forward(point.value)
        outlooks = self._outlooks(point)
        self._learn_episode(value, [each for each in outlooks if each is not None])
        hour = slots_at(point.at, self.utc_offset_s)[HOUR]
        for i, outlook in enumerate(outlooks):
            clipped = value if outlook is None else outlook.expected + self._learn_error(i, value, outlook)
            self.forecasters[i].learn(clipped, hour, value)
        self._trained(point)
        if point.exposure is not None and isfinite(point.exposure):
            self.evidence += max(0.0, point.exposure)

    def _learn_episode(self, value: float, outlooks: list[Outlook]) -> None:
        if self.n_train >= MIN_TRAIN:
            self.now = min(self.now, self._p_value(value, outlooks))
        self.left -= 1
        if not self.left:
            self.before, self.now, self.left = self.now, 1.0, EPISODE

    def _learn_error(self, i: int, value: float, outlook: Outlook) -> float:
        """Learn a forecaster's error; return it clipped, unless the series has hardly ever moved."""
        error = value - outlook.expected
        if self.n_train >= SETTLE:
            ratio = error / (outlook.spread * body_end(self._freedom()))
            outlook.upper.learn(ratio)
            outlook.lower.learn(-ratio)
            if self.spreads[LASTING].square > 0.0:
                limit = CLIPS[i] * outlook.spread
                error = max(-limit, min(limit, error))
        self.spreads[i].learn(error)
        return error


class Episodic(Learner):
    """Judges what comes every few minutes, where people want one alarm an episode and not one a point.

    Three forecasters look at the series: a level of the last few points, one of the last hours, and one for each
    hour of the day. A value is surprising if one of them finds it so, by its own calibrated errors. It is news only
    if nothing as surprising has come lately: an episode alarms where it begins and where it gets much worse, and what
    has been told widens the band until the series has been calm for fifty to a hundred points.

    Parameters
    ----------
    kind: the kind of noise.
    cadence: how often a point comes; any, it is made for minutes.

    Raises
    ------
    ParameterError: `kind` or `cadence` is not one of its enumeration.

    References
    ----------
    Brown (1959) for the forecasters; Lavin and Ahmad (2015), "Evaluating real-time anomaly detection algorithms",
    for why an alarm is worth most where an episode begins; Pickands (1975) and Hill (1975) for the tails.

    Examples
    --------
    >>> from detectors.model import History, Point
    >>> rows = History.of([300 * i for i in range(60)], [50 + i * 37 % 11 for i in range(60)])
    >>> detector = Episodic(MetricKind.VALUE, Cadence.MINUTELY)
    >>> str(detector.detect(rows, Point(18000, 200), alpha=0.001).status)
    'anomalous'
    """

    name: ClassVar[str] = NAME

    def __init__(self, kind: MetricKind = MetricKind.VALUE, cadence: Cadence = Cadence.MINUTELY) -> None:
        super().__init__(kind, cadence)

    def start(self, utc_offset_s: float = 0.0) -> State:
        """Return the state of a series without a past."""
        return EpisodicState(NOISES[self.kind], utc_offset_s)
