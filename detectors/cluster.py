"""Trouble comes in clusters: what follows a surprise is likelier to be one, and so says less, unless it is too rare."""

from __future__ import annotations

from math import log

AFTER = 4.0
"""How many times as likely as else a surprise is right after another: of real series seven, part of which a wider
scale explains."""

FADE = 0.3
"""What is left of that with each point."""

RARE, FAMILIAR = 1e-3, 1e-2
"""A surprise as small as the second is doubted in full, as rare as the first not at all, between in proportion to the
logarithm: what came a moment ago explains more of the usual trouble, and never hides an outage."""

WIDTH = log(FAMILIAR / RARE)


class Cluster:
    """How lately a series has surprised.

    Examples
    --------
    >>> cluster = Cluster()
    >>> for surprising in (True, False):
    ...     cluster.learn(surprising)
    ...     print(round(cluster.factor(), 1))
    4.0
    1.9
    """

    __slots__ = ("heat",)

    def __init__(self) -> None:
        self.heat = 0.0
        """1 right after a surprise, towards 0 since."""

    def factor(self) -> float:
        """Return how many times as likely as else a surprise is now."""
        return 1.0 + (AFTER - 1.0) * self.heat

    def doubted(self, p_value: float) -> float:
        """Return how surprising that is here and now: as p-value, at least the given one."""
        if p_value <= RARE:
            return p_value
        factor: float = self.factor() ** min(1.0, log(p_value / RARE) / WIDTH)
        return min(1.0, p_value * factor)

    def believed(self, alpha: float) -> float:
        """Return the p-value that is doubted to `alpha`."""
        if alpha <= RARE:
            return alpha
        factor = self.factor()
        share = min(1.0, log(alpha / RARE) / (WIDTH + log(factor)))
        believed: float = alpha / factor**share
        return believed

    def learn(self, surprising: bool) -> None:
        """Take in whether a point lay beyond the body of its distribution."""
        self.heat = 1.0 if surprising else FADE * self.heat
