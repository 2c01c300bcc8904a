"""Whole batches: is this one, by all that was measured of it together, like those before?"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, log, sqrt
from typing import TYPE_CHECKING

from detectors.calibrate import check_alpha

if TYPE_CHECKING:
    from detectors.model import FloatArray

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

    __slots__ = ("n_train", "past", "rows", "scores")

    def __init__(self) -> None:
        self.past: dict[str, deque[float]] = {}
        self.rows: dict[str, float] = {}
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
        import numpy as np

        found: dict[str, float] = {}
        for name, past in self.past.items():
            if len(past) < MIN_TRAIN - 1:
                continue
            quantity = batch.get(name)
            if quantity is not None and isfinite(quantity.value):
                found[name] = self._further(name, quantity, np.array(past))
            elif len(past) >= 0.9 * min(self.n_train, WINDOW):
                found[name] = LOST
        return found

    def _further(self, name: str, quantity: Quantity, past: FloatArray) -> float:
        """Return how far the number lies from its median, in terms of how far its past has gone."""
        import numpy as np

        median = float(np.median(past))
        away = np.abs(past - median)
        robust = max(1.4826 * float(np.median(away)), SPREAD_SHARE * float(past.std()))
        floor = max(self._floor(name, quantity, past), quantity.floor, 1e-9)
        scale = sqrt(robust**2 + floor**2) if quantity.rows is not None else max(robust, floor)
        usual = float(np.sort(away)[-(len(away) // RARE + 1)]) / scale
        return abs(quantity.value - median) / scale / max(usual, USUAL)

    def _floor(self, name: str, quantity: Quantity, past: FloatArray) -> float:
        """Return the noise that a number has at least; of a share, binomial, with Jeffreys' prior (1946)."""
        if quantity.rows is None:
            return RELATIVE_FLOOR * abs(float(past.mean()))
        seen, rows = self.rows.get(name, 0.0), max(quantity.rows, 1.0)
        share = min(1.0, max(0.0, (float(past.mean()) * seen + 0.5) / (seen + 1.0)))
        return sqrt(share * (1.0 - share) * (1.0 / rows + TOGETHER) + (ROW_SLACK / rows) ** 2)

    def learn(self, batch: Mapping[str, Quantity]) -> None:
        """Take in a batch that was accepted; a number that is not finite teaches nothing."""
        if self.n_train >= MIN_TRAIN:
            self.scores.append(self.judge(batch).score)
        for name, quantity in batch.items():
            if isfinite(quantity.value):
                self.past.setdefault(name, deque(maxlen=WINDOW)).append(quantity.value)
                self.rows[name] = self.rows.get(name, 0.0) + (quantity.rows or 0.0)
        self.n_train += 1
