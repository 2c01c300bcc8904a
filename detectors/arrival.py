"""Arrivals: has what usually comes by now come, and how surprising is it that it has not?"""

from __future__ import annotations

from collections import deque
from math import ceil, log, log1p, sqrt
from typing import ClassVar, NamedTuple

from detectors.calibrate import Tail, body_end, upper_p, upper_quantile
from detectors.habit import Moment, habits, moment
from detectors.learner import Learner, LearnerState
from detectors.model import Cadence, Detection, MetricKind, Point
from detectors.noise import INDEX, LARGEST_TRAINED, NOISES, Noise
from detectors.spread import Spread

NAME = "arrival"

MIN_TRAIN = 7
"""Fewest waits: of what comes on working days one weekend is then among them."""

SCALE_MEMORY = 0.97
"""Discount of squared errors: the scale of each habit is worth about 65 waits."""

RECORD_MEMORY = 0.95
"""Discount of a habit's record: about the last 20 waits decide which are believed (Raftery 2010)."""

DOUBTED = 6.0
"""Nats of predictive likelihood by which a habit has to have done worse than the best to be believed no more."""

MOST_BLAME = 8.0
"""Nats that one wait can cost: an outage is no proof against any habit."""

CLIP = 4.0
"""Standard deviations beyond which an error counts no more: one outage moves no habit and widens no band."""

NEW_HABIT_AFTER = 3
"""So many clipped errors in a row on one side are learned as they are: this is how it comes now."""

SETTLE = 4
"""Waits before errors are clipped at all: earlier there is no scale to clip at."""


BORROWED = 2.0
"""Waits that the steadiest habit's errors are worth to one that has hardly been tried."""


REMEMBERED = 60
"""Waits whose lateness is remembered one by one: what has been as late twice lately is no news a third time."""


ABOUT = 1.02
"""So many times as late is about as late."""


class Outlook(NamedTuple):
    """What one habit says of a wait, on the working scale."""

    expected: float
    spread: float
    known: bool = True
    """False: it is the plainest habit's."""


class ArrivalState(LearnerState):
    """The habits of one series of waits, with the errors and the record of each.

    Parameters
    ----------
    noise: of the kind of metric.
    utc_offset_s: seconds that the local clock is ahead of UTC.
    """

    __slots__ = ("habits", "lately", "noise", "records", "run", "spreads", "tail", "utc_offset_s")

    detector: ClassVar[str] = NAME
    min_train: ClassVar[int] = MIN_TRAIN

    def __init__(self, noise: Noise, utc_offset_s: float) -> None:
        super().__init__()
        self.noise = noise
        self.utc_offset_s = utc_offset_s
        self.habits = habits()
        self.spreads = [Spread(SCALE_MEMORY) for _ in self.habits]
        self.records = [0.0] * len(self.habits)
        """Discounted log-likelihood of what came under each habit's forecast of it."""
        self.tail = Tail(INDEX)
        self.lately: deque[float] = deque(maxlen=REMEMBERED)
        """How late the last waits were on the working scale, by the habit that they surprised least."""
        self.run = 0
        """Clipped errors in a row, negative for early ones."""

    def _verdict(self, point: Point, alpha: float) -> Detection:
        outlooks = self._outlooks(self._begin(point))
        believed = [outlooks[i] for i in self._believed()]
        value, freedom = self.noise.forward(point.value), self._freedom()
        z = min((value - each.expected) / each.spread for each in believed)
        late = min(value - each.expected for each in believed)
        p_value = max(upper_p(z, freedom, self.tail), self._share_as_late(late))
        if not self.noise.possible(point.value):
            p_value = 0.0
        reach, ordinary = upper_quantile(alpha, freedom, self.tail), self._as_late_as(alpha)
        latest = max(each.expected + max(each.spread * reach, ordinary) for each in believed)
        expected = outlooks[self.records.index(max(self.records))].expected
        band = (self.noise.minimum, self.noise.backward(min(expected, latest)), self.noise.backward(latest))
        return self._told(p_value, value - expected, alpha, band)

    def _believed(self) -> list[int]:
        """Return the indices of the habits whose record is about as good as the best."""
        best = max(self.records)
        return [i for i, record in enumerate(self.records) if record > best - DOUBTED]

    def _share_as_late(self, late: float) -> float:
        """Return the share of the last waits that were as late, one of them left out: it may have been an outage."""
        return max(0, sum(ABOUT * each >= late for each in self.lately) - 1) / (len(self.lately) + 1.0)

    def _as_late_as(self, alpha: float) -> float:
        """Return how late a wait may be without `_share_as_late` falling below `alpha`."""
        place = ceil(alpha * (len(self.lately) + 1.0)) + 1
        return max(0.0, ABOUT * sorted(self.lately, reverse=True)[place - 1]) if place <= len(self.lately) else 0.0

    def _begin(self, point: Point) -> Moment:
        return moment(point.at - point.value + self.utc_offset_s)

    def _outlooks(self, begin: Moment) -> list[Outlook]:
        """Return what each habit says; one without an idea of this wait says what the plainest does."""
        shared = min((each.square / each.weight for each in self.spreads if each.weight >= SETTLE), default=0.0)
        found: list[Outlook] = []
        for habit, spread in zip(self.habits, self.spreads, strict=True):
            usual = habit.usual(begin)
            if usual is None:
                found.append(found[0]._replace(known=False) if found else Outlook(0.0, 1.0, False))
                continue
            own = sqrt((spread.square + BORROWED * shared) / (spread.weight + BORROWED))
            least = max(self.noise.floor(usual, None, 0.0), 1e-9 * abs(usual), 1e-150)
            found.append(Outlook(usual, max(own, least)))
        return found

    def _freedom(self) -> float:
        """Return the degrees of freedom of the errors, by what the plainest habit has seen."""
        return round(max(1.0, self.spreads[0].worth() - 1.0), 1)

    def advance(self, point: Point) -> None:
        if not abs(point.value) < LARGEST_TRAINED or not self.noise.possible(point.value):
            return
        begin = self._begin(point)
        raw = value = self.noise.forward(point.value)
        if self.n_train:
            value = self._weigh(value, self._outlooks(begin))
        for habit in self.habits:
            habit.learn(begin, value, raw)
        self._trained(point)

    def _weigh(self, value: float, outlooks: list[Outlook]) -> float:
        """Learn how far each habit was off; return the wait to learn from, clipped unless it is how it comes now."""
        zs = [(value - each.expected) / each.spread for each in outlooks]
        at = min(self._believed(), key=lambda i: abs(zs[i]))
        nearest = outlooks[at]
        if self.n_train >= SETTLE:
            self.tail.learn(zs[at] / body_end(self._freedom()))
            self.lately.append(value - nearest.expected)
        self._judge_habits(zs, outlooks)
        late = abs(zs[at]) > CLIP and self.n_train >= SETTLE
        side = 1 if zs[at] > 0.0 else -1
        self.run = 0 if not late else self.run + side if self.run * side > 0 else side
        if not late or abs(self.run) >= NEW_HABIT_AFTER:
            return value
        return nearest.expected + side * CLIP * nearest.spread

    def _judge_habits(self, zs: list[float], outlooks: list[Outlook]) -> None:
        """Score each habit by the logarithm of the density that its forecast had at what came."""
        freedom = self._freedom()
        scores = [
            -log(each.spread) - 0.5 * (freedom + 1.0) * log1p(z * z / freedom)
            for z, each in zip(zs, outlooks, strict=True)
        ]
        best = max(scores)
        for i, (z, each) in enumerate(zip(zs, outlooks, strict=True)):
            self.records[i] = RECORD_MEMORY * self.records[i] - min(MOST_BLAME, best - scores[i])
            clip = CLIP if self.n_train >= SETTLE else abs(z)
            if each.known:
                self.spreads[i].learn(max(-clip, min(clip, z)) * each.spread)


