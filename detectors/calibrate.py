"""Scores to p-values that mean what they say, also on short history.

The body of the predictive distribution is a Student t whose degrees of freedom are what the history is worth.
Its tail, beyond the point that one normal value in a hundred exceeds, is a Pareto tail (peaks over threshold:
Pickands 1975) whose index starts from a prior, because no short history has seen its own tail, and follows
the series' own exceedances (Hill 1975) as they come.
"""

from __future__ import annotations

from functools import lru_cache
from math import log, log10

from detectors.errors import ParameterError

DEFAULT_ALPHA = 1.0 / 365.0
"""The alpha of a monitor that nobody configured: one false alarm a year for a daily series, and by chance the
three sigma (0.0027) of Shewhart (1931) that people know. A fleet's budget asks for less."""

BODY = 0.01
"""Two-sided probability at which the body ends and the tail begins."""

LEVERAGE = 4.0
"""n points support p-values down to (n + 1) ** -LEVERAGE; conformal ranks alone would give 1 / (n + 1)."""

RATE_WEIGHT = 120.0
"""Points that the prior on the frequency of exceedances is worth."""

INDEX_WEIGHT = 60.0
"""Exceedances that the prior on the index of the tail is worth: one bad winter does not blind a monitor."""

LOG_EXCESS_MAX = 1.5
"""Largest log-exceedance that trains the index: an outage is no sample of the noise."""


def check_alpha(alpha: float) -> None:
    """Raise ParameterError unless 0 < alpha <= 0.5."""
    if not 0.0 < alpha <= 0.5:
        raise ParameterError("alpha", alpha, "a number above 0 and at most 0.5, such as 0.001")


def min_p_value(n_train: int) -> float:
    """Return the smallest p-value that `n_train` points can support, (n + 1) ** -LEVERAGE.

    Examples
    --------
    >>> min_p_value(9)
    0.0001
    """
    return float((n_train + 1) ** -LEVERAGE)


@lru_cache(maxsize=256)
def points_for(alpha: float) -> int:
    """Return the fewest trained points whose smallest supported p-value is below `alpha`.

    Examples
    --------
    >>> points_for(0.001), points_for(1e-6)
    (5, 31)
    """
    n = max(0, int(alpha ** (-1.0 / LEVERAGE)) - 2)
    while min_p_value(n) >= alpha:
        n += 1
    return n


def score(p_value: float) -> float:
    """Return -log10(p_value), the score that is comparable across series.

    Examples
    --------
    >>> score(0.001)
    3.0
    """
    return max(0.0, -log10(p_value))


@lru_cache(maxsize=4096)
def _t_quantile(freedom: float, p_value: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 1.0 - 0.5 * p_value))


def _t_two_sided(freedom: float, z: float) -> float:
    from scipy.special import stdtr

    return 2.0 * float(stdtr(freedom, -abs(z)))


class Tail:
    """How often, and how far, one series' standardised errors went beyond the body on one side.

    Parameters
    ----------
    index: the prior Pareto index; smaller is heavier.
    """

    __slots__ = ("excess", "exceeded", "index", "seen")

    def __init__(self, index: float) -> None:
        self.index = index
        self.seen = 0.0
        self.exceeded = 0.0
        self.excess = 0.0

    def learn(self, ratio: float) -> None:
        """Take in an error as a multiple of the end of the body on this side (below 1: inside)."""
        self.seen += 1.0
        if ratio > 1.0:
            self.exceeded += 1.0
            self.excess += min(log(ratio), LOG_EXCESS_MAX)

    def shape(self, freedom: float) -> tuple[float, float]:
        """Return (one-sided probability of an exceedance, Pareto index) for a body with `freedom`.

        Both are posterior means: a Gamma prior worth RATE_WEIGHT points and INDEX_WEIGHT exceedances.
        """
        rate = (RATE_WEIGHT * 0.5 * BODY + self.exceeded) / (RATE_WEIGHT + self.seen)
        index = (INDEX_WEIGHT + self.exceeded) / (INDEX_WEIGHT / self.index + self.excess)
        return min(rate, 0.1), min(index, freedom)


def body_end(freedom: float) -> float:
    """Return the |z| at which a Student t with `freedom` degrees of freedom leaves its body."""
    return _t_quantile(freedom, BODY)


def upper_p(z: float, freedom: float, tail: Tail) -> float:
    """Return P(Z >= z) for z >= 0 (for z < 0: 1 - P of the mirrored value, tails taken as alike).

    Parameters
    ----------
    z: standardised error towards this side.
    freedom: degrees of freedom of the body, > 0.
    tail: of this side.
    """
    rate, index = tail.shape(freedom)
    end = body_end(freedom)
    if z >= end:
        return float(rate * (z / end) ** -index)
    body = 0.5 * _t_two_sided(freedom, z)
    if z < 0.0:
        body = 1.0 - body
    return rate + (0.5 - rate) * (body - 0.5 * BODY) / (0.5 - 0.5 * BODY) if z >= 0 else body


def two_sided_p(z: float, freedom: float, upper: Tail, lower: Tail) -> float:
    """Return the p-value of an error on either side: twice the one-sided one of the side on which it lies."""
    return min(1.0, 2.0 * upper_p(abs(z), freedom, upper if z > 0.0 else lower))


def upper_quantile(p_value: float, freedom: float, tail: Tail) -> float:
    """Return the z >= 0 with upper_p(z) = p_value, for p_value <= 0.5; the inverse of `upper_p`."""
    rate, index = tail.shape(freedom)
    if p_value <= rate:
        return float(body_end(freedom) * (rate / p_value) ** (1.0 / index))
    body = 0.5 * BODY + (p_value - rate) * (0.5 - 0.5 * BODY) / (0.5 - rate)
    return _t_quantile(freedom, 2.0 * body)
