"""By what number a batch is far from others: effect sizes, since with many rows everything differs significantly."""

from __future__ import annotations

from enum import StrEnum
from math import log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

LEAST_SHARE = 1e-4
"""Share that an empty cell is taken to have in the stability index, so that it stays finite."""

FARTHEST = 1e6
"""Largest Wasserstein distance: farther is as far."""


class Measure(StrEnum):
    """What an effect size is; each is judged against its own history, so their scales don't matter."""

    JENSEN_SHANNON = "jensen-shannon"
    """Distance of the shares, 0 (alike) to 1 (nothing in common): finds every change of shape."""
    STABILITY = "stability"
    """Population stability index: the same, and more of what was rare or is gone."""
    WASSERSTEIN = "wasserstein"
    """How far values have moved on average, in standard deviations: of numbers, finds small moves of all of them."""
    UNSEEN = "unseen"
    """Share of the values whose category was never seen."""


def distance(one: ArrayLike, other: ArrayLike) -> float:
    """Return the Jensen-Shannon distance of two sets of shares, cell by cell, each 0..1 and 1 in all (Lin 1991).

    Examples
    --------
    >>> distance([1.0, 0.0], [0.0, 1.0]), distance([0.5, 0.5], [0.5, 0.5])
    (1.0, 0.0)
    """
    import numpy as np

    both = np.array([one, other], dtype=np.float64)
    middle = both.mean(axis=0)
    there = both > 0.0
    found = 0.5 * (both * np.log2(np.divide(both, middle, out=np.ones_like(both), where=there))).sum()
    return float(min(1.0, max(0.0, found)) ** 0.5)


def stability_index(one: ArrayLike, other: ArrayLike) -> float:
    """Return the population stability index of two sets of shares, sum of (p - q) ln(p / q) (Siddiqi 2006).

    Above 0.25 is by custom a shift. Shares below LEAST_SHARE count as that.

    Examples
    --------
    >>> round(stability_index([0.5, 0.5], [0.9, 0.1]), 2)
    0.88
    """
    import numpy as np

    here, there = (np.maximum(np.asarray(side, dtype=np.float64), LEAST_SHARE) for side in (one, other))
    return float(((here - there) * np.log(here / there)).sum())


def wasserstein(one: ArrayLike, other: ArrayLike, spread: float) -> float:
    """Return the Wasserstein distance of two samples by their values at the same ranks (Vaserstein 1969).

    Parameters
    ----------
    one, other: float64[n], each increasing.
    spread: what it is told in, above 0.

    Returns
    -------
    float: 0 to FARTHEST.

    Examples
    --------
    >>> wasserstein([2.0, 3.0, 4.0], [1.0, 2.0, 3.0], 0.5)
    2.0
    """
    import numpy as np

    with np.errstate(over="ignore", invalid="ignore"):
        away = np.abs(np.asarray(one, dtype=np.float64) / spread - np.asarray(other, dtype=np.float64) / spread)
    return float(np.minimum(np.nan_to_num(away, nan=FARTHEST), FARTHEST).mean())


def by_chance(measure: Measure, cells: int, values: float, before: float) -> float:
    """Return the mean square that a measure has between two samples of one distribution, by their size alone.

    Of the Jensen-Shannon distance (cells - 1) / (8 ln 2) (1/n + 1/N), which is the chi-squared statistic that the
    divergence of near shares comes to; of the stability index the second moment of that statistic; of the Wasserstein
    distance of Gaussian samples about 1/n + 1/N; 0 of what was never seen.
    """
    both, free = 1.0 / values + 1.0 / before, max(0, cells - 1)
    match measure:
        case Measure.JENSEN_SHANNON:
            return free / (8.0 * log(2.0)) * both
        case Measure.STABILITY:
            return free * (free + 2.0) * both * both
        case Measure.WASSERSTEIN:
            return both
        case Measure.UNSEEN:
            return 0.0
