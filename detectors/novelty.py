"""Whole batches: is this one, by all that was measured of it together, like those before?"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, log, nan, sqrt
from typing import TYPE_CHECKING

from detectors.calibrate import check_alpha

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from detectors.model import FloatArray

    IntArray = NDArray[np.int64]

MIN_TRAIN = 6
"""Fewest batches that a metric needs behind it before it has a say."""

WINDOW = 90
"""Batches that are remembered: a quarter of daily ones."""

SCORES = 150
"""Scores of accepted batches that are remembered, to know what an ordinary one looks like."""

USUAL = 3.0
"""Robust standard deviations that surprise nobody, in a metric whose own past has not gone further."""

RARE = 50
"""One in so many of a metric's own past is left out when asking how far it has gone."""

SPREAD_SHARE = 0.3
"""Share of the ordinary standard deviation that the robust one is not believed to be below."""

ROW_SLACK = 0.3
"""Rows of a share that are never news."""

TOGETHER = 0.0002
"""Correlation believed between the rows of a batch."""

RELATIVE_FLOOR = 0.001
"""Smallest standard deviation believed of a metric that is no share, as a share of its median."""

LOST = 50.0
"""Strangeness of a metric that was always there and is not."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number of a batch.

    Parameters
    ----------
    value: the number; NaN is not measured.
    rows: for a share (0..1), the rows that it is a share of; None for any other number.
    floor: the smallest standard deviation believed of it, in its unit.
    """

    value: float
    rows: float | None = None
    floor: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Novelty:
    """How strange a batch is.

    Parameters
    ----------
    score: larger is stranger; comparable over the batches of one table.
    p_value: share of accepted batches that were at least as strange, with half of the batch itself among them; None
        while learning.
    reasons: the strangest metrics, each with how much further it went than its past has gone, strangest first.
    n_train: batches learned.
    """

    score: float
    p_value: float | None
    reasons: tuple[tuple[str, float], ...]
    n_train: int

    def anomalous(self, alpha: float) -> bool:
        """Return whether fewer than `alpha` of ordinary batches are so strange.

        Raises
        ------
        ParameterError: alpha is not above 0 and at most 0.5.
        """
        check_alpha(alpha)
        return self.p_value is not None and self.p_value < alpha