class Arrival(Learner):
    """Judges how long it took until something came, or takes already: only longer is news.

    The value of a point is a wait in seconds that ended, or goes on, at the point's instant: since what came before
    it, or since the end of the time that the data is of. Several habits say from the wait's beginning how long it
    usually lasts: as the waits before, those of the same weekday, hour or place in the month, to the usual time of
    day, or to the same place in the next month. Each is scored by how likely it made what came; a wait is surprising
    if it is so to every habit that is believed, and later than two of the last sixty were. The p-value is
    P(wait >= value), so it may be asked while nothing has come yet; the upper end of the band is then the latest that
    is still ordinary.

    Parameters
    ----------
    kind: the kind of noise; the default is made for waits.
    cadence: how often a point comes; any, the cadence is what is learned.

    Raises
    ------
    ParameterError: `kind` or `cadence` is not one of its enumeration.

    References
    ----------
    Kaplan and Meier (1958) for the survival of what has not ended yet; Wilson and Hilferty (1931) for the cube root of
    gamma waits; Raftery, Karny and Ettler (2010), "Online prediction under model uncertainty via dynamic model
    averaging", for the records with forgetting; Pickands (1975) and Hill (1975) for the tail.

    Examples
    --------
    >>> from detectors.model import History, Point
    >>> day = 86400.0
    >>> daily = History.of([n * day for n in range(1, 30)], [day] * 29)
    >>> late = Arrival().detect(daily, Point(30.5 * day, 1.5 * day), alpha=0.003)
    >>> str(late.status), round(late.expected / 3600), round(late.upper / 3600)
    ('anomalous', 24, 26)
    """

    name: ClassVar[str] = NAME

    def __init__(self, kind: MetricKind = MetricKind.ARRIVAL, cadence: Cadence = Cadence.IRREGULAR) -> None:
        super().__init__(kind, cadence)

    def start(self, utc_offset_s: float = 0.0) -> ArrivalState:
        """Return the state of a series without a past."""
        return ArrivalState(NOISES[self.kind], utc_offset_s)