class Batches:
    """The accepted batches of one table.

    Each metric is standardised robustly by its own past (median and MAD; of a share also by its over-dispersed
    binomial noise) and divided by how far its own past has gone. The score is made of the largest, which finds what hit
    one column, and of the root mean square over all, which finds what hit many. Its p-value is the rank among the
    scores that accepted batches had when they came.

    References
    ----------
    Iglewicz and Hoaglin (1993) for the robust score; Redyuk, Kaoudi, Markl and Schelter (2021) for judging batches by
    descriptive statistics of past ones; Vovk, Gammerman and Shafer (2005) for the rank, smoothed, as a p-value.

    Examples
    --------
    >>> batches = Batches()
    >>> for day in range(40):
    ...     batches.learn({"price": Quantity(10.0 + day * 37 % 11 / 10), "null": Quantity(0.0, rows=500)})
    >>> verdict = batches.judge({"price": Quantity(10.4), "null": Quantity(0.2, rows=500)})
    >>> verdict.reasons[0][0], verdict.anomalous(0.05)
    ('null', True)
    """

    __slots__ = ("columns", "known", "n_train", "past", "rows", "scores")

    def __init__(self) -> None:
        import numpy as np

        self.columns: dict[str, int] = {}
        """Metric -> its place in the arrays."""
        self.past: FloatArray = np.empty((WINDOW, 0))
        """The last numbers of each metric, in no order; NaN where there are fewer."""
        self.known: IntArray = np.zeros(0, np.int64)
        """How many numbers each metric has had."""
        self.rows: FloatArray = np.zeros(0)
        """The rows behind all of them."""
        self.scores: deque[float] = deque(maxlen=SCORES)
        self.n_train = 0

    def judge(self, batch: Mapping[str, Quantity]) -> Novelty:
        """Judge a batch by those before; teaches nothing.

        Parameters
        ----------
        batch: metric -> number, of everything that is measured of the table.
        """
        strange = self._strange(batch)
        if not strange:
            return Novelty(score=0.0, p_value=None, reasons=(), n_train=self.n_train)
        largest = max(strange.values())
        spread = sqrt(sum(min(each, 10.0) ** 2 for each in strange.values()) / len(strange))
        score = log(largest + 0.05) + 0.5 * log(spread + 0.02)
        reasons = tuple(sorted(strange.items(), key=lambda item: (-item[1], item[0]))[:5])
        return Novelty(score=score, p_value=self._p_value(score), reasons=reasons, n_train=self.n_train)

    def _p_value(self, score: float) -> float | None:
        if len(self.scores) < MIN_TRAIN:
            return None
        ordered = sorted(self.scores)
        return (len(ordered) - bisect_left(ordered, score) + 0.5) / (len(ordered) + 1.0)

    def _strange(self, batch: Mapping[str, Quantity]) -> dict[str, float]:
        """Return how far each number lies from its median, in terms of how far its past has gone."""
        import numpy as np

        learned = [(name, at) for name, at in self.columns.items() if self.known[at] >= MIN_TRAIN - 1]
        there = [(name, at) for name, at in learned if name in batch and isfinite(batch[name].value)]
        lost = self.known >= 0.9 * min(self.n_train, WINDOW)
        found = {name: LOST for name, at in learned if lost[at]}
        if there:
            places = np.array([at for _, at in there])
            further = self._further(places, [batch[name] for name, _ in there])
            found |= dict(zip([name for name, _ in there], further.tolist(), strict=True))
        return found

    def _further(self, places: IntArray, quantities: Sequence[Quantity]) -> FloatArray:
        import numpy as np

        past, count = self.past[:, places], np.minimum(self.known[places], WINDOW)
        value = np.array([quantity.value for quantity in quantities])
        rows = np.array([nan if quantity.rows is None else quantity.rows for quantity in quantities])
        with np.errstate(all="ignore"):
            mean = np.nansum(past, axis=0) / count
            deviation = np.sqrt(np.nansum((past - mean) ** 2, axis=0) / count)
            middle = _middle(np.sort(past, axis=0), count)
            away = np.sort(np.abs(past - middle), axis=0)
            robust = np.maximum(1.4826 * _middle(away, count), SPREAD_SHARE * deviation)
            floor = np.maximum(self._floor(places, mean, rows), [quantity.floor for quantity in quantities])
            floor = np.maximum(floor, 1e-9)
            scale = np.where(np.isnan(rows), np.maximum(robust, floor), np.sqrt(robust**2 + floor**2))
            usual = away[count - 1 - count // RARE, np.arange(len(count))] / scale
            return np.asarray(np.nan_to_num(np.abs(value - middle) / scale / np.maximum(usual, USUAL)))

    def _floor(self, places: IntArray, mean: FloatArray, rows: FloatArray) -> FloatArray:
        """Return the noise that numbers have at least; of a share, binomial, with Jeffreys' prior (1946)."""
        import numpy as np

        seen, behind = self.rows[places], np.maximum(rows, 1.0)
        share = np.clip((mean * seen + 0.5) / (seen + 1.0), 0.0, 1.0)
        noise = np.sqrt(share * (1.0 - share) * (1.0 / behind + TOGETHER) + (ROW_SLACK / behind) ** 2)
        return np.where(np.isnan(rows), RELATIVE_FLOOR * np.abs(mean), noise)

    def learn(self, batch: Mapping[str, Quantity], said: Novelty | None = None) -> None:
        """Take in a batch that was accepted; a number that is not finite teaches nothing.

        Parameters
        ----------
        batch: as in `judge`.
        said: what `judge` says of it, where that was asked.
        """
        if self.n_train >= MIN_TRAIN:
            self.scores.append((said or self.judge(batch)).score)
        known = {name: quantity for name, quantity in batch.items() if isfinite(quantity.value)}
        self._make_room([name for name in known if name not in self.columns])
        for name, quantity in known.items():
            at = self.columns[name]
            self.past[self.known[at] % WINDOW, at] = quantity.value
            self.known[at] += 1
            self.rows[at] += quantity.rows or 0.0
        self.n_train += 1

    def _make_room(self, names: Sequence[str]) -> None:
        """Add metrics that are there for the first time."""
        import numpy as np

        if not names:
            return
        self.columns |= {name: at for at, name in enumerate(names, start=len(self.columns))}
        self.past = np.concatenate([self.past, np.full((WINDOW, len(names)), nan)], axis=1)
        self.known = np.concatenate([self.known, np.zeros(len(names), np.int64)])
        self.rows = np.concatenate([self.rows, np.zeros(len(names))])


def _middle(ordered: FloatArray, count: IntArray) -> FloatArray:
    """Return the median of the first `count` of each column, which are in order."""
    import numpy as np

    each = np.arange(len(count))
    return np.asarray((ordered[(count - 1) // 2, each] + ordered[count // 2, each]) / 2.0)
